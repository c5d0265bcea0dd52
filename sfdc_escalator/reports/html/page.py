"""An HTML page from its template: the one frame of all pages, in which every value is shown as text."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from sfdc_escalator import __version__
from sfdc_escalator.files.templates.templates import html_templates
from sfdc_escalator.reports.values import visible

WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][!-~]*", re.ASCII)
BLANK_LINES = re.compile(r"\n[ \t]*(?=\n)")
INDENTS = re.compile(r"\n[ \t]+(?=<)")
PRE = re.compile(r"(<pre.*?</pre>)", re.DOTALL)


def html_page(template: str, /, **values: Any) -> str:
    """The whole page. Raises nothing for any text of strangers."""
    return compact(templates()(template, version=__version__, **values))


@cache
def templates() -> Callable[..., str]:
    return html_templates(__package__ or "", shown)


def shown(value: Any) -> Any:
    """A text with escapes for the signs that hide or reorder others; its lines stay. Markup and numbers stay as they
    are."""
    if type(value) is not str or value.isprintable():
        return value
    return "\n".join(visible(line.rstrip("\r")) for line in value.split("\n"))


def compact(html: str) -> str:
    """Without the blank lines and indents that templates leave, except inside notes."""
    parts = PRE.split(html)
    return "".join(one if place % 2 else INDENTS.sub("\n", BLANK_LINES.sub("", one)) for place, one in enumerate(parts))


def web_address(text: str) -> str:
    """The address where it may be a link of a page: http or https alone; else empty."""
    return text if WEB_ADDRESS.fullmatch(text) else ""
