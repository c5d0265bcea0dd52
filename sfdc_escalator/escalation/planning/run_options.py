"""The options of a run, and the matches that they keep out of the plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import RouteName


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The choices of the person, or of the cron line, that started the run."""

    backlog: Literal["adopt", "escalate"] | None = None
    limit: int | None = None
    route: str | None = None
    case: str | None = None
    accept_clock: bool = False

    @property
    def is_trial(self) -> bool:
        """True where a person tries some cases by hand; the backlog choice stays open."""
        return self.limit is not None or self.case is not None

    def takes(self, route: str) -> bool:
        """True where the run deals with routes of this name."""
        return self.route in (None, route)

    def routes(self, policies: Sequence[Policy]) -> set[RouteName]:
        """The routes that the run deals with."""
        names = {(policy.name, route.name) for policy in policies for route in policy.routes}
        return {name for name in names if self.takes(name[1])}


def sort_out(judged: Iterable[Match | NoMatch], options: RunOptions) -> tuple[list[Match], list[NoMatch]]:
    """The matches of the routes that this run deals with, and all other cases."""
    matches, no_match = list[Match](), list[NoMatch]()
    for one in judged:
        if isinstance(one, NoMatch):
            no_match.append(one)
        elif options.takes(one.route.name):
            matches.append(one)
        else:
            no_match.append(NoMatch(one.policy.name, one.case, left_out=one.route.name))
    return matches, no_match


ANOTHER_STEP = "another step on this case in this run; this one follows in the next"
TAKEN_OVER = "a route above takes the case over in this run; if that fails, this rung follows in the next"


def one_per_case(matches: Iterable[Match]) -> list[Match]:
    """One write per case and run, starts first, then rungs by their moment. A second policy waits for the next run, and
    so does a second rung. A rung that writes nothing waits for nobody, unless its escalation is taken over: its ladder
    ends with that."""
    taken: dict[str, str] = {}
    taken_over: set[str] = set()
    result = []
    for match in matches:
        if match.rung and match.start_key in taken_over:
            match = replace(match.ended(State.ALREADY, TAKEN_OVER), held_by=None, missing=())
        elif match.rung and match.state is State.PLANNED and match.writes:
            if taken.setdefault(match.case.id, match.identity.key) != match.identity.key:
                match = match.ended(State.ALREADY, ANOTHER_STEP)
        elif match.rung is None and match.state is State.PLANNED:
            first = taken.setdefault(match.case.id, match.policy.name)
            if first != match.policy.name:
                reason = f"the policy {first} escalates this case in the same run; this one follows in the next"
                match = match.ended(State.DEFERRED, reason)
            elif match.order:
                taken_over |= {one.key for one in match.order.takes_over}
        result.append(match)
    return result


def backlog_routes(matches: Iterable[Match], history: History) -> frozenset[RouteName]:
    """The routes with work, held or not, whose backlog is not decided yet, under this or a former name."""
    return frozenset(
        match.name
        for match in matches
        if match.rung is None
        and match.state in (State.PLANNED, State.HELD)
        and history.live.isdisjoint((match.policy.name, name) for name in match.route.names)
    )


def adopt(match: Match) -> Match:
    if match.rung:  # of an escalation that a trial started
        return match
    if match.state not in (State.PLANNED, State.HELD) or match.held_by == "pattern":  # it may not match at all
        return match
    return replace(match.ended(State.ALREADY, "adopted with the backlog: remembered as seen"), adopt=True, held_by=None)


def limited(matches: Sequence[Match], backlog: frozenset[RouteName], options: RunOptions) -> list[Match]:
    """The first `limit` of the plan; the rest of a backlog stays withheld, and its choice open."""
    left = options.limit if options.limit is not None else len(matches)
    result = []
    for match in matches:
        if match.state is State.PLANNED:
            left -= 1
            if left < 0 and match.rung is None and match.name in backlog and options.backlog is None:
                match = match.ended(State.WITHHELD, f"beyond --limit {options.limit}; its backlog is not decided yet")
            elif left < 0:
                match = match.ended(State.DEFERRED, f"beyond --limit {options.limit}")
        result.append(match)
    return result
