"""The chain for others, as JSON lines or CSV: a line per event, whose `body` is the text that is hashed.

A body is the text of a JSON object, so that no cell begins like a formula of a spreadsheet; it is never changed.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Literal

from sfdc_escalator.errors import counted
from sfdc_escalator.pipeline.read_models.audit_trail import ExportedEvent
from sfdc_escalator.reports.text.backtest_csv import as_text

Kind = Literal["jsonl", "csv"]
AT_A_TIME = 500
"""Events that are written at once."""


class Exported:
    """The number of the events that were written, the first, and the last one; and of the lines of idle runs."""

    def __init__(self) -> None:
        self.count, self.first, self.last = 0, 0, 0
        self.rows, self.head = 0, ""

    def counting(self, events: Iterable[ExportedEvent]) -> Iterator[ExportedEvent]:
        for one in events:
            self.first = self.first or one.seq
            is_idle = one.seq == self.last
            self.count, self.rows = self.count + (not is_idle), self.rows + is_idle
            self.last, self.head = one.seq, one.hash
            yield one

    @property
    def text(self) -> str:
        if not self.count:
            return "0 events: the ledger has none of this time"
        idle = f" and {counted(self.rows, 'line')} of idle runs" if self.rows else ""
        return f"{counted(self.count, 'event')}{idle}, {self.first} to {self.last}; the hash of the last is {self.head}"


def write_export(events: Iterable[ExportedEvent], kind: Kind, write: Callable[[str], object]) -> Exported:
    """Writes all events, some at a time."""
    done = Exported()
    rest = done.counting(events)
    text_of = json_lines if kind == "jsonl" else csv_lines
    if kind == "csv":
        write(csv_lines([ExportedEvent._fields]))
    while some := list(islice(rest, AT_A_TIME)):
        write(text_of(some))
    return done


def json_lines(some: Iterable[ExportedEvent]) -> str:
    return "".join(f"{json.dumps(one._asdict(), ensure_ascii=False, separators=(',', ':'))}\n" for one in some)


def csv_lines(some: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([as_text(cell) for cell in row] for row in some)
    return text.getvalue()
