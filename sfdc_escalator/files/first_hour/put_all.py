"""Many new files in a folder: all of them, or none. What is there and differs stays."""

import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.files.text.plain_file import mode_to_replace, open_to_read, umask

MOST_BYTES = 10_000_000
Outcome = Literal["written", "renewed", "as it was", "kept: it differs"]


def put_all(folder: Path, files: Mapping[Path, str], generated: Collection[Path]) -> Mapping[Path, Outcome]:
    """Writes the texts, each whole, and returns the outcomes by the paths in the folder. A file that is there and
    differs is kept, unless it is generated. A script, which begins with `#!`, becomes executable.

    Raises Invalid with everything that is in the way; then nothing is written, or what this call wrote is gone again.
    """
    outcomes = looked_at(folder, files, generated)
    with ExitStack() as undo:
        for path, outcome in outcomes.items():
            with as_invalid(folder / path):
                if outcome == "written":
                    make_folders(folder / path.parent, undo)
                    put(folder / path, files[path], os.link)  # beside a file that came meanwhile, not over it
                    undo.callback(without_failing, (folder / path).unlink)
                elif outcome == "renewed":
                    put(folder / path, files[path], os.replace)
        undo.pop_all()
    return outcomes


def looked_at(folder: Path, files: Mapping[Path, str], generated: Collection[Path]) -> Mapping[Path, Outcome]:
    outcomes: dict[Path, Outcome] = {}
    in_the_way: dict[str, None] = {}
    for path, text in files.items():
        try:
            with as_invalid(folder / path):
                outcomes[path] = outcome_of(folder / path, text, renew=path in generated)
        except Invalid as error:
            in_the_way[error.message] = None
    if len(in_the_way) == 1:
        raise Invalid(next(iter(in_the_way)))
    if in_the_way:
        raise Invalid(f"{folder} cannot be set up; nothing was written", [Problem(one) for one in in_the_way])
    return outcomes


def outcome_of(path: Path, text: str, *, renew: bool) -> Outcome:
    if not os.path.lexists(path):
        check_folder(path.parent)
        return "written"
    with open_to_read(path) as known:
        if known.read(MOST_BYTES) == text.encode():
            return "as it was"
    if renew:
        mode_to_replace(path)
    return "renewed" if renew else "kept: it differs"


def check_folder(folder: Path) -> None:
    """Raises Invalid where the folder is not one, or could not be made."""
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise Invalid(f"{folder} cannot be written: it is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Invalid(f"{folder} cannot be written: permission denied")


def make_folders(folder: Path, undo: ExitStack) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        undo.callback(without_failing, one.rmdir)


def put(path: Path, text: str, publish: Callable[[str, Path], None]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), (0o777 if text.startswith("#!") else 0o666) & ~umask())
        publish(name, path)
    finally:
        without_failing(lambda: os.unlink(name))


def without_failing(act: Callable[[], object]) -> None:
    with suppress(OSError):
        act()


@contextmanager
def as_invalid(path: Path) -> Iterator[None]:
    """Raises Invalid in place of OSError."""
    try:
        yield
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error
