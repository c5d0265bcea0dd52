"""What the person or cron line that started the run chose, and what it keeps out of the plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from sfdc_escalator.escalation.decisions.decide import NoMatch
from sfdc_escalator.escalation.decisions.decision import Decision, RouteName, State, name_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.history import History

BACKLOG = (
    "never run live in this org, and there is a backlog: choose with --backlog escalate, "
    "--backlog adopt (remember them as seen), or try some with --limit or --case"
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the person or cron line that started the run chose."""

    backlog: Literal["adopt", "escalate"] | None = None
    limit: int | None = None
    route: str | None = None
    case: str | None = None

    @property
    def is_trial(self) -> bool:
        """Whether a person tries some cases by hand; a backlog's choice stays open."""
        return self.limit is not None or self.case is not None

    def routes(self, policies: Sequence[Policy]) -> set[RouteName]:
        """The routes that the run deals with."""
        names = {(policy.name, route.name) for policy in policies for route in policy.routes}
        return {name for name in names if self.route in (None, name[1])}


def sort_out(judged: Iterable[Decision | NoMatch], options: RunOptions) -> tuple[list[Decision], tuple[NoMatch, ...]]:
    decisions, no_match = [], []
    for one in judged:
        if isinstance(one, NoMatch):
            no_match.append(one)
        elif options.route in (None, one.route.name):
            decisions.append(one)
        else:
            reason = f"it goes by the route {one.route.name}, which this run leaves out"
            why = partial(dict[str, str], {one.route.name: reason})
            no_match.append(NoMatch(one.policy.name, one.case, why))
    return decisions, tuple(no_match)


def one_per_case(decisions: Iterable[Decision]) -> list[Decision]:
    """One escalation per case and run: a second policy waits for the next run."""
    taken: dict[str, str] = {}
    result = []
    for decision in decisions:
        if decision.state is State.PLANNED:
            first = taken.setdefault(decision.case.id, decision.policy.name)
            if first != decision.policy.name:
                reason = f"the policy {first} escalates this case in the same run; this one follows in the next"
                decision = decision.ended(State.DEFERRED, reason)
        result.append(decision)
    return result


def backlog_routes(decisions: Iterable[Decision], history: History) -> frozenset[RouteName]:
    """The routes with work, held or not, that have never run live in this org, under this or a former name."""
    return frozenset(
        name_of(decision)
        for decision in decisions
        if decision.state in (State.PLANNED, State.HELD)
        and history.live.isdisjoint((decision.policy.name, name) for name in decision.route.names)
    )


def adopt(decision: Decision) -> Decision:
    if decision.state not in (State.PLANNED, State.HELD):
        return decision
    return replace(decision.ended(State.ALREADY, "adopted with the backlog: remembered as seen"), adopt=True)


def limited(decisions: Sequence[Decision], backlog: frozenset[RouteName], options: RunOptions) -> list[Decision]:
    """The first `limit` of the plan; what is left of a backlog stays withheld, its choice open."""
    left = options.limit if options.limit is not None else len(decisions)
    result = []
    for decision in decisions:
        if decision.state is State.PLANNED:
            left -= 1
            if left < 0 and name_of(decision) in backlog and options.backlog is None:
                decision = decision.ended(State.WITHHELD, f"beyond --limit {options.limit}; the backlog choice is open")
            elif left < 0:
                decision = decision.ended(State.DEFERRED, f"beyond --limit {options.limit}")
        result.append(decision)
    return result
