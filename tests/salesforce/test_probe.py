"""The meaning of an org's answer to a request that must fail."""

import pytest

from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.pipeline.ports.writing import (
    Answer,
    Committed,
    ErrorKind,
    Moved,
    NotExecuted,
    RolledBack,
    RowError,
    Unknown,
)
from sfdc_escalator.salesforce.readiness.probe import conclusion, doomed

CASE, NOTE = long_id("500000000000001"), long_id("00a000000000001")


def rolled_back(fault: ErrorKind, code: str) -> RolledBack:
    error = RowError(fault, code, "no")
    return RolledBack({CASE: error}, error)


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (Moved(), "honoured", "a note on case 1 was written and rolled back"),
        (
            rolled_back(ErrorKind.ROW, "INSUFFICIENT_ACCESS"),
            "refused",
            "the org refuses a note on case 1: INSUFFICIENT_ACCESS: no",
        ),
        (rolled_back(ErrorKind.LOCK, "UNABLE_TO_LOCK_ROW"), "not_probed", "UNABLE_TO_LOCK_ROW: no"),
        (Unknown("no answer"), "not_probed", "no answer"),
        (NotExecuted("no line"), "not_probed", "no line"),
        (Committed("call"), "broken", "the org says that a request succeeded that cannot succeed"),
    ],
)
def test_only_the_documented_answer_is_a_proof(answer: Answer, state: str, reason: str) -> None:
    rollback = conclusion(answer, [], [], "1")
    assert (rollback.state, rollback.reason) == (state, reason)


@pytest.mark.parametrize("answer", [Moved(), Unknown("no answer"), rolled_back(ErrorKind.ROW, "ANY")])
def test_a_note_that_is_left_goes_before_every_answer(answer: Answer) -> None:
    assert conclusion(answer, [NOTE], [], "1").state == "broken"
    assert f"could not be deleted: delete {NOTE}" in conclusion(answer, [NOTE], [NOTE], "1").reason


def test_the_request_writes_one_note_and_then_refers_to_a_row_that_one_case_can_never_give() -> None:
    request = doomed("/services/data/v67.0", CASE, "mark", "SELECT Id FROM Case")
    note, _, last = request.body["compositeRequest"]
    assert (request.body["allOrNone"], request.body["collateSubrequests"]) == (True, False)
    assert [(one["ParentId"], one["IsPublished"]) for one in note["body"]["records"]] == [(CASE, False)]
    assert last["url"] == "/services/data/v67.0/sobjects/Case/@{fresh.records[1].Id}?fields=Id"
