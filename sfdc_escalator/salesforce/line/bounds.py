"""The bounds of one call: its time by the clock on the wall, and the bytes of its answer after decompression.

The timeout of a socket counts from the last byte, so an answer that drips never meets it. Here the time left is set
before each read from the socket: of a status line, a header, a body, an answer of a proxy.
"""

import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from math import inf
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.poolmanager import PoolManager

CHUNK = 64 * 1024
SETTLING = 10.0  # seconds for a call that begins after the deadline: it finds out what became of the work


class TooLarge(OSError):
    """An answer has more bytes than allowed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The longest time of a call in seconds, its largest answer in bytes, and the deadline of the run by `clock`."""

    seconds: float = 120.0
    size: int = 64 * 1024 * 1024
    deadline: float = inf
    clock: Callable[[], float] = time.monotonic

    def end(self) -> float:
        """The time at which a call that begins now must have ended."""
        now = self.clock()
        return now + self.seconds if self.deadline == inf else self._before_deadline(now)

    def _before_deadline(self, now: float) -> float:
        return min(now + self.seconds, self.deadline if now < self.deadline else now + SETTLING)


_bounds: ContextVar[Bounds] = ContextVar("bounds", default=Bounds())  # noqa: B039 - it cannot change
_left: ContextVar[Callable[[], float]] = ContextVar("left", default=lambda: inf)


@contextmanager
def bounded(bounds: Bounds) -> Iterator[None]:
    """The calls inside have these bounds."""
    token = _bounds.set(bounds)
    try:
        yield
    finally:
        _bounds.reset(token)


@contextmanager
def until_deadline(seconds: float | None) -> Iterator[None]:
    """The calls inside end at the deadline, in seconds from now."""
    bounds = _bounds.get()
    with bounded(replace(bounds, deadline=bounds.clock() + seconds) if seconds else bounds):
        yield


@contextmanager
def one_call() -> Iterator[tuple[Bounds, float]]:
    """The bounds of the call inside, whose time begins now, and its seconds."""
    bounds = _bounds.get()
    end = bounds.end()

    def left() -> float:
        return end - bounds.clock()

    token = _left.set(left)
    try:
        yield bounds, left()
    finally:
        _left.reset(token)


def receive(answer: requests.Response, size: int) -> None:
    """Reads the body, so that `answer.content` has it. Raises TooLarge, and what requests raises while it reads."""
    if answer.raw is None:
        return
    body = bytearray()
    try:
        for part in answer.iter_content(CHUNK):
            body += part
            if len(body) > size:
                raise TooLarge(f"the answer has more than {size // 1024 // 1024} MB")
    except BaseException:
        answer.close()
        raise
    answer._content = bytes(body)


class _Timed(io.RawIOBase):
    """The bytes of a socket, each read of which ends when the time of the call is over."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._file = sock, sock.makefile("rb", buffering=0)
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _left.get()()
        if left <= 0:
            raise TimeoutError("the call took too long")
        if left < inf:
            self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        return self._file.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock))


class _Http(HTTPConnection):
    response_class = _TimedResponse


class _Https(HTTPSConnection):
    response_class = _TimedResponse


class BoundedAdapter(HTTPAdapter):
    """An adapter of requests whose calls end with the time of `one_call`, also through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        timed(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return timed(super().proxy_manager_for(*args, **kwargs))


def timed(pools: PoolManager) -> PoolManager:
    """The pools with connections whose reads are timed."""
    for scheme, connection in (("http", _Http), ("https", _Https)):
        kind = pools.pool_classes_by_scheme[scheme]
        made = type(f"Timed{kind.__name__}", (kind,), {"ConnectionCls": connection})
        pools.pool_classes_by_scheme = {**pools.pool_classes_by_scheme, scheme: made}
    return pools
