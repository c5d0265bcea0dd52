"""The differences between an order of a saved plan and its case now, as a table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.saved.differences import Difference, Known, by_whom, differences, sentence
from sfdc_escalator.escalation.saved.since import CaseSince, ChangeSince, CommentSince
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold
from tests.builders import AGENT, ME, NOW, planned, policy, route

LATER = NOW + timedelta(minutes=5)
ORDER = planned(1, policy(route(status="Escalated", priority="Urgent")))
RUNG = replace(
    ORDER, identity=replace(ORDER.identity, rung="late"), start_key=ORDER.key, moment=NOW, notices=()
)  # fmt: skip
CASE = CaseSince(ORDER.case_id, ORDER.case_number, dict(ORDER.before))
US = frozenset({ME})
KNOWN = Known(US, LATER)
HOLD = Hold(ORDER.case_id, ORDER.case_number, NOW, LATER + timedelta(hours=1), "legal", "nora")


def said(author: str, key: str | None = None, *, deleted: bool = False) -> CaseSince:
    return replace(CASE, comments=(CommentSince(author, "Ann Agent", NOW, key, deleted),))


def holding(**values: str | None) -> CaseSince:
    return replace(CASE, values={**CASE.values, **values})


def remembered(state: EscalationState, order: Order = ORDER) -> Escalation:
    return Escalation.of(order.identity, state, tried_at=NOW)


def whats(case: CaseSince | None, known: Known = KNOWN, order: Order = ORDER) -> list[str]:
    return [one.what for one in differences(order, case, known)]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (CASE, []),
        (None, ["deleted"]),
        (replace(CASE, is_closed=True), ["closed"]),
        (replace(CASE, is_closed=True, values={**CASE.values, "Status": "Closed"}), ["closed", "status"]),
        (replace(CASE, is_deleted=True), ["deleted"]),
        (replace(CASE, is_deleted=True, master_id="500000000000009AAA"), ["merged"]),
        (holding(OwnerId=ME), ["owner"]),
        (holding(Status="Working", Priority=None), ["status", "priority"]),
        (said(AGENT), ["comment"]),
        (said(AGENT, deleted=True), []),
        (said(AGENT, "ESC-AAAA-AAAA-AAAA"), ["comment"]),
        (said(AGENT, ORDER.key), ["comment"]),
        (said(ME), ["comment"]),
        (said(ME, "ESC-AAAA-AAAA-AAAA"), []),
        (said(ME, ORDER.key), ["key"]),
        (said(ME, ORDER.key, deleted=True), ["key"]),
    ],
)
def test_the_case_now_is_compared(case: CaseSince | None, expected: list[str]) -> None:
    assert whats(case) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (EscalationState.PLANNED, []),
        (EscalationState.REJECTED, []),
        (EscalationState.WITHHELD, []),
        (EscalationState.APPLIED, ["key"]),
        (EscalationState.ADOPTED, ["key"]),
        (EscalationState.UNKNOWN, ["key"]),
        (EscalationState.SUPERSEDED, ["key"]),
    ],
)
def test_a_key_that_anything_else_sent_is_a_difference(state: EscalationState, expected: list[str]) -> None:
    assert whats(CASE, KNOWN._replace(escalation=remembered(state))) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [(EscalationState.APPLIED, []), (EscalationState.SUPERSEDED, ["key"]), (EscalationState.CLOSED, ["key"])],
)
def test_a_rung_of_an_escalation_that_ended_is_different(state: EscalationState, expected: list[str]) -> None:
    assert whats(CASE, KNOWN._replace(start=remembered(state)), RUNG) == expected


def test_a_rung_whose_start_the_ledger_does_not_know_is_different() -> None:
    (found,) = differences(RUNG, CASE, KNOWN)
    assert (found.what, found.now) == ("key", f"{ORDER.key}, to which the rung belongs, is not in this ledger")


@pytest.mark.parametrize(
    ("hold", "order", "bypasses", "expected"),
    [
        (HOLD, ORDER, False, ["hold"]),
        (replace(HOLD, route="urgent"), ORDER, False, ["hold"]),
        (replace(HOLD, route="other"), ORDER, False, []),
        (replace(HOLD, released=NOW), ORDER, False, []),
        (replace(HOLD, until=LATER), ORDER, False, []),
        (replace(HOLD, begin=KNOWN.now + timedelta(minutes=1)), ORDER, False, ["hold"]),
        (HOLD, ORDER, True, []),
        (HOLD, RUNG, True, ["hold"]),
    ],
)
def test_a_hold_that_lasts_is_a_difference(hold: Hold, order: Order, bypasses: bool, expected: list[str]) -> None:
    known = KNOWN._replace(start=remembered(EscalationState.APPLIED), holds=[hold], bypasses=bypasses)
    assert whats(CASE, known, order) == expected


def test_history_says_who_made_a_difference_and_when() -> None:
    found = differences(ORDER, replace(holding(Status="Closed", OwnerId=ME), is_closed=True), KNOWN)
    changes = {"Status": ChangeSince(AGENT, "Ann Agent", LATER)}
    told = {one.what: (one.by, one.at) for one in by_whom(found, changes)}
    assert told == {"closed": (AGENT, LATER), "status": (AGENT, LATER), "owner": (None, None)}


def test_a_comment_and_a_hold_name_their_author_themselves() -> None:
    found = differences(ORDER, said(AGENT), KNOWN._replace(holds=[HOLD]))
    told = by_whom(found, {"Status": ChangeSince(ME, "", LATER)})
    assert [(one.what, one.by, one.at) for one in told] == [("comment", AGENT, NOW), ("hold", "nora", NOW)]


def test_an_empty_text_and_no_value_are_the_same() -> None:
    assert whats(holding(Priority=""), order=replace(ORDER, before={**ORDER.before, "Priority": None})) == []


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Difference("status", "New", None), "status was New, is empty"),
        (Difference("closed", "open", "closed"), "closed"),
        (Difference("key", None, "applied"), "its key is applied by something else than this plan"),
        (Difference("guard", None, "3 cases at once"), "guard: 3 cases at once"),
    ],
)
def test_a_difference_has_a_sentence(one: Difference, expected: str) -> None:
    assert sentence(one) == expected
