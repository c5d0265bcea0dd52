"""A server in front of an embedded org that replaces some of its answers, as gateways and faults do."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote_plus

import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.loopback import serving


@dataclass
class Request:
    """A request that came in: `text` is its address and body, readable."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return unquote_plus(self.path + " " + self.body.decode(errors="replace"))

    @property
    def is_write(self) -> bool:
        return self.path.endswith("/composite") and json.loads(self.body)["allOrNone"] is True

    @property
    def is_poll(self) -> bool:
        return self.method == "GET" and "/query/?q=" in self.path

    @property
    def is_page(self) -> bool:
        return self.method == "GET" and "/query/01g" in self.path

    @property
    def is_second_look(self) -> bool:
        return "FROM CaseComment WHERE ParentId" in self.text and not self.is_write


@dataclass
class Reply:
    """An answer: a whole one, or `raw` which writes bytes itself."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: Callable[[Any], None] | None = None


Rule = Callable[[Request, Callable[[], Reply]], Reply | None]


class Front:
    """Forwards to the org; `rule` may replace an answer: it gets the request, and a function that forwards it."""

    def __init__(self, org: EmbeddedOrg, rule: Rule) -> None:
        self.org, self.rule, self.requests = org, rule, list[Request]()
        self.lock = threading.Lock()

    def reply(self, request: Request) -> Reply:
        with self.lock:
            self.requests.append(request)
        return self.rule(request, lambda: self.forward(request)) or self.forward(request)

    def forward(self, request: Request) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
        answer = requests.request(
            request.method, self.org.instance_url + request.path, headers=headers, data=request.body, timeout=60
        )
        kept = {name: value for name, value in answer.headers.items() if name not in ("Content-Length", "Connection")}
        kept.pop("Content-Encoding", None)
        kept.pop("Transfer-Encoding", None)
        return Reply(answer.status_code, kept, answer.content)


@contextmanager
def in_front_of(org: EmbeddedOrg, rule: Rule) -> Iterator[tuple[Front, str]]:
    """The front and its address."""
    front = Front(org, rule)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = front.reply(Request(self.command, self.path, dict(self.headers), body))
            try:
                if reply.raw:
                    self.close_connection = True
                    return reply.raw(self.wfile)
                self.send_response_only(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PATCH = handle_any

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    with serving(Handler) as port:
        yield front, f"http://127.0.0.1:{port}"
