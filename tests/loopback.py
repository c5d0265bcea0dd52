"""HTTP servers on loopback that end at once."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOK = 0.01
"""Seconds between two looks of a server for its end; by default it is half a second, which each test would wait."""


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain
) -> Iterator[int]:
    """The port of a server whose socket is wrapped."""
    # Else the body of an answer waits until the headers, sent before it, are acknowledged: up to 40 ms.
    prompt = type("Prompt", (handler,), {"disable_nagle_algorithm": True})
    server = ThreadingHTTPServer(("127.0.0.1", 0), prompt)
    server.socket = wrap(server.socket)
    thread = threading.Thread(target=server.serve_forever, args=(LOOK,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
