"""Failed calls as errors of this program: with the org's code and message, without URLs and tokens."""

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any

from sfdc_escalator.errors import LoginRefused, OrgUnavailable

MAX_LENGTH = 300
MAX_CODE = 200
HIDDEN = "[hidden]"
TOKEN = re.compile(r"00D[0-9A-Za-z]{12,15}(?:!|%21)[^\s\"'\\&]{8,}")


class Unanswered(OrgUnavailable):
    """No answer, or a temporary failure. `sent` is true if the org may have received the request."""

    def __init__(
        self, message: str, *, sent: bool = True, passing: bool = True, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.sent, self.passing, self.retry_after = sent, passing, retry_after


class Crowded(Unanswered):
    """Too many calls at the same time: the call was not carried out, and works when it is repeated later."""


class TokenRefused(LoginRefused):
    """The org refuses the access token, and no login gives another one."""


class Rejected(OrgUnavailable):
    """A read that the org answered with an error."""

    def __init__(self, message: str, *, status: int, error_code: str) -> None:
        super().__init__(message)
        self.status, self.error_code = status, error_code


TOO_MANY = 429
NOT_NOW = frozenset({408, 500, 502, 503, 504})
# "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "ConcurrentPerOrgLongTxn Limit exceeded."; the limit
# of a day is "TotalRequests Limit exceeded." (REST guide, Status Codes and Error Responses).
AT_THE_SAME_TIME = re.compile(r"\bConcurrent", re.IGNORECASE)
ADVICE = {
    "API_DISABLED_FOR_ORG": "the org's edition does not allow API access (Enterprise and above do, Professional as an "
    "add-on), or the user lacks API Enabled: see Setup, Company Information, and the user's permission set or profile",
    "API_CURRENTLY_DISABLED": "the user's profile does not allow API access: it, or a permission set of the user, "
    "needs API Enabled",
    "REQUEST_LIMIT_EXCEEDED": "wait until the org's API calls of the last 24 hours are fewer, or raise its limit",
    "INSUFFICIENT_ACCESS": "give the user of the access token the right to read it",
    "NOT_FOUND": "check the instance URL, and that the user may see it",
    "UNSUPPORTED_API_VERSION": "check the instance URL; this org does not support this version of the API",
}
LATER = "try again later; status.salesforce.com lists outages"


def errors_in(body: Any) -> list[tuple[str, str]]:
    """(code, message) of each error in a body; the org sends a list, sometimes a bare object (REST guide, Errors)."""
    found = body if isinstance(body, list) else [body]
    return [
        (code_of(error["errorCode"]), in_one_line(error.get("message")))
        for error in found
        if isinstance(error, Mapping) and error.get("errorCode")
    ]


def in_one_line(text: object, most: int = MAX_LENGTH) -> str:
    """The org's text in one line of limited length, as it is reported and stored; tokens in it are hidden."""
    whole = text if isinstance(text, str) else "" if text is None else json.dumps(text)
    line = TOKEN.sub(HIDDEN, " ".join(whole[: most * 20].split()))
    return line if len(line) <= most else line[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def code_of(code: object) -> str:
    """The org's code of an error, as `in_one_line`; a real one is short."""
    return in_one_line(code, MAX_CODE)


def crowded(status: int, body: Any, sender: str = "") -> str | None:
    """The message if the answer says that too many calls run at the same time; nothing was carried out then.

    `sender` is the server that the answer names.
    """
    code, message = next(iter(errors_in(body)), ("", ""))
    reason = f" ({error_text(code, message)})" if code else ""
    if code == "REQUEST_LIMIT_EXCEEDED" and AT_THE_SAME_TIME.search(message):
        return (
            f"too many calls at the same time{reason}: other programs and long calls use up what the org allows at "
            "once; it passes when they end, or run fewer of them side by side"
        )
    if status == TOO_MANY and not (code == "REQUEST_LIMIT_EXCEEDED" and "TotalRequests" in message):
        who = sender or "a server between this machine and the org, or the org itself"
        return f"too many calls at the same time: {who} throttles them (HTTP {status}){reason}; try again later"
    return None


def of_answer(status: int, body: Any, retry_after: float | None = None, sender: str = "") -> OrgUnavailable:
    """The error for an answer that is not a success; `sender` is the server that it names."""
    errors = errors_in(body)
    if message := crowded(status, body, sender):
        return Crowded(message, sent=False, retry_after=retry_after)
    if status in NOT_NOW:
        reason = f" ({error_text(*errors[0])})" if errors else ""
        return Unanswered(f"the org answered HTTP {status}{reason}: {LATER}", retry_after=retry_after)
    if not errors:
        return not_an_org(f"HTTP {status}")
    code, message = errors[0]
    if status == 401:
        return TokenRefused(
            f"the org refuses the access token ({error_text(code, message)}): log in again and give a new access "
            "token of this org"
        )
    advice = f": {ADVICE[code]}" if code in ADVICE else ""
    return Rejected(f"the org answered {error_text(code, message)}{advice}", status=status, error_code=code)


def error_text(code: str, message: str) -> str:
    return f"{code}: {message}" if message else code


def not_an_org(what: str) -> OrgUnavailable:
    return OrgUnavailable(
        f"this does not answer like a Salesforce org: {what}; "
        "check the instance URL, such as https://acme.my.salesforce.com"
    )


def sender_of(headers: Mapping[str, str]) -> str:
    """The server or gateway that an answer names (Server, Via)."""
    return in_one_line(headers.get("Server") or headers.get("Via"))


def wait_asked(headers: Mapping[str, Any]) -> float | None:
    """The seconds that the headers of an answer ask to wait; None without a usable Retry-After."""
    after, date = (str(headers.get(name) or "") for name in ("Retry-After", "Date"))
    return seconds_to_wait(after, date)


def seconds_to_wait(retry_after: str | None, date: str | None) -> float | None:
    """The seconds of a Retry-After header: a number, or a date relative to the answer's Date header."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
        return None if isnan(seconds) else max(0.0, seconds)
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - parsedate_to_datetime(date or "")).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
