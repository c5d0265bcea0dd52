"""The rungs that were climbed, and those that moved somebody to act."""

from collections import Counter
from collections.abc import Iterator

from sfdc_escalator.escalation.figures.facts import Place, Started
from sfdc_escalator.escalation.figures.figure import Figure, Row

OfRung = tuple[Place, str]


class Rungs:
    """Counts the turns of rungs, and the acts that followed them."""

    def __init__(self) -> None:
        self._escalations: Counter[Place] = Counter()
        self._climbs: Counter[Place] = Counter()
        self._turns: Counter[OfRung] = Counter()
        self._climbed: Counter[OfRung] = Counter()
        self._moved: Counter[OfRung] = Counter()

    def add(self, one: Started) -> None:
        self._escalations[one.place] += 1
        self._climbs[one.place] += len(one.climbs)
        self._turns.update((one.place, climb.rung) for climb in one.climbs)
        act = one.first_act
        before = [climb.rung for climb in one.climbs if act is None or climb.at < act]
        self._climbed.update((one.place, rung) for rung in dict.fromkeys(before))
        if act and before:
            self._moved[one.place, before[-1]] += 1

    def figures(self) -> Iterator[Figure]:
        yield Figure(
            "rungs_per_escalation",
            "Rungs climbed per escalation",
            "Turns of rungs that were climbed, divided by the number of escalations; rounded to two digits. A turn "
            "whose move was rejected or withheld counts as climbed.",
            "rungs",
            ("route",),
            tuple(
                Row(round(self._climbs[place] / n, 2), place.route, policy=place.policy)
                for place, n in sorted(self._escalations.items())
                if self._climbs[place]
            ),
        )
        yield Figure(
            "rungs_climbed",
            "Rungs climbed",
            "Turns of each rung that were climbed.",
            "rungs",
            ("route", "rung"),
            tuple(of_rung(key, n) for key, n in sorted(self._turns.items())),
        )
        yield Figure(
            "rungs_followed_by_an_act",
            "Rungs that were followed by an act",
            "Escalations in which the first act came after this rung and before the next one, of those in which it was "
            "climbed while nobody had acted.",
            "escalations",
            ("route", "rung"),
            tuple(of_rung(key, self._moved[key], n) for key, n in sorted(self._climbed.items())),
        )
        yield Figure(
            "rungs_that_moved_nobody",
            "Rungs that never moved anybody",
            "Rungs that were followed by no act in any escalation; the number of escalations in which they were "
            "climbed while nobody had acted.",
            "escalations",
            ("route", "rung"),
            tuple(of_rung(key, n) for key, n in sorted(self._climbed.items()) if not self._moved[key]),
        )


def of_rung(key: OfRung, value: int, of: int | None = None) -> Row:
    place, rung = key
    return Row(value, place.route, of=of, more={"rung": rung}, policy=place.policy)
