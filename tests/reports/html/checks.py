"""The rules that every HTML page keeps, checked as somebody outside would."""

import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element

from html5lib import HTMLParser

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
POLICY = f'<meta http-equiv="Content-Security-Policy" content="{CSP}">'
HTML = "{http://www.w3.org/1999/xhtml}"
LOADING = {"script", "link", "iframe", "object", "embed", "base", "form", "img", "image", "use", "audio", "video"}
HEADINGS = tuple(f"h{level}" for level in range(1, 7))
VARIABLE = re.compile(r"--([a-z0-9-]+):(#[0-9a-f]{3,6})")


def parsed(html: str) -> Element:
    """The page as strict HTML5. Raises html5lib's ParseError."""
    found: Element = HTMLParser(strict=True).parse(html)
    return found


def name_of(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def elements(html: str, *names: str) -> list[Element]:
    return [one for one in parsed(html).iter() if isinstance(one.tag, str) and name_of(one) in names]


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def links(html: str) -> Iterator[str]:
    """The addresses that lead out."""
    for one in elements(html, "a"):
        if not one.attrib["href"].startswith("#"):
            assert one.attrib["rel"] == "noreferrer"
            yield one.attrib["href"]


def assert_page(html: str, *allowed: str) -> None:
    """`allowed` are the beginnings of the addresses that may be linked to."""
    tree = parsed(html)
    html.encode()
    assert html.count(POLICY) == 1
    assert html.index(POLICY) < html.index("<title>") < html.index("<style>")
    assert tree.attrib == {"lang": "en"}
    assert_nothing_is_loaded(html, tree)
    assert [one for one in links(html) if not one.startswith(allowed or ("nowhere",))] == []
    assert_accessible(html)
    assert "@media screen and (prefers-color-scheme:dark)" in html
    assert "@media print" in html


def assert_nothing_is_loaded(html: str, tree: Element) -> None:
    names = {name_of(one) for one in tree.iter() if isinstance(one.tag, str)}
    assert names & LOADING == set()
    attributes = {str(key).lower() for one in tree.iter() for key in one.attrib}
    assert [one for one in attributes if one.startswith("on") or one in ("src", "srcset", "action", "srcdoc")] == []
    css = "".join(text_of(one) for one in elements(html, "style"))
    assert [word for word in ("url(", "@import", "expression", "http") if word in css] == []
    styles = {one.attrib["style"] for one in tree.iter() if "style" in one.attrib}
    assert [one for one in styles if not re.fullmatch(r"max-width:\d+px", one)] == []


def assert_accessible(html: str) -> None:
    levels = [HEADINGS.index(name_of(one)) for one in elements(html, *HEADINGS)]
    assert levels[0] == 0
    assert levels.count(0) == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []
    for table in elements(html, "table"):
        heads = [one for one in table.iter() if name_of(one) == "th"]
        assert heads
        assert {one.attrib.get("scope") for one in heads} <= {"row", "col"}
    for drawn in elements(html, "svg"):
        [title] = [one for one in drawn if name_of(one) == "title"]
        assert drawn.attrib["role"] == "img"
        assert drawn.attrib["aria-labelledby"] == title.attrib["id"]
        assert text_of(title)
    ids = [one.attrib["id"] for one in parsed(html).iter() if "id" in one.attrib]
    assert len(ids) == len(set(ids))


# -- contrast ----------------------------------------------------------------------------------------------------------


def colours(html: str) -> tuple[dict[str, str], dict[str, str]]:
    """The colours in light and in dark."""
    light, dark = re.findall(r":root\{(.*?)\}", html, re.DOTALL)
    return dict(VARIABLE.findall(light)), dict(VARIABLE.findall(dark))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
