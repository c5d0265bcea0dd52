"""A report in a file."""

import os
import tempfile
from pathlib import Path

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.text.plain_file import mode_to_replace


def write_report(path: Path, text: str) -> None:
    """Writes the whole file or nothing. Raises Invalid when it cannot be written."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error


def write_whole(path: Path, text: str) -> None:
    """Makes the file, or replaces it in one step and keeps its mode: no reader sees half of it. Raises OSError, also
    where the path leads to something else than a file, such as a device or a link."""
    mode = mode_to_replace(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), 0o644 if mode is None else mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
