"""Read a file as text, with one clear problem for a file that cannot be read as text."""

import codecs
import os
import re
from pathlib import Path

from sfdc_escalator.errors import Problem
from sfdc_escalator.files.text.fault import nearest
from sfdc_escalator.files.text.plain_file import NotAFile, open_to_read

UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Matches a character that YAML 1.2 (5.1) does not allow in a text. A class of the allowed ones takes ten times as long
to compile."""


class Unreadable(Exception):
    """The file cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_text(path: Path, what: str, limit: int) -> str:
    """The text of a file of at most `limit` bytes; Unreadable, with the one problem, for anything else."""
    file = str(path)
    try:
        with open_to_read(path) as stream:
            data, size = stream.read(limit + 1), os.fstat(stream.fileno()).st_size
    except FileNotFoundError:
        raise Unreadable(missing(path, what)) from None
    except NotAFile as error:
        raise Unreadable(Problem(f"{file} is {error.kind}", file, expected=what)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(Problem(f"the file cannot be read: {reason.lower()}", file, expected=what)) from None
    if len(data) > limit:
        found, expected = f"{max(size, len(data)):,} bytes", f"{limit:,} bytes at most"
        raise Unreadable(Problem("the file is too large", file, found=found, expected=expected))
    return printable(file, decoded(file, data))


def missing(path: Path, what: str) -> Problem:
    folder = path.parent
    if not folder.is_dir():
        return Problem(f"the folder {folder} does not exist", str(path), expected=what)
    near = nearest(path.name, (name for name in names_in(folder) if name != path.name))
    message = "the link leads nowhere" if path.is_symlink() else "the file does not exist"
    return Problem(message, str(path), expected=what, nearest=near and str(folder / near))


def names_in(folder: Path) -> list[str]:
    """The names in a folder without hidden ones; none when it cannot be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def decoded(file: str, data: bytes) -> str:
    if data.startswith(UTF_16_OR_32):
        raise Unreadable(Problem("the file is not UTF-8", file, 1, 1, "UTF-16 or UTF-32", "text in UTF-8"))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1
        found = f"byte 0x{data[error.start]:02X}"
        raise Unreadable(Problem("the file is not UTF-8", file, line, column, found, "text in UTF-8")) from None


def printable(file: str, text: str) -> str:
    """The text; Unreadable where it has a control character."""
    bad = CONTROL.search(text)
    if not bad:
        return text
    before = text[: bad.start()]
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    found = f"the character U+{ord(bad[0]):04X}"
    problem = Problem("the file holds a control character: is it binary?", file, line, column, found, "text in UTF-8")
    raise Unreadable(problem)
