"""The result of a backtest, and the difference between two."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, Difference, DifferenceKind
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.terminal import table
from sfdc_escalator.reports.values import counted, instant, visible

MOST_SHOWN = 20


def backtest_text(result: BacktestResult, out: str, page: Page = PLAIN) -> str:
    sizes = (counted(result.rows, "row"), counted(result.cases, "case"), counted(result.polls, "poll"))
    rows = [(route, str(count), rungs_text(result, route)) for route, count in result.by_route.items()]
    shown = table(("Route", "Cases", "Rungs"), rows, page=page)
    if not result.rungs:
        shown = table(("Route", "Cases"), [row[:2] for row in rows], page=page)
    head, written = f"{visible(result.policy)}: {', '.join(sizes)}", f"{lines_text(result)} written to {visible(out)}"
    return "\n".join(filter(None, [head, shown, messages_text(result, page), written]))


def messages_text(result: BacktestResult, page: Page = PLAIN) -> str:
    """The messages of each recipient; those who get the most come first."""
    if not result.messages:
        return ""
    found = sorted(result.messages.items(), key=lambda each: (-sum(each[1].values()), each[0]))
    rows = [(name, f"{sum(weeks.values()):,}", f"{len(weeks):,}", most_text(weeks)) for name, weeks in found]
    return table(("Recipient", "Messages", "Weeks", "Most in a week"), rows, page=page)


def most_text(weeks: Mapping[str, int]) -> str:
    week = max(weeks, key=lambda one: (weeks[one], one))
    return f"{weeks[week]:,} ({week})"


def rungs_text(result: BacktestResult, route: str) -> str:
    """The number of times that each rung of the route was climbed."""
    return ", ".join(f"{rung} {count:,}" for rung, count in result.by_rung.get(route, {}).items())


def lines_text(result: BacktestResult) -> str:
    """The lines of the CSV file: matches, and rungs where the policy has ladders."""
    matches = counted(result.starts, "match", "matches")
    return f"{matches} and {counted(result.matches - result.starts, 'rung')}" if result.rungs else matches


def difference_text(
    differences: Sequence[Difference],
    counts: Mapping[DifferenceKind, int],
    results: Sequence[BacktestResult],
    page: Page = PLAIN,
) -> str:
    """`differences` are those that the page has room for: all, or the first `MOST_SHOWN`."""
    here, there = results
    head = f"{policy_text(here)} (here) matches {cases_text(here)}, {policy_text(there)} (there) {cases_text(there)}"
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in get_args(DifferenceKind) if counts.get(kind))
    lines = [head, kinds or "both policies treat every case alike"]
    if differences:
        columns = ("Case", "Difference", "Rung", "Here", "There")
        rows = [difference_cells(one) for one in page.first(differences, MOST_SHOWN)]
        lines.append(table(columns, rows, page=page))
    if sum(counts.values()) > MOST_SHOWN and not page.everything:
        lines.append(f"(and {sum(counts.values()) - MOST_SHOWN} more: --all)")
    return "\n".join(lines)


def policy_text(result: BacktestResult) -> str:
    return visible(result.policy)


def cases_text(result: BacktestResult) -> str:
    return counted(result.matched, "case")


def difference_cells(one: Difference) -> tuple[str, ...]:
    rung = one.rung if one.turn == 1 else f"{one.rung} {one.turn}"
    return one.number, one.kind, rung, start_text(one.route, one.at), start_text(one.other_route, one.other_at)


def start_text(route: str | None, at: datetime | None) -> str:
    """`urgent 2026-03-02T15:00:00Z`"""
    return " ".join(filter(None, [route, instant(at) if at else None])) or "-"
