"""The number of escalations: per day and route, under other names, and again on the same case."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from sfdc_escalator.escalation.figures.facts import Place, Started
from sfdc_escalator.escalation.figures.figure import Figure, Row
from sfdc_escalator.escalation.figures.period import Period


class Starts:
    """Counts escalations, and what counts under another name."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._days: Counter[tuple[date, Place]] = Counter()
        self._others: Counter[tuple[date, str, Place]] = Counter()
        self._all: Counter[Place] = Counter()
        self._repeated: Counter[Place] = Counter()

    def add(self, one: Started) -> None:
        day = self._period.day(one.started)
        if one.counts_as:
            self._others[day, one.counts_as, one.place] += 1
            return
        self._days[day, one.place] += 1
        self._all[one.place] += 1
        self._repeated[one.place] += one.episode > 1

    def figures(self) -> Iterator[Figure]:
        days = (Row(n, place.route, day=day, policy=place.policy) for (day, place), n in sorted(self._days.items()))
        yield Figure(
            "escalations",
            "Escalations per day",
            "Escalations that started in the period, by the day of their start. The start is the time of the note in "
            "the org; where that was not read, the time at which the run wrote it.",
            "escalations",
            ("day", "route"),
            tuple(days),
        )
        yield Figure(
            "repeated",
            "Escalated again",
            "Escalations of a case that the same route had escalated before.",
            "escalations",
            ("route",),
            tuple(
                Row(self._repeated[place], place.route, of=n, policy=place.policy)
                for place, n in sorted(self._all.items())
                if self._repeated[place]
            ),
        )
        others = sorted(self._others.items())
        yield Figure(
            "counted_as",
            "Counted under another name",
            "Matches of routes with counts_as, by that name. They are in no other figure about escalations.",
            "cases",
            ("day", "as", "route"),
            tuple(
                Row(n, place.route, day=day, more={"as": name}, policy=place.policy) for (day, name, place), n in others
            ),
        )
