"""The places of a run that can be disturbed: each HTTP call to its org, each commit of its ledger and each post of a
notice to a service of the web, just before and after."""

import contextlib
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TextIO

import psycopg

from tests.chaos import clocks

SITES = tuple((site, when) for site in ("http", "commit") for when in ("before", "after"))
DISK = {
    "full": ("SQLITE_FULL", "database or disk is full", psycopg.errors.DiskFull),
    "readonly": ("SQLITE_READONLY", "attempt to write a readonly database", psycopg.errors.ReadOnlySqlTransaction),
}


@dataclass(frozen=True, slots=True)
class Point:
    """An act at the `k`-th time (from 1) that a run reaches this place.

    The acts: kill (-9), term (SIGTERM), deadline (that of the command comes), stop (SIGSTOP, until it is continued),
    meet (waits until it is told to go on), jump (of the wall clock, by `seconds`), full or readonly (the disk from then
    on, for `times` commits; 0 = to the end).
    """

    site: str
    when: str
    k: int
    act: str
    seconds: float = 0.0
    times: int = 0

    def __str__(self) -> str:
        return f"{self.act} {self.when} {self.site} {self.k}"


class Checkpoints:
    """The places of a run: counts how often it reaches each, and performs the acts there. Used by several threads."""

    def __init__(self, points: list[Point], words: TextIO, answers: TextIO) -> None:
        self._points, self._words, self._answers = points, words, answers
        self._lock, self._talk = threading.Lock(), threading.Lock()
        self.seen: Counter[tuple[str, str]] = Counter()
        self._disk = ("", 0)
        self.gate = threading.RLock()  # held while a transaction is open

    def reach(self, site: str, when: str, foreign: bool = False) -> None:
        """Counts the place and performs the acts that are due; `foreign` is true for a ledger in PostgreSQL."""
        with self._lock:
            self.seen[site, when] += 1
            due = [one for one in self._points if (one.site, one.when, one.k) == (site, when, self.seen[site, when])]
        for point in due:
            self._strike(point)
        if (site, when) == ("commit", "before"):
            self._write_to_disk(foreign)

    def _strike(self, point: Point) -> None:
        if point.act == "jump":
            clocks.jump(point.seconds)
        elif point.act in DISK:
            self._disk = (point.act, point.times or -1)
        elif point.act == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        elif point.act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif point.act == "deadline":
            reach_deadline()
        else:
            self._wait(point)

    def _wait(self, point: Point) -> None:
        """Waits for an answer, which is the number of seconds that passed."""
        with self._talk:
            self._words.write(point.act + "\n")
            self._words.flush()
            if point.act == "stop":
                self._stop(idle=point.site == "http")
            clocks.pass_time(float(self._answers.readline() or 0))

    def _stop(self, *, idle: bool) -> None:
        """Stops the process; with `idle` only while no thread holds the ledger's lock, for which others would wait."""
        taken = idle and self.gate.acquire(timeout=1.0)
        os.kill(os.getpid(), signal.SIGSTOP)
        if taken:
            self.gate.release()

    def _write_to_disk(self, foreign: bool) -> None:
        state, left = self._disk
        if not state or left == 0:
            return
        self._disk = (state, left - 1)
        name, message, of_postgresql = DISK[state]
        if foreign:
            raise of_postgresql(message)
        error = sqlite3.OperationalError(message)
        error.sqlite_errorname = name
        raise error


def reach_deadline() -> None:
    """Lets the timer of the command's deadline end."""
    for one in threading.enumerate():
        if isinstance(one, threading.Timer):
            one.function(*one.args, **one.kwargs)


def watch(checkpoints: Checkpoints, run: str) -> None:
    """Reports each call, commit and post to `checkpoints`; each call and post has a header with the run's name."""
    from sqlalchemy.engine.default import DefaultDialect

    from sfdc_escalator.channels import exchange
    from sfdc_escalator.salesforce.line.session import OrgSession

    post: Callable[..., Any] = exchange.sent
    request: Callable[..., Any] = OrgSession.request
    begin: Callable[..., Any] = DefaultDialect.do_begin
    commit: Callable[..., Any] = DefaultDialect.do_commit
    rollback: Callable[..., Any] = DefaultDialect.do_rollback

    def watched_request(self: OrgSession, method: str, url: str, *words: Any, **more: Any) -> Any:
        checkpoints.reach("http", "before")
        more["headers"] = {**(more.get("headers") or {}), "X-Chaos-Run": run}
        answer = request(self, method, url, *words, **more)
        checkpoints.reach("http", "after")
        return answer

    def watched_post(request: exchange.Request) -> Any:
        checkpoints.reach("post", "before")
        headers = {**(request.headers or {}), "X-Chaos-Run": run}
        answer = post(replace(request, headers=headers))
        checkpoints.reach("post", "after")
        return answer

    def watched_begin(self: DefaultDialect, connection: Any) -> None:
        checkpoints.gate.acquire(timeout=1.0)
        begin(self, connection)

    def watched_commit(self: DefaultDialect, connection: Any) -> None:
        checkpoints.reach("commit", "before", self.name == "postgresql")
        commit(self, connection)
        release()
        checkpoints.reach("commit", "after")

    def watched_rollback(self: DefaultDialect, connection: Any) -> None:
        rollback(self, connection)
        release()

    def release() -> None:
        with contextlib.suppress(RuntimeError):  # not held by this thread
            checkpoints.gate.release()

    exchange.sent = watched_post
    OrgSession.request = watched_request  # type: ignore[assignment]
    DefaultDialect.do_begin = watched_begin  # type: ignore[method-assign]
    DefaultDialect.do_commit = watched_commit  # type: ignore[method-assign]
    DefaultDialect.do_rollback = watched_rollback  # type: ignore[method-assign]
