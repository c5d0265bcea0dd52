"""A heartbeat: a service outside that raises an alarm when no run comes.

It gets `URL/start`, then `URL` or `URL/<exit code>`, as healthchecks.io and compatible services expect (Pinging API).
The address is a secret: with it, anybody can report a successful run. A heartbeat never delays a run for long and
never stops or fails it: it is sent in a thread beside the run, and is given up when it takes too long, also when the
name of the host is not found.
"""

import logging
import threading
import time
from urllib.parse import urlsplit

import requests

from sfdc_escalator import __version__

TIMEOUT = (3.0, 5.0)  # seconds to connect and to answer
PATIENCE = 8.0  # seconds that the end of a run waits for it, in all
log = logging.getLogger(__name__)


class Heartbeat:
    """The heartbeat of one run. The start is sent beside the run; the end waits until the start is sent."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._starting: threading.Thread | None = None
        self._given_up = False

    def start(self) -> None:
        """Reports that the run begins."""
        self._starting = self._sent("/start")

    def end(self, code: int, audit_head: str | None = None) -> None:
        """Reports the exit code; 0 is a success. The audit head is part of the User-Agent, which such services keep."""
        until = time.monotonic() + PATIENCE
        if self._starting:
            self._starting.join(PATIENCE / 2)
        path = f"/{code}" if code else ""
        ending = self._sent(path, f" (audit_head {audit_head})" if audit_head else "")
        ending.join(max(0.0, until - time.monotonic()))
        if ending.is_alive():
            self._warn(path, "no answer in time")
            self._given_up = True

    def _sent(self, path: str, about: str = "") -> threading.Thread:
        thread = threading.Thread(target=self._ping, args=(path, about), daemon=True)
        thread.start()
        return thread

    def _ping(self, path: str, about: str) -> None:
        try:
            with requests.get(
                self._url + path,
                headers={"User-Agent": f"sfdc-escalator/{__version__}{about}"},
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,  # a body that never ends is not read
            ) as answer:
                reason = None if answer.ok else f"HTTP {answer.status_code}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on; its text holds the address
            reason = type(error).__name__
        if reason and not self._given_up:
            self._warn(path, reason)

    def _warn(self, path: str, reason: str) -> None:
        about = {"host": urlsplit(self._url).hostname, "ping": path or "/", "reason": reason}
        log.warning("heartbeat.not_sent", extra=about)
