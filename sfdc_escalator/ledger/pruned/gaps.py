"""Proves that what is missing was pruned: gaps in the chain, and rows of idle runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import sqlalchemy as sa

from sfdc_escalator.errors import counted
from sfdc_escalator.ledger.idle.rows import IDLE_RUNS
from sfdc_escalator.ledger.pruned.records import Removed, pruned_orgs, removed_in
from sfdc_escalator.ledger.tables.rows import MISREAD
from sfdc_escalator.ledger.tables.schema import events, idle_runs

PER_QUERY = 500


class Gaps:
    """The gaps that events `pruned` account for. They are read when the first gap is found."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def are_pruned(self, first: int, last: int, hash_of_last: bytes) -> bool:
        """True where exactly these events were removed, the last of which had this hash."""
        removed, this = None, first
        while this <= last and (removed := self._by_first.get(this)):
            this = removed.last + 1
        return this == last + 1 and removed is not None and removed.hash == hash_of_last

    def problems(self, missing: int, pruned: int) -> Iterator[str]:
        """The faults of all events that are gone together: `missing` is their number, `pruned` that of the orgs."""
        named = sum(one.last - one.first + 1 for one in self._by_first.values())
        if named > missing:
            yield f"{counted(named - missing, 'event')} that were pruned are there again"
        if named != pruned:
            yield f"{counted(pruned, 'event')} were pruned of the orgs, but those of escalations name {named:,}"

    @cached_property
    def _by_first(self) -> Mapping[int, Removed]:
        return {one.first: one for one in removed_in(self._connection)}


def pruned_idle_runs(connection: sa.Connection) -> Mapping[str, int]:
    """The number of idle runs whose rows were removed, by org."""
    return {org: sum(one.idle_runs for one in each) for org, each in pruned_orgs(connection).items()}


def unbound(connection: sa.Connection, binding: Sequence[int]) -> list[str]:
    """The faults of events that bind idle runs which are missing, and were not pruned."""
    known = set(connection.scalars(sa.select(idle_runs.c.bound))) if binding else set()
    lost = [seq for seq in binding if seq not in known]
    if not lost:
        return []
    pruned = {org: max(one.idle_runs_through for one in each) for org, each in pruned_orgs(connection).items()}
    left, bound = [], dict.fromkeys(pruned, 0)
    for seq, organization_id, body in _bodies(connection, lost):
        if seq > pruned.get(organization_id, 0):
            left.append(f"the idle runs that event {seq} binds are missing")
        else:
            bound[organization_id] += _number_in(body)
    counted = pruned_idle_runs(connection)
    left += [
        f"{number} idle runs of the org {org} were pruned, but the events that bind them name {bound[org]}"
        for org, number in counted.items()
        if number != bound[org]
    ]
    return left


def has_pruned_head(connection: sa.Connection, binding: Sequence[int], head: bytes) -> bool:
    """True where this was the hash of a row of idle runs that was removed, which the event that binds them repeats; or
    of the last one of events that were removed."""
    if any(head.hex().encode() in body for _, _, body in _bodies(connection, binding)):
        return True
    return any(head == one.hash for one in removed_in(connection))


def _bodies(connection: sa.Connection, numbers: Sequence[int]) -> list[tuple[int, str, bytes]]:
    found: list[tuple[int, str, bytes]] = []
    for start in range(0, len(numbers), PER_QUERY):
        wanted = sa.select(events.c.seq, events.c.organization_id, events.c.body)
        some = events.c.seq.in_(numbers[start : start + PER_QUERY])
        found += [(seq, org, body) for seq, org, body in connection.execute(wanted.where(some).order_by(events.c.seq))]
    return found


def _number_in(body: bytes) -> int:
    try:
        return int(json.loads(body)[IDLE_RUNS]["runs"])
    except MISREAD:  # it was changed, which the walk along the chain reports
        return 0
