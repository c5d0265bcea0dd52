"""The org over HTTP/1.1 on loopback: connections, size limits, compression, answers that are cut on demand."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import struct
import sys
import threading
import zlib
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sfdc_escalator.embedded_org.basics.clock import OrgClock
from sfdc_escalator.embedded_org.http.control import Control
from sfdc_escalator.embedded_org.http.exchange import Exchange
from sfdc_escalator.embedded_org.http.faults import HTML, FaultOnDemand, Faults
from sfdc_escalator.embedded_org.rest.calls import Answer
from sfdc_escalator.embedded_org.rest.request import Request

_MOST_HEAD = 16_384  # bytes of address and headers together (REST guide, limits)
_MOST_BODY = 50 * 1024 * 1024
_WORTH_GZIP = 4_096
_MOST_PRETTY = 50_000
_PATIENCE = 5.0  # seconds for a connection to end when the org closes
_WHOLE = re.compile(r"[0-9]{1,18}")
_HEX = re.compile(rb"[0-9a-fA-F]{1,16}")
_JSON = "application/json;charset=UTF-8"


class _Refused(Exception):
    """A message that is not read to its end: it is answered with `status`, and the connection is closed."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, [{"message": message, "errorCode": code}])


class Server(ThreadingHTTPServer):
    """The HTTP server; `exchange`, `control` and `faults` do the work."""

    daemon_threads = True  # a program that forgets to close still ends
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, clock: OrgClock, faults: Faults) -> None:
        self.clock, self.faults = clock, faults
        self.exchange: Exchange
        self.control: Control
        self._open: dict[socket.socket, threading.Thread] = {}
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="embedded-org", daemon=True).start()

    def close(self) -> None:
        """Stops accepting, ends open connections and waits for their threads."""
        with contextlib.suppress(OSError):  # wakes the loop of the server on Linux; elsewhere it looks every 50 ms
            self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()
        with self._open_lock:
            threads = list(self._open.values())
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(_PATIENCE)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._open_lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server_version = "EmbeddedOrg"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Does nothing: the exchange keeps the request log."""

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the org has one clock
        return format_datetime(self.server.clock.now().replace(microsecond=0), usegmt=True)

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > _MOST_HEAD:
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", "GET"
            self._send_html(414, b"<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>")
            return
        if not self.parse_request():
            return
        head = len(self.raw_requestline) + sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        if head > _MOST_HEAD:
            self._send_html(431, b"<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>")
            return
        self._serve()
        self.wfile.flush()

    def _serve(self) -> None:
        inside = self.path.startswith("/__embedded__/")
        fault = None if inside else self.server.faults.next(self.command, self.path)
        if fault and fault.kind == "refuse":
            self._hang_up()
            return
        try:
            request = Request(self.command, self.path, dict(self.headers.items()), self._content())
        except _Refused as refused:
            self.close_connection = True
            self._send(refused.answer, None)
            return
        answer = self.server.control.answer(request) if inside else self.server.exchange.answer(request, fault)
        if fault and fault.kind == "lose":
            self._hang_up()
        elif fault and fault.kind == "html":
            self._send_html(200, HTML, close=False)
        else:
            self._send(answer, fault)

    # --- reading -------------------------------------------------------------------------------------------------

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            content = self._chunks()
        else:
            length = self.headers.get("Content-Length", "0")
            if not _WHOLE.fullmatch(length):
                raise _Refused(400, "INVALID_HEADER", "Content-Length is not a number")
            self._check_size(int(length))
            content = self.rfile.read(int(length))
            if len(content) < int(length):
                raise _Refused(400, "JSON_PARSER_ERROR", "The body ended early")
        encoding = self.headers.get("Content-Encoding", "identity").lower()
        return content if encoding == "identity" else self._unpacked(content, encoding)

    def _unpacked(self, content: bytes, encoding: str) -> bytes:
        if encoding not in ("gzip", "deflate"):
            raise _Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Encoding {encoding} is not supported")
        try:
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            found = unpacker.decompress(content, _MOST_BODY + 1)
        except zlib.error:
            raise _Refused(400, "JSON_PARSER_ERROR", f"The body is not {encoding}") from None
        self._check_size(len(found))
        return found

    def _chunks(self) -> bytes:
        content = bytearray()
        while True:
            size_text = self.rfile.readline(1_024).split(b";")[0].strip()
            if not _HEX.fullmatch(size_text):
                raise _Refused(400, "INVALID_HEADER", "The chunked body is malformed")
            size = int(size_text, 16)
            self._check_size(len(content) + size)
            content += self.rfile.read(size)
            if size == 0:
                while self.rfile.readline(65_537).strip():
                    pass
                return bytes(content)
            self.rfile.readline(16)

    def _check_size(self, size: int) -> None:
        if size > _MOST_BODY:
            message = f"The request is larger than {_MOST_BODY} bytes"
            raise _Refused(413, "EXCEEDED_MAX_SIZE_REQUEST", message)

    # --- answering -----------------------------------------------------------------------------------------------

    def _send(self, answer: Answer, fault: FaultOnDemand | None) -> None:
        content = b"" if answer.status in (204, 304) else self._json(answer.body)
        kind = fault.kind if fault else ""
        if kind == "garbage":
            content = b"\x1f\x00<<" + content[: len(content) // 3]
            answer.status = 200 if answer.status in (204, 304) else answer.status  # 204 and 304 have no body
        if kind == "cut" and not content:  # without a body the whole answer is cut
            self._hang_up()
            return
        packed = len(content) >= _WORTH_GZIP and "gzip" in self.headers.get("Accept-Encoding", "")
        if packed:
            content = gzip.compress(content, 1)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if value:
                self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
        if answer.status not in (204, 304):
            self.send_header("Content-Type", _JSON)
            self.send_header("Vary", "Accept-Encoding")
            self.send_header("Content-Length", str(len(content)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if kind == "cut":
            content = content[: len(content) // 2]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def _json(self, body: Any) -> bytes:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        if self.headers.get("X-PrettyPrint") == "1" and len(text) < _MOST_PRETTY:
            text = json.dumps(body, ensure_ascii=False, indent=2)
        return text.encode("utf-8", "surrogatepass")

    def _send_html(self, status: int, content: bytes, close: bool = True) -> None:
        self.close_connection = close
        self.send_response(status)
        self.send_header("Content-Type", "text/html;charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _hang_up(self) -> None:
        """Resets the connection, so that the client does not see an empty answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
