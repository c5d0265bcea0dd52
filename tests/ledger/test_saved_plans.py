"""The ledger keeps which keys an apply of a saved plan sent, on every engine."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.saved_plans import keys_sent_by
from tests.ledger.kinds import Kind
from tests.ledger.sample import change, escalation, start

PLAN, OTHER = "a" * 64, "b" * 64
APPLIED, PLANNED = EscalationState.APPLIED, EscalationState.PLANNED
KEYS = [escalation(number).key for number in range(1, 7)]


@pytest.fixture
def ledger(kind: Kind) -> Iterator[SqlLedger]:
    with kind.open() as opened:
        yield opened


def sent(ledger: SqlLedger, run: str, number: int, plan: str, *ends: EscalationState) -> None:
    facts = {"steps": [], **({"plan": plan} if plan else {})}
    with ledger.lease(start(run)) as lease:
        lease.record([replace(change(escalation(number)), facts=facts)])
        for end in ends:
            lease.record([replace(change(replace(escalation(number), state=end), end), facts=facts)])


def test_the_last_send_of_a_key_decides_which_plan_sent_it(ledger: SqlLedger) -> None:
    sent(ledger, "run-1", 1, PLAN, APPLIED)
    sent(ledger, "run-2", 2, OTHER, APPLIED)
    sent(ledger, "run-3", 3, PLAN, PLANNED)
    sent(ledger, "run-4", 3, "", APPLIED)
    sent(ledger, "run-5", 4, PLAN)
    silent = replace(escalation(5), state=APPLIED)
    with ledger.lease(start("run-6")) as lease:
        lease.record([replace(change(silent, APPLIED), facts={"plan": PLAN})])
    assert keys_sent_by(ledger, PLAN, KEYS) == {KEYS[0], KEYS[3], KEYS[4]}
    assert keys_sent_by(ledger, OTHER, KEYS) == {KEYS[1]}
    assert keys_sent_by(ledger, PLAN, []) == frozenset()


def test_more_keys_than_one_query_takes_are_found(ledger: SqlLedger) -> None:
    sent(ledger, "run-1", 1, PLAN, APPLIED)
    many = [f"ESC-{number:04d}" for number in range(1200)]
    assert keys_sent_by(ledger, PLAN, [*many, KEYS[0]]) == {KEYS[0]}
