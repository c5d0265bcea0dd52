"""Problems of the files given to the org: all of them at once, each with its place and the expected value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file; `line` and `column` count from 1 and are None for a fault of the whole file."""

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    found: str | None = None
    expected: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        detail = [self.message]
        if self.expected:
            detail.append(f"expected {self.expected}")
        if self.nearest:
            detail.append(f"did you mean {self.nearest}?")
        return f"{place}: " + "; ".join(detail)


class InvalidData(Exception):
    """A data folder, database or fault file that cannot be used; `problems` has every fault."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to `name`, ignoring case; None when none is similar."""
    by_folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None
