"""A heartbeat: somebody outside who misses us when no run comes. `URL/start`, then `URL` or `URL/<exit code>`.

That is the convention of healthchecks.io and of what speaks its language (its Pinging API). The address is a secret:
whoever has it can say that all is well. A heartbeat never delays a run for long, and never stops or fails one: it is
sent beside the run, and what does not come about in time, be it the name of the host, is given up.
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
    """One run's. The start is sent beside the run; its end waits until that is through."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._starting: threading.Thread | None = None
        self._given_up = False

    def start(self) -> None:
        self._starting = self._sent("/start")

    def end(self, code: int, audit_head: str | None = None) -> None:
        """`code` 0 is a success. The head goes along as a word of the User-Agent, which such places keep."""
        until = time.monotonic() + PATIENCE
        if self._starting:
            self._starting.join(PATIENCE / 2)
        path = f"/{code}" if code else ""
        ending = self._sent(path, f" (audit_head {audit_head})" if audit_head else "")
        ending.join(max(0.0, until - time.monotonic()))
        if ending.is_alive():
            self._tell(path, "no answer in time")
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
                stream=True,  # who keeps talking is not listened to
            ) as answer:
                why = None if answer.ok else f"HTTP {answer.status_code}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on; its words hold the address
            why = type(error).__name__
        if why and not self._given_up:
            self._tell(path, why)

    def _tell(self, path: str, why: str) -> None:
        about = {"host": urlsplit(self._url).hostname, "ping": path or "/", "reason": why}
        log.warning("heartbeat.unheard", extra=about)
