"""A PostgreSQL server that can be stopped and started again, where its programs are on this machine."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ledger import server as shared


@dataclass
class Server:
    """`url` leads to the database `postgres`."""

    command: list[str]
    url: str
    folder: str
    process: subprocess.Popen[bytes]

    def restart(self) -> None:
        """Ends every connection at once, as a server does that fails over."""
        self.stop(3)
        self.process = started(self.command, self.folder)
        shared._awaited(self.url.rpartition("/")[0], self.process)

    def stop(self, number: int = 2) -> None:
        self.process.send_signal(number)
        self.process.wait(60)


def started(command: list[str], folder: str) -> subprocess.Popen[bytes]:
    user = shared.NOBODY if os.geteuid() == 0 else None
    with (Path(folder) / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, user=user, group=user, cwd=folder)


@contextmanager
def a_server() -> Iterator[Server | None]:
    """None where there are no programs of a server."""
    programs = shared._programs()
    if programs is None:
        yield None
        return
    user = shared.NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="fleet-pg-", dir=shared._memory()) as folder:
        if user:
            os.chown(folder, user, user)
        initdb = [f"{programs}/initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run([*initdb, "--no-locale"], check=True, capture_output=True, user=user, group=user, cwd=folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder}
        command = [f"{programs}/postgres", "-D", f"{folder}/data", *(f"--{name}={options[name]}" for name in options)]
        made = Server(command, f"postgresql://postgres@127.0.0.1:{port}/postgres", folder, started(command, folder))
        shared._awaited(made.url.rpartition("/")[0], made.process)
        try:
            yield made
        finally:
            made.stop()
