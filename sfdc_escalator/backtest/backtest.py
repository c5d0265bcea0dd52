"""Runs one backtest: reads the file, replays each case, keeps the matches."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sfdc_escalator.backtest.fitness import check_replay, tracked
from sfdc_escalator.backtest.history_file import HistoryFile
from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import all_matches, first_matches
from sfdc_escalator.backtest.segments import Segments
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, PastMatch

Episodes = Literal["first", "all"]
Progress = Callable[[str, int, int], None]
STEP = 500
"""The number of cases between two reports of progress."""


def backtest(
    policy: Policy, events: Path, mapping: HistoryMapping, polls: Polls, episodes: Episodes, progress: Progress
) -> BacktestResult:
    """Raises Invalid when the file cannot answer the policy, and when the file does not match its mapping."""
    check_replay(policy, mapping)
    history = HistoryFile(events, mapping)
    segments = Segments(mapping, history.cells, tracked(policy))
    conditions = {route.name: policy.condition(route) for route in policy.routes}
    replay = first_matches if episodes == "first" else all_matches
    matches: list[PastMatch] = []
    cases = 0
    for number, rows in history.cases():
        matches += replay(number, segments.of(number, rows), conditions, polls)
        cases += 1
        if cases % STEP == 0:
            progress("cases replayed", cases, max(cases, history.rows if mapping.kind == "snapshot" else cases))
    routes = tuple(route.name for route in policy.routes)
    found = tuple(sorted(matches))
    return BacktestResult(policy.name, policy.digest, routes, found, cases, history.rows, len(polls))
