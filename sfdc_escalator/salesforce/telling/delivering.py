"""A message sent over the line of an org, and the meaning of the answer for its delivery.

The codes of errors are those of the REST guide (Status Codes and Error Responses) and of the SOAP guide (Core Data
Types). A row of an action or of a record has `statusCode` where a refused call has `errorCode`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from sfdc_escalator.salesforce.line import failures
from sfdc_escalator.salesforce.line.client import Client, Sent
from sfdc_escalator.salesforce.line.failures import code_of, error_text, in_one_line
from sfdc_escalator.salesforce.line.shapes import ODD, parsed

PATIENCE = 10.0  # seconds for one message
LATER = frozenset({
    "REQUEST_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "TOO_MANY_APEX_REQUESTS",
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE",
    "TXN_SECURITY_METERING_ERROR", "UNKNOWN_EXCEPTION", "INTERNAL_ERROR",
})  # fmt: skip
"""Errors of the org's load and of its maintenance: nothing was saved, and a later try may succeed."""
LOGIN = frozenset({"INVALID_SESSION_ID", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "STORAGE_LIMIT_EXCEEDED"})
"""Errors that every message of this login meets."""
QUOTING = frozenset({"STRING_TOO_LONG", "JSON_PARSER_ERROR"})
"""Errors whose message quotes the text that was sent."""
PERHAPS_DONE = frozenset({502, 504})
"""The statuses of a gateway that gave up: the org may have done it."""
NOT_NOW = frozenset({408, 425, 429})
NO_ENTRY = frozenset({401, 403})
Part = TypeVar("Part")
Reference = Callable[[Any], str | None]
"""The org's id of what was sent, or an empty text, from the body of a success; None for another body."""


def units(text: str) -> int:
    """The length of a text as Salesforce counts it: in UTF-16 code units, so an emoji counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def in_parts(parts: Iterable[Part], send: Callable[[Part], Delivery]) -> Delivery:
    """The answer to a message in parts, sent in order until one is not delivered. After the first part a delay is
    Unanswered: the next try repeats what was delivered."""
    first: Delivery | None = None
    for part in parts:
        answer = send(part)
        if not isinstance(answer, Delivered):
            begun = first is not None and isinstance(answer, Delayed)
            return Unanswered(f"only the first part was delivered: {answer.reason}") if begun else answer
        first = first or answer
    return first or Refused("the message is empty")


def sent(
    client: Client, path: str, body: Mapping[str, Any], reference: Reference, broken: Mapping[str, str]
) -> Delivery:
    """Sends the body to a resource, once. `broken` are the further codes that mean a broken channel, with advice."""
    try:
        return answered(client.send(body, path), reference, broken)
    except EscalatorError as error:
        return no_answer(error)


def no_answer(error: EscalatorError) -> Delivery:
    """The delivery where no answer came: the line failed, or the org does not accept the login."""
    if isinstance(error, failures.Unanswered) and error.sent:
        return Unanswered(in_one_line(error.message))
    return not_sent(error)


def not_sent(error: EscalatorError) -> Delivery:
    """The delivery where the message was not sent, because of this error."""
    reason = in_one_line(error.message)
    if isinstance(error, failures.Unanswered) and error.passing:
        return Delayed(reason, wait(error.retry_after))
    is_passing = isinstance(error, failures.Rejected) and error.error_code in LATER
    return Delayed(reason) if is_passing else Broken(reason)


def answered(answer: Sent, reference: Reference, broken: Mapping[str, str]) -> Delivery:
    try:
        body = parsed(answer.text)
    except ODD:
        body = None
    success = 200 <= answer.status < 300
    found = reference(body) if success else None
    if found is not None:
        return Delivered(found)
    code, message = next(iter(errors_of(body)), ("", ""))
    if success and not code and not is_failure(body):
        return Unanswered(f"HTTP {answer.status} with an answer that is not the org's")
    reason = f"HTTP {answer.status}" + (f", {error_text(code, '' if code in QUOTING else message)}" if code else "")
    return meaning(answer.status, code, f"the org answered {reason}", wait(answer.retry_after), broken)


def wait(seconds: float | None) -> timedelta | None:
    try:
        return None if seconds is None else timedelta(seconds=seconds)
    except OverflowError:
        return timedelta.max


def meaning(status: int, code: str, reason: str, after: timedelta | None, broken: Mapping[str, str]) -> Delivery:
    if code in broken:
        return Broken(f"{reason}: {broken[code]}")
    if code in LATER:
        return Delayed(reason, after)
    if code in LOGIN or status in NO_ENTRY or 300 <= status < 400:
        return Broken(reason)
    if status in PERHAPS_DONE:
        return Unanswered(reason)
    return Delayed(reason, after) if status in NOT_NOW or status >= 500 else Refused(reason)


def rows_of(body: Any) -> list[dict[str, Any]]:
    return [one for one in (body if isinstance(body, list) else [body]) if isinstance(one, dict)]


def is_failure(body: Any) -> bool:
    """True where an action or a record says so, whatever the status."""
    return any(False in (row.get("isSuccess"), row.get("success")) for row in rows_of(body))


def errors_of(body: Any) -> list[tuple[str, str]]:
    """(code, message) of each error in the body of a refused call, of an action or of a record."""
    inner = [row["errors"] if isinstance(row.get("errors"), list) else [row] for row in rows_of(body)]
    errors = [error for some in inner for error in some if isinstance(error, dict)]
    coded = [(error.get("errorCode") or error.get("statusCode"), error.get("message")) for error in errors]
    return [(code_of(code), in_one_line(message)) for code, message in coded if code]
