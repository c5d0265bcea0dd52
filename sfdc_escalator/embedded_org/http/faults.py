"""Faults on demand: chooses the fault of each request."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

from sfdc_escalator.embedded_org.basics import entries
from sfdc_escalator.embedded_org.basics.entries import Entry
from sfdc_escalator.embedded_org.basics.problems import Problem, nearest
from sfdc_escalator.embedded_org.rest.calls import Answer

KINDS = (
    "refuse", "lose", "cut", "500", "503", "lock", "limit", "session", "slow", "late", "html", "garbage",
)  # fmt: skip
_KEYS = ("kind", "match", "times", "seconds")
_MATCH_KEYS = ("method", "path", "nth")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD")

# Answered instead of carrying out the request.
REFUSALS = {
    "500": Answer(500, [{"message": "An unexpected error occurred. Please include this ErrorId if you contact support",
                         "errorCode": "UNKNOWN_EXCEPTION"}]),
    "503": Answer(503, [{"message": "Server unavailable", "errorCode": "SERVER_UNAVAILABLE"}]),
    "limit": Answer(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]),
    "session": Answer(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
                      {"WWW-Authenticate": "Token"}),
}  # fmt: skip
HTML = b"<html><head><title>Down for maintenance</title></head><body><h1>We will be right back</h1></body></html>"


@dataclass(slots=True)
class FaultOnDemand:
    """One entry of a fault file; `times` 0 means for ever, `matched` and `applied` count requests."""

    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None
    nth: int = 1
    times: int = 1
    seconds: float = 5.0
    matched: int = field(default=0, compare=False)
    applied: int = field(default=0, compare=False)

    def due(self, method: str, path: str) -> bool:
        """Counts a matching request. True if the fault applies to it."""
        if (self.method and self.method != method) or (self.path and not self.path.search(path)):
            return False
        self.matched += 1
        return self.matched >= self.nth and (self.times == 0 or self.applied < self.times)


class Faults:
    """The faults of an org; every request asks once."""

    def __init__(self, faults: list[FaultOnDemand]) -> None:
        self._faults, self._lock = faults, threading.Lock()

    def next(self, method: str, path: str) -> FaultOnDemand | None:
        with self._lock:
            due = [each for each in self._faults if each.due(method, path)]
            if due:
                due[0].applied += 1
        return due[0] if due else None


def load(path: Path, problems: list[Problem]) -> Faults:
    """Reads a fault file; adds its faults to `problems`."""
    return Faults([_fault(each) for each in entries.read(path, problems, "faults")])


def _fault(entry: Entry) -> FaultOnDemand:
    entry.keys(_KEYS)
    kind, match = entry.kind(KINDS), entry.values.get("match", {})
    if not isinstance(match, dict):
        entry.refuse("match is not an object", ", ".join(_MATCH_KEYS), found=match)
        match = {}
    inner = entry.inner(match)
    inner.keys(_MATCH_KEYS)
    return FaultOnDemand(
        kind or "", _method(inner), _pattern(inner), inner.number("nth", 1, 1), entry.number("times", 1, 0),
        entry.number("seconds", 5, 0, whole=False),
    )  # fmt: skip


def _method(match: Entry) -> str | None:
    method: str | None = match.values.get("method")
    if method is not None and method not in _METHODS:
        near = nearest(method, _METHODS) if isinstance(method, str) else None
        match.refuse(f"unknown method {method}", ", ".join(_METHODS), near, method)
    return method


def _pattern(match: Entry) -> re.Pattern[str] | None:
    path = match.values.get("path")
    if path is None:
        return None
    try:
        return re.compile(path)
    except (re.error, TypeError, RecursionError) as error:
        match.refuse(f"path is not a regular expression: {error}", "a regular expression", found=path)
        return None
