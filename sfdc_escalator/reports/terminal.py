"""Tables and progress for people: the only module that knows rich."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sfdc_escalator.reports.values import visible

PIPE_WIDTH = 120

ShowProgress = Callable[[str, int, int], None]
"""Shows how much of a stage is done: its name, the part that is done, the whole."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> str:
    """A table as text, as wide as the terminal; cells are data, never markup or control characters.

    Colour on a terminal only.
    """
    colour = sys.stdout.isatty()
    width = Console(file=sys.stdout).width if colour else PIPE_WIDTH
    heading = Text(visible(title), style="bold") if title else None
    shown = Table(title=heading, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        shown.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        shown.add_row(*(Text(visible(cell)) for cell in row))
    page = io.StringIO()
    Console(file=page, width=width, force_terminal=colour, no_color=not colour, highlight=False).print(shown)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


@contextmanager
def progress_bar() -> Iterator[ShowProgress]:
    """A progress bar on stderr while the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            task = tasks.setdefault(stage, -1)
            if task < 0:
                task = tasks[stage] = bar.add_task(stage, total=total)
            bar.update(task, completed=done)  # type: ignore[arg-type]

        yield show
