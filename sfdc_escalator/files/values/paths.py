"""Paths as a person writes them in a file."""

import os
from collections.abc import Mapping
from pathlib import Path

HERE = Path()
"""The working folder of the process."""


def located(path: str, environ: Mapping[str, str], folder: Path) -> str:
    """The path with `~` replaced by the HOME of `environ`; a relative path starts from `folder`."""
    home = environ.get("HOME")
    if home and path.partition("/")[0] == "~":
        path = home + path[1:]
    return str(folder / os.path.expanduser(path))
