"""The meaning of the org's answer to a write: applied only if every part and row confirms it; in doubt, unknown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
from sfdc_escalator.salesforce.line.failures import code_of, crowded, error_text, errors_in, in_one_line
from sfdc_escalator.salesforce.line.shapes import ODD, parsed
from sfdc_escalator.salesforce.writing.write import FRESH, KEY_FIELD, LAST, Part

# Refused before anything ran (correctness: everything else after the first byte is unknown).
NEVER_RAN = frozenset({400, 401, 403, 404, 410, 414, 415, 429, 431})
# Errors of a whole request that ran for long: what it wrote is not known.
RAN_LONG = frozenset({"QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"})
VICTIMS = frozenset({"PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"})
INVALID_REFERENCE = "Invalid reference specified"
REFUSED_QUERY = frozenset({"MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE"})
LOCKED = "UNABLE_TO_LOCK_ROW"
TOO_MUCH = frozenset({"EXCEEDED_MAX_SIZE_REQUEST", "EXCEEDED_ID_LIMIT", "LIMIT_EXCEEDED", *RAN_LONG})
TOO_MUCH_WORDS = ("System.LimitException", "Too many SOQL queries", "Apex CPU time limit", "LIMIT_EXCEEDED")


WHOLE = (ErrorKind.LOCK, ErrorKind.SIZE)


class Found(NamedTuple):
    """An error, the part of the request that has it, and its row if it concerns one row."""

    part: Part
    row: int | None
    code: str
    message: str


def read_answer(
    status: int, text: str, parts: Sequence[Part], call: str, retry_after: float | None = None, sender: str = ""
) -> Answer:
    """The answer to a composite with these parts; `call` is the name of the call in the audit trail.

    `retry_after` are the seconds that the answer asks to wait, `sender` is the server that it names.
    """
    try:
        body = parsed(text)
    except ODD:
        body = None
    try:
        if status in NEVER_RAN and (message := crowded(status, body, sender)):
            return NotExecuted(message, crowded=True, retry_after=retry_after)
        return _meaning(status, body, parts, call)
    except ODD:  # never a reason to send it again
        return Unknown("the org's answer is incomplete or garbled")


def _meaning(status: int, body: Any, parts: Sequence[Part], call: str) -> Answer:
    if status in NEVER_RAN:
        return _not_executed(status, body)
    if status != 200:
        return Unknown(_with_reason(f"the org answered HTTP {status}", body))
    answers = _subresults(body, parts)
    if answers is None:
        return Unknown("the org's answer is incomplete or garbled")
    if _all_applied(answers, parts):
        return Committed(call)
    found = [error for answer, part in zip(answers, parts, strict=True) for error in _errors(answer, part)]
    if any(error.part.reference == LAST and error.message.startswith(INVALID_REFERENCE) for error in found):
        return Moved()
    if not found and not any(_failed(answer) for answer in answers):
        return Unknown("the org's answer neither confirms nor refuses every row")
    return _rolled_back([error for error in found if error.code not in VICTIMS] or found)


def refuses_guard(answer: RolledBack, text: str) -> bool:
    """True if the org rejects the guard query itself; then nothing ran."""
    if answer.rows or answer.error.code not in REFUSED_QUERY:
        return False
    first = parsed(text)["compositeResponse"][0]
    return first["referenceId"] == FRESH and any(code == answer.error.code for code, _ in errors_in(first.get("body")))


def _not_executed(status: int, body: Any) -> Answer:
    errors = errors_in(body)
    code, message = errors[0] if errors else ("", "")
    if code in RAN_LONG:
        return Unknown(_with_reason(f"the org answered HTTP {status}", body))
    error = RowError(fault(code, message), code, message)
    if error.fault in WHOLE:
        return RolledBack({}, error)
    return NotExecuted(_with_reason(f"the org answered HTTP {status}", body), fatal=True)


def _with_reason(what: str, body: Any) -> str:
    errors = errors_in(body)
    return f"{what} ({error_text(*errors[0])})" if errors else what


def _subresults(body: Any, parts: Sequence[Part]) -> list[Mapping[str, Any]] | None:
    """The answers of all parts in order, or None when one is missing."""
    answers = body.get("compositeResponse") if isinstance(body, dict) else None
    if not isinstance(answers, list) or len(answers) != len(parts):
        return None
    for answer, part in zip(answers, parts, strict=True):
        if not isinstance(answer, dict) or answer.get("referenceId") != part.reference:
            return None
        status = answer.get("httpStatusCode")
        if type(status) is not int or not 100 <= status <= 599:
            return None
    return answers


def _all_applied(answers: Sequence[Mapping[str, Any]], parts: Sequence[Part]) -> bool:
    return all(
        200 <= answer["httpStatusCode"] < 300 and (not part.case_ids or _all_rows(answer.get("body"), part))
        for answer, part in zip(answers, parts, strict=True)
    )


def _all_rows(body: Any, part: Part) -> bool:
    return (
        isinstance(body, list)
        and len(body) == len(part.case_ids)
        and all(isinstance(row, dict) and row.get("success") is True for row in body)
    )


def _failed(answer: Mapping[str, Any]) -> bool:
    rows = answer.get("body")
    failed_row = isinstance(rows, list) and any(isinstance(row, dict) and row.get("success") is False for row in rows)
    return answer["httpStatusCode"] >= 400 or failed_row


def _errors(answer: Mapping[str, Any], part: Part) -> Iterator[Found]:
    """The errors of one part: of its rows (`statusCode`), or of the whole part (`errorCode`)."""
    body = answer.get("body")
    for place, row in enumerate(body if isinstance(body, list) else []):
        if isinstance(row, dict) and row.get("success") is False:
            for error in row.get("errors") or [{}]:
                code = code_of(error.get("statusCode")) or "UNKNOWN"
                yield Found(part, place, code, in_one_line(error.get("message")))
    if answer["httpStatusCode"] >= 400:
        yield from (Found(part, None, code, message) for code, message in errors_in(body))


def _rolled_back(found: Sequence[Found]) -> RolledBack:
    rows: dict[str, RowError] = {}
    for one in found:
        if one.row is not None and one.code not in VICTIMS and one.row < len(one.part.case_ids):
            rows.setdefault(one.part.case_ids[one.row], RowError(fault(one.code, one.message), one.code, one.message))
    errors = [RowError(fault(one.code, one.message), one.code, one.message) for one in found]
    no_reason = RowError(ErrorKind.ROW, "UNKNOWN", "the org gave no reason")
    # A lock or a size error concerns the whole chunk, so it is the chunk's error.
    return RolledBack(rows, min(errors, key=lambda error: error.fault not in WHOLE, default=no_reason))


def fault(code: str, message: str) -> ErrorKind:
    """The kind of an error by code and message: triggers wrap lock and limit errors in another code."""
    if code == "DUPLICATE_VALUE" and KEY_FIELD in message:
        return ErrorKind.DUPLICATE
    if code == LOCKED or LOCKED in message:
        return ErrorKind.LOCK
    if code in TOO_MUCH or code.startswith("TOO_MANY_") or any(words in message for words in TOO_MUCH_WORDS):
        return ErrorKind.SIZE
    return ErrorKind.ROW
