"""The metadata files under the paths of the command line, each read once."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.native.source.element import Element, NotReadable, parsed
from sfdc_escalator.native.source.kinds import KINDS, SUFFIXES, stem_of

MOST_BYTES = 10 * 1024 * 1024
EXPECTED = "a metadata file of Salesforce, such as Case.escalationRules-meta.xml, or a folder of them"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file; `shown` is its path as found from the argument, `named` that the command line names it itself."""

    path: Path
    shown: str
    named: bool
    sha256: str
    root: Element

    @property
    def name(self) -> str:
        return self.path.name


def found_files(arguments: Sequence[tuple[Path, str]]) -> list[SourceFile]:
    """The files of the kinds that are known, in the order of the arguments, those of a folder by path. An argument is a
    path and how it was typed. Raises Invalid with every path and file that cannot be read."""
    files, problems, seen = list[SourceFile](), list[Problem](), set[str]()
    for argument, typed in arguments:
        if wrong := unreachable(argument):
            problems.append(Problem(wrong, typed, expected=EXPECTED))
            continue
        for path in [argument] if not argument.is_dir() else walked(argument, problems):
            if (real := os.path.realpath(path)) in seen:
                continue
            seen.add(real)
            try:
                files += read(path, shown(path, argument, typed), named=path == argument)
            except Unreadable as error:
                problems.append(error.problem)
    if problems:
        count = "one file" if len(problems) == 1 else f"{len(problems)} files"
        raise Invalid(f"{count} cannot be read; nothing was written", problems)
    return files


def unreachable(path: Path) -> str:
    """The reason why nothing can be read there; empty where something is."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "the path does not exist"
    except OSError as error:
        return f"the path cannot be read: {(error.strerror or str(error)).lower()}"
    return ""


def shown(path: Path, argument: Path, typed: str) -> str:
    return typed if path == argument else str(Path(typed) / path.relative_to(argument))


def walked(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    """The files in the folder that may be of a known kind; hidden folders are left out. A folder that cannot be listed
    is a problem."""

    def failed(error: OSError) -> None:
        problems.append(Problem(f"the folder cannot be read: {(error.strerror or '').lower()}", str(error.filename)))

    for where, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        yield from (Path(where) / name for name in sorted(names) if may_be_known(name))


def may_be_known(name: str) -> bool:
    plain = name.endswith(".xml") and not name.endswith("-meta.xml")
    return plain or stem_of(name)[1] in SUFFIXES


class Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read(path: Path, typed: str, named: bool) -> Iterator[SourceFile]:
    """The file, where it is of a known kind. One that a folder merely holds, of which nothing says that it is of such a
    kind, is passed over."""
    known = stem_of(path.name)[1] in SUFFIXES
    data = content(path, typed)
    try:
        root = parsed(data)
    except NotReadable as error:
        if named or known or error.root in KINDS:
            raise Unreadable(Problem(error.message, typed, error.line, expected=error.expected or None)) from None
        return
    if root.name in KINDS:
        yield SourceFile(path, typed, named, hashlib.sha256(data).hexdigest(), root)
    elif named:
        raise Unreadable(nothing_in(typed, root))


def nothing_in(typed: str, root: Element) -> Problem:
    message = "the file holds nothing that can be imported"
    return Problem(message, typed, root.line, found=f"<{root.name}>", expected=EXPECTED)


def content(path: Path, typed: str) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(Problem("this is not a file", typed, expected=EXPECTED))
        if about.st_size > MOST_BYTES:
            found, expected = f"{about.st_size:,} bytes", f"{MOST_BYTES:,} bytes at most"
            raise Unreadable(Problem("the file is too large", typed, 1, found=found, expected=expected))
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unreadable(Problem(f"the file cannot be read: {reason}", typed, expected=EXPECTED)) from None
