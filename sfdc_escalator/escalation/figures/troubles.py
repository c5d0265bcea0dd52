"""Rejected, unknown, held and withheld escalations; and warnings that came true or not."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sfdc_escalator.escalation.figures.facts import Place, Warned
from sfdc_escalator.escalation.figures.figure import Figure, Row, Unit


@dataclass(slots=True)
class Troubles:
    """`rejected` and `unknown` hold the keys of escalations and turns of rungs, by route. `held` counts by route and by
    what holds: `hold` a person, `field` the policy, `note` a missing part; of a missing part the case numbers are
    kept, because each run reports them again. `withheld` is the most that one run withheld."""

    rejected: dict[Place, set[str]] = field(default_factory=dict)
    unknown: dict[Place, set[str]] = field(default_factory=dict)
    held: Counter[tuple[Place, str]] = field(default_factory=Counter)
    incomplete: set[tuple[Place, str]] = field(default_factory=set)
    withheld: dict[Place, int] = field(default_factory=dict)

    def reject(self, place: Place, key: str) -> None:
        self.rejected.setdefault(place, set()).add(key)

    def lose_sight(self, place: Place, key: str) -> None:
        self.unknown.setdefault(place, set()).add(key)

    def hold(self, place: Place, kind: str) -> None:
        self.held[place, kind] += 1

    def miss_a_part(self, place: Place, case_number: str) -> None:
        self.incomplete.add((place, case_number))

    def withhold(self, place: Place, cases: int) -> None:
        self.withheld[place] = max(cases, self.withheld.get(place, 0))

    def figures(self) -> Iterator[Figure]:
        yield by_route(
            "rejected",
            "Rejected",
            "Escalations and turns of rungs that the org rejected at least once in the period, also where a later try "
            "went through.",
            {place: len(keys) for place, keys in self.rejected.items()},
        )
        yield self.held_figure()
        yield by_route(
            "withheld",
            "Withheld",
            "The most cases of a route that one run of the period withheld, by a guard or for want of a backlog "
            "choice.",
            self.withheld,
            "cases",
        )
        yield by_route(
            "unknown",
            "Outcome unknown",
            "Escalations and turns of rungs whose outcome was not known at some time in the period. Later runs settle "
            "most of them.",
            {place: len(keys) for place, keys in self.unknown.items()},
        )

    def held_figure(self) -> Figure:
        counts = self.held + Counter((place, "note") for place, _ in self.incomplete)
        rows = (Row(n, place.route, more={"by": by}, policy=place.policy) for (place, by), n in sorted(counts.items()))
        definition = (
            "Holds that began in the period: hold = by a person, field = by hold_while of the policy. note = cases "
            "that waited for a missing part of the note. Without a route it is for all of them."
        )
        return Figure("held", "Held", definition, "cases", ("route", "by"), tuple(rows))


@dataclass(slots=True)
class Warnings:
    """Counts warnings by route. `as_of` is the org's time of the last run: a warning whose time has not come then is
    not decided."""

    as_of: datetime | None
    warned: Counter[Place] = field(default_factory=Counter)
    decided: Counter[Place] = field(default_factory=Counter)
    avoided: Counter[Place] = field(default_factory=Counter)
    unknown: Counter[Place] = field(default_factory=Counter)

    def add(self, one: Warned) -> None:
        self.warned[one.place] += 1
        if one.is_escalated:
            self.decided[one.place] += 1
        elif one.comes_at is None:
            self.unknown[one.place] += 1
        elif self.as_of and one.comes_at <= self.as_of:
            self.decided[one.place] += 1
            self.avoided[one.place] += 1

    def figures(self) -> Iterator[Figure]:
        yield by_route("warned", "Warned", "Cases that somebody was warned about in the period.", self.warned, "cases")
        yield Figure(
            "avoided",
            "Warned and not escalated",
            "Cases that were warned about in the period and that no route has escalated since, though the time has "
            "come at which they would have matched; of all warnings of which this is known.",
            "cases",
            ("route",),
            tuple(
                Row(self.avoided[place], place.route, of=n, policy=place.policy)
                for place, n in sorted(self.decided.items())
            ),
        )
        yield by_route(
            "avoided_not_recorded",
            "Warnings without their time",
            "Warnings of an older version, which did not record when the case would match. They are not among those "
            "above.",
            self.unknown,
            "cases",
        )


def by_route(name: str, title: str, definition: str, values: Mapping[Place, int], unit: Unit = "escalations") -> Figure:
    rows = (Row(n, place.route, policy=place.policy) for place, n in sorted(values.items()) if n)
    return Figure(name, title, definition, unit, ("route",), tuple(rows))
