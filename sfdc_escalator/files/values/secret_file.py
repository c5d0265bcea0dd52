"""A secret that the org replaces (refresh token rotation): its file, written anew while no other run reads it."""

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sfdc_escalator.files.text.fault import Fault

LONGEST = 120.0  # seconds to wait for another run, which needs a request
PAUSE = 0.05


@contextmanager
def alone_with(path: str, wait: Callable[[float], None]) -> Iterator[None]:
    """One process at a time: a token that is used twice is revoked, and with it all of its successors.

    The folder is locked, since the file itself is replaced. Where the file system has no locks, nothing is locked.
    `wait` waits for some seconds. Raises Fault when another process does not let go.
    """
    try:
        folder = os.open(os.path.dirname(os.path.realpath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # the file cannot be read either, which is reported with its reason
        yield
        return
    try:
        with suppress(OSError):
            _lock(folder, path, wait)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, path: str, wait: Callable[[float], None]) -> None:
    until = time.monotonic() + LONGEST
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                expected = "it to end; look for a process that hangs"
                raise Fault(f"another process is logging in with {path}", expected=expected) from None
        wait(PAUSE)


def store(path: str, secret: str) -> None:
    """Replaces the secret in the file, or in the file that a link leads to; mode and owner stay. Raises Fault."""
    target = os.path.realpath(path)
    try:
        with suppress(OSError):
            return _replace(target, secret)
        _overwrite(target, secret)  # such as a file that is mounted by itself, or another user's folder
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Fault(f"{path} cannot be written: {reason}", expected="a file that this user may write") from None


def _replace(target: str, secret: str) -> None:
    """At once: a crash leaves the old secret or the new one."""
    old, folder = os.stat(target), os.path.dirname(target)
    handle, name = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{secret}\n")
            file.flush()
            new = os.fstat(handle)
            if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
                os.fchown(handle, old.st_uid, old.st_gid)
            os.fchmod(handle, stat.S_IMODE(old.st_mode))
            os.fsync(handle)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    with suppress(OSError):
        _flush(folder)


def _flush(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _overwrite(target: str, secret: str) -> None:
    data = f"{secret}\n".encode()
    handle = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    try:
        if os.write(handle, data) < len(data):
            raise OSError("the disk is full")
        os.ftruncate(handle, len(data))
        os.fsync(handle)
    finally:
        os.close(handle)
