"""Files that a user named: the path may lead to a pipe or a device, and the org never waits on one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_bytes(path: Path) -> bytes:
    """The content of the file. Raises OSError, also where the path leads to something else."""
    refuse_others(path)
    return path.read_bytes()


def refuse_others(path: Path) -> None:
    """Raises OSError where the path leads to something else than a file; nothing there is fine."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a folder" if stat.S_ISDIR(mode) else "it is not a file")
