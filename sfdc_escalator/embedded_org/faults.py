"""Misbehaviour on demand: which request suffers which fault. The one place every request passes through."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org.calls import Answer
from sfdc_escalator.embedded_org.problems import Problem, nearest

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
class Fault:
    """`times` 0 means for ever; `seen` counts the requests that matched, `done` those that suffered."""

    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None
    nth: int = 1
    times: int = 1
    seconds: float = 5.0
    seen: int = field(default=0, compare=False)
    done: int = field(default=0, compare=False)

    def strikes(self, method: str, path: str) -> bool:
        """Counts the request, and says whether this fault is due for it."""
        if (self.method and self.method != method) or (self.path and not self.path.search(path)):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times == 0 or self.done < self.times)


class Faults:
    """The faults of an org, asked once per request."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults, self._lock = faults, threading.Lock()

    def next(self, method: str, path: str) -> Fault | None:
        with self._lock:
            due = [each for each in self._faults if each.strikes(method, path)]
            if due:
                due[0].done += 1
        return due[0] if due else None


def load(path: Path, problems: list[Problem]) -> Faults:
    """Reads a fault file; what is wrong with it is added to `problems`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"))
        return Faults([])
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), f"is not JSON: {error.msg}", error.lineno, error.colno))
        return Faults([])
    if not isinstance(entries, list):
        problems.append(Problem(str(path), "is not a list", 1, 1, type(entries).__name__, "a JSON list of faults"))
        return Faults([])
    lines = _lines(text)
    found = [_fault(_Reader(path, lines[i], problems), each) for i, each in enumerate(entries)]
    return Faults([each for each in found if each])


def _lines(text: str) -> list[int]:
    """The line each element of the outer list begins on."""
    decoder, position = json.JSONDecoder(), text.index("[") + 1
    lines: list[int] = []
    while True:
        position += len(text[position:]) - len(text[position:].lstrip(" \t\r\n,"))
        if text[position] == "]":
            return lines
        lines.append(text.count("\n", 0, position) + 1)
        position = decoder.raw_decode(text, position)[1]


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    line: int
    problems: list[Problem]

    def refuse(self, message: str, expected: str | None = None, near: str | None = None, found: Any = None) -> None:
        shown = None if found is None else json.dumps(found)
        self.problems.append(Problem(str(self.path), message, self.line, None, shown, expected, near))

    def keys(self, entry: dict[str, Any], known: tuple[str, ...]) -> None:
        for name in entry:
            if name not in known:
                self.refuse(f"unknown key {name}", ", ".join(known), nearest(name, known), name)

    def number(self, entry: dict[str, Any], name: str, default: Any, least: float, whole: bool) -> Any:
        value = entry.get(name, default)
        fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool) and value >= least
        if not fits:
            self.refuse(f"{name} does not fit", f"a{' whole' if whole else ''} number, at least {least:g}", found=value)
        return value if fits else default


def _fault(reader: _Reader, entry: Any) -> Fault | None:
    if not isinstance(entry, dict):
        reader.refuse("is not an object", "an object with kind", found=entry)
        return None
    reader.keys(entry, _KEYS)
    kind, match = entry.get("kind"), entry.get("match", {})
    if kind not in KINDS:
        near = nearest(kind, KINDS) if isinstance(kind, str) else None
        reader.refuse(f"unknown kind {kind}" if "kind" in entry else "kind is missing", ", ".join(KINDS), near, kind)
    if not isinstance(match, dict):
        reader.refuse("match is not an object", ", ".join(_MATCH_KEYS), found=match)
        match = {}
    reader.keys(match, _MATCH_KEYS)
    return Fault(
        str(kind), _method(reader, match), _pattern(reader, match), reader.number(match, "nth", 1, 1, True),
        reader.number(entry, "times", 1, 0, True), reader.number(entry, "seconds", 5, 0, False),
    )  # fmt: skip


def _method(reader: _Reader, match: dict[str, Any]) -> str | None:
    method = match.get("method")
    if method is not None and method not in _METHODS:
        near = nearest(method, _METHODS) if isinstance(method, str) else None
        reader.refuse(f"unknown method {method}", ", ".join(_METHODS), near, method)
    return method


def _pattern(reader: _Reader, match: dict[str, Any]) -> re.Pattern[str] | None:
    path = match.get("path")
    if path is None:
        return None
    try:
        return re.compile(path)
    except (re.error, TypeError) as error:
        reader.refuse(f"path is not a regular expression: {error}", "a regular expression", found=path)
        return None
