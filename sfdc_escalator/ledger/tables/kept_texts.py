"""Texts that are kept apart from the chain: a row and its event hold a salted hash, the event's payload holds the text.

The payload of a change or of a hold is a JSON object, by the names that the body lists as `kept`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.tables.chain import HASHED
from sfdc_escalator.ledger.tables.schema import escalations, payloads

ERASED = "its text was erased"
PER_QUERY = 500


def readable(connection: sa.Connection, rows: Iterable[Mapping[Any, Any]], column: str) -> Iterator[Mapping[Any, Any]]:
    """The same rows with the text in this column, or `ERASED`. Older versions kept the text in the row itself."""
    left = iter(rows)
    while some := list(islice(left, PER_QUERY)):
        texts = texts_of(connection, [row["event"] for row in some if is_kept_apart(row, column)])
        for row in some:
            yield with_text(row, column, texts) if is_kept_apart(row, column) else row


def is_kept_apart(row: Mapping[Any, Any], column: str) -> bool:
    return is_hash(row[column]) and isinstance(row["event"], int)


def with_text(row: Mapping[Any, Any], column: str, texts: Mapping[int, str]) -> Mapping[Any, Any]:
    text = kept_in(texts.get(row["event"])).get(column)
    return {**row, column: text if isinstance(text, str) else ERASED}


def messages_of(connection: sa.Connection, waitlist: Waitlist) -> dict[str, str]:
    """The messages of the escalations that wait for a person, by key."""
    keys, found = [one.key for one in waitlist.entries if one.key], dict[str, str]()
    columns = (escalations.c.key, escalations.c.event, escalations.c.message)
    for start in range(0, len(keys), PER_QUERY):
        some = sa.select(*columns).where(escalations.c.key.in_(keys[start : start + PER_QUERY]))
        rows = readable(connection, connection.execute(some).mappings(), "message")
        found |= {row["key"]: row["message"] for row in rows if isinstance(row["message"], str)}
    return found


def is_hash(value: object) -> bool:
    """True for a value that stands for a text."""
    return isinstance(value, str) and value.startswith(HASHED)


def texts_of(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The payloads of these events that were not erased."""
    found: dict[int, str] = {}
    for start in range(0, len(numbers), PER_QUERY):
        part = payloads.c.event.in_(numbers[start : start + PER_QUERY])
        found |= {row.event: row.text for row in connection.execute(sa.select(payloads).where(part))}
    return found


def kept_in(payload: str | None) -> Mapping[str, Any]:
    """The texts by name; empty where they were erased, or changed, which `audit verify` reports."""
    try:
        found = json.loads(payload) if payload else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
