"""A heartbeat: somebody outside who misses us when no run comes. `URL/start`, then `URL` or `URL/<exit code>`.

That is the convention of healthchecks.io and of what speaks its language (its Pinging API). The address is a secret:
whoever has it can say that all is well. A heartbeat never delays a run for long, and never stops or fails one.
"""

import threading
from urllib.parse import urlsplit

import requests
import structlog

PATIENCE = (3.0, 5.0)  # seconds to connect and to answer
log = structlog.get_logger(__name__)


class Heartbeat:
    """One run's. The start is sent beside the run; its end waits until that is through."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._starting = threading.Thread(target=self._ping, args=("/start",), daemon=True)

    def start(self) -> None:
        self._starting.start()

    def end(self, code: int) -> None:
        """`code` 0 is a success."""
        if self._starting.ident is not None:
            self._starting.join(sum(PATIENCE))
        self._ping(f"/{code}" if code else "")

    def _ping(self, path: str) -> None:
        try:
            answer = requests.get(self._url + path, timeout=PATIENCE, allow_redirects=False)
            why = None if answer.ok else f"HTTP {answer.status_code}"
        except (requests.RequestException, OSError, ValueError) as error:
            why = type(error).__name__  # its words hold the address
        if why:
            log.warning("heartbeat.unheard", host=urlsplit(self._url).hostname, ping=path or "/", reason=why)
