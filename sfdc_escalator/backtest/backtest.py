"""Runs backtests: each case of a history is replayed by each policy, and let go."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Literal, NamedTuple

from sfdc_escalator.backtest.acts import Acts, acted_paths
from sfdc_escalator.backtest.climbs import Ladders
from sfdc_escalator.backtest.fitness import can_answer, check_replay, tracked
from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.backtest.history.reader import History
from sfdc_escalator.backtest.history.rows import Row
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import all_matches, first_matches
from sfdc_escalator.backtest.segments import Segments
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import All, Not
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.telling.messages import Messages
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, PastMatch

Episodes = Literal["first", "all"]
Found = tuple[tuple[PastMatch, ...], ...]
"""The matches of a case and the rungs that were climbed, sorted, by each policy."""
STEP = 500
"""The number of cases between two reports of progress."""


class Choices(NamedTuple):
    """The polls, and what counts as a match. `acts`: see `Acts`."""

    polls: Polls
    episodes: Episodes = "first"
    acts: Acts = None


class Backtests:
    """Replays of one history by some policies, all in one reading. Raises Invalid when the file cannot answer one."""

    def __init__(self, policies: Sequence[Policy], mapping: HistoryMapping, choices: Choices) -> None:
        for policy in policies:
            check_replay(policy, mapping)
        self._mapping = mapping
        self._replays = [Replay(policy, mapping, choices) for policy in policies]
        self._tallies = [Tally(policy) for policy in policies]
        self._cases, self._polls = 0, len(choices.polls)

    def cases(self, history: History, progress: Progress) -> Iterator[Found]:
        """The cases with a match, sorted by their number, each once. Raises Invalid when the file does not match its
        mapping."""
        replayed = self._replayed(history, progress)
        ordered = replayed if history.in_order else sorted(replayed, key=number_of)
        for _, parts in groupby(ordered, key=number_of):
            found = merged(parts)
            for tally, matches in zip(self._tallies, found, strict=True):
                tally.take(matches)
            yield found

    def results(self, history: History) -> list[BacktestResult]:
        """The counts, once all cases are replayed."""
        return [tally.result(self._cases, history.rows.count, self._polls) for tally in self._tallies]

    def _replayed(self, history: History, progress: Progress) -> Iterator[Found]:
        segments = [Segments(self._mapping, history.cells, one.tracked) for one in self._replays]
        rows_replayed = 0
        for number, rows in history.cases(progress):
            found = tuple(one.matches(number, rows, each) for one, each in zip(self._replays, segments, strict=True))
            if any(found):
                yield found
            self._cases += 1
            rows_replayed += len(rows)
            if self._cases % STEP == 0:
                progress("rows replayed", rows_replayed, max(rows_replayed, history.rows.count))


class Replay:
    """One policy over the cases of a file."""

    def __init__(self, policy: Policy, mapping: HistoryMapping, choices: Choices) -> None:
        can = partial(can_answer, mapping=mapping)
        acted = acted_paths(policy, can) if mapping.kind == "events" else frozenset[str]()  # a snapshot has no changes
        self.tracked = sorted({*tracked(policy), *acted})
        self._conditions, self._ladders = conditions_of(policy), Ladders(policy, can, choices.acts)
        first = partial(first_matches, fences=fences(policy))
        self._polls, self._starts = choices.polls, first if choices.episodes == "first" else all_matches

    def matches(self, number: str, rows: Sequence[Row], segments: Segments) -> tuple[PastMatch, ...]:
        states = segments.of(number, rows)
        starts = list(self._starts(number, states, self._conditions, self._polls))
        return tuple(sorted((*starts, *self._ladders.climbed(states, starts, self._polls))))


class Tally:
    """Counts the matches of a policy as they come."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self._messages = policy, Messages(policy)
        self._counts: dict[tuple[str, str], int] = {}
        self._matched = 0

    def take(self, matches: Sequence[PastMatch]) -> None:
        self._matched += bool(matches)
        for one in matches:
            self._counts[one.route, one.rung] = self._counts.get((one.route, one.rung), 0) + 1
            self._messages.take(one.route, one.rung, one.at)

    def result(self, cases: int, rows: int, polls: int) -> BacktestResult:
        policy = self._policy
        routes = tuple(route.name for route in policy.routes)
        rungs = {route.name: tuple(rung.id for rung in route.ladder.rungs) for route in policy.routes if route.ladder}
        about = policy.name, policy.digest, routes, self._counts, self._matched
        return BacktestResult(*about, cases, rows, polls, rungs, self._messages.by_week())


def number_of(found: Found) -> str:
    return next(matches[0].number for matches in found if matches)


def merged(parts: Iterable[Found]) -> Found:
    """The matches of all rows of a snapshot with one number; of events there is one part."""
    first, *more = parts
    return tuple(tuple(sorted(sum(each, ()))) for each in zip(first, *more, strict=True)) if more else first


def conditions_of(policy: Policy) -> dict[str, Condition]:
    """The condition of each route, most serious first."""
    return {route.name: condition_of(policy, route) for route in policy.routes}


def fences(policy: Policy) -> frozenset[str]:
    """The routes that open no escalation: they keep a case from those below only while they hold."""
    return frozenset(route.name for route in policy.routes if not route.opens)


def condition_of(policy: Policy, route: Route) -> Condition:
    """The condition under which a run starts an escalation: none starts while the case is held, except by a route that
    bypasses guards."""
    own = policy.condition(route)
    return All((own, Not(All(policy.hold_while)))) if policy.hold_while and not route.bypass_guards else own
