"""Serves `/composite`: up to 25 subrequests in one call, as one transaction or one by one (REST guide, Composite)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.rest import references
from sfdc_escalator.embedded_org.rest.calls import Answer, Call, split
from sfdc_escalator.embedded_org.store.work import Work

_MOST = 25
_MOST_LARGE = 5
_COLLATED_SINCE = 49.0
_KEYS = {"allOrNone", "collateSubrequests", "compositeRequest"}
_SUB_KEYS = {"method", "url", "referenceId", "body", "httpHeaders"}
_INHERITED = {"accept", "authorization", "content-type"}
_URL = re.compile(r"/services/data/v(\d+\.\d)/(.*)", re.DOTALL)
_ROLLED_BACK = ApiError(
    "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."
)
Serve = Callable[[Call], Answer]


@dataclass(slots=True)
class Subrequest:
    method: str
    url: str
    reference: str
    headers: dict[str, str]
    body: Any
    needs: set[str] = field(default_factory=set)

    @property
    def resource(self) -> str:
        match = _URL.match(self.url)
        return match[2].split("?")[0].strip("/") if match else ""

    @property
    def large(self) -> bool:
        return self.resource in ("query", "queryAll") or self.resource.startswith("composite/sobjects")


class _Undo(Exception):
    """The signal to undo the whole composite."""


def serve(work: Work, call: Call, inner: Serve) -> Answer:
    """Answers the call; `inner` serves one subrequest. Raises ApiError when the call as a whole is malformed."""
    body = call.record()
    unknown = sorted(set(body) - _KEYS)
    if unknown:
        raise ApiError("JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
    together, collate = (
        body.get("allOrNone", False),
        body.get("collateSubrequests", float(call.version) >= _COLLATED_SINCE),
    )
    if not isinstance(together, bool) or not isinstance(collate, bool):
        raise ApiError("JSON_PARSER_ERROR", "allOrNone and collateSubrequests must be booleans")
    given = body.get("compositeRequest")
    if not isinstance(given, list) or not given:
        raise ApiError("JSON_PARSER_ERROR", "compositeRequest must be a list of at least one subrequest")
    if len(given) > _MOST:
        return _limit(f"The request can’t contain more than {_MOST} operations.")
    subrequests = [_subrequest(each) for each in given]
    _check_references(subrequests)
    if sum(each.large for each in subrequests) > _MOST_LARGE:
        return _limit(f"The request can’t contain more than {_MOST_LARGE} sObject Collections and query operations.")
    answers = _run(work, _order(subrequests) if collate else subrequests, inner, together)
    shown = [_shown(each, answers[each.reference]) for each in subrequests]
    return Answer(200, {"compositeResponse": shown})


def _limit(message: str) -> Answer:
    error = [{"errorCode": "LIMIT_EXCEEDED", "message": message}]
    one = {"body": error, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": None}
    return Answer(200, {"compositeResponse": [one]})


def _subrequest(given: Any) -> Subrequest:
    if not isinstance(given, dict):
        raise ApiError("JSON_PARSER_ERROR", "each subrequest must be an object")
    unknown = sorted(set(given) - _SUB_KEYS)
    if unknown:
        raise ApiError("JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
    missing = [name for name in ("method", "url", "referenceId") if not isinstance(given.get(name), str)]
    if missing:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing)
    headers = given.get("httpHeaders") or {}
    if not isinstance(headers, dict) or not all(isinstance(each, str) for each in headers.values()):
        raise ApiError("JSON_PARSER_ERROR", "httpHeaders must be an object of texts")
    lowered = {name.lower(): value for name, value in headers.items()}
    if forbidden := sorted(_INHERITED & set(lowered)):
        raise ApiError(
            "INVALID_HTTP_HEADER", f"The header {forbidden[0]} can't be set on a subrequest: it is inherited"
        )
    body = given.get("body")
    needs = references.names(given["url"]) | references.names(body)
    return Subrequest(given["method"], given["url"], given["referenceId"], lowered, body, needs)


def _check_references(subrequests: list[Subrequest]) -> None:
    seen: set[str] = set()
    for each in subrequests:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_]*", each.reference):
            raise ApiError(
                "INVALID_REFERENCE_ID", f"Provided referenceId ('{each.reference}') must start with a letter or a "
                "number, and it can contain only letters, numbers and underscores ('_').",
            )  # fmt: skip
        if each.reference in seen:
            raise ApiError("INVALID_REFERENCE_ID", f"Provided referenceId ('{each.reference}') must be unique.")
        seen.add(each.reference)


def _order(subrequests: list[Subrequest]) -> list[Subrequest]:
    """The order of execution. Collated subrequests have no promised order: they run backwards, so that no client relies
    on one. Neighbours with the same method on records and without headers are collated; references are respected.
    """
    ordered: list[Subrequest] = []
    run: list[Subrequest] = []
    for each in subrequests:
        if run and not (_collatable(each) and _collatable(run[-1]) and each.method == run[-1].method):
            ordered += _backwards(run)
            run = []
        run.append(each)
    return ordered + _backwards(run)


def _collatable(subrequest: Subrequest) -> bool:
    on_records = subrequest.resource.startswith(("sobjects/", "composite/sobjects"))
    return on_records and not subrequest.headers and subrequest.method != "GET"


def _backwards(run: list[Subrequest]) -> list[Subrequest]:
    by_name = {each.reference: each for each in run}
    ordered: dict[str, Subrequest] = {}
    open_: set[str] = set()

    def visit(subrequest: Subrequest) -> None:
        if subrequest.reference in ordered or subrequest.reference in open_:
            return
        open_.add(subrequest.reference)
        for name in sorted(subrequest.needs & set(by_name)):
            visit(by_name[name])
        ordered[subrequest.reference] = subrequest

    for each in reversed(run):
        visit(each)
    return list(ordered.values())


def _run(work: Work, subrequests: list[Subrequest], inner: Serve, together: bool) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    try:
        with work.savepoint():
            for each in subrequests:
                answers[each.reference] = answer = _answer(work, each, answers, inner)
                if together and (answer.failed or _row_failed(answer)):
                    raise _Undo
    except _Undo:
        failed = each.reference
        rolled_back = Answer(400, [{"errorCode": _ROLLED_BACK.code, "message": _ROLLED_BACK.message}])
        return {each.reference: answers[failed] if each.reference == failed else rolled_back for each in subrequests}
    return answers


def _row_failed(answer: Answer) -> bool:
    return isinstance(answer.body, list) and any(
        isinstance(each, dict) and each.get("success") is False for each in answer.body
    )


def _answer(work: Work, subrequest: Subrequest, answers: dict[str, Answer], inner: Serve) -> Answer:
    try:
        url = references.filled_url(subrequest.url, answers)
        match = _URL.fullmatch(url)
        if (
            match is None
            or subrequest.resource.startswith(("composite/graph", "composite/batch"))
            or subrequest.resource == "composite"
        ):
            return Answer(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
        path, query = split("/" + match[2])
        call = Call(
            subrequest.method, path.strip("/"), match[1], query, subrequest.headers,
            references.filled(subrequest.body, answers),
        )  # fmt: skip
        with work.savepoint():
            return inner(call)
    except ApiError as error:
        return Answer(error.status, error.body())


def _shown(subrequest: Subrequest, answer: Answer) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers.items() if name in ("Location", "ETag", "Last-Modified")}
    return {
        "body": answer.body, "httpHeaders": headers if answer.status in (201, 304) else {},
        "httpStatusCode": answer.status, "referenceId": subrequest.reference,
    }  # fmt: skip
