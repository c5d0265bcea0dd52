"""Tables, long lines, and progress, for people: the only module that knows rich."""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sfdc_escalator.reports.page import PLAIN as PLAIN
from sfdc_escalator.reports.page import STYLE_OF
from sfdc_escalator.reports.page import Page as Page
from sfdc_escalator.reports.values import unstyled, visible

MARGIN = re.compile(r"\s*(?:\| )?")
WORD = re.compile(r"\s*\S+")
NARROW_GAPS: Any = {"padding": (0, 1, 0, 0), "pad_edge": False}
NARROW = 10
"""Columns that a text keeps beside its margin, however narrow the page is."""
CUT = "..."
STATE = "State"
"""The column whose cells have the colour of their word."""
WHOLE = frozenset({"Key", "Case", "Cases", STATE, "Last event UTC", "Run"})
"""The columns whose cells are never folded while others can be."""

ShowProgress = Callable[[str, int, int], None]
"""Shows how much of a stage is done: its name, the part that is done, the whole; 0 while the whole is not known."""


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None, *, page: Page = PLAIN
) -> str:
    """A table as text, as wide as the page; cells are data, never markup or control characters."""
    style = "bold" if page.colours else ""
    heading = Text(visible(title), style=style) if title else None
    shown = Table(
        title=heading, title_justify="left", title_style="", header_style=style, box=SIMPLE_HEAD, **NARROW_GAPS
    )
    for number, column in enumerate(columns):
        shown.add_column(column, overflow="fold", no_wrap=number == 0 or column in WHOLE)
    for row in rows:
        shown.add_row(*(_cell(column, text, page) for column, text in zip(columns, row, strict=True)))
    paper = io.StringIO()
    codes: Literal["standard"] | None = "standard" if page.colours else None
    Console(file=paper, width=page.width, force_terminal=page.colours, color_system=codes, _environ={}).print(shown)
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())


def _cell(column: str, text: str, page: Page) -> Text:
    style = STYLE_OF.get(text, "") if column == STATE and page.colours else ""
    return Text(visible(text), style=style)


def width_of(text: str) -> int:
    """The columns that a terminal gives to the text: two to each wide character, none to the codes of a style."""
    return cell_len(unstyled(text))


def cut(text: str, width: int) -> str:
    """The text on one line of at most this width: a longer one ends at a word, with `...`."""
    text = " ".join(text.split())
    if width_of(text) <= width:
        return text
    kept, room = "", max(width - len(CUT), 1)
    for word in WORD.findall(text):
        if width_of(kept + word) > room:
            break
        kept += word
    return (kept or chop_cells(text, room)[0]) + CUT


def fitted(text: str, page: Page) -> str:
    """The text with each line that is too long for the page continued on the next ones, below its margin."""
    return "\n".join(piece for line in text.split("\n") for piece in _continued(line, page))


def _continued(line: str, page: Page) -> Iterator[str]:
    if width_of(line) <= page.width:
        yield line
        return
    found = MARGIN.match(line)
    margin = found[0] if found else ""
    below = margin if margin.endswith("| ") else margin + "  "
    if page.width - len(below) < NARROW:
        below = ""
    now = margin
    for word in _words(line[len(margin) :], page, len(below)):
        if now.strip() and width_of(now + word) > page.width:
            yield now
            now = below + word.lstrip()
        else:
            now += word
    yield now


def _words(text: str, page: Page, margin: int) -> Iterator[str]:
    """The words with the blanks before them, in pieces that have room on a line."""
    for word in WORD.findall(text):
        yield from chop_cells(word, page.width - margin) if word == unstyled(word) else [word]


@contextmanager
def progress_bar(*, colours: bool) -> Iterator[ShowProgress]:
    """A progress bar on stderr while a stage is under way. A terminal that is gone does not end the work."""
    bar = Bar(Console(stderr=True, no_color=not colours))
    try:
        yield bar.show
    finally:
        bar.clear()


class Bar:
    """The stages under way, each a line that goes when it is done. Used by several threads."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._lock = RLock()

    def show(self, stage: str, done: int, total: int) -> None:
        with self._lock, suppress(OSError):
            if total and done >= total:
                self._end(stage)
                return
            count = f"{done:,}/{total:,}" if total else f"{done:,}" if done else ""
            if stage not in self._tasks:
                self._tasks[stage] = self._bar.add_task(stage, total=total or None, count=count)
                self._bar.start()
            self._bar.update(self._tasks[stage], completed=done, total=total or None, count=count)

    def clear(self) -> None:
        with self._lock, suppress(OSError):
            self._tasks.clear()
            self._bar.stop()

    def _end(self, stage: str) -> None:
        """Takes the stage away; without any the terminal is as it was, free for a question."""
        if stage in self._tasks:
            self._bar.remove_task(self._tasks.pop(stage))
        if not self._tasks:
            self._bar.stop()
