"""Applied only if every part and every row confirms it; in doubt, unknown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
from sfdc_escalator.salesforce.writing.answer import read_answer
from sfdc_escalator.salesforce.writing.write import Part
from tests.builders import numbered

IDS = tuple(numbered("500", number) for number in (1, 2, 3))
PARTS = (Part("fresh"), Part("last"), Part("note", IDS), Part("owner", IDS[:2]), Part("priority", IDS))
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
Change = Callable[[list[Any]], object]


def sub(reference: str, body: Any, status: int = 200) -> dict[str, Any]:
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": reference}


def done(*ids: str) -> list[dict[str, Any]]:
    return [{"id": one, "success": True, "errors": []} for one in ids]


def row_error(code: str, message: str = "no") -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


def halted(reference: str) -> dict[str, Any]:
    return sub(reference, [{"errorCode": "PROCESSING_HALTED", "message": HALTED}], 400)


def applied() -> list[Any]:
    fresh = {"totalSize": 3, "done": True, "records": [{"Id": one} for one in IDS]}
    return [
        sub("fresh", fresh), sub("last", {"Id": IDS[2]}), sub("note", done(*IDS)), sub("owner", done(*IDS[:2])),
        sub("priority", done(*IDS)),
    ]  # fmt: skip


def rolled_back(place: int, body: Any, status: int = 400) -> list[Any]:
    answers = [halted(part.reference) for part in PARTS]
    answers[place] = sub(PARTS[place].reference, body, status)
    return answers


def read(answers: Any, status: int = 200) -> Answer:
    return read_answer(status, json.dumps({"compositeResponse": answers}), PARTS, "call 1")


def changed(change: Change) -> list[Any]:
    answers = applied()
    change(answers)
    return answers


def test_a_complete_and_successful_answer_is_applied() -> None:
    assert read(applied()) == Committed("call 1")


@pytest.mark.parametrize(
    "change",
    [
        lambda answers: answers.pop(),
        lambda answers: answers.clear(),
        lambda answers: answers.reverse(),
        lambda answers: answers.append(sub("more", [])),
        lambda answers: answers[2].update(referenceId=None),
        lambda answers: answers[2].update(httpStatusCode="200"),
        lambda answers: answers[2].update(httpStatusCode=True),
        lambda answers: answers[2].update(body=None),
        lambda answers: answers[2].update(body={}),
        lambda answers: answers[2]["body"].pop(),
        lambda answers: answers[2]["body"][0].pop("success"),
        lambda answers: answers[2]["body"].append(done(IDS[0])[0]),
        lambda answers: answers[2].update(httpStatusCode=302),
        lambda answers: answers.__setitem__(1, None),
    ],
)
def test_an_incomplete_or_garbled_answer_is_unknown(change: Change) -> None:
    assert isinstance(read(changed(change)), Unknown)


@pytest.mark.parametrize("text", ["", "<html></html>", '{"compositeResponse": [', "null", "[]", "7", '{"a": 1}'])
def test_a_200_that_is_not_a_composite_answer_is_unknown(text: str) -> None:
    assert isinstance(read_answer(200, text, PARTS, ""), Unknown)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 405, 408, 409, 412, 413, 420, 500, 502, 503, 504])
def test_any_other_status_after_the_request_left_is_unknown(status: int) -> None:
    assert isinstance(read(applied(), status), Unknown)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 414, 415, 431])
def test_a_refusal_of_the_whole_request_means_it_never_ran(status: int) -> None:
    body = json.dumps([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
    assert read_answer(status, body, PARTS, "") == NotExecuted(
        f"the org answered HTTP {status} (INVALID_SESSION_ID: expired)", fatal=True
    )
    assert isinstance(read_answer(status, "<html>", PARTS, ""), NotExecuted)


@pytest.mark.parametrize(
    ("status", "code", "message", "crowded"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", True),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", True),
        (429, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", True),
        (429, "", "", True),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", False),
        (429, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", False),
        (403, "INSUFFICIENT_ACCESS", "Concurrent", False),
    ],
)
def test_too_many_calls_at_once_pass_and_the_limit_of_a_day_does_not(
    status: int, code: str, message: str, crowded: bool
) -> None:
    body = json.dumps([{"errorCode": code, "message": message}])
    answer = read_answer(status, body, PARTS, "", retry_after=7.0, sender="gate")
    assert isinstance(answer, NotExecuted)
    assert (answer.crowded, answer.fatal) == (crowded, not crowded)
    assert answer.retry_after == (7.0 if crowded else None)
    assert ("at the same time" in answer.reason) is crowded


def test_a_request_that_ran_too_long_is_unknown() -> None:
    assert isinstance(
        read_answer(400, json.dumps([{"errorCode": "QUERY_TIMEOUT", "message": "x"}]), PARTS, ""), Unknown
    )


def test_a_request_that_is_too_large_is_a_matter_of_size() -> None:
    answer = read_answer(400, json.dumps([{"errorCode": "EXCEEDED_MAX_SIZE_REQUEST", "message": "x"}]), PARTS, "")
    assert isinstance(answer, RolledBack)
    assert answer.error.fault is ErrorKind.SIZE


def test_a_missing_last_case_means_that_a_case_changed() -> None:
    message = "Invalid reference specified. No value for fresh.records[2].Id found in fresh. Provided referenceId ..."
    assert read(rolled_back(1, [{"errorCode": "PROCESSING_HALTED", "message": message}])) == Moved()


def test_a_failed_row_names_its_case_and_rows_undone_with_it_do_not_count() -> None:
    rows = [
        row_error("ALL_OR_NONE_OPERATION_ROLLED_BACK"),
        row_error("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say  why\nfirst"),
        row_error("ALL_OR_NONE_OPERATION_ROLLED_BACK"),
    ]
    error = RowError(ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say why first")
    assert read(rolled_back(4, rows)) == RolledBack({IDS[1]: error}, error)
    assert read(rolled_back(4, rows, 200)) == RolledBack({IDS[1]: error}, error)


def test_success_inside_a_rolled_back_request_means_nothing() -> None:
    answers = rolled_back(4, [*done(*IDS[:2]), row_error("ENTITY_IS_DELETED")])
    answers[2], answers[3] = applied()[2:4]
    answer = read(answers)
    assert isinstance(answer, RolledBack)
    assert list(answer.rows) == [IDS[2]]


def test_an_error_of_a_whole_part_is_about_the_chunk() -> None:
    answer = read(rolled_back(3, [{"errorCode": "INVALID_FIELD", "message": "No such column", "fields": []}]))
    assert answer == RolledBack({}, RowError(ErrorKind.ROW, "INVALID_FIELD", "No such column"))


def test_only_rows_undone_with_others_is_still_rolled_back() -> None:
    answer = read([halted(part.reference) for part in PARTS])
    assert isinstance(answer, RolledBack)
    assert not answer.rows


def test_a_failed_row_without_a_reason_is_rolled_back() -> None:
    answer = read(rolled_back(2, [{"success": False, "errors": []}, *done(*IDS[1:])]))
    assert isinstance(answer, RolledBack)
    assert list(answer.rows) == [IDS[0]]


@pytest.mark.parametrize(
    ("code", "message", "fault"),
    [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", ErrorKind.LOCK),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "T: execution of AfterUpdate ... UNABLE_TO_LOCK_ROW, x",
            ErrorKind.LOCK,
        ),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "System.LimitException: Too many SOQL queries: 101", ErrorKind.SIZE),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "LIMIT_EXCEEDED: System.LimitException: Apex CPU time limit", ErrorKind.SIZE),
        ("TOO_MANY_APEX_REQUESTS", "", ErrorKind.SIZE),
        ("QUERY_TIMEOUT", "", ErrorKind.SIZE),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: System.NullPointerException", ErrorKind.ROW),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "", ErrorKind.ROW),
    ],
)
def test_the_kind_of_an_error_follows_from_code_and_message(code: str, message: str, fault: ErrorKind) -> None:
    answer = read(rolled_back(2, [row_error(code, message), *done(*IDS[1:])]))
    assert isinstance(answer, RolledBack)
    assert answer.rows[IDS[0]].fault is answer.error.fault is fault


def test_a_lock_is_the_error_of_the_whole_chunk() -> None:
    answer = read(rolled_back(2, [row_error("INVALID_STATUS"), row_error("UNABLE_TO_LOCK_ROW"), done(IDS[2])[0]]))
    assert isinstance(answer, RolledBack)
    assert answer.error.fault is ErrorKind.LOCK


@pytest.mark.skipif(not GOLDEN.exists(), reason="recorded answers are not at hand")
@pytest.mark.parametrize(
    ("name", "kind"),
    [("fixtures_camel/composite_failure", RolledBack), ("fixtures_revoman/composite_all_error", Moved)],
)
def test_recorded_answers_are_read_correctly(name: str, kind: type) -> None:
    body = json.loads((GOLDEN / f"{name}.json").read_text())["response"]["body"]
    references = [answer["referenceId"] for answer in body["compositeResponse"]]
    parts = [Part(reference, (IDS[0],)) for reference in references]
    if kind is Moved:
        body["compositeResponse"][1]["referenceId"] = "last"
        parts[1] = Part("last")
    assert isinstance(read_answer(200, json.dumps(body), parts, ""), kind)
