"""Reads a JSON file with a list of objects, each with a `kind`; reports every problem with its line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org.basics.plain_files import read_bytes
from sfdc_escalator.embedded_org.basics.problems import Problem, nearest


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the list; its faults are added to the file's problems."""

    path: Path
    line: int
    problems: list[Problem]
    values: dict[str, Any]

    def refuse(self, message: str, expected: str | None = None, near: str | None = None, found: Any = None) -> None:
        shown = None if found is None else json.dumps(found)
        self.problems.append(Problem(str(self.path), message, self.line, None, shown, expected, near))

    def inner(self, values: dict[str, Any]) -> Entry:
        """An object inside this one."""
        return Entry(self.path, self.line, self.problems, values)

    def keys(self, known: Iterable[str]) -> None:
        known = list(known)
        for name in self.values:
            if name not in known:
                self.refuse(f"unknown key {name}", ", ".join(known), nearest(name, known), name)

    def kind(self, known: Iterable[str]) -> str | None:
        known, kind = list(known), self.values.get("kind")
        if isinstance(kind, str) and kind in known:
            return kind
        near = nearest(kind, known) if isinstance(kind, str) else None
        message = f"unknown kind {kind}" if "kind" in self.values else "kind is missing"
        self.refuse(message, ", ".join(known), near, kind)
        return None

    def number(self, name: str, default: Any, least: float, whole: bool = True) -> Any:
        value = self.values.get(name, default)
        valid = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        valid = valid and least <= value < math.inf
        if name in self.values and not valid:
            self.refuse(f"{name} is not valid", f"a{' whole' if whole else ''} number, at least {least:g}", found=value)
        return value if valid else default

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            self.refuse(f"{name} is not valid", "true or false", found=value)
        return value is True

    def text(self, name: str) -> str:
        """A required text; empty when it is missing."""
        value = self.values.get(name)
        if isinstance(value, str) and value.strip():
            return value
        self.refuse(f"{name} is not valid" if name in self.values else f"{name} is missing", "a text", found=value)
        return ""

    def texts(self, name: str) -> list[str]:
        """A list of texts, empty when left out."""
        value = self.values.get(name, [])
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return value
        self.refuse(f"{name} is not valid", "a list of texts", found=value)
        return []


def read(path: Path, problems: list[Problem], what: str) -> list[Entry]:
    """The entries of a file; `what` is their name in messages, in the plural."""
    try:
        text = read_bytes(path).decode()
        found = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"))
        return []
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), f"is not JSON: {error.msg}", error.lineno, error.colno))
        return []
    except RecursionError:
        problems.append(Problem(str(path), "is nested too deeply"))
        return []
    if not isinstance(found, list):
        problems.append(Problem(str(path), "is not a list", 1, 1, type(found).__name__, f"a JSON list of {what}"))
        return []
    entries = [Entry(path, line, problems, each) for line, each in zip(_lines(text), found, strict=True)]
    for each in entries:
        if not isinstance(each.values, dict):
            each.refuse("is not an object", "an object with kind", found=each.values)
    return [each for each in entries if isinstance(each.values, dict)]


def _lines(text: str) -> list[int]:
    """The line on which each element of the outer list begins."""
    decoder, position = json.JSONDecoder(), text.index("[") + 1
    lines: list[int] = []
    while True:
        position += len(text[position:]) - len(text[position:].lstrip(" \t\r\n,"))
        if text[position] == "]":
            return lines
        lines.append(text.count("\n", 0, position) + 1)
        position = decoder.raw_decode(text, position)[1]
