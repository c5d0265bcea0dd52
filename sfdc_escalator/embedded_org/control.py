"""`/__embedded__/`: the org's clock and request log, for tests; needs no token, is neither logged nor counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from sfdc_escalator.embedded_org import clock
from sfdc_escalator.embedded_org.calls import Answer
from sfdc_escalator.embedded_org.clock import OrgClock
from sfdc_escalator.embedded_org.exchange import Request
from sfdc_escalator.embedded_org.request_log import RequestLog


class Control:
    """`moved` is called after the clock was set."""

    def __init__(self, org_clock: OrgClock, log: RequestLog, moved: Callable[[], None]) -> None:
        self._clock, self._log, self._moved = org_clock, log, moved

    def answer(self, request: Request) -> Answer:
        name = request.target.split("?")[0].removeprefix("/__embedded__/").rstrip("/")
        try:
            return self._answer(name, request)
        except ValueError as error:
            return Answer(400, {"error": str(error)}, {"Sforce-Limit-Info": ""})

    def _answer(self, name: str, request: Request) -> Answer:
        if (name, request.method) == ("requests", "GET"):
            return Answer(200, self._log.entries())
        if name == "clock" and request.method in ("GET", "POST"):
            moment = self._set(request.content) if request.method == "POST" else self._clock.now()
            return Answer(200, {"now": clock.iso(moment)})
        known = "GET requests, GET clock, POST clock"
        return Answer(404, {"error": f"there is no {request.method} {name}; there are {known}"})

    def _set(self, content: bytes) -> datetime:
        """Raises ValueError."""
        wanted = json.loads(content or b"null")
        if not isinstance(wanted, dict) or set(wanted) not in ({"advance"}, {"now"}):
            raise ValueError('expected {"advance": "16m"} or {"now": "2026-03-01T10:00:00Z"}')
        text = next(iter(wanted.values()))
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not a text")
        if "advance" in wanted:
            moment = self._clock.advance(clock.duration(text))
        else:
            moment = self._clock.move_to(clock.instant(text))
        self._moved()
        return moment
