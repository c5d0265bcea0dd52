"""The pictures of a report, by the name of the figure that they show."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.figures.figure import Figure, Row
from sfdc_escalator.reports.html.charts import Bar, Point, bars, columns, pairs
from sfdc_escalator.reports.html.pictures import picture
from sfdc_escalator.reports.html.report.tables import columns_of, labels, other, span_of

MOST_BARS = 12
SOME = 2
"""One value alone needs no picture."""


def drawing(figure: Figure) -> str:
    """The picture of the figure; empty where its table alone says enough."""
    draw = DRAWN.get(figure.name)
    if draw is None or len(figure.rows) < SOME:
        return ""
    return picture(draw(figure), f"p-{figure.name}", figure.title)


def per_day(figure: Figure) -> Mapping[str, Any]:
    """Days without any have their place as well; of a long period weeks or months take the place of days."""
    label = span_of(figure)
    days = sorted(row.day for row in figure.rows if row.day)
    every = (days[0] + timedelta(days=count) for count in range((days[-1] - days[0]).days + 1))
    column = columns_of(figure)
    rows = [Point(label(row.day), column[other(figure, row)], row.value) for row in figure.rows if row.day]
    return columns(rows, list(dict.fromkeys(map(label, every))), figure.unit)


def times(figure: Figure) -> Mapping[str, Any]:
    return bars([Bar(name(figure, row), "", round(row.value / 3600, 1)) for row in figure.rows[:MOST_BARS]], "hours")


def counts(figure: Figure) -> Mapping[str, Any]:
    return bars([Bar(name(figure, row), "", row.value) for row in figure.rows[:MOST_BARS]], figure.unit)


def shares(figure: Figure) -> Mapping[str, Any]:
    rows = [Bar(name(figure, row), "", percent(row.value, row.of)) for row in figure.rows[:MOST_BARS]]
    return bars(rows, "percent")


def beside_open(figure: Figure) -> Mapping[str, Any]:
    rows = list[Bar]()
    for row in figure.rows[:MOST_BARS]:
        rows.append(Bar(name(figure, row), "escalated", percent(row.value, row.of)))
        if row.against:
            rows.append(Bar(name(figure, row), "all open", percent(row.against.value, row.against.of)))
    return pairs(rows, "percent")


def name(figure: Figure, row: Row) -> str:
    return ", ".join(one for one in labels(figure, row) if one != "\u2013")


def percent(value: float, of: int | None) -> int:
    return round(100 * value / of) if of else 0


DRAWN: Mapping[str, Callable[[Figure], Mapping[str, Any]]] = {
    "escalations": per_day,
    "first_act_median": times,
    "closed_within_due": shares,
    "rungs_climbed": counts,
    "in_common": beside_open,
}
