"""Vega-Lite specifications of the pictures, from plain rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sfdc_escalator.reports.html.pictures import INK, LINE, QUIET, SERIES
from sfdc_escalator.reports.values import visible

FONT = "Liberation Sans, Arial, sans-serif"
WIDTH, WIDE, STEP, LABELS = 300, 440, 26, 170
MOST_NAMED, MOST_LETTERS = 6, 40
CONFIG: Mapping[str, Any] = {
    "font": FONT,
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": INK, "titleColor": QUIET,
        "gridColor": LINE, "domainColor": LINE, "tickColor": LINE, "labelLimit": LABELS, "labelPadding": 8,
        "tickCount": 5,
    },
    "legend": {
        "labelFontSize": 12, "labelColor": INK, "titleColor": QUIET, "symbolType": "square", "labelLimit": LABELS,
    },
    "range": {"category": list(SERIES)},
}  # fmt: skip


class Bar(NamedTuple):
    """A part of a bar: the bar's name, the part's, and its length."""

    name: str
    part: str
    value: float


def named(text: str) -> str:
    """The name as a picture has room for it; the table beside it has the whole."""
    text = visible(text[:MOST_LETTERS])
    return text if len(text) < MOST_LETTERS else text[: MOST_LETTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"


def bars(rows: Sequence[Bar], unit: str) -> Mapping[str, Any]:
    """Lying bars, one below the other in the order of the rows, their parts behind each other. With one part alone the
    numbers stand behind the bars."""
    rows = [Bar(named(row.name), named(row.part), row.value) for row in rows]
    parts = list(dict.fromkeys(row.part for row in rows))
    values = [{"name": row.name, "part": row.part, "value": row.value, "place": parts.index(row.part)} for row in rows]
    bar: dict[str, Any] = {
        "mark": {"type": "bar", "height": {"band": 0.7}},
        "encoding": {
            "color": {
                "field": "part", "type": "nominal", "sort": parts,
                "legend": {"orient": "bottom", "title": None, "columns": 2} if len(parts) > 1 else None,
            },
            "order": {"field": "place"},
        },
    }  # fmt: skip
    total = {
        "mark": {"type": "text", "align": "left", "dx": 5, "color": INK, "fontSize": 12},
        "encoding": {"text": {"aggregate": "sum", "field": "value", "format": ","}},
    }
    whole = isinstance(max((row.value for row in rows), default=0), int)
    return {
        "config": CONFIG,
        "width": WIDTH,
        "height": {"step": STEP},
        "data": {"values": values},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False}},
            "x": {
                "aggregate": "sum", "field": "value", "type": "quantitative", "title": unit,
                "axis": {"domain": False, "ticks": False, **({"tickMinStep": 1, "format": ",d"} if whole else {})},
            },
        },
        "layer": [bar, total],
    }  # fmt: skip


def pairs(rows: Sequence[Bar], unit: str) -> Mapping[str, Any]:
    """Lying bars in groups: those of one name below each other, to compare them."""
    rows = [Bar(named(row.name), named(row.part), row.value) for row in rows]
    parts = list(dict.fromkeys(row.part for row in rows))
    return {
        "config": CONFIG,
        "width": WIDTH,
        "height": {"step": STEP // 2},
        "data": {"values": [row._asdict() for row in rows]},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False}},
            "yOffset": {"field": "part", "sort": parts},
            "x": {
                "field": "value", "type": "quantitative", "title": unit, "axis": {"domain": False, "ticks": False},
            },
            "color": {
                "field": "part", "type": "nominal", "sort": parts,
                "legend": {"orient": "bottom", "title": None} if len(parts) > 1 else None,
            },
        },
    }  # fmt: skip


class Point(NamedTuple):
    """A value of one day, or of a longer span, of one series."""

    span: str
    series: str
    value: float


def columns(rows: Sequence[Point], spans: Sequence[str], unit: str) -> Mapping[str, Any]:
    """Standing bars, one for each of the spans in their order, the series on top of each other. Only some of the spans
    have room for their name."""
    rows = [row._replace(series=named(row.series)) for row in rows]
    series = list(dict.fromkeys(row.series for row in rows))
    legend = {"orient": "bottom", "title": None, "columns": 2} if len(series) > 1 else None
    with_name = list(spans[:: -(-len(spans) // MOST_NAMED)])
    return {
        "config": CONFIG,
        "width": WIDE,
        "height": 150,
        "data": {"values": [row._asdict() for row in rows]},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "span", "type": "ordinal", "title": None, "scale": {"domain": list(spans)},
                "axis": {"values": with_name, "labelAngle": 0, "ticks": False, "grid": False},
            },
            "y": {
                "aggregate": "sum", "field": "value", "type": "quantitative", "title": unit,
                "axis": {"tickMinStep": 1, "format": ",d", "domain": False, "ticks": False},
            },
            "color": {"field": "series", "type": "nominal", "sort": series, "legend": legend},
        },
    }  # fmt: skip
