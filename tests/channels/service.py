"""A web service on loopback that records every request and answers as a test scripts it."""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self, cast


@dataclass(frozen=True)
class Call:
    """One request as it arrived; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """One answer; a body that is not text or bytes is sent as JSON.

    `ends`: `cut` sends half of the body and closes, `lost` closes without an answer, `silent` never answers, `drips`
    sends the head and then no body.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ends: Literal["whole", "cut", "lost", "silent", "drips"] = "whole"

    @property
    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()

    @property
    def head(self) -> dict[str, str]:
        kind = "text/plain" if isinstance(self.body, str | bytes) else "application/json"
        return {"Content-Type": kind, "Content-Length": str(len(self.bytes)), **self.headers}


Script = Callable[[Call], Answer]
"""A service that looks at what it gets."""
HTML = Answer(200, "<!DOCTYPE html><html><title>Sign in</title></html>", {"Content-Type": "text/html"})
"""The page of a login, or of a proxy, in place of the service."""


class Service:
    """The service: answers with its answers in order, the last of which repeats, or with what a script says."""

    def __init__(self, *answers: Answer) -> None:
        self.calls: list[Call] = []
        self.script = in_order(*answers or (Answer(),))
        self.closing = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.service = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answers(self, *answers: Answer) -> Self:
        self.script = in_order(*answers)
        return self

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.script(call)

    @property
    def call(self) -> Call:
        """The only request."""
        (call,) = self.calls
        return call

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def in_order(*answers: Answer) -> Script:
    rest = list(answers)
    return lambda call: rest.pop(0) if len(rest) > 1 else rest[0]


class Server(ThreadingHTTPServer):
    service: Service
    daemon_threads = False  # closing waits for the requests under way
    allow_reuse_address = False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds that an open connection without a request is kept

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):  # a client that gave up
            super().handle_one_request()
            return
        self.close_connection = True

    def any_method(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client died while it sent: a service drops what is not whole (RFC 9112, 8)
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        service = cast(Server, self.server).service
        answer = service.answer(Call(self.command, self.path, headers, body))
        self.close_connection = True
        if answer.ends == "silent":
            service.closing.wait(30)
        if answer.ends in ("silent", "lost"):
            return
        self.send_response(answer.status)
        for name, value in answer.head.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.ends == "drips":
            service.closing.wait(30)
        else:
            self.wfile.write(answer.bytes[: len(answer.bytes) // 2] if answer.ends == "cut" else answer.bytes)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any_method

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the terminal of the tests clean."""
