"""Runs one backtest: reads the file, replays each case, keeps the matches."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from sfdc_escalator.backtest.acts import Acts, acted_paths
from sfdc_escalator.backtest.climbs import Ladders
from sfdc_escalator.backtest.fitness import can_answer, check_replay, tracked
from sfdc_escalator.backtest.history_file import HistoryFile
from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import all_matches, first_matches
from sfdc_escalator.backtest.segments import Segments
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import All, Not
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.telling.messages import Happened, messages_by_week
from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, PastMatch

Episodes = Literal["first", "all"]
Progress = Callable[[str, int, int], None]
STEP = 500
"""The number of cases between two reports of progress."""


def backtest(
    policy: Policy,
    events: Path,
    mapping: HistoryMapping,
    polls: Polls,
    episodes: Episodes,
    progress: Progress,
    acts: Acts = None,
) -> BacktestResult:
    """Raises Invalid when the file cannot answer the policy, and when the file does not match its mapping."""
    check_replay(policy, mapping)
    history, can = HistoryFile(events, mapping), partial(can_answer, mapping=mapping)
    acted = acted_paths(policy, can) if mapping.kind == "events" else frozenset[str]()  # a snapshot has no changes
    segments = Segments(mapping, history.cells, sorted({*tracked(policy), *acted}))
    ladders = Ladders(policy, can, acts)
    conditions = conditions_of(policy)
    replay = partial(first_matches, fences=fences(policy)) if episodes == "first" else all_matches
    matches: list[PastMatch] = []
    cases = 0
    for number, rows in history.cases():
        states = segments.of(number, rows)
        starts = list(replay(number, states, conditions, polls))
        matches += (*starts, *ladders.climbed(states, starts, polls))
        cases += 1
        if cases % STEP == 0:
            progress("cases replayed", cases, max(cases, history.rows if mapping.kind == "snapshot" else cases))
    routes = tuple(route.name for route in policy.routes)
    found = tuple(sorted(matches))
    rungs = {route.name: tuple(rung.id for rung in route.ladder.rungs) for route in policy.routes if route.ladder}
    sent = messages_by_week(policy, (Happened(one.route, one.rung, one.at) for one in found))
    return BacktestResult(policy.name, policy.digest, routes, found, cases, history.rows, len(polls), rungs, sent)


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
