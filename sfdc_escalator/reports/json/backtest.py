"""The result of a backtest, and the difference between two."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, Difference, DifferenceKind, PastMatch
from sfdc_escalator.reports.values import instant


def backtest_json(result: BacktestResult) -> dict[str, Any]:
    return {
        "policy": result.policy,
        "digest": result.digest,
        "polls": result.polls,
        "cases": result.cases,
        "rows": result.rows,
        "matches": result.matches,
        "routes": dict(result.by_route),
        "rungs": {route: dict(counts) for route, counts in result.by_rung.items()},
        "messages": {recipient: dict(weeks) for recipient, weeks in result.messages.items()},
    }


def difference_json(results: Sequence[BacktestResult], counts: Mapping[DifferenceKind, int]) -> dict[str, Any]:
    return {
        "policies": [{"policy": one.policy, "digest": one.digest, "matches": one.matches} for one in results],
        "differences": sum(counts.values()),
        "counts": {kind: counts.get(kind, 0) for kind in get_args(DifferenceKind)},
    }


def match_row(match: PastMatch) -> dict[str, str | None]:
    """The columns of the CSV file; all values are texts there and in JSON."""
    return {
        "case_number": match.number,
        "route": match.route,
        "rung": match.rung,
        "episode": str(match.episode),
        "turn": str(match.turn),
        "match_utc": instant(match.at),
    }


def difference_row(one: Difference) -> dict[str, str | None]:
    return {
        "case_number": one.number,
        "difference": one.kind,
        "rung": one.rung,
        "turn": str(one.turn),
        "route": one.route,
        "match_utc": instant_or_none(one.at),
        "other_route": one.other_route,
        "other_match_utc": instant_or_none(one.other_at),
    }


def instant_or_none(at: datetime | None) -> str | None:
    return instant(at) if at else None
