"""The holder of a lease: a process, on a host, since a boot. Linux shows in /proc whether it runs; elsewhere only
its heartbeat shows it."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """`boot` names the running kernel and its process numbers (a container has its own); empty where the system has no
    such name. `pid_start` is the process's start in clock ticks since the boot: a process number is used again."""

    host: str
    boot: str
    pid: int
    pid_start: str

    @classmethod
    def of_this_process(cls) -> "Holder":
        pid = os.getpid()
        return cls(socket.gethostname(), _boot(), pid, _start_of(pid) or "")

    def is_gone(self, me: "Holder") -> bool:
        """True when `me` can know that this process has ended: only on the same host and boot."""
        same_place = bool(self.boot) and (self.host, self.boot) == (me.host, me.boot)
        return same_place and _start_of(self.pid) != self.pid_start


def _boot() -> str:
    try:
        kernel = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{kernel} {os.readlink(PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _start_of(pid: int) -> str | None:
    """When the process started, in clock ticks after boot (proc(5), `stat`). None for a process that has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may itself hold brackets and spaces
    return None if fields[0] in "ZX" else fields[19]
