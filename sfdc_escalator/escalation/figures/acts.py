"""The time until a person acted, and the escalations that still wait."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sfdc_escalator.escalation.figures.facts import ZERO, Started
from sfdc_escalator.escalation.figures.figure import Figure, Row, Unit
from sfdc_escalator.escalation.figures.ranks import MEDIAN, P90, nearest_rank

Where = tuple[str, str, str]
"""Policy, route and team; the team is empty where it is not known."""
FIRST_ACT = "An act is the first of: a person acted on the case as the route says, or the case was closed."


@dataclass(slots=True)
class Acts:
    """The times to the first act in seconds, by route and team, and the numbers of those without one."""

    times: dict[Where, list[int]] = field(default_factory=dict)
    waiting: Counter[Where] = field(default_factory=Counter)
    unwatched: Counter[Where] = field(default_factory=Counter)
    ended: Counter[Where] = field(default_factory=Counter)
    unknown: Counter[Where] = field(default_factory=Counter)

    def add(self, one: Started) -> None:
        where = (*one.place, one.team or "")
        if at := one.first_act:
            self.times.setdefault(where, []).append(int(max(at - one.started, ZERO).total_seconds()))
        elif one.is_open:
            self.waiting[where] += 1
            self.unwatched[where] += one.watched is False
        elif one.is_closed:
            self.unknown[where] += 1
        else:
            self.ended[where] += 1

    def figures(self) -> Iterator[Figure]:
        ordered = {where: sorted(times) for where, times in self.times.items()}
        after = "Seconds from the start to the first act, of escalations on which somebody acted. " + FIRST_ACT
        for name, title, percent in (
            ("first_act_median", "Time to the first act, median", MEDIAN),
            ("first_act_p90", "Time to the first act, 90th percentile", P90),
        ):
            ranks = {where: nearest_rank(times, percent) for where, times in ordered.items()}
            share = "half" if percent == MEDIAN else "nine of ten"
            yield counted(
                name, title, f"{after} {share.capitalize()} of them took no longer (nearest rank).", ranks, "seconds"
            )
        acted = {where: len(times) for where, times in ordered.items()}
        yield counted("acted_on", "Acted on", "Escalations on which somebody acted. " + FIRST_ACT, acted)
        yield counted(
            "still_waiting",
            "Still waiting",
            "Open escalations on which nobody has acted, as of the last run.",
            self.waiting,
        )
        yield counted(
            "waiting_unwatched",
            "Still waiting, as far as is known",
            "Those still waiting whose route has no ladder: for them runs see only that the case is closed.",
            self.unwatched,
        )
        yield counted(
            "ended_without_act",
            "Ended before anybody acted",
            "Escalations that a route above took over, or whose case was deleted or merged, or that were taken back, "
            "before anybody acted.",
            self.ended,
        )
        yield counted(
            "act_not_recorded",
            "Act not recorded",
            "Escalations whose case was closed at a time that the ledger does not have. They are in no time above.",
            self.unknown,
        )


def counted(name: str, title: str, definition: str, values: Mapping[Where, int], unit: Unit = "escalations") -> Figure:
    """A figure by route and team. Zeros are left out, except as a time."""
    rows = (
        Row(value, route, team, policy=policy)
        for (policy, route, team), value in sorted(values.items())
        if value or unit == "seconds"
    )
    return Figure(name, title, definition, unit, ("route", "team"), tuple(rows))
