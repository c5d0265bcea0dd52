"""The report of a period: a table with bars for each figure, and its definition."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.figures.figure import Figure, Part, Row
from sfdc_escalator.pipeline.read_models.report import Report
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.terminal import table
from sfdc_escalator.reports.text.status.page import duration
from sfdc_escalator.reports.values import instant, visible

MOST_DAYS = 31
MOST_ROWS = 40
BAR = 12
WITH_BARS = 60
"""The width of a page from which on bars have room."""
HEADINGS = {"as": "Counted as", "by": "Held by", "item": "Value"}


class Line(NamedTuple):
    """A row with the texts of what it is counted by."""

    labels: tuple[str, ...]
    row: Row


def report_text(report: Report, page: Page = PLAIN) -> str:
    return "\n".join(lines(report, page))


def lines(report: Report, page: Page) -> Iterator[str]:
    yield from wrapped(head(report), page)
    for remark in report.remarks:
        yield from wrapped(f"! {remark}", page)
    if report.is_empty:
        yield from wrapped("Nothing happened in this period: the ledger has no escalation, message or run of it.", page)
    for figure in report.figures:
        if figure.rows:
            yield ""
            yield from figure_lines(figure, page)
    if not report.is_empty and (empty := [one.title for one in report.figures if not one.rows]):
        yield ""
        yield from wrapped(f"None in this period: {'; '.join(empty)}.", page)


def head(report: Report) -> str:
    begin, end = (local(at, report) for at in (report.period.begin, report.period.end))
    policies = f" Policies: {', '.join(report.policies)}." if report.policies else ""
    as_of = f", as of the run at {instant(report.as_of)}" if report.as_of else ""
    zone = report.period.zone.key or "UTC"
    return f"From {begin} up to {end}; days of {zone}.{policies} Ledger {report.where}{as_of}."


def local(at: datetime, report: Report) -> str:
    return f"{at.astimezone(report.period.zone):%Y-%m-%d %H:%M}"


def wrapped(text: str, page: Page) -> Iterator[str]:
    yield from textwrap.wrap(visible(text), page.width, break_on_hyphens=False)


# -- one figure --------------------------------------------------------------------------------------------------------


def figure_lines(figure: Figure, page: Page) -> Iterator[str]:
    every = lines_of(figure)
    shown = every[:MOST_ROWS]
    if figure.by:
        bars = bars_of(shown) if page.width >= WITH_BARS and (len(shown) > 1 or has_whole(figure)) else []
        yield from heading(figure.title, page)
        yield table(columns_of(figure, bars), cells_of(figure, shown, bars), page=page).strip("\n")
    else:
        yield f"{figure.title}: {number(figure, shown[0].row.value)}"
    if len(every) > len(shown):
        yield f"(and {len(every) - len(shown):,} more: --json has all of them)"
    yield from wrapped(figure.definition, page)


def heading(title: str, page: Page) -> Iterator[str]:
    yield from (page.paint(line, "bold") for line in wrapped(title, page))


def lines_of(figure: Figure) -> list[Line]:
    """The rows with their labels. Of a long period weeks or months take the place of days."""
    days = {row.day for row in figure.rows if row.day}
    weeks = {week(day) for day in days}
    if len(days) <= MOST_DAYS or figure.unit == "seconds":
        return [Line(tuple(row.cell(name) for name in figure.by), row) for row in figure.rows]
    label = week if len(weeks) <= MOST_DAYS else month
    summed: Counter[tuple[str, ...]] = Counter()
    for row in figure.rows:
        labels = (label(row.day) if name == "day" and row.day else row.cell(name) for name in figure.by)
        summed[tuple(labels)] += int(row.value)
    return [Line(labels, Row(value)) for labels, value in summed.items()]


def week(day: date) -> str:
    return f"{day:%G-W%V}"


def month(day: date) -> str:
    return f"{day:%Y-%m}"


def columns_of(figure: Figure, bars: Sequence[str]) -> list[str]:
    names = [HEADINGS.get(name, name.capitalize()) for name in figure.by]
    parts = ["Share"] if has_whole(figure) else []
    beside = ["Of all open"] if any(row.against for row in figure.rows) else []
    unit = "Time" if figure.unit == "seconds" else figure.unit.capitalize()
    return [*names, unit, *parts, *beside, *([""] if bars else [])]


def has_whole(figure: Figure) -> bool:
    return any(row.of is not None for row in figure.rows)


def cells_of(figure: Figure, shown: Sequence[Line], bars: Sequence[str]) -> list[tuple[str, ...]]:
    numbers = [number(figure, line.row.value) for line in shown]
    widest, parts = max(map(len, numbers)), has_whole(figure)
    beside = any(row.against for row in figure.rows)
    return [
        (
            *(label or "-" for label in line.labels),
            text.rjust(widest),
            *([share(line.row.value, line.row.of)] if parts else []),
            *([part_text(line.row.against)] if beside else []),
            *bars[place : place + 1],
        )
        for place, (line, text) in enumerate(zip(shown, numbers, strict=True))
    ]


def number(figure: Figure, value: float) -> str:
    if figure.unit == "seconds":
        return f"{value} s" if value < 60 else duration(timedelta(seconds=value))
    return f"{value:,}"


def share(value: float, of: int | None) -> str:
    return f"{value / of:4.0%} of {of:,}" if of else ""


def part_text(part: Part | None) -> str:
    return share(part.value, part.of) if part else "not compared"


def bars_of(shown: Sequence[Line]) -> list[str]:
    """A bar for each row: its share where it is a part, else by the largest value."""
    largest = max(line.row.value for line in shown)
    wholes = (line.row.of or largest for line in shown)
    return [bar(line.row.value, whole) for line, whole in zip(shown, wholes, strict=True)]


def bar(value: float, whole: float) -> str:
    """At least one sign for what is not zero."""
    return "#" * max(round(BAR * value / whole), value > 0) if whole else ""
