"""Files of text, plain or compressed with gzip: CSV with a header line, and JSON lines."""

import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sfdc_escalator.backtest.history.rows import unreadable
from sfdc_escalator.errors import Invalid, Problem, counted
from sfdc_escalator.files.text.fault import Fault, described, one_of, shortened, shown
from sfdc_escalator.files.text.plain_file import open_to_read

GZIP = b"\x1f\x8b"
CSV = "a CSV file with a header line, plain or compressed with gzip"
HISTORY = "a CSV file, JSON lines or a Parquet file"
JSON_LINES = "JSON lines: one object in each line, plain or compressed with gzip"
BROKEN = (UnicodeDecodeError, csv.Error, EOFError, zlib.error, OSError)
ONE_OBJECT = "one object in each line"
LONGEST = 10_000_000  # characters of a line of JSON
HALF_PAIR = re.compile(r"\\ud[89a-f]", re.IGNORECASE)


class CsvSource:
    """The rows of a CSV file by their lines. Raises Invalid for a file without a header."""

    def __init__(self, path: Path, stream: IO[str]) -> None:
        self.path, self._reader = path, csv.reader(stream, strict=True)
        with self._readable():
            self.header: Sequence[str] = next(filter(None, self._reader), ())
        if not self.header:
            raise empty(path, CSV)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, Sequence[str] | Fault]]:
        places, width = [self.header.index(name) for name in columns], len(self.header)
        with self._readable():
            for cells in self._reader:
                if len(cells) == width:
                    yield self._reader.line_num, [cells[place] for place in places]
                elif cells:
                    found, expected = counted(len(cells), "cell"), f"{width}, as in the header"
                    yield (
                        self._reader.line_num,
                        Fault("the row does not match the header", found=found, expected=expected),
                    )

    @contextmanager
    def _readable(self) -> Iterator[None]:
        with readable(self.path, CSV):
            try:
                yield
            except csv.Error as error:
                raise unreadable(self.path, error, CSV, self._reader.line_num) from error


class JsonSource:
    """The rows of JSON lines by their lines. The keys of the first one are the columns of all."""

    def __init__(self, path: Path, stream: IO[str]) -> None:
        self.path, self._stream = path, stream
        with readable(path, JSON_LINES):
            self._first = next(self._objects(), None)
        if self._first is None:
            raise empty(path, JSON_LINES)
        line, found = self._first
        if isinstance(found, Fault):
            problem = Problem(found.message, str(path), line, None, found.found, found.expected)
            raise Invalid(f"{path} cannot be read", [problem])
        self.header: Sequence[str] = tuple(found)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, Sequence[str] | Fault]]:
        self._stream.seek(0)
        with readable(self.path, JSON_LINES):
            for line, found in self._objects():
                try:
                    yield line, found if isinstance(found, Fault) else [cell(found, name) for name in columns]
                except Fault as fault:
                    yield line, fault

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
        line = 0
        while text := self._stream.readline(LONGEST):
            line += 1
            if len(text) == LONGEST:
                raise unreadable(self.path, f"more than {LONGEST:,} characters", JSON_LINES, line)
            if text.strip():
                yield line, an_object(text)


def an_object(text: str) -> dict[str, Any] | Fault:
    """The object of a line, its numbers as they are written."""
    try:
        found = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=each_key_once)
        if HALF_PAIR.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except Fault as fault:
        return fault
    except UnicodeEncodeError:
        return Fault("the row has half of a surrogate pair", found=shown(text.strip()), expected="whole characters")
    except json.JSONDecodeError as error:
        return Fault("the row is not JSON", found=f"{error.msg} at column {error.colno}", expected=ONE_OBJECT)
    except RecursionError:
        return Fault("the row is not JSON", found="it is nested too deep", expected=ONE_OBJECT)
    if isinstance(found, dict):
        return found
    return Fault("the row is not an object", found=described(found), expected=ONE_OBJECT)


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Raises Fault where a key comes again: nobody knows which of its values counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        (key, times), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise Fault(
            "the row has a key more than once", found=f"{times} times {shortened(key)!r}", expected="each key once"
        )
    return found


def cell(found: dict[str, Any], name: str) -> str:
    """The text of a cell. Raises Fault where the row has no such key, or a list or an object there."""
    if name not in found:
        message = f"the row has no key {shortened(name)!r}, as the first row has"
        raise Fault(message, found=one_of(found), expected="the same keys in each row; null for no value")
    value = found[name]
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    message = f"column {shortened(name)}: this is not a single value"
    raise Fault(message, found=described(value), expected="a text, a number, true, false or null")


def empty(path: Path, expected: str) -> Invalid:
    return Invalid(f"{path} does not match its mapping", [Problem("the file is empty", str(path), expected=expected)])


@contextmanager
def readable(path: Path, expected: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise unreadable(path, f"{error.reason}, not UTF-8", expected, line_without_utf8(path)) from error
    except BROKEN as error:
        raise unreadable(path, getattr(error, "strerror", None) or error, expected) from error


def line_without_utf8(path: Path) -> int | None:
    """The number of the first line that is not UTF-8."""
    with unpacked(path) as stream:
        for line, text in enumerate(stream, 1):
            try:
                text.decode()
            except UnicodeDecodeError:
                return line
    return None


@contextmanager
def text_of(path: Path) -> Iterator[IO[str]]:
    """The text of the file. Raises Invalid where it cannot be opened."""
    with unpacked(path) as plain, io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
        yield text


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of the file before gzip. Raises Invalid where it cannot be opened."""
    with bytes_of(path) as stream:
        packed = stream.read(2) == GZIP
        stream.seek(0)
        plain: Any = gzip.GzipFile(fileobj=stream) if packed else stream
        yield plain


@contextmanager
def bytes_of(path: Path) -> Iterator[IO[bytes]]:
    try:
        stream = open_to_read(path)
    except (OSError, ValueError) as error:
        found = (getattr(error, "strerror", None) or str(error)).lower()
        raise unreadable(path, found, HISTORY) from error
    with stream:
        yield stream
