"""The reading of ladders: where they start, and what a run works out."""

from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest

from sfdc_escalator.escalation.decisions.on_ladder import on_ladders
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, LadderFacts
from sfdc_escalator.pipeline.preparing import ladders
from sfdc_escalator.pipeline.preparing.ladders import read_ladders
from sfdc_escalator.pipeline.preparing.recover import SETTLE_AFTER
from tests.builders import ME, NOW, SUPPORT, case, escalation, in_org, remembering
from tests.pipeline.fakes import FakeOrg
from tests.year.world import read_policy

(POLICY,) = read_policy()
CASE = case(owner=SUPPORT.id)


@pytest.mark.parametrize(("sent", "started"), [(SETTLE_AFTER, [NOW - SETTLE_AFTER]), (timedelta(minutes=14), [])])
def test_a_start_whose_note_was_deleted_before_it_was_read_starts_with_its_sending(
    sent: timedelta, started: list[datetime]
) -> None:
    """L1: else none of its rungs would ever come."""
    start = escalation(CASE, EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW - sent, wrote={})
    seen = {("year", "outage"): {rung.id: NOW - timedelta(days=1) for rung in POLICY.routes[0].ladder.rungs}}
    known = in_org(POLICY, replace(remembering(start), rungs=seen))
    found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}))
    assert [one.escalation.ladder.started for one in found.settled if one.escalation.ladder] == started


def test_each_ladder_is_worked_out_once_in_a_run_where_nothing_new_was_read() -> None:
    start = replace(
        escalation(CASE, EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW),
        ladder=LadderFacts(started=NOW),
    )
    seen = {("year", "outage"): {rung.id: NOW for rung in POLICY.routes[0].ladder.rungs}}
    known = in_org(POLICY, replace(remembering(start), rungs=seen))
    with patch.object(ladders, "on_ladders", wraps=on_ladders) as asked:
        found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}))
    assert [one.start for one in found.open] == [start]
    assert asked.call_count == 1


def test_a_hold_by_a_field_ends_though_no_escalation_is_open() -> None:
    """L19: the case was closed and opened again meanwhile, and the held time would count for its next escalation."""
    hold = Hold(CASE.id, CASE.number, NOW - timedelta(days=1), None, "legal", "hold_while", "field", "year", event=7)
    known = in_org(POLICY, replace(remembering(), holds=(hold,)))
    found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}))
    assert found.ended == (replace(hold, released=NOW),)
    waits = case(owner=SUPPORT.id, status="Waiting on Legal")
    assert read_ladders(FakeOrg([waits]), [known], {waits.id: waits}, frozenset({ME})).ended == ()
