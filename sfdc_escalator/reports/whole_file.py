"""A report in a file."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.text.plain_file import mode_to_replace, umask

IN_MEMORY = 4_000_000


@contextmanager
def new_report(path: Path) -> Iterator[TextIO]:
    """A new file, for its user alone, that appears under its name once the body is done. Raises Invalid where there is
    one already, or where it cannot be written; the body's own errors pass."""
    if os.path.lexists(path):
        raise Invalid(f"{path} exists already and is left as it is; name a new file")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    except OSError as error:
        raise not_written(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
        os.link(name, path)
    except FileExistsError as error:
        raise Invalid(f"{path} was made by another program meanwhile and is left as it is") from error
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        os.unlink(name)


def not_written(path: Path, error: OSError) -> Invalid:
    return Invalid(f"{path} cannot be written: {(error.strerror or str(error)).lower()}")


def write_report(path: Path, text: str, mode: int | None = None) -> None:
    """Writes the whole file or nothing, as `write_whole` does. The umask holds for a new file. Raises Invalid when it
    cannot be written."""
    try:
        write_whole(path, text, mode, 0o644 & ~umask())
    except OSError as error:
        raise not_written(path, error) from error


@contextmanager
def whole_report(path: Path) -> Iterator[TextIO]:
    """The file, which is replaced once the body is done. The umask holds for a new file. Raises Invalid when it cannot
    be written."""
    try:
        with whole_file(path, new=0o644 & ~umask()) as stream:
            yield stream
    except OSError as error:
        raise not_written(path, error) from error


@contextmanager
def put_aside() -> Iterator[TextIO]:
    """A file without a name, which goes with the body; in memory while it is small. Raises Invalid where it cannot be
    written."""
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="") as stream:
            yield cast(TextIO, stream)
    except OSError as error:
        raise Invalid(f"a temporary file cannot be written: {(error.strerror or str(error)).lower()}") from error


def check_place(path: Path) -> None:
    """Tries out that the file can be made or replaced, before work that takes long, and leaves nothing behind. Raises
    Invalid."""
    try:
        mode_to_replace(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "its folder does not exist")
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise not_written(path, error) from error
    except ValueError as error:
        raise Invalid(f"{path!s:.200} cannot be written: {error}") from error


def write_whole(path: Path, text: str, chosen: int | None = None, new: int = 0o644) -> None:
    """Makes the file with the mode `new`, or replaces it in one step and keeps its mode if none is chosen: no reader
    sees half of it. Raises OSError, also where the path leads to something else than a file, such as a device or a
    link."""
    with whole_file(path, chosen, new) as stream:
        stream.write(text)


@contextmanager
def whole_file(path: Path, chosen: int | None = None, new: int = 0o644) -> Iterator[TextIO]:
    """The same for a text that is written part by part: nothing changes under the name before the end of the body, and
    nothing at all where the body fails."""
    mode = mode_to_replace(path) if chosen is None else checked_mode(path, chosen)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
            os.fchmod(stream.fileno(), new if mode is None else mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def checked_mode(path: Path, chosen: int) -> int:
    """The chosen mode, once it is known that the path may be replaced."""
    mode_to_replace(path)
    return chosen
