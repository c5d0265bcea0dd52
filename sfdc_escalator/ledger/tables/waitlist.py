"""The things that a run leaves for a person, as a member of its last event."""

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.waitlist import LONGEST, Waiting, Waitlist
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.kept_texts import messages_of
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.times import time_of, time_text

WAITLIST = "waitlist"
NONE: Mapping[str, str] = MappingProxyType({})
TEXTS = ("state", "reason", "policy", "route", "case_number", "key")


def waitlist_json(waitlist: Waitlist, messages: Mapping[str, str] = NONE) -> dict[str, Any]:
    """The list, without the reasons that are the messages of escalations (by key): these may quote a case."""
    return {
        "entries": [_entry_json(without_message(one, messages)) for one in waitlist.entries],
        "count": waitlist.count,
        "reported": waitlist.reported,
        "reported_at": time_text(waitlist.reported_at),
    }


def _entry_json(one: Waiting) -> dict[str, Any]:
    texts = {name: plain(getattr(one, name)) for name in TEXTS}
    lists = {name: [plain(part) for part in getattr(one, name)] for name in ("missing", "numbers")}
    return {**texts, **lists, "cases": one.cases, "seen": time_text(one.seen)}


def waitlist_of(seq: int, body: bytes) -> Waitlist:
    """The member of the event with this number. Raises LedgerUnusable for one that no run can have written."""
    with naming(f"event {seq}"):
        found = json.loads(body)[WAITLIST]
        entries = tuple(_entry_of(one) for one in found["entries"])
        return Waitlist(entries, int(found["count"]), str(found["reported"]), time_of(found["reported_at"]))


def without_message(one: Waiting, messages: Mapping[str, str]) -> Waiting:
    return replace(one, reason="") if messages.get(one.key, "")[:LONGEST] == one.reason else one


def with_messages(connection: sa.Connection, waitlist: Waitlist) -> Waitlist:
    """The list with the messages of escalations where it leaves the reason to them."""
    messages = messages_of(
        connection, replace(waitlist, entries=tuple(one for one in waitlist.entries if not one.reason))
    )
    entries = (one if one.reason else replace(one, reason=messages.get(one.key, "")) for one in waitlist.entries)
    return replace(waitlist, entries=tuple(replace(one, reason=one.reason[:LONGEST]) for one in entries))


def _entry_of(found: Mapping[str, Any]) -> Waiting:
    texts = {name: str(found[name]) for name in TEXTS}
    missing, numbers = (tuple(map(str, found.get(name, ()))) for name in ("missing", "numbers"))
    return Waiting(**texts, missing=missing, cases=int(found["cases"]), seen=time_of(found["seen"]), numbers=numbers)
