"""The values that escalated cases have in common, beside those of all open cases."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sfdc_escalator.escalation.figures.facts import Started
from sfdc_escalator.escalation.figures.figure import Figure, Part, Row

TOP = 5
"""The number of values of a field that a report shows."""
MOST_VALUES = 1000
"""The number of values of a field that are counted; a field with more is not one by which cases can be compared."""
OTHERS = "(other values)"
EMPTY = "(empty)"


@dataclass(frozen=True, slots=True)
class OpenCases:
    """The open cases of the org, counted by the values of each field; all of them are `count`."""

    count: int
    values: Mapping[str, Mapping[str, int]]

    def part(self, path: str, value: str) -> Part | None:
        """The open cases with this value; None where they were not counted by this field."""
        known = self.values.get(path)
        return Part(known.get(value, 0), self.count) if known is not None else None


@dataclass(slots=True)
class InCommon:
    """Counts the values of the fields of `review` at the start."""

    values: dict[str, Counter[str]] = field(default_factory=dict)
    unknown: int = 0

    def add(self, one: Started) -> None:
        if one.values is None:
            self.unknown += 1
            return
        for path, value in one.values.items():
            counts = self.values.setdefault(path, Counter())
            counts[value or EMPTY if value in counts or len(counts) < MOST_VALUES else OTHERS] += 1

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(self.values))

    @property
    def shown(self) -> Mapping[str, tuple[str, ...]]:
        """The values that a report shows, by field."""
        return {path: tuple(row.more["item"] for row in top(path, self.values[path], None)) for path in self.paths}

    def figures(self, open_cases: OpenCases | None = None) -> Iterator[Figure]:
        yield Figure(
            "in_common",
            "What the cases have in common",
            f"The {TOP} most frequent values of each field of review at the start of an escalation, of the escalations "
            "that recorded the field; beside them the same value among all cases that are open now.",
            "escalations",
            ("field", "item"),
            tuple(row for path in self.paths for row in top(path, self.values[path], open_cases)),
        )
        if self.values and self.unknown:
            definition = "Escalations whose values an older version did not record. They are not among those above."
            yield Figure(
                "in_common_not_recorded", "Values not recorded", definition, "escalations", (), (Row(self.unknown),)
            )


def top(path: str, counts: Counter[str], open_cases: OpenCases | None) -> Iterator[Row]:
    for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP]:
        against = open_cases.part(path, value) if open_cases and value != OTHERS else None
        yield Row(count, of=counts.total(), against=against, more={"field": path, "item": value})
