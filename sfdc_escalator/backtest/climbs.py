"""The rungs that are climbed on the escalations of one case.

Only the polls at which something may happen are looked at: a start, a change of the case, an instant that a condition
names, and the next moment of a ladder.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sfdc_escalator.backtest.acts import Acts, Can, act_unknown, answered, waits_for_act
from sfdc_escalator.backtest.past_ladder import PastLadder, opened, writes
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import Segment, turning_points
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.ladder.climbing import Climb
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.ladder_facts import Interval
from sfdc_escalator.pipeline.read_models.backtest_result import PastMatch


class Ladders:
    """The ladders of a policy over one history. `acts` says when somebody acts where it cannot show that, as `can`
    says."""

    def __init__(self, policy: Policy, can: Can, acts: Acts) -> None:
        self.policy, self._acts = policy, acts
        self.routes = {route.name: route for route in policy.routes}
        self.ranks = {name: rank for rank, name in enumerate(self.routes)}
        self.held_while = All(policy.hold_while) if policy.hold_while else None
        acted = {name: route.ladder.acknowledged for name, route in self.routes.items() if route.ladder}
        self._proofs: Mapping[str, Condition | None] = {name: answered(one, can) for name, one in acted.items()}
        self._shown = frozenset(name for name, one in acted.items() if can(one))

    def begin(self, start: PastMatch, case: Case, polls: Polls) -> PastLadder:
        """Raises Invalid where a rung waits for an act that the file cannot show, and nobody said when there is one."""
        route, shown = self.routes[start.route], start.route in self._shown
        if route.ladder and not shown and self._acts is None and waits_for_act(route):
            raise act_unknown(self.policy, route)
        here = polls.circumstances(start.at)
        return opened(start, route, case, here, self._proofs.get(start.route), None if shown else self._acts)

    def climbed(self, segments: Sequence[Segment], starts: Sequence[PastMatch], polls: Polls) -> Iterator[PastMatch]:
        """The rungs of these escalations of one case, in the order of the polls."""
        opening = [one for one in starts if self.routes[one.route].opens]
        if any(self.routes[one.route].ladder for one in opening):
            yield from Walk(self, opening, polls).through(segments)


class Walk:
    """One case from poll to poll. `_open` are its open escalations, also those without a ladder."""

    def __init__(self, ladders: Ladders, starts: Sequence[PastMatch], polls: Polls) -> None:
        self._ladders, self._polls = ladders, polls
        self._coming = sorted(starts, key=lambda one: (one.at, ladders.ranks[one.route]), reverse=True)
        self._open: list[PastLadder] = []
        self._held: list[Interval] = []
        self._held_since: datetime | None = None

    def through(self, segments: Sequence[Segment]) -> Iterator[PastMatch]:
        for segment in segments:
            yield from self._within(segment)
            if not self._coming and not any(one.route.ladder for one in self._open):
                return

    def _within(self, segment: Segment) -> Iterator[PastMatch]:
        first = self._polls.first_from(segment.begin)
        last = len(self._polls) if segment.end is None else self._polls.first_from(segment.end)
        place = first if self._open else self._next_start()
        marks: list[int] = []
        while place is not None and place < last:
            if self._begin(segment.case, self._polls[place]) or place == first:
                marks = turning_points(segment, self._conditions(), self._polls)
            yield from self._at(segment.case, self._polls[place])
            place = self._next(segment.case, place, marks)

    # -- one poll

    def _begin(self, case: Case, now: datetime) -> bool:
        """Opens the escalations that start now; one with a route above that is open already does not."""
        found = False
        while self._coming and self._coming[-1].at == now:
            found, start = True, self._coming.pop()
            rank = self._ladders.ranks[start.route]
            if all(self._rank(one) >= rank for one in self._open):
                new = self._ladders.begin(start, case, self._polls)
                self._open = [] if new.route.escalate else [one for one in self._open if self._rank(one) > rank]
                self._open.append(new)
        return found

    def _at(self, case: Case, now: datetime) -> Iterator[PastMatch]:
        """Starts come first; then one rung of each escalation by moment, one write for the case."""
        if case.fields.get("IsClosed") is True:
            self._open, self._held, self._held_since = [], [], None
            return
        older = [one for one in self._open if one.start.at < now]
        self._read(case, now, older)
        written = len(older) < len(self._open)
        found = [(one, one.climb(case, now)) for one in older]
        for one, climb in sorted(found, key=lambda each: (moment_of(each[1], now), self._rank(each[0]))):
            wants = climb.turn is not None and writes(one.rung(climb.turn.rung), case, self._ladders.policy.priorities)
            if wants and written:
                continue
            written = written or wants
            one.take(climb)
            if climb.turn:
                yield one.start._replace(at=now, rung=climb.turn.rung, turn=climb.turn.turn)

    def _read(self, case: Case, now: datetime, older: Sequence[PastLadder]) -> None:
        """Reads what a run reads of open escalations: the hold of the case, and the acts of people."""
        condition, here = self._ladders.held_while, self._polls.circumstances(now)
        is_held = bool(condition and older and condition.holds(case, here))
        if is_held and self._held_since is None:
            self._held_since = now
        elif not is_held and self._held_since is not None:
            self._held.append(Interval(self._held_since, now))
            self._held_since = None
        lasting = [Interval(self._held_since, now)] if self._held_since else []
        for one in older:
            one.look(case, here, (*self._held, *lasting), is_held=is_held)

    # -- the next poll

    def _next(self, case: Case, place: int, marks: Sequence[int]) -> int | None:
        """The next poll at which something may happen, as far as the case does not change before."""
        now = self._polls[place]
        moments = [at for one in self._open if (at := one.next_moment(case, now))]
        places = [max(place + 1, self._polls.first_from(at)) for at in moments]
        places += [mark for mark in marks if mark > place][:1]
        if self._ladders.held_while and any(one.start.at == now for one in self._open):
            places.append(place + 1)  # the first run that sees the escalation sees the hold
        start = self._next_start()
        return min([*places, *([] if start is None else [start])], default=None)

    def _next_start(self) -> int | None:
        return self._polls.first_from(self._coming[-1].at) if self._coming else None

    def _conditions(self) -> list[Condition]:
        proofs = [one.proof for one in self._open if one.proof]
        return [*proofs, self._ladders.held_while] if self._ladders.held_while else proofs

    def _rank(self, one: PastLadder) -> int:
        return self._ladders.ranks[one.route.name]


def moment_of(climb: Climb, now: datetime) -> datetime:
    return climb.turn.moment if climb.turn else now
