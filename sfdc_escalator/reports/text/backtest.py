"""The result of a backtest, and the difference between two."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, Difference, DifferenceKind
from sfdc_escalator.reports.terminal import PLAIN, Page, table
from sfdc_escalator.reports.values import counted, instant, visible

MOST_SHOWN = 20


def backtest_text(result: BacktestResult, out: str, page: Page = PLAIN) -> str:
    sizes = (counted(result.rows, "row"), counted(result.cases, "case"), counted(result.polls, "poll"))
    rows = [(route, str(count)) for route, count in result.by_route.items()]
    written = f"{counted(len(result.matches), 'match', 'matches')} written to {visible(out)}"
    return "\n".join(
        [f"{visible(result.policy)}: {', '.join(sizes)}", table(("Route", "Cases"), rows, page=page), written]
    )


def difference_text(differences: Sequence[Difference], results: Sequence[BacktestResult], page: Page = PLAIN) -> str:
    here, there = results
    head = f"{policy_text(here)} (here) matches {cases_text(here)}, {policy_text(there)} (there) {cases_text(there)}"
    counts = Counter(one.kind for one in differences)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in get_args(DifferenceKind) if counts[kind])
    lines = [head, kinds or "both policies treat every case alike"]
    if differences:
        columns = ("Case", "Difference", "Route here", "Here", "Route there", "There")
        rows = [difference_cells(one) for one in differences[:MOST_SHOWN]]
        lines.append(table(columns, rows, page=page))
    if len(differences) > MOST_SHOWN:
        lines.append(f"(and {len(differences) - MOST_SHOWN} more)")
    return "\n".join(lines)


def policy_text(result: BacktestResult) -> str:
    return visible(result.policy)


def cases_text(result: BacktestResult) -> str:
    return counted(len({match.number for match in result.matches}), "case")


def difference_cells(one: Difference) -> tuple[str, ...]:
    return one.number, one.kind, one.route or "-", time(one.at), one.other_route or "-", time(one.other_at)


def time(at: datetime | None) -> str:
    return instant(at) if at else "-"
