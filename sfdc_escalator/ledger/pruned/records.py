"""The events `pruned`: what was removed from the ledger, so that a verification accepts what is missing.

One per escalation has its row without texts, and the events that are gone: `removed`, a list of
`[first, last, hash of last]`. One per org has the time before which it was pruned and what was removed altogether; the
rows of idle runs that are gone are those that an event up to `idle_runs_through` binds.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import sqlalchemy as sa

from sfdc_escalator.ledger.tables.rows import MISREAD
from sfdc_escalator.ledger.tables.schema import events
from sfdc_escalator.ledger.tables.times import time_of, time_text
from sfdc_escalator.pipeline.read_models.audit_trail import OrgPruned

PRUNED = "pruned"
IS_PRUNED = events.c.event == PRUNED


class Removed(NamedTuple):
    """Consecutive events that are gone, and the hash of the last one."""

    first: int
    last: int
    hash: bytes


def ranges(some: Iterable[tuple[int, bytes]]) -> list[Removed]:
    """The events, given in order with their hashes, as consecutive ones."""
    found: list[Removed] = []
    for seq, this in some:
        first = found.pop().first if found and found[-1].last == seq - 1 else seq
        found.append(Removed(first, seq, this))
    return found


def removed_facts(removed: Sequence[Removed]) -> list[list[Any]]:
    """The same as an event has it."""
    return [[one.first, one.last, one.hash.hex()] for one in removed]


def org_facts(found: OrgPruned) -> dict[str, Any]:
    return {**found._asdict(), "before": time_text(found.before)}


def removed_in(connection: sa.Connection) -> Iterator[Removed]:
    """All events that are gone, as events record it. One that cannot be read proves nothing: it was changed."""
    each = sa.select(events.c.seq, events.c.body).where(IS_PRUNED, events.c.key.is_not(None))
    for seq, body in connection.execute(each.order_by(events.c.seq)):
        with suppress(*MISREAD):
            listed = json.loads(body)["facts"]["removed"]
            found = [Removed(first, last, bytes.fromhex(text)) for first, last, text in listed]
            yield from (one for one in found if one.last < seq)


def pruned_orgs(connection: sa.Connection) -> Mapping[str, list[OrgPruned]]:
    """The numbers of what was removed, by org, oldest first. One that cannot be read proves nothing."""
    found: dict[str, list[OrgPruned]] = {}
    each = sa.select(events.c.organization_id, events.c.body).where(IS_PRUNED, events.c.key.is_(None))
    for organization_id, body in connection.execute(each.order_by(events.c.seq)):
        with suppress(*MISREAD):
            found.setdefault(organization_id, []).append(_org_pruned(json.loads(body)["facts"]))
    return found


def _org_pruned(facts: Mapping[str, Any]) -> OrgPruned:
    before = time_of(facts["before"])
    numbers = [facts[name] for name in OrgPruned._fields[1:]]
    if before is None or not all(type(one) is int and one >= 0 for one in numbers):
        raise ValueError("its facts are not those of a pruned org")
    return OrgPruned(before, *numbers)
