"""Pictures as inline SVG, made by Vega-Lite and cut down to shapes and texts; nothing where the extra is missing.

The only module that imports vl_convert.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sfdc_escalator.reports.values import visible

SPACE = "{http://www.w3.org/2000/svg}"
TAGS = frozenset({"svg", "g", "path", "line", "text", "rect"})
KEPT = (
    "viewBox", "transform", "d", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "text-anchor", "font-size",
    "font-weight", "stroke-width", "stroke-dasharray",
)  # fmt: skip
NUMBER = re.compile(r"-?\d+\.\d+")
NOWHERE = ("translate(0,0)", "")
Spec = Mapping[str, Any]


def picture(spec: Spec, name: str, title: str) -> str:
    """The chart of this Vega-Lite specification as the text of an SVG element with this title, whose name is unique on
    its page. Empty without the extra `report`: the table beside it has the same numbers."""
    drawn = svg_of(spec)
    return cut_down(drawn, name, title) if drawn else ""


def svg_of(spec: Spec) -> str:
    try:
        import vl_convert
    except ImportError:
        return ""
    return str(vl_convert.vegalite_to_svg(dict(spec)))


def cut_down(svg: str, name: str, title: str) -> str:
    """The same picture of plain shapes, whose colours are classes of the page's style."""
    found = ElementTree.fromstring(svg)  # noqa: S314 - Vega made it, on this machine
    drawn = next(plain(found))
    width = drawn.attrib.pop("width", "")
    drawn.attrib.pop("height", None)
    drawn.attrib |= {"role": "img", "aria-labelledby": name, "style": f"max-width:{width}px"}
    about = Element("title", {"id": name})
    about.text = visible(title)
    drawn.insert(0, about)
    return ElementTree.tostring(drawn, encoding="unicode")


def plain(element: Element) -> Iterator[Element]:
    """The element with what is seen of it; its parts where it only holds them."""
    tag = element.tag.removeprefix(SPACE)
    if tag not in TAGS or element.get("display") == "none" or is_blank(tag, element):
        return
    parts = [part for child in element for part in plain(child)]
    kept = {key: NUMBER.sub(rounded, element.attrib[key]) for key in KEPT if key in element.attrib}
    kept |= {"class": named} if (named := classes(element)) and tag not in ("g", "svg") else {}
    if kept.get("transform") in NOWHERE:
        del kept["transform"]
    if tag == "g" and not parts:
        return
    if tag == "g" and not kept:
        yield from parts
        return
    made = Element(tag, kept)
    made.text = element.text
    made.extend(parts)
    yield made


def is_blank(tag: str, element: Element) -> bool:
    """True for what Vega draws and nobody sees: backgrounds, and paths that lead nowhere."""
    if tag == "rect" and element.get("fill") == "white":
        return True
    return tag == "path" and (element.get("class") == "background" or not element.get("d"))


def classes(element: Element) -> str:
    """The style's classes for its colours: `f-1` fills with the first colour, `s-l` draws in that of lines."""
    found = ((kind, element.get(name, "")) for kind, name in (("f", "fill"), ("s", "stroke")))
    return " ".join(f"{kind}-{COLOURS[colour]}" for kind, colour in found if colour in COLOURS)


def rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")


SERIES = tuple(f"#0000{number:02x}" for number in range(1, 9))
INK, QUIET, LINE = "#0000a0", "#0000a1", "#0000a2"
COLOURS = {**{colour: colour[-1] for colour in SERIES}, INK: "k", QUIET: "q", LINE: "l"}
"""The colours of specifications, each with its class: eight of series, ink, quiet ink, and lines."""
