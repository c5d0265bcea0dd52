"""Carries out a request: checks the token, runs one transaction, writes the log, waits for the delays."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sfdc_escalator.embedded_org.basics.api_error import ApiError, not_found, too_deep
from sfdc_escalator.embedded_org.basics.clock import OrgClock
from sfdc_escalator.embedded_org.http.faults import REFUSALS, FaultOnDemand
from sfdc_escalator.embedded_org.http.request_log import RequestLog
from sfdc_escalator.embedded_org.records import bounce, escalation
from sfdc_escalator.embedded_org.rest import identity, oauth, resources
from sfdc_escalator.embedded_org.rest.calls import Answer, Call, split
from sfdc_escalator.embedded_org.rest.request import Request
from sfdc_escalator.embedded_org.soql.query import Queries
from sfdc_escalator.embedded_org.store.database import Database
from sfdc_escalator.embedded_org.store.work import Work

_DATA = "/services/data"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """The identity of an org and its tokens."""

    instance_url: str
    organization_id: str
    user_id: str
    tokens: oauth.Tokens


@dataclass(frozen=True, slots=True, eq=False)
class _Late:
    """A request that was answered with a timeout, and the time when it is carried out."""

    request: Request
    due: datetime


class Exchange:
    """The executor of requests: one transaction at a time, delays outside the lock."""

    def __init__(
        self, database: Database, clock: OrgClock, log: RequestLog, facts: Facts, latency: float, per_record: float
    ) -> None:
        self._database, self._clock, self._log, self._facts = database, clock, log, facts
        self._latency, self._per_record = latency, per_record
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._calls = 0
        self._late: list[_Late] = []
        queries = Queries(database, facts.user_id)
        self._resources = resources.Resources(
            queries, f"{facts.instance_url}/id/{facts.organization_id}/{facts.user_id}"
        )

    def stop(self) -> None:
        """Ends all waits; after it no request is carried out."""
        self._closing.set()
        with self._lock:
            pass  # waits for the end of a running transaction

    def move_clock(self, move: Callable[[], datetime]) -> datetime:
        """Runs `move` while no request is running, then carries out the late requests that are due."""
        with self._lock:
            moment = move()
            for late in sorted(self._late, key=lambda each: each.due):
                if late.due <= moment:
                    self._carry_out_late(late, late.due)
            self._escalate(moment)
            if not self._closing.is_set():
                self._database.remember("clock_offset", repr(self._clock.offset()))
            return moment

    def act(self, action: Callable[[Work], T]) -> T:
        """Runs `action` as one transaction without the rules and rights of the token's user, not logged, not counted.

        Raises ValueError when the org is closed.
        """
        with self._lock:
            if self._closing.is_set():
                raise ValueError("the org is closed")
            work = Work(self._database, self._clock.now(), self._facts.user_id)
            found = self._committed(lambda: action(work))
            self._move_on(work)
            return found

    def wait(self, seconds: float) -> None:
        if seconds > 0:
            self._closing.wait(seconds)

    def answer(self, request: Request, fault: FaultOnDemand | None) -> Answer:
        """Carries out the request, logs it, and returns its answer."""
        if fault and fault.kind == "slow":
            self.wait(fault.seconds)
        self.wait(self._latency)
        if fault and fault.kind == "late":
            self._postpone(request, fault.seconds)
            return self._headed(Answer(504, [{"message": "Gateway Timeout", "errorCode": "GATEWAY_TIMEOUT"}]))
        answer, saved = self._carry_out(request, fault)
        self.wait(self._per_record * saved)
        return self._headed(answer)

    def _postpone(self, request: Request, seconds: float) -> None:
        """Makes the request due after `seconds`, or when the org's clock is moved beyond that."""
        with self._lock:
            late = _Late(request, self._clock.now() + timedelta(seconds=seconds))
            self._late.append(late)
        threading.Thread(target=self._later, args=(late, seconds), daemon=True).start()

    def _later(self, late: _Late, seconds: float) -> None:
        self.wait(seconds)
        self._carry_out_late(late, None)

    def _carry_out_late(self, late: _Late, moment: datetime | None) -> None:
        with self._lock:
            if late in self._late and not self._closing.is_set():
                self._late.remove(late)
                self._carry_out(late.request, None, shown_status=504, moment=moment)

    def _headed(self, answer: Answer) -> Answer:
        if answer.status not in (401, 410) and answer.headers.get("Sforce-Limit-Info") != "":
            answer.headers.setdefault("Sforce-Limit-Info", f"api-usage={self._calls}/{resources.DAILY_CALLS}")
        return answer

    def _carry_out(
        self,
        request: Request,
        fault: FaultOnDemand | None,
        shown_status: int | None = None,
        moment: datetime | None = None,
    ) -> tuple[Answer, int]:
        with self._lock:
            if self._closing.is_set():
                return Answer(503, [{"message": "the org is closing", "errorCode": "SERVER_UNAVAILABLE"}]), 0
            kind = fault.kind if fault else ""
            self._escalate(self._clock.now())
            work = Work(
                self._database, moment or self._clock.now(), self._facts.user_id, lock=kind == "lock",
                automation=self._database.automation,
            )  # fmt: skip
            body: Any = None
            try:
                body = request.json_for_log()
                answer = self._refused(kind) or self._in_transaction(work, request)
            except Exception:  # noqa: BLE001 - the caller gets an answer for every error
                show_defect()
                work.written.clear()
                answer = Answer(500, [{"message": "An unexpected error occurred", "errorCode": "UNKNOWN_EXCEPTION"}])
            self._log.add(work.moment, request.method, request.target, request.headers, body,
                          shown_status or answer.status, work.written)  # fmt: skip
        return answer, len(work.written)

    def _refused(self, kind: str) -> Answer | None:
        """The answer of a fault that replaces the work."""
        if kind == "html":
            return Answer(200, None)
        known = REFUSALS.get(kind)
        return Answer(known.status, known.body, dict(known.headers)) if known else None

    def _in_transaction(self, work: Work, request: Request) -> Answer:
        try:
            answer = self._committed(lambda: self._served(work, request))
        except (ApiError, RecursionError) as found:  # whatever takes a deep body apart
            error = found if isinstance(found, ApiError) else too_deep()
            work.written.clear()
            return Answer(error.status, error.body(), {"WWW-Authenticate": "Token"} if error.status == 401 else {})
        self._move_on(work)
        return answer

    def _served(self, work: Work, request: Request) -> Answer:
        answer = self._route(work, request)
        if work.lock:  # no saved row took the lock fault
            work.take_lock("")
        return answer

    def _escalate(self, moment: datetime) -> None:
        """Lets the org's escalation rules act up to this moment."""
        if self._database.automation.of("escalation_rule") and not self._closing.is_set():
            self._committed(lambda: escalation.escalate(Work(self._database, moment, self._facts.user_id)))

    def _move_on(self, work: Work) -> None:
        """Moves owners that bounce, in a transaction after the commit; its writes count as writes of this work."""
        if work.moved and self._database.automation.of("owner_bounce"):
            after = Work(self._database, work.moment, work.user_id)
            self._committed(lambda: bounce.move_on(after, work.moved))
            work.written += after.written

    def _committed(self, action: Callable[[], T]) -> T:
        self._database.execute("BEGIN")
        try:
            found = action()
            self._database.execute("COMMIT")
            return found
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def _route(self, work: Work, request: Request) -> Answer:
        path, query = split(request.target)
        path = path.rstrip("/")
        if path == _DATA and request.method in ("GET", "HEAD"):
            return Answer(200, resources.versions(), {"Sforce-Limit-Info": ""})
        if path == oauth.PATH and request.method == "POST":
            return self._facts.tokens.answer(request)
        self._calls += 1
        self._check_token(request)
        facts = self._facts
        if path == "/services/oauth2/userinfo":
            return Answer(200, identity.userinfo(work, facts.instance_url, facts.organization_id))
        if path in (f"/id/{facts.organization_id}/{user}" for user in (facts.user_id, facts.user_id[:15])):
            return Answer(200, identity.identity(work, facts.instance_url, facts.organization_id))
        if not path.startswith(f"{_DATA}/v"):
            raise not_found()
        version, _, resource = path.removeprefix(f"{_DATA}/v").partition("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        method = "GET" if request.method == "HEAD" else request.method
        call = Call(method, resource, version, query, headers, request.json())
        return self._resources.serve(work, call, self._calls)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() not in ("bearer", "oauth") or not self._facts.tokens.good(token.strip()):
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def show_defect() -> None:
    """Prints the traceback on stderr; whatever a record holds, a terminal obeys nothing in it."""
    lines = traceback.format_exc().splitlines()
    with suppress(OSError):
        print(*(line if line.isprintable() else ascii(line) for line in lines), sep="\n", file=sys.stderr)
