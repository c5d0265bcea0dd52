"""The standard streams of the process: all three are there, whatever its starter closed; they write UTF-8, and wait for
a slow reader."""

import io
import os
import select
import sys
from typing import Any

from sfdc_escalator.errors import OutputLost


class Stream(io.FileIO):
    """A standard stream without a buffer: a text is written when it is printed, whole, or an error says why not."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)

    def write(self, data: Any, /) -> int:
        rest = memoryview(data).cast("B")
        length = len(rest)
        while rest:
            written = super().write(rest)
            if written is None:  # a pipe that does not block is full
                select.select([], [self], [])
            else:
                rest = rest[written:]
        return length


class ReportStream(Stream):
    """Stdout, where reports go. Raises OutputLost."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise lost(error) from error


def lost(error: OSError) -> OutputLost:
    return OutputLost(f"the report cannot be written to stdout: {(error.strerror or str(error)).lower()}")


def set_up_streams() -> None:
    """Replaces the streams of Python, which are missing where a number is closed, and else follow the locale."""
    for number in range(3):
        fill(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    for name, raw in (("stdout", ReportStream(1)), ("stderr", Stream(2))):
        # `errors`: some file names have no valid encoding.
        text = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)
        setattr(sys, name, text)


def fill(number: int) -> None:
    """Gives a closed stream a place that is empty and takes nothing. Else the next file would get its number: the
    ledger, say, and everything printed would be written into it."""
    try:
        os.fstat(number)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # it gets the lowest free number
