"""The list of the cases that no route matches: a file that grows while a run reads them, and appears at its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sfdc_escalator.errors import Invalid

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sfdc_escalator.escalation.decisions.match import NoMatch
    from sfdc_escalator.pipeline.polling.read_poll import Listing

log = logging.getLogger(__name__)
OnFault = Callable[[Path, Invalid], None]


def refuse(_path: Path, fault: Invalid) -> None:
    """A rehearsal fails where its list cannot be written."""
    raise fault


def warn(path: Path, fault: Invalid) -> None:
    """A live run goes on without its list."""
    log.warning("left_alone.not_written", extra={"file": str(path), "reason": fault.message})


class NoMatchFile:
    """A JSON list, each case on a line of its own."""

    def __init__(self, path: Path, on_fault: OnFault) -> None:
        self._path, self._on_fault = path, on_fault
        self._file: AbstractContextManager[TextIO] | None = None
        self._stream: TextIO | None = None
        self._between = "["

    def begin(self) -> None:
        from sfdc_escalator.files.text.plain_file import umask
        from sfdc_escalator.reports.whole_file import whole_file

        try:
            self._file = whole_file(self._path, None, 0o644 & ~umask())
            self._stream = self._file.__enter__()
        except OSError as error:
            self._failed(error)

    def add(self, one: NoMatch, reasons: Mapping[str, str]) -> None:
        from sfdc_escalator.reports.json.run import no_match_line

        self._write(f"{self._between}\n{no_match_line(one, reasons)}")
        self._between = ","

    def end(self) -> None:
        self._write("[\n]\n" if self._between == "[" else "\n]\n")
        if self._stream and self._file:
            try:
                self._file.__exit__(None, None, None)
            except OSError as error:
                self._failed(error)

    def drop(self, error: BaseException) -> None:
        """Leaves what stood under the name before."""
        if self._stream and self._file:
            self._stream = None
            with suppress(OSError):
                self._file.__exit__(type(error), error, None)

    def _write(self, text: str) -> None:
        if self._stream:
            try:
                self._stream.write(text)
            except OSError as error:
                self._failed(error)

    def _failed(self, error: OSError) -> None:
        from sfdc_escalator.reports.whole_file import not_written

        self.drop(error)
        self._stream = None
        self._on_fault(self._path, not_written(self._path, error))


@contextmanager
def listing(path: Path | None, on_fault: OnFault) -> Iterator[Listing | None]:
    """Takes the cases for the list, if there is a path. The file is there once the body is done."""
    if path is None:
        yield None
        return
    file = NoMatchFile(path, on_fault)
    file.begin()
    try:
        yield file.add
    except BaseException as error:
        file.drop(error)
        raise
    file.end()
