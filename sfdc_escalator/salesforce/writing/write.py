"""The write: one composite of guard, notes and one save a field, all or nothing (REST guide, Composite)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, NOTE, FieldStep
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.pipeline.ports.writing import Chunk, Write
from sfdc_escalator.salesforce.line.composite import query_path
from sfdc_escalator.salesforce.soql.soql import ids, instant, quote, select

MARGIN = timedelta(seconds=2)  # the org's clock may advance while it reads
MOST = 200  # records of one collection (REST guide, sObject Collections)
MOST_POSTED = 10_000  # characters of a feed item (Object Reference, FeedItem)
FRESH, LAST = "fresh", "last"
KEY_OBJECT, KEY_FIELD = "Escalation_Key__c", "Key__c"
NO_ASSIGNMENT = {"Sforce-Auto-Assign": "FALSE"}  # by default, assignment rules may change the owner


@dataclass(frozen=True, slots=True)
class Part:
    """One subrequest: its reference, and the cases whose rows it writes, in order; none for a read."""

    reference: str
    case_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Composite:
    """The request body, and its parts in order."""

    body: Mapping[str, Any]
    parts: tuple[Part, ...]


def guard_query(case_ids: Sequence[str], polled_at: datetime, user_id: str, *, weak: bool) -> str:
    """The query for cases without changes since the poll and, unless `weak`, without a comment of ours since."""
    moment = instant(polled_at - MARGIN)
    where = f"Id IN {ids(case_ids)} AND LastModifiedDate <= {moment}"
    if not weak:
        ours = f"CreatedById = {quote(long_id(user_id))} AND CreatedDate >= {moment}"
        where += f" AND Id NOT IN ({select(['ParentId'], 'CaseComment', ours)})"
    return select(["Id"], "Case", where)


def composite(chunk: Chunk, base: str, user_id: str, *, weak: bool, proved: bool = False) -> Composite:
    """The chunk as one request. The GET after the guard query needs its last row: one missing case stops everything.

    `proved` also inserts each key into the object with unique keys, in the collection of the notes.
    `base` is `/services/data/vXX.X`. Raises ValueError for an empty or too long chunk, a case twice, or a wrong id.
    """
    writes = chunk.writes
    case_ids = [long_id(write.case_id) for write in writes]
    most = MOST // (1 + proved + any(write.post for write in writes))
    if not 0 < len(writes) <= most or len(set(case_ids)) < len(case_ids):
        raise ValueError(f"a chunk has 1 to {most} different cases, not {len(writes)}")
    query = guard_query(case_ids, chunk.polled_at, user_id, weak=weak)
    last = f"sobjects/Case/@{{{FRESH}.records[{len(writes) - 1}].Id}}?fields=Id"
    requests = [get(base, FRESH, query_path(query)), get(base, LAST, last)]
    parts = [Part(FRESH), Part(LAST)]
    for reference, method, record, sends in _steps(chunk):
        rows = [write for write in writes if sends(write)]
        keyed = rows if proved and reference == NOTE else []
        posted = [write for write in rows if write.post] if reference == NOTE else []
        if rows:
            sent = [*map(_key, keyed), *map(record, rows), *map(_post, posted)]
            requests.append(collection(base, reference, method, sent))
            parts.append(Part(reference, tuple(long_id(write.case_id) for write in (*keyed, *rows, *posted))))
    return Composite({"allOrNone": True, "collateSubrequests": False, "compositeRequest": requests}, tuple(parts))


Save = tuple[str, str, Callable[[Write], dict[str, Any]], Callable[[Write], bool]]


def _steps(chunk: Chunk) -> list[Save]:
    """The note first, then one save for each field of the table of steps; `together` makes one save of all fields."""
    notes: Save = (NOTE, "POST", _note, lambda _: True)
    if chunk.together:
        return [notes, _patch("fields", FIELD_STEPS)]
    return [notes, *(_patch(step.field.removesuffix("Id").lower(), [step]) for step in FIELD_STEPS)]


def _patch(reference: str, steps: Sequence[FieldStep]) -> Save:
    def values(write: Write) -> dict[str, Any]:
        return {step.field: _value(step, write.values[step.field]) for step in steps if step.field in write.values}

    def record(write: Write) -> dict[str, Any]:
        return {"attributes": {"type": "Case"}, "id": long_id(write.case_id), **values(write)}

    return reference, "PATCH", record, lambda write: bool(values(write))


def _value(step: FieldStep, value: str | None) -> str | None:
    return long_id(value) if step.names_team and value else value


def _key(write: Write) -> dict[str, Any]:
    return {"attributes": {"type": KEY_OBJECT}, KEY_FIELD: write.key}


def _note(write: Write) -> dict[str, Any]:
    return {
        "attributes": {"type": "CaseComment"},
        "ParentId": long_id(write.case_id),
        "CommentBody": write.note,
        "IsPublished": write.published,
    }


def _post(write: Write) -> dict[str, Any]:
    """A post in the feed of the account or contact, visible to users only (Object Reference, FeedItem)."""
    assert write.post is not None
    where = {"ParentId": long_id(write.post.parent_id), "Type": "TextPost"}
    return {"attributes": {"type": "FeedItem"}, **where, "Body": write.post.text[:MOST_POSTED]}


def get(base: str, reference: str, path: str) -> dict[str, Any]:
    return {"method": "GET", "url": f"{base}/{path}", "referenceId": reference}


def collection(base: str, reference: str, method: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "method": method,
        "url": f"{base}/composite/sobjects",
        "referenceId": reference,
        "httpHeaders": NO_ASSIGNMENT,
        "body": {"allOrNone": True, "records": records},
    }
