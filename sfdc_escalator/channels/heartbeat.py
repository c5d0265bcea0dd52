"""A heartbeat to a monitor that notices a missing run: `URL/start`, then `URL` or `URL/<exit code>`.

This is the Pinging API of healthchecks.io and compatible services. The address is a secret: with it
anybody can report success. A heartbeat never delays a run for long, and never stops or fails one: it is
sent from another thread, and abandoned when it takes too long, even in looking up the host's name.
"""

import logging
import threading
import time
from urllib.parse import urlsplit

import requests

from sfdc_escalator import __version__

TIMEOUT = (3.0, 5.0)  # seconds to connect and to answer
PATIENCE = 8.0  # seconds that the end of a run waits for it, in total
log = logging.getLogger(__name__)


class Heartbeat:
    """The heartbeat of one run. The start is sent during the run; the end waits until it is sent."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._starting: threading.Thread | None = None
        self._abandoned = False

    def start(self) -> None:
        self._starting = self._sent("/start")

    def end(self, code: int, audit_head: str | None = None) -> None:
        """Sends the exit code, 0 for success. The audit head is added to the User-Agent, which monitors keep."""
        until = time.monotonic() + PATIENCE
        if self._starting:
            self._starting.join(PATIENCE / 2)
        path = f"/{code}" if code else ""
        ending = self._sent(path, f" (audit_head {audit_head})" if audit_head else "")
        ending.join(max(0.0, until - time.monotonic()))
        if ending.is_alive():
            self._warn(path, "no answer in time")
            self._abandoned = True

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
                stream=True,  # an endless answer is not read
            ) as answer:
                reason = None if answer.ok else f"HTTP {answer.status_code}"
        except Exception as error:  # noqa: BLE001 - the run goes on after any error; its message contains the address
            reason = type(error).__name__
        if reason and not self._abandoned:
            self._warn(path, reason)

    def _warn(self, path: str, reason: str) -> None:
        about = {"host": urlsplit(self._url).hostname, "ping": path or "/", "reason": reason}
        log.warning("heartbeat.unheard", extra=about)
