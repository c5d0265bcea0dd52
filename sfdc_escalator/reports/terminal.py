"""Tables and progress for people: the only module that knows rich."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sfdc_escalator.reports.values import visible


class Page(NamedTuple):
    """The paper of a table: its width in characters, and whether headings are bold."""

    width: int = 120
    bold: bool = False


PLAIN = Page()

ShowProgress = Callable[[str, int, int], None]
"""Shows how much of a stage is done: its name, the part that is done, the whole."""


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None, *, page: Page = PLAIN
) -> str:
    """A table as text, as wide as the page; cells are data, never markup or control characters."""
    style = "bold" if page.bold else ""
    heading = Text(visible(title), style=style) if title else None
    shown = Table(
        title=heading, title_justify="left", title_style="", header_style=style, box=SIMPLE_HEAD, pad_edge=False
    )
    for number, column in enumerate(columns):
        shown.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        shown.add_row(*(Text(visible(cell)) for cell in row))
    paper = io.StringIO()
    codes: Literal["standard"] | None = "standard" if page.bold else None
    Console(file=paper, width=page.width, force_terminal=page.bold, color_system=codes, _environ={}).print(shown)
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())


@contextmanager
def progress_bar() -> Iterator[ShowProgress]:
    """A progress bar on stderr while the block runs. A terminal that is gone does not end the work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, int] = {}

    def show(stage: str, done: int, total: int) -> None:
        with suppress(OSError):
            task = tasks.setdefault(stage, -1)
            if task < 0:
                task = tasks[stage] = bar.add_task(stage, total=total)
            bar.update(task, completed=done)  # type: ignore[arg-type]

    with suppress(OSError):
        bar.start()
    try:
        yield show
    finally:
        with suppress(OSError):
            bar.stop()
