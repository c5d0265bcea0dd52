"""The fields that go back: a table of what was written, what the history shows, and what holds now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sfdc_escalator.escalation.policy.steps import Step, StepState
from sfdc_escalator.escalation.undoing.fields import NOT_KNOWN, PutBack, Touched, put_back
from sfdc_escalator.escalation.world.case import Case, FieldChange
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from tests.builders import AGENT, ME, NOW, SUPPORT, case, escalation, values

US = frozenset({ME})
BOT = "005000000000099AAA"


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def wrote(
    minutes: float, before: str | None, now: str | None, state: EscalationState = EscalationState.APPLIED
) -> Escalation:
    """A write of ours to Priority, some minutes from now."""
    old, new = values(AGENT, "New", before), values(AGENT, "New", now)
    return escalation(case(1), state, before=old, wrote=new, tried_at=after(minutes))


def row(minutes: float, before: str | None, now: str | None, by: str = AGENT) -> FieldChange:
    return FieldChange(after(minutes), before, now, by)


def of_priority(now: str | None, writes: Sequence[Escalation], rows: Sequence[FieldChange] | None) -> PutBack:
    changes = {} if rows is None else {"Priority": tuple(rows)}
    return put_back(replace(case(1, priority=now), field_changes=changes), writes, US)


START, RUNG = wrote(0, "Low", "High"), wrote(30, "High", "Urgent")
OURS = row(0, "Low", "High", ME)
RAISED = row(30, "High", "Urgent", ME)

GOES_BACK = [
    ("what we wrote, without a history", "High", [START], None, "Low"),
    ("what we wrote, with our row alone", "High", [START], [OURS], "Low"),
    ("in another letter case", "HIGH", [START], [OURS], "Low"),
    ("a change by somebody before us", "High", [START], [row(-5, "Medium", "Low"), OURS], "Low"),
    ("a change in our second, before our row", "High", [START], [row(0, "Medium", "Low"), OURS], "Low"),
    ("no row of ours, and a row of somebody before us", "High", [START], [row(-1, "High", "Low")], "Low"),
    ("an empty value from before", "High", [wrote(0, None, "High")], [row(0, None, "High", ME)], None),
    ("the value from before the start, over its rungs", "Urgent", [START, RUNG], [OURS, RAISED], "Low"),
    ("the same without a history", "Urgent", [RUNG, START], None, "Low"),
    (
        "what somebody set between start and rung",
        "Urgent",
        [START, wrote(30, "Medium", "Urgent")],
        [OURS, row(10, "High", "Medium"), row(30, "Medium", "Urgent", ME)],
        "Medium",
    ),
    (
        "what somebody set between them to the value that we wrote",
        "Urgent",
        [START, RUNG],
        [OURS, row(10, "High", "Low"), row(11, "Low", "High"), RAISED],
        "High",
    ),
    ("of a rung alone the value before that rung", "Urgent", [RUNG], [OURS, RAISED], "High"),
    (
        "of a start after the undo of its rung",
        "High",
        [START, RUNG, wrote(40, "Urgent", "High")],
        [OURS, RAISED, row(40, "Urgent", "High", ME)],
        "Low",
    ),
    ("from a lower to a higher one", "Low", [wrote(0, "Urgent", "Low")], [row(0, "Urgent", "Low", ME)], "Urgent"),
]


@pytest.mark.parametrize(("rule", "now", "writes", "rows", "expected"), GOES_BACK, ids=[one[0] for one in GOES_BACK])
def test_a_field_gets_its_value_from_before(
    rule: str, now: str, writes: list[Escalation], rows: list[FieldChange] | None, expected: str | None
) -> None:
    found = of_priority(now, writes, rows)
    assert found == PutBack((Step("priority", now, expected, StepState.PLANNED),), ()), rule


STAYS = [
    ("another value, without a history", "Low", [START], None, None, None),
    ("another value, by its row", "Low", [START], [OURS, row(5, "High", "Low")], AGENT, after(5)),
    ("our value, set again", "High", [START], [OURS, row(5, "High", "Low"), row(6, "Low", "High")], AGENT, after(6)),
    ("by automation", "Low", [START], [OURS, row(5, "High", "Low", BOT)], BOT, after(5)),
    ("by automation of our own user", "Low", [START], [OURS, row(0, "High", "Low", ME)], ME, after(0)),
    ("by somebody who is not known", "Low", [START], [OURS, row(5, "High", "Low", "")], None, after(5)),
    ("a rung before a later one", "Urgent", [START], [OURS, RAISED], ME, after(30)),
    ("in our second, after our row", "High", [START], [OURS, row(0, "High", "Low"), row(0, "Low", "High")], AGENT, NOW),
    ("a history that lacks the last change", "Low", [START], [OURS], None, None),
]


@pytest.mark.parametrize(("rule", "now", "writes", "rows", "by", "at"), STAYS, ids=[one[0] for one in STAYS])
def test_a_field_that_somebody_touched_stays(
    rule: str,
    now: str,
    writes: list[Escalation],
    rows: list[FieldChange] | None,
    by: str | None,
    at: datetime | None,
) -> None:
    assert of_priority(now, writes, rows) == PutBack((), (Touched("priority", "Priority", now, by, at),)), rule


def test_a_field_that_we_did_not_change_is_not_ours() -> None:
    assert of_priority("High", [wrote(0, "High", "High")], None) == PutBack((), ())


def test_what_was_never_sent_took_nothing_from_anybody() -> None:
    assert of_priority("High", [wrote(0, "Low", "High", EscalationState.PLANNED)], None) == PutBack((), ())


def test_every_step_goes_back_in_the_order_of_steps() -> None:
    old, new = values(AGENT, "New", "Low"), values(SUPPORT.id, "Escalated", "High")
    one = escalation(case(1), before=old, wrote=new, tried_at=NOW)
    now: Case = case(1, owner=SUPPORT.id, status="Escalated", priority="High")
    assert [(step.name, step.after) for step in put_back(now, [one], US).steps] == [
        ("queue", AGENT),
        ("status", "New"),
        ("priority", "Low"),
    ]


def test_of_an_escalation_whose_ledger_was_lost_nothing_goes_back() -> None:
    found = put_back(case(1, priority="High"), [escalation(case(1), tried_at=NOW)], US)
    assert {(step.state, step.reason) for step in found.steps} == {(StepState.NOT_APPLIED, NOT_KNOWN)}
    assert all(step.before == step.after for step in found.steps)
