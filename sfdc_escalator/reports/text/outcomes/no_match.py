"""The cases that no route matches: the most common reasons, and the nearest misses."""

from collections.abc import Iterator, Mapping, Sequence

from sfdc_escalator.escalation.explaining.misses import NearMiss
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.page import Page
from sfdc_escalator.reports.terminal import table
from sfdc_escalator.reports.values import counted

MOST_REASONS = 2
MOST_NUMBERS = 3


def no_match(prepared: Prepared, page: Page) -> Iterator[str]:
    """The cases that no route matches, grouped by what is missing."""
    cases = prepared.plan.no_match
    if not cases:
        return
    numbers: dict[str, dict[str, list[str]]] = {}
    for one in cases:
        for route, reason in prepared.reasons_against(one).items():
            numbers.setdefault(route, {}).setdefault(reason, []).append(one.case.number)
    rows = [
        (route, reason, str(len(found)), first_of(found))
        for route, by_reason in numbers.items()
        for reason, found in most_common(by_reason, len(by_reason) if page.is_full else MOST_REASONS)
    ]
    yield ""
    title = f"No match: {counted(len(cases), 'case')}"
    yield table(("Route", "Missing", "Cases", ""), rows, title, page=page)
    yield "(all reasons of one case: --case CASE; of all cases: --left-alone FILE)"


def most_common(by_reason: Mapping[str, Sequence[str]], most: int) -> list[tuple[str, Sequence[str]]]:
    """The most common reasons of a route, and all its other reasons as one."""
    found = sorted(by_reason.items(), key=lambda one: -len(one[1]))
    others = [number for _, numbers in found[most:] for number in numbers]
    return [*found[:most], *([("other reasons", others)] if others else [])]


def first_of(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:MOST_NUMBERS]) + (", ..." if len(numbers) > MOST_NUMBERS else "")


def nearest(result: Result, page: Page) -> Iterator[str]:
    """The cases that come nearest to a match, and what each of them lacks."""
    prepared = result.prepared
    if len(prepared.poll.broken) == sum(len(policy.routes) for policy in prepared.plan.policies):
        return  # no case was read
    yield ""
    if result.near:
        rows = [near_cells(one) for one in result.near]
        yield table(("Case", "Route", "Missing"), rows, title="Nearest misses", page=page)
    else:
        yield "No case comes near a match: no case is in the scope of the policies."
        yield "The reasons of one case: sfdc-escalator explain CASE"


def near_cells(one: NearMiss) -> tuple[str, str, str]:
    return one.case.number, one.route, "; ".join(one.missing)
