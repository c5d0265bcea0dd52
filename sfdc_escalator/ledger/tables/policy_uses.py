"""The use of policies by runs, as a member of a run's last event."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sfdc_escalator.escalation.world.policy_use import PolicyUse, PolicyUses
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.times import time_of, time_text

POLICY_USES = "policy_uses"


def policy_uses_json(uses: PolicyUses) -> dict[str, Any]:
    return {plain(name): _use_json(one) for name, one in uses.items()}


def _use_json(one: PolicyUse) -> dict[str, Any]:
    every = one.review_every
    return {
        "digest": one.digest,
        "since": time_text(one.since),
        "seen": time_text(one.seen),
        "review_every": None if every is None else int(every.total_seconds()),
        "zone": plain(one.zone),
        "watched": time_text(one.watched),
        "watched_before": time_text(one.watched_before),
    }


def policy_uses_of(seq: int, body: bytes) -> PolicyUses:
    """The member of the event with this number. Raises LedgerUnusable for one that no run can have written."""
    with naming(f"event {seq}"):
        return policy_uses_in(json.loads(body))


def policy_uses_in(body: Mapping[str, Any]) -> PolicyUses:
    """The same of a body that was read."""
    return MappingProxyType({name: _use_of(one) for name, one in body[POLICY_USES].items()})


def _use_of(found: Mapping[str, Any]) -> PolicyUse:
    seconds, digest, zone = found["review_every"], str(found["digest"]), str(found["zone"])
    every = None if seconds is None else timedelta(seconds=int(seconds))
    watched = time_of(found["watched"]), time_of(found["watched_before"])
    return PolicyUse(digest, _time(found["since"]), _time(found["seen"]), every, zone, *watched)


def _time(text: str) -> datetime:
    at = time_of(text)
    if at is None:
        raise ValueError("a time is empty")
    return at
