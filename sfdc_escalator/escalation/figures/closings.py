"""The escalations that were closed in time."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from sfdc_escalator.escalation.figures.facts import Place, Started
from sfdc_escalator.escalation.figures.figure import Figure, Row

THIRTY_DAYS = timedelta(days=30)
LEFT_OUT = (
    "Open ones are among the others; those that ended in another way, and those closed at a time that is not "
    "recorded, are left out."
)


class Closings:
    """Counts the closings by route: within the due time, and within 30 days."""

    def __init__(self) -> None:
        self._due: Counter[Place] = Counter()
        self._within_due: Counter[Place] = Counter()
        self._all: Counter[Place] = Counter()
        self._within_30_days: Counter[Place] = Counter()
        self._unknown: Counter[Place] = Counter()

    def add(self, one: Started) -> None:
        if one.is_closed and one.closed is None:
            self._unknown[one.place] += 1
        if not one.is_open and one.closed is None:
            return
        self._all[one.place] += 1
        self._within_30_days[one.place] += one.closed is not None and one.closed <= one.started + THIRTY_DAYS
        if one.due is not None:
            self._due[one.place] += 1
            self._within_due[one.place] += one.closed is not None and one.closed <= one.due

    def figures(self) -> Iterator[Figure]:
        yield shares(
            "closed_within_due",
            "Closed within the due time",
            "Escalations whose case was closed at its due time or before, of all that have a due time. " + LEFT_OUT,
            self._within_due,
            self._due,
        )
        yield shares(
            "closed_within_30_days",
            "Closed within 30 days",
            "Escalations whose case was closed at most 30 days (720 hours) after the start, of all. " + LEFT_OUT,
            self._within_30_days,
            self._all,
        )
        yield Figure(
            "closing_not_recorded",
            "Closing time not recorded",
            "Escalations whose case was closed at a time that the ledger does not have: an older version did not "
            "record it, or the org does not show ClosedDate.",
            "escalations",
            ("route",),
            tuple(Row(n, place.route, policy=place.policy) for place, n in sorted(self._unknown.items())),
        )


def shares(name: str, title: str, definition: str, part: Counter[Place], whole: Counter[Place]) -> Figure:
    rows = (Row(part[place], place.route, of=n, policy=place.policy) for place, n in sorted(whole.items()))
    return Figure(name, title, definition, "escalations", ("route",), tuple(rows))
