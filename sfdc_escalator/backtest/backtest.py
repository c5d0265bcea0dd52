"""Runs one backtest: reads the file, replays each case, keeps the matches."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sfdc_escalator.backtest.fitness import check_replay, tracked
from sfdc_escalator.backtest.history_file import HistoryFile
from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import Match, all_matches, first_matches
from sfdc_escalator.backtest.segments import Segments
from sfdc_escalator.escalation.policy.policy import Policy

Episodes = Literal["first", "all"]
Progress = Callable[[str, int, int], None]
STEP = 500
"""The number of cases between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """The matches of a policy in a history file, sorted by case, route and episode."""

    policy: Policy
    matches: tuple[Match, ...]
    cases: int
    rows: int

    @property
    def by_route(self) -> dict[str, int]:
        """The number of matches of each route."""
        counts = Counter(match.route for match in self.matches)
        return {route.name: counts[route.name] for route in self.policy.routes}


def backtest(
    policy: Policy, events: Path, mapping: HistoryMapping, polls: Polls, episodes: Episodes, progress: Progress
) -> Backtest:
    """Replays a policy. Raises Invalid for a policy that the file cannot answer, and for a file with faults."""
    check_replay(policy, mapping)
    history = HistoryFile(events, mapping)
    segments = Segments(mapping, history.cells, tracked(policy))
    conditions = {route.name: policy.condition(route) for route in policy.routes}
    replay = first_matches if episodes == "first" else all_matches
    matches: list[Match] = []
    cases = 0
    for number, rows in history.cases():
        matches += replay(number, segments.of(number, rows), conditions, polls)
        cases += 1
        if cases % STEP == 0:
            progress("cases replayed", cases, max(cases, history.rows if mapping.kind == "snapshot" else cases))
    return Backtest(policy, tuple(sorted(matches)), cases, history.rows)
