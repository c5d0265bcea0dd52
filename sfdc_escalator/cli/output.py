"""The only way out: whatever a command prints goes to stdout or stderr by these functions.

Texts for people become printable here, whoever wrote them, and as wide as their page. JSON stays exact.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import click

from sfdc_escalator.cli.manner import manner
from sfdc_escalator.cli.stopping import interrupt, on_signals
from sfdc_escalator.errors import Interrupted, OutputLost, StoppedEarly
from sfdc_escalator.reports.page import PLAIN, Detail, Page, needs_attention
from sfdc_escalator.reports.values import printable
from sfdc_escalator.wiring.surroundings import Surroundings

WIDTHS = range(20, 10_000)
DONE = "the work is done, and the exit code is that of the work"


def tell(text: str) -> None:
    """Prints a report for people on stdout, if it says anything. Where somebody reads lines of a known width, which is
    on a terminal and with COLUMNS, long ones go on below. Raises OutputLost."""
    page = page_now()
    tell_whole(on_page(text, page) if page.measured else text)


def tell_whole(text: str) -> None:
    """The same with lines as they are: for lines that somebody pastes."""
    if text:
        write(sys.stdout, printable(text, styled=page_now().colours) + "\n")


def tell_news(text: str) -> None:
    """Prints that something is done; with -q only what needs a person. Raises OutputLost."""
    tell(needs_attention(text) if manner().quiet else text)


def on_page(text: str, page: Page) -> str:
    """The text with lines that have room on the page."""
    if text.isascii() and all(len(line) <= page.width for line in text.split("\n")):
        return text
    from sfdc_escalator.reports.terminal import fitted

    return fitted(text, page)


def tell_json(value: Any, redact: Callable[[str], str] = str) -> None:
    """Prints one JSON object on stdout. Raises OutputLost."""
    from sfdc_escalator.reports.json.document import json_text

    write(sys.stdout, redact(json_text(value)) + "\n")


def tell_data(text: str) -> None:
    """Prints what another program reads, such as CSV: exact, and printable on a terminal. Raises OutputLost."""
    write(sys.stdout, printable(text) if sys.stdout.isatty() else text)


def warn(text: str) -> None:
    """Prints a text for people on stderr; on stdout where stderr takes nothing."""
    for stream in (sys.stderr, sys.stdout):
        try:
            return write(stream, printable(text) + "\n")
        except (OSError, OutputLost):
            continue


def prompt(text: str) -> None:
    """Prints a question on stderr. Signals act as the caller says. Raises OSError where the terminal is gone."""
    sys.stderr.write(printable(text))
    sys.stderr.flush()


def tell_done(report: Callable[[], None]) -> None:
    """Reports work that is done. A report that is lost does not make the work fail; stderr says so."""
    try:
        report()
    except OutputLost as error:
        warn(f"{error.message}; {DONE}")


def write(stream: TextIO, text: str) -> None:
    """Writes the text at once. A signal ends the wait for a reader who does not read."""
    try:
        with on_signals(interrupt):
            stream.write(text)
            stream.flush()
    except Interrupted as signal:
        error = OutputLost(f"the report was cut off by {signal}")
        error.exit_code = StoppedEarly.exit_code
        raise error from None


def page_now() -> Page:
    """The page of the command that runs now."""
    ctx = click.get_current_context(silent=True)
    surroundings = ctx and ctx.find_object(Surroundings)
    return page_for(surroundings.environ) if surroundings else PLAIN


def page_for(environ: Mapping[str, str]) -> Page:
    """The page of stdout: as wide as COLUMNS says, else as the terminal, else 80 characters; the rest as the person
    chose."""
    chosen = manner()
    width = columns_of(environ) or (terminal_width() if sys.stdout.isatty() else None)
    detail = Detail(chosen.verbose - chosen.quiet)
    colours = chosen.colours(sys.stdout, environ)
    return Page(width or PLAIN.width, colours, detail, chosen.everything, measured=width is not None)


def columns_of(environ: Mapping[str, str]) -> int | None:
    """The setting; None where it is missing or makes no sense."""
    text = environ.get("COLUMNS", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) in WIDTHS else None


def terminal_width() -> int | None:
    try:
        width = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return None
    return width if width in WIDTHS else None
