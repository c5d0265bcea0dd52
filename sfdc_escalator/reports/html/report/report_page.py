"""The report page: every figure with its definition, its table, and a picture where one helps."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.figures.figure import Figure
from sfdc_escalator.pipeline.read_models.report import Report
from sfdc_escalator.reports.html.page import html_page
from sfdc_escalator.reports.html.report.drawings import drawing
from sfdc_escalator.reports.html.report.tables import FigureTable, figure_table
from sfdc_escalator.reports.html.words import title
from sfdc_escalator.reports.values import instant

GROUPS = {
    "How many": ("escalations", "repeated", "counted_as", "warned", "avoided", "avoided_not_recorded"),
    "How fast somebody acted": (
        "first_act_median", "first_act_p90", "acted_on", "still_waiting", "waiting_unwatched", "ended_without_act",
        "act_not_recorded",
    ),
    "Closed in time": ("closed_within_due", "closed_within_30_days", "closing_not_recorded"),
    "When nobody acted": (
        "rungs_per_escalation", "rungs_climbed", "rungs_followed_by_an_act", "rungs_that_moved_nobody",
    ),
    "What did not go through": ("rejected", "held", "withheld", "unknown"),
    "Messages": ("messages",),
    "Runs": ("runs", "runs_missed", "longest_gap", "runs_not_dated"),
    "What the cases have in common": ("in_common", "in_common_not_recorded"),
}  # fmt: skip
FURTHER = "Further figures"
SHORT = 12
"""The most rows of a table that stands beside its picture; a longer one stands below it."""
TILES = ("escalations", "acted_on", "still_waiting", "rungs_climbed", "messages", "runs")


class Shown(NamedTuple):
    """A figure on the page."""

    title: str
    definition: str
    picture: str
    table: FigureTable
    is_long: bool


class Group(NamedTuple):
    heading: str
    figures: tuple[Shown, ...]


def report_html(report: Report) -> str:
    """The page of a period."""
    return html_page(
        "report.html.j2",
        begin=local(report.period.begin, report),
        end=local(report.period.end, report),
        zone=report.period.zone.key or "UTC",
        policies=[title(one) for one in report.policies],
        where=report.where,
        organizations=report.organizations,
        as_of=instant(report.as_of) if report.as_of else "",
        remarks=report.remarks,
        is_empty=report.is_empty,
        tiles=tuple(tiles(report)),
        groups=tuple(groups(report)),
        without_rows=[one.title for one in report.figures if not one.rows],
    )


def local(at: datetime, report: Report) -> str:
    """The day, with the time where it is not midnight."""
    here = at.astimezone(report.period.zone)
    return f"{here:%Y-%m-%d}" if (here.hour, here.minute) == (0, 0) else f"{here:%Y-%m-%d %H:%M}"


def tiles(report: Report) -> Iterator[tuple[str, int]]:
    """The sums that one looks at first."""
    known = report.by_name
    for name in TILES:
        if name in known and known[name].rows:
            yield known[name].title.lower().removesuffix(" per day"), int(sum(row.value for row in known[name].rows))


def groups(report: Report) -> Iterator[Group]:
    left = {one.name: one for one in report.figures if one.rows}
    for heading, names in GROUPS.items():
        some = tuple(shown(left.pop(name)) for name in names if name in left)
        if some:
            yield Group(heading, some)
    if left:
        yield Group(FURTHER, tuple(map(shown, left.values())))


def shown(figure: Figure) -> Shown:
    table = figure_table(figure)
    return Shown(figure.title, figure.definition, drawing(figure), table, len(table.rows) > SHORT)
