"""The policies of a run, kept in a file once they were found valid: to read and check them again would cost more than
the rest of a run with nothing to do.

They count for a day, for this program, and while every file says what it said. Anything else in their place is as good
as nothing, and the files are read.
"""

import hashlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import sfdc_escalator
from sfdc_escalator.errors import Problem
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.files.kept_values import as_data, from_data
from sfdc_escalator.files.text.plain_file import open_to_read

MAKERS = ("escalation", "files")
"""The rooms of this program that make a policy out of a file."""
FORGOTTEN = 2 * 24 * 3600
"""Seconds after which a file that nobody wrote anew is removed."""


WRONG = (OSError, ValueError, TypeError, LookupError, AttributeError, ImportError, ArithmeticError, RecursionError)
"""Errors of a file that does not hold what it should."""


class Valid(NamedTuple):
    """Policies without an error, in the order of their files, and the warnings about them."""

    policies: tuple[Policy, ...]
    warnings: tuple[Problem, ...]


def valid_policies(paths: Sequence[Path], folder: Path) -> Valid:
    """The policies of the files, as `folder` keeps them while nothing has changed.

    Raises Invalid, with every error of every file, when there is one.
    """
    made_by = [sfdc_escalator.__version__, sys.version, program(), f"{datetime.now(UTC):%Y-%m-%d}", *map(str, paths)]
    place = folder / f"{digest(json.dumps([os.path.abspath(path) for path in paths]).encode())[:32]}.json"
    found = kept(place, made_by)
    return found if found is not None else read(paths, place, made_by)


def kept(place: Path, made_by: Sequence[str]) -> Valid | None:
    """The policies in this file, where they count."""
    try:
        with open_to_read(place) as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return None
            data = json.load(stream)
        if data["made_by"] != made_by or contents(data["files"]) != data["files"]:
            return None
        found = from_data(data)
    except WRONG:
        return None
    return found if isinstance(found, Valid) else None


def read(paths: Sequence[Path], place: Path, made_by: Sequence[str]) -> Valid:
    """The policies as they are read from their files, and kept where that is possible."""
    from sfdc_escalator.files.policies import files_of, load_policies

    before = contents(files_of(paths))
    loaded = load_policies(paths)
    valid = Valid(loaded.policies, loaded.warnings)
    with suppress(*WRONG):
        data = as_data(valid)
        text = json.dumps({"made_by": made_by, "files": before, **data})
        if as_data(from_data(json.loads(text))) == data and contents(before) == before:
            keep(place, text)
    return valid


def keep(place: Path, text: str) -> None:
    """Writes the file in one step, for its user alone, and removes those that were forgotten. Raises OSError."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, place)
    except BaseException:
        os.unlink(name)
        raise
    for other in place.parent.iterdir():
        if time.time() - other.stat().st_mtime > FORGOTTEN:
            other.unlink(missing_ok=True)


def contents(paths: Iterable[str]) -> Mapping[str, str | None]:
    """The digest of each file; None for one that cannot be read."""
    return {path: content(path) for path in paths}


def content(path: str) -> str | None:
    try:
        with open_to_read(path) as stream:
            return digest(stream.read())
    except (OSError, ValueError):
        return None


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def program() -> str:
    """A digest of the size and time of every module that makes policies: a new version may make other ones."""
    root = os.path.dirname(sfdc_escalator.__file__)
    found = sorted(module for room in MAKERS for module in modules(os.path.join(root, room)))
    return digest(json.dumps(found).encode())


def modules(folder: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from modules(entry.path)
