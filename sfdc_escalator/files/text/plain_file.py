"""Files that a user named: a path may lead to a pipe, a device or a link, and nothing ever waits on one."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
}


class NotAFile(OSError):
    """The path leads to something else than a file."""

    def __init__(self, mode: int) -> None:
        self.kind = KINDS.get(stat.S_IFMT(mode), "something else")
        super().__init__(errno.EINVAL, f"it is {self.kind}, not a file")


def open_to_read(path: str | Path) -> BinaryIO:
    """The file, opened for reading; a link to a file counts as that file. Raises OSError, ValueError for a path that no
    system knows."""
    refuse_others(os.stat(path).st_mode)  # already the opening of a device can have an effect
    # Without O_NONBLOCK the opening of a pipe waits for a writer, perhaps for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        refuse_others(os.fstat(handle).st_mode)
        return open(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def refuse_others(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotAFile(mode)


def mode_to_replace(path: Path) -> int | None:
    """The mode of the file that may be replaced; None where nothing is. A link is never replaced or followed: what it
    leads to belongs to somebody else. Raises OSError."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    refuse_others(mode)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only")
    return stat.S_IMODE(mode)


def umask() -> int:
    """That of the process. It can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
