"""A figure as a table: a row for each of its rows, or for each day with a column for each route."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.figures.figure import Figure, Part, Row
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.reports.html.words import title

HEADINGS = {"as": "Counted as", "by": "Held by", "item": "Value"}
NAMES = frozenset({"route", "team", "recipient", "rung"})
MOST_DAYS = 31
MOST_ROWS = 60
MOST_COLUMNS = 6


class Column(NamedTuple):
    name: str
    is_number: bool = False


class FigureTable(NamedTuple):
    """The first `heads` cells of a row name it. `more` are the rows that are left out, `total` is the last row."""

    columns: tuple[Column, ...]
    heads: int
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    more: int = 0


def figure_table(figure: Figure) -> FigureTable:
    if "day" in figure.by and len(figure.by) > 1 and figure.unit != "seconds":
        return by_day(figure)
    whole, beside = any(row.of is not None for row in figure.rows), any(row.against for row in figure.rows)
    unit = "Time" if figure.unit == "seconds" else figure.unit.capitalize()
    numbers = [unit, *(["Share", "Of"] if whole else []), *(["Of all open"] if beside else [])]
    columns = (*(Column(heading(name)) for name in figure.by), *(Column(name, True) for name in numbers))
    rows = tuple(
        (*labels(figure, row), *cells(figure, row, whole=whole, beside=beside)) for row in figure.rows[:MOST_ROWS]
    )
    return FigureTable(columns, len(figure.by), rows, more=max(0, len(figure.rows) - MOST_ROWS))


def heading(name: str) -> str:
    return HEADINGS.get(name, name.capitalize())


def labels(figure: Figure, row: Row) -> Iterator[str]:
    """The texts of what the row is counted by."""
    for name in figure.by:
        text = row.cell(name)
        yield (title(text) if name in NAMES and "@" not in text else text) or "\u2013"


def cells(figure: Figure, row: Row, *, whole: bool, beside: bool) -> Iterator[str]:
    yield number(figure, row.value)
    if whole:
        yield share(row.value, row.of)
        yield "" if row.of is None else f"{row.of:,}"
    if beside:
        yield part_text(row.against)


def number(figure: Figure, value: float) -> str:
    if figure.unit != "seconds":
        return f"{value:,}"
    return f"{value:,} s" if value < 60 else in_words(timedelta(seconds=value))


def share(value: float, of: int | None) -> str:
    return f"{value / of:.0%}" if of else "\u2013"


def part_text(part: Part | None) -> str:
    return share(part.value, part.of) if part else "not compared"


# -- by day ------------------------------------------------------------------------------------------------------------


def by_day(figure: Figure) -> FigureTable:
    """A row for each day, a column for each of the others; of a long period weeks or months take the place of days."""
    label, column = span_of(figure), columns_of(figure)
    sums: Counter[tuple[str, str]] = Counter()
    for row in figure.rows:
        if row.day:
            sums[label(row.day), column[other(figure, row)]] += int(row.value)
    days, others = dict.fromkeys(day for day, _ in sums), dict.fromkeys(column.values())
    rows = tuple(
        (day, *(f"{sums[day, one]:,}" for one in others), f"{sum(sums[day, one] for one in others):,}") for day in days
    )
    total = ("Together", *(f"{sum(sums[day, one] for day in days):,}" for one in others), f"{sums.total():,}")
    columns = (Column("Day"), *(Column(one, True) for one in others), Column("Together", True))
    return FigureTable(columns, 1, rows, total)


def columns_of(figure: Figure) -> dict[str, str]:
    """The column of each of the others: one of its own for the largest, and one for the rest together."""
    sums: Counter[str] = Counter()
    for row in figure.rows:
        sums[other(figure, row)] += int(row.value)
    own = {name for name, _ in sums.most_common(MOST_COLUMNS if len(sums) <= MOST_COLUMNS else MOST_COLUMNS - 1)}
    return {name: name if name in own else "Others" for name in sorted(sums, key=lambda one: (one not in own, one))}


def span_of(figure: Figure) -> Callable[[date], str]:
    days = {row.day for row in figure.rows if row.day}
    if len(days) <= MOST_DAYS:
        return date.isoformat
    return week if len({week(day) for day in days}) <= MOST_DAYS else month


def week(day: date) -> str:
    return f"{day:%G-W%V}"


def month(day: date) -> str:
    return f"{day:%Y-%m}"


def other(figure: Figure, row: Row) -> str:
    """The texts of what the row is counted by beside its day."""
    texts = [row.cell(name) for name in figure.by if name != "day"]
    return ", ".join(title(one) for one in texts if one) or "\u2013"
