"""The things that a run leaves for a person, as a member of its last event."""

import json
from collections.abc import Mapping
from typing import Any

from sfdc_escalator.escalation.world.waitlist import Waiting, Waitlist
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.times import time_of, time_text

WAITLIST = "waitlist"
TEXTS = ("state", "reason", "policy", "route", "case_number", "key")


def waitlist_json(waitlist: Waitlist) -> dict[str, Any]:
    return {
        "entries": [_entry_json(one) for one in waitlist.entries],
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


def _entry_of(found: Mapping[str, Any]) -> Waiting:
    texts = {name: str(found[name]) for name in TEXTS}
    missing, numbers = (tuple(map(str, found.get(name, ()))) for name in ("missing", "numbers"))
    return Waiting(**texts, missing=missing, cases=int(found["cases"]), seen=time_of(found["seen"]), numbers=numbers)
