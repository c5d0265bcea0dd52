"""The only way out: whatever a command prints goes to stdout or stderr by these functions.

Texts for people become printable here, whoever wrote them. JSON stays exact.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from sfdc_escalator.cli.stopping import interrupt, on_signals
from sfdc_escalator.errors import Interrupted, OutputLost, StoppedEarly
from sfdc_escalator.reports.values import printable

if TYPE_CHECKING:
    from sfdc_escalator.reports.terminal import Page

WIDTHS = range(20, 10_000)
DONE = "the work is done, and the exit code is that of the work"


def tell(text: str) -> None:
    """Prints a report for people on stdout. Raises OutputLost."""
    write(sys.stdout, printable(text) + "\n")


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


def page_for(environ: Mapping[str, str]) -> "Page":
    """The paper for tables on stdout: as wide as COLUMNS says, else as the terminal, else 120 characters."""
    from sfdc_escalator.reports.terminal import PLAIN, Page

    on_terminal = sys.stdout.isatty()
    width = columns_of(environ) or (terminal_width() if on_terminal else None) or PLAIN.width
    return Page(width, bold=on_terminal and environ.get("TERM") not in (None, "", "dumb"))


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
