"""The cases that no route matches: the most common reasons, and the nearest misses."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.explaining.against_route import MOST_NUMBERS
from sfdc_escalator.escalation.explaining.left_alone import OTHERS, RouteReason
from sfdc_escalator.escalation.explaining.misses import NearMiss
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.page import Page
from sfdc_escalator.reports.terminal import table
from sfdc_escalator.reports.values import counted

MOST_REASONS = 2


def no_match(prepared: Prepared, page: Page) -> Iterator[str]:
    """The cases that no route matches, grouped by what is missing."""
    found = prepared.left_alone
    if not found.count:
        return
    by_route: dict[str, list[RouteReason]] = {}
    for one in found.by_route:
        by_route.setdefault(one.route, []).append(one)
    rows = [
        (one.route, one.text, str(one.count), numbers_of(one))
        for reasons in by_route.values()
        for one in most_common(reasons, len(reasons) if page.is_full else MOST_REASONS)
    ]
    yield ""
    title = f"No match: {counted(found.count, 'case')}"
    yield table(("Route", "Missing", "Cases", ""), rows, title, page=page)
    yield "(all reasons of one case: --case CASE; of all cases: --left-alone FILE)"


def most_common(reasons: Sequence[RouteReason], most: int) -> list[RouteReason]:
    """The most common reasons of a route, and all its other reasons as one."""
    rest = reasons[most:]
    if not rest:
        return [*reasons]
    numbers = tuple(number for one in rest for number in one.numbers)
    count = sum(one.count for one in rest)
    return [*reasons[:most], RouteReason(rest[0].route, OTHERS, count, numbers[:MOST_NUMBERS])]


def numbers_of(one: RouteReason) -> str:
    return ", ".join(one.numbers) + (", ..." if one.count > len(one.numbers) else "")


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
