"""The value of a YAML file with the place of every key and value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.errors import Problem
from sfdc_escalator.files.text.fault import Fault

Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a YAML file, and the place of each part. `problems` are those of the YAML itself; the value is
    usable all the same.

    `broken`: the paths of values and keys that have such a problem, so that no second problem is reported for them.
    """

    file: str
    value: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    problems: tuple[Problem, ...] = ()
    broken: frozenset[Path] = frozenset()

    def path(self, loc: Sequence[str | int]) -> Path:
        """The longest path along `loc` that exists in the file; parts that do not exist are left out."""
        here, path = self.value, list[str | int]()
        for part in loc:
            in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
            if in_list or (isinstance(here, dict) and part in here):
                here = here[part]
                path.append(part)
        return tuple(path)

    def place(self, path: Path, on_key: bool = False) -> Place:
        """Line and column of the value at the path, or of its key."""
        return (self.keys.get(path) if on_key else None) or self.values.get(path) or (1, 1)


def problem_of(document: Document, loc: tuple[str | int, ...], fault: Fault) -> Problem:
    """The problem at the value of `loc`, or at its key."""
    path = document.path((*loc, *fault.inside) if fault.at is None else fault.at)
    on_key = fault.on_key or loc[-1:] == ("[key]",)
    if fault.key is not None:
        path, on_key = (*path, fault.key), True
    line, column = document.place(path, on_key)
    return Problem(
        fault.message, document.file, line, column, fault.found, fault.expected, fault.nearest, fault.severity
    )


def mappings(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every mapping of a document's value with its path, outer ones first."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from mappings(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from mappings(inner, (*path, place))
