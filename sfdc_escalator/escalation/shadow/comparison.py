"""Pairs the acts of both sides: the same value of the same field of the same case, nearest in time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.shadow.acts import Effect, OurAct, TheirAct

Kind = Literal["equal", "earlier", "later", "only ours", "only theirs"]
KINDS: tuple[Kind, ...] = ("equal", "earlier", "later", "only ours", "only theirs")
Key = tuple[str, str, str]
WITHIN = timedelta(minutes=15)
"""Times that are at most this far apart are equal."""


class Pair(NamedTuple):
    """An act of both sides, or of one of them. `kind` is seen from the policies: `earlier` is ours before theirs."""

    kind: Kind
    ours: OurAct | None
    theirs: TheirAct | None

    @property
    def effect(self) -> Effect:
        return self.ours.effect if self.ours else self.theirs.effect  # type: ignore[union-attr] # one is there

    @property
    def times(self) -> tuple[datetime, ...]:
        return tuple(one.at for one in (self.ours, self.theirs) if one)

    @property
    def apart(self) -> timedelta:
        """The time between both; zero for one alone."""
        return max(self.times) - min(self.times)


def paired(ours: Iterable[OurAct], theirs: Iterable[TheirAct]) -> list[Pair]:
    """By case, then by time."""
    here, there = by_key(ours), by_key(theirs)
    found = [pair for key in here.keys() | there.keys() for pair in pairs(here.get(key, []), there.get(key, []))]
    return sorted(found, key=lambda one: (one.effect.case_id, min(one.times), one.effect, one.kind))


def by_key(acts: Iterable[OurAct] | Iterable[TheirAct]) -> dict[Key, list]:  # type: ignore[type-arg]
    found: dict[Key, list] = {}  # type: ignore[type-arg]
    for act in acts:
        found.setdefault(act.effect.key, []).append(act)
    return found


def pairs(ours: Sequence[OurAct], theirs: Sequence[TheirAct]) -> Iterator[Pair]:
    """The acts with the same effect: of all pairs the nearest first; what is left stands alone."""
    left, right = set(range(len(ours))), set(range(len(theirs)))
    near = sorted(product(left, right), key=lambda one: (abs(ours[one[0]].at - theirs[one[1]].at), one))
    for here, there in near:
        if here in left and there in right:
            left.remove(here)
            right.remove(there)
            yield Pair(kind_of(ours[here].at, theirs[there].at), ours[here], theirs[there])
    yield from (Pair("only ours", ours[place], None) for place in sorted(left) if not ours[place].is_faint)
    yield from (Pair("only theirs", None, theirs[place]) for place in sorted(right))


def kind_of(ours: datetime, theirs: datetime) -> Kind:
    if abs(ours - theirs) <= WITHIN:
        return "equal"
    return "earlier" if ours < theirs else "later"
