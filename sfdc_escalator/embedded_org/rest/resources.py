"""The resources under `/services/data/vXX.X/`: dispatches a call, from the network or from inside a composite."""

from __future__ import annotations

import re
from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.records import upserts
from sfdc_escalator.embedded_org.rest import actions, collections_resource, composite, describing, rows
from sfdc_escalator.embedded_org.rest.calls import Answer, Call, method_not_allowed
from sfdc_escalator.embedded_org.soql.query import PAGE, Queries
from sfdc_escalator.embedded_org.store.work import Work

NEWEST = 67
DAILY_CALLS = 15_000
_VERSION = re.compile(r"(\d{1,9})\.0")
_SEASONS = ("Summer", "Winter", "Spring")


def versions() -> list[dict[str, str]]:
    """The API versions of the org; 67.0 is Summer '26, with three releases a year."""
    return [
        {"label": _label(each), "url": f"/services/data/v{each}.0", "version": f"{each}.0"}
        for each in range(31, NEWEST + 1)
    ]


def _label(version: int) -> str:
    releases = version - 31  # 31.0 was Summer '14
    return f"{_SEASONS[releases % 3]} '{14 + (releases + 2) // 3}"


def check_version(version: str) -> None:
    """Raises ApiError 410 for a retired version and 404 for an unknown one."""
    match = _VERSION.fullmatch(version)
    number = int(match[1]) if match else 0
    if 21 <= number <= 30:
        raise ApiError("UNSUPPORTED_API_VERSION", f"The API version {version} is retired", status=410)
    if not 31 <= number <= NEWEST:
        raise not_found()


class Resources:
    """The dispatcher of calls to one org. Callers hold the org's lock and a transaction."""

    def __init__(self, queries: Queries, identity: str) -> None:
        self._queries, self._identity = queries, identity

    def serve(self, work: Work, call: Call, calls_made: int) -> Answer:
        """Answers the call. Raises ApiError."""
        check_version(call.version)
        _prepare(work, call)
        head = call.parts[0] if call.parts else ""
        if not call.parts:
            return self._list(call)
        if call.resource == "composite":
            if call.method != "POST":
                raise method_not_allowed(call, "POST")
            return composite.serve(work, call, lambda inner: self._inner(work, inner))
        if call.resource.startswith("composite/sobjects"):
            return collections_resource.serve(work, self._queries, call)
        if head in ("query", "queryAll"):
            return self._query(work, call)
        if head == "sobjects":
            return self._sobjects(work, call)
        if head == "actions":
            return actions.serve(work, call)
        if call.resource == "limits":
            _only_get(call)
            return Answer(200, _limits(calls_made))
        if call.resource == "limits/recordCount":
            _only_get(call)
            return Answer(200, _counts(work, call.query.get("sObjects", "")))
        raise not_found()

    def _inner(self, work: Work, call: Call) -> Answer:
        check_version(call.version)
        _prepare(work, call)
        head = call.parts[0] if call.parts else ""
        if call.resource.startswith("composite/sobjects"):
            return collections_resource.serve(work, self._queries, call)
        if head in ("query", "queryAll"):
            return self._query(work, call)
        if head == "sobjects":
            return self._sobjects(work, call)
        raise not_found()

    def _list(self, call: Call) -> Answer:
        _only_get(call)
        base = f"/services/data/v{call.version}"
        served = {
            name: f"{base}/{name}" for name in ("actions", "composite", "limits", "query", "queryAll", "sobjects")
        }
        return Answer(200, {**served, "identity": self._identity})

    def _query(self, work: Work, call: Call) -> Answer:
        _only_get(call)
        if len(call.parts) == 2:  # some clients send `q` again with a locator, which takes precedence
            return Answer(200, self._queries.more(call.parts[1], call.version, work.moment))
        text = call.query.get("q")
        if len(call.parts) > 2:
            raise not_found()
        if "explain" in call.query:
            raise ApiError("FUNCTIONALITY_NOT_ENABLED", "explain is not supported by this org")
        if not text:
            raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
        deleted = call.parts[0] == "queryAll"
        page = _page(call.headers.get("sforce-query-options", ""))
        columns = call.flag("columns")
        return Answer(
            200, self._queries.run(text, call.version, work.moment, deleted=deleted, page=page, columns=columns)
        )

    def _sobjects(self, work: Work, call: Call) -> Answer:
        parts = call.parts[1:]
        if not parts:
            _only_get(call)
            return describing.all_objects(work.database, call)
        sobject = work.database.visible.get(parts[0])
        if sobject is None or len(parts) > 3:
            raise not_found()
        if len(parts) == 3:
            _, key = upserts.key_of(work, parts[0], parts[1])
            return rows.serve_by_key(work, self._queries, sobject, key, parts[2], call)
        if len(parts) == 1:
            if call.method == "POST":
                return rows.create(work, sobject, call)
            if call.method == "GET":
                return Answer(200, {"objectDescribe": describing.summary(sobject, call.version), "recentItems": []})
            raise method_not_allowed(call, "GET,HEAD,POST")
        if parts[1] == "describe":
            _only_get(call)
            return describing.one_object(work.database, sobject, call)
        return rows.serve(work, self._queries, sobject, parts[1], call)


def _prepare(work: Work, call: Call) -> None:
    """Prepares the work: assignment rules run unless the call's header is FALSE (REST guide, Sforce-Auto-Assign)."""
    work.auto_assign, work.batch = call.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE", 1


def _only_get(call: Call) -> None:
    if call.method != "GET":
        raise method_not_allowed(call, "GET,HEAD")


def _page(options: str) -> int:
    match = re.search(r"batchSize\s*=\s*(\d{1,9})", options, re.IGNORECASE)
    return int(match[1]) if match else PAGE


def _counts(work: Work, names: str) -> dict[str, Any]:
    """The number of records of each named object, or of all objects; unknown names are left out."""
    visible = work.database.visible
    asked = [visible.get(each.strip()) for each in names.split(",")] if names else list(visible)
    stored = sorted((each.name for each in asked if each and each.prefix), key=str.lower)
    count = 'SELECT count(*) FROM "{}" WHERE IsDeleted = 0'
    return {"sObjects": [{"count": work.database.query(count.format(each))[0][0], "name": each} for each in stored]}


def _limits(calls_made: int) -> dict[str, Any]:
    return {
        "DailyApiRequests": {"Max": DAILY_CALLS, "Remaining": max(0, DAILY_CALLS - calls_made)},
        "DailyAsyncApexExecutions": {"Max": 250_000, "Remaining": 250_000},
        "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        "DataStorageMB": {"Max": 1_024, "Remaining": 1_024},
        "FileStorageMB": {"Max": 1_024, "Remaining": 1_024},
        "SingleEmail": {"Max": 15, "Remaining": 15},
    }
