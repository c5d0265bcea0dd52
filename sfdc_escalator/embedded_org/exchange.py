"""One request from its bytes to its answer: who may ask, one transaction, the log, the delays."""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.embedded_org import identity, resources
from sfdc_escalator.embedded_org.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.calls import Answer, Call, split
from sfdc_escalator.embedded_org.clock import OrgClock
from sfdc_escalator.embedded_org.database import Database
from sfdc_escalator.embedded_org.faults import REFUSALS, Fault
from sfdc_escalator.embedded_org.request_log import RequestLog
from sfdc_escalator.embedded_org.soql_query import Queries
from sfdc_escalator.embedded_org.work import Work

_DATA = "/services/data"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # half a character, perhaps without its other half


@dataclass(frozen=True, slots=True)
class Request:
    """As it came over the network; header names as sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers.items() if each.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an org is, besides its records."""

    instance_url: str
    access_token: str
    organization_id: str
    user_id: str


class Exchange:
    """Carries out requests, one write transaction at a time; the delays are served outside the lock."""

    def __init__(
        self, database: Database, clock: OrgClock, log: RequestLog, facts: Facts, latency: float, per_record: float
    ) -> None:
        self._database, self._clock, self._log, self._facts = database, clock, log, facts
        self._latency, self._per_record = latency, per_record
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._calls = 0
        queries = Queries(database, facts.user_id)
        self._resources = resources.Resources(
            queries, f"{facts.instance_url}/id/{facts.organization_id}/{facts.user_id}"
        )

    def stop(self) -> None:
        """Ends all waits; afterwards nothing is carried out any more."""
        self._closing.set()
        with self._lock:
            pass  # a transaction that is under way ends first

    def exclusively(self, action: Callable[[], None]) -> None:
        """Runs `action` while no request is under way."""
        with self._lock:
            if not self._closing.is_set():
                action()

    def wait(self, seconds: float) -> None:
        if seconds > 0:
            self._closing.wait(seconds)

    def answer(self, request: Request, fault: Fault | None) -> Answer:
        """The answer, with the work committed and logged."""
        if fault and fault.kind == "slow":
            self.wait(fault.seconds)
        self.wait(self._latency)
        if fault and fault.kind == "late":
            threading.Thread(target=self._later, args=(request, fault.seconds), daemon=True).start()
            return self._headed(Answer(504, [{"message": "Gateway Timeout", "errorCode": "GATEWAY_TIMEOUT"}]))
        answer, saved = self._carry_out(request, fault)
        self.wait(self._per_record * saved)
        return self._headed(answer)

    def _later(self, request: Request, seconds: float) -> None:
        self.wait(seconds)
        if not self._closing.is_set():
            self._carry_out(request, None, shown_status=504)

    def _headed(self, answer: Answer) -> Answer:
        if answer.status not in (401, 410) and answer.headers.get("Sforce-Limit-Info") != "":
            answer.headers.setdefault("Sforce-Limit-Info", f"api-usage={self._calls}/{resources.DAILY_CALLS}")
        return answer

    def _carry_out(self, request: Request, fault: Fault | None, shown_status: int | None = None) -> tuple[Answer, int]:
        with self._lock:
            if self._closing.is_set():
                return Answer(503, [{"message": "the org is closing", "errorCode": "SERVER_UNAVAILABLE"}]), 0
            work = Work(
                self._database, self._clock.now(), self._facts.user_id, lock=bool(fault and fault.kind == "lock")
            )
            body: Any = None
            try:
                if fault and fault.kind in REFUSALS:
                    body = _lenient(request)
                    known = REFUSALS[fault.kind]
                    answer = Answer(known.status, known.body, dict(known.headers))
                elif fault and fault.kind == "html":
                    body, answer = _lenient(request), Answer(200, None)
                else:
                    body = _lenient(request)
                    answer = self._in_transaction(work, request)
            except Exception:  # noqa: BLE001 - whatever is wrong in here, the caller gets an answer
                traceback.print_exc(file=sys.stderr)
                work.written.clear()
                answer = Answer(500, [{"message": "An unexpected error occurred", "errorCode": "UNKNOWN_EXCEPTION"}])
            self._log.add(work.moment, request.method, request.target, request.headers, body,
                          shown_status or answer.status, work.written)  # fmt: skip
        return answer, len(work.written)

    def _in_transaction(self, work: Work, request: Request) -> Answer:
        self._database.execute("BEGIN")
        try:
            answer = self._route(work, request)
            if work.lock:  # nothing was saved that could have met the lock
                work.take_lock("")
            self._database.execute("COMMIT")
            return answer
        except ApiError as error:
            self._database.execute("ROLLBACK")
            work.written.clear()
            return Answer(error.status, error.body(), {"WWW-Authenticate": "Token"} if error.status == 401 else {})
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def _route(self, work: Work, request: Request) -> Answer:
        path, query = split(request.target)
        path = path.rstrip("/")
        if path == _DATA and request.method in ("GET", "HEAD"):
            return Answer(200, resources.versions(), {"Sforce-Limit-Info": ""})
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
        call = Call(method, resource, version, query, headers, _parsed(request))
        return self._resources.serve(work, call, self._calls)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() not in ("bearer", "oauth") or token.strip() != self._facts.access_token:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def _parsed(request: Request) -> Any:
    """The JSON body, None without one. Raises ApiError JSON_PARSER_ERROR."""
    if not request.content.strip() or request.method in ("GET", "HEAD", "DELETE"):
        return None
    try:
        found = json.loads(request.content.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_number)
        if _SURROGATE.search(request.content):
            json.dumps(found, ensure_ascii=False).encode()
        return found
    except UnicodeError:
        raise ApiError("JSON_PARSER_ERROR", "The body is not well-formed UTF-8") from None
    except json.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise ApiError("JSON_PARSER_ERROR", message) from None
    except RecursionError:
        raise ApiError("JSON_PARSER_ERROR", "The document is nested too deeply") from None


def _no_number(text: str) -> Any:
    raise ApiError("JSON_PARSER_ERROR", f"Non-standard token '{text}'")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ApiError("JSON_PARSER_ERROR", f'Duplicate field "{double}"')
    return found


def _lenient(request: Request) -> Any:
    """The body for the log: null when it is not JSON."""
    try:
        return _parsed(request)
    except ApiError:
        return None
