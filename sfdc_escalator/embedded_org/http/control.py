"""Serves `/__embedded__/`: the org's clock, its request log and acts of other people, for tests.

These calls need no token and are neither logged nor counted.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.embedded_org.basics.clock import OrgClock
from sfdc_escalator.embedded_org.http.exchange import Exchange
from sfdc_escalator.embedded_org.http.request_log import RequestLog
from sfdc_escalator.embedded_org.records import people_act
from sfdc_escalator.embedded_org.rest import calls
from sfdc_escalator.embedded_org.rest.calls import Answer
from sfdc_escalator.embedded_org.rest.request import Request


class Control:
    def __init__(self, org_clock: OrgClock, log: RequestLog, exchange: Exchange) -> None:
        self._clock, self._log, self._exchange = org_clock, log, exchange

    def answer(self, request: Request) -> Answer:
        try:
            return Answer(200, self._answer(request))
        except LookupError as error:
            return Answer(404, {"error": str(error.args[0])}, {"Sforce-Limit-Info": ""})
        except ValueError as error:
            return Answer(400, {"error": str(error)}, {"Sforce-Limit-Info": ""})

    def _answer(self, request: Request) -> Any:
        path, query = calls.split(request.target)
        name = path.removeprefix("/__embedded__/").rstrip("/")
        if (name, request.method) == ("requests", "GET"):
            return self._log.entries(_whole(query.get("after", "0")))
        if (name, request.method) == ("act", "POST"):
            wanted = _parsed(request.content)
            return self._exchange.act(lambda work: people_act.perform(work, wanted))
        if name == "clock" and request.method in ("GET", "POST"):
            moment = self._set(_parsed(request.content)) if request.method == "POST" else self._clock.now()
            return {"now": clock.iso(moment)}
        known = "GET requests, GET clock, POST clock and POST act"
        raise LookupError(f"{request.method} {name} is not a known call; the known ones are {known}")

    def _set(self, wanted: Any) -> datetime:
        """Moves the clock. Raises ValueError."""
        if not isinstance(wanted, dict) or set(wanted) not in ({"advance"}, {"now"}):
            raise ValueError('expected {"advance": "16m"} or {"now": "2026-03-01T10:00:00Z"}')
        text = next(iter(wanted.values()))
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not a text")
        if "advance" in wanted:
            step = clock.duration(text)
            return self._exchange.move_clock(lambda: self._clock.advance(step))
        moment = clock.instant(text)
        return self._exchange.move_clock(lambda: self._clock.move_to(moment))


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content or b"null")
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"after={text} is not a whole number")
    return int(text)
