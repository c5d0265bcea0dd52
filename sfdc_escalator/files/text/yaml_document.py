"""YAML 1.2 (core schema) with the place of every key and value.

Built from PyYAML's events, not its constructors: these keep the last of two equal keys, read `no` as false and `0123`
as 83, and recurse without bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events

from sfdc_escalator.errors import Problem, Severity
from sfdc_escalator.files.text.document import Document, Path, Place
from sfdc_escalator.files.text.fault import shortened
from sfdc_escalator.files.text.scalars import plain_scalar
from sfdc_escalator.files.text.source_text import Unreadable

MAX_DEPTH, MAX_ALIASES, MAX_COPIED, MAX_VALUES = 40, 50, 20_000, 200_000
ADVICE = {
    "mapping values are not allowed": "one `key: value` a line; put a text with `: ` in it in quotes",
    "cannot start any token": "spaces, no tabs, before a key; put a text that starts with @, ` or % in quotes",
    "did not find expected key": "keys of one mapping in one column; put a text with quotes, : or # in it in quotes",
    "did not find expected ',' or": "a closing bracket, and commas between the entries",
    "could not find expected ':'": "`key: value`, with a space after the colon",
    "did not find expected alphabetic or numeric": "put a text that starts with * or & in quotes",
    "found unexpected ':'": "a space behind the colon, then a value",
    "did not find expected '-' indicator": "the entries of one list in one column",
}  # fmt: skip


def parse(file: str, text: str, *, what: str = "policy", holds: str = "`policy:` and `routes:`") -> Document:
    """The one document of a file. Raises Unreadable for a file that is not YAML. `what` names the kind of file, `holds`
    what it must have at least."""
    composer = Composer(file, text, what, holds)
    try:
        return composer.document()
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "it cannot be understood"
        advice = next((advice for start, advice in ADVICE.items() if start in problem), None)
        raise composer.fatal(f"the file is not YAML: {problem}", place_of(error.problem_mark), advice) from None
    except yaml.YAMLError as error:
        raise Unreadable(Problem(f"the file is not YAML: {shortened(str(error))}", file)) from None


def place_of(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


@dataclass(slots=True)
class Composer:
    file: str
    text: str
    what: str
    holds: str
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    anchors: dict[str, tuple[Path, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    aliases: int = 0
    copied: int = 0
    events: Iterator[Any] = field(default_factory=lambda: iter(()))

    def fault(
        self,
        message: str,
        place: Place,
        found: str | None = None,
        expected: str | None = None,
        severity: Severity = "error",
    ) -> None:
        self.problems.append(Problem(message, self.file, *place, found, expected, severity=severity))

    def fatal(self, message: str, place: Place, expected: str | None = None) -> Unreadable:
        return Unreadable(Problem(message, self.file, *place, None, expected))

    def document(self) -> Document:
        value, started = None, False
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events = (event for event in yaml.parse(self.text, Loader=loader))
        for event in self.events:
            if isinstance(event, events.DocumentStartEvent):
                if started:
                    place = place_of(event.start_mark)
                    self.fault("the file holds more than one document", place, expected=f"one {self.what} per file")
                    break
                value, started = self.value(next(self.events), ()), True
        if not started or value is None:
            raise Unreadable(Problem("the file is empty", self.file, 1, 1, "an empty file", self.holds))
        return Document(self.file, value, self.values, self.keys, tuple(self.problems), frozenset(self.broken))

    def value(self, event: Any, path: Path) -> Any:
        place = place_of(event.start_mark)
        self.values[path] = place
        if isinstance(event, events.AliasEvent):
            return self.alias(event, path, place)
        if len(self.values) > MAX_VALUES + self.copied:
            raise self.fatal("the file says too much", place, expected=f"{MAX_VALUES:,} values at most")
        if len(path) > MAX_DEPTH:
            raise self.fatal("the file is nested too deep", place, expected=f"{MAX_DEPTH} levels at most")
        if event.tag not in (None, "!"):
            self.fault("tags are not allowed", place, found=shortened(event.tag), expected="a plain value")
        if isinstance(event, events.ScalarEvent):
            value = self.scalar(event, path, place)
        elif isinstance(event, events.SequenceStartEvent):
            value = self.sequence(path)
        else:
            value = self.mapping(path)
        if event.anchor:
            self.anchors[event.anchor] = (path, value)
        return value

    def alias(self, event: Any, path: Path, place: Place) -> Any:
        """The anchored value again, with its own places, so that a fault in it is reported where it is written."""
        self.aliases += 1
        start, value = self.anchors.get(event.anchor, ((), None))
        if event.anchor not in self.anchors:
            self.broken.add(path)
            self.fault("the alias names no anchor above it", place, found=f"*{shortened(event.anchor)}")
            return None
        for places in (self.values, self.keys):
            inside = [(at, here) for at, here in places.items() if at[: len(start)] == start and len(at) > len(start)]
            places.update({path + at[len(start) :]: here for at, here in inside})
            self.copied += len(inside)
            deepest = max((len(at) for at, _ in inside), default=0) - len(start) + len(path)
            if deepest > MAX_DEPTH:
                raise self.fatal("the file is nested too deep", place, expected=f"{MAX_DEPTH} levels at most")
        if self.aliases > MAX_ALIASES or self.copied > MAX_COPIED:
            raise self.fatal("too many aliases", place, expected=f"{MAX_ALIASES} at most, of small values")
        return value

    def sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), events.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self.events), events.MappingEndEvent):
            key, place = self.key(event, path), place_of(event.start_mark)
            if key in entries:
                first = self.keys[(*path, key)][0]
                expected = f"each key once; the first is on line {first}"
                self.fault(f"`{shortened(key)}` is given twice", place, found=shortened(key), expected=expected)
                self.value(next(self.events), (*path, key, "again"))
            else:
                self.keys[(*path, key)] = place
                entries[key] = self.value(next(self.events), (*path, key))
        return entries

    def key(self, event: Any, path: Path) -> str:
        value, place = self.value(event, (*path, "")), place_of(event.start_mark)
        if value == "<<" and event.implicit[0]:
            self.broken.add((*path, value))
            self.fault("`<<` merges nothing in YAML 1.2", place, value, "the keys written out, or an alias as a value")
        if isinstance(value, str):
            return value
        text = event.value if isinstance(event, events.ScalarEvent) else ""
        self.broken.add((*path, text))
        self.fault("a key must be a text", place, found=shortened(text) or None, expected="a name; numbers in quotes")
        return str(text)

    def scalar(self, event: Any, path: Path, place: Place) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            bad = next((char for char in text if ord(char) < 32 and char not in "\t\n\r"), None)
            if bad is not None:
                self.fault("the text has a control character in it", place, found=f"U+{ord(bad):04X}", expected="text")
            return text
        value, doubt = plain_scalar(text)
        if doubt and doubt.severity == "error":
            self.broken.add(path)
        if doubt and (doubt.severity == "error" or path[-1:] != ("",)):  # a key that is a number is an error by itself
            self.fault(doubt.message, place, shortened(text), doubt.expected, doubt.severity)
        return value
