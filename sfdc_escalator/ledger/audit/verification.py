"""Proves that nobody changed the trail: numbers, hashes, columns, notes, and what was derived from them.

Python walks the chain. Queries find the rest, in threads beside it, because a database works without Python's lock.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from itertools import islice

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken, Invalid
from sfdc_escalator.ledger.audit.checks import NOTES, NOTES_ALONE, NOTES_MISSING, chain_rows, table_problems
from sfdc_escalator.ledger.audit.table_shapes import lease_problems, odd_values, shape_problems, version_problems
from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.idle.checks import BINDING, has_head, idle_counts, idle_problems
from sfdc_escalator.ledger.idle.head import head_in
from sfdc_escalator.ledger.pruned.gaps import Gaps, has_pruned_head, unbound
from sfdc_escalator.ledger.pruned.records import pruned_orgs
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.schema import events
from sfdc_escalator.pipeline.read_models.audit_trail import Verification

HEAD = re.compile(r"[0-9A-Fa-f]{64}")
ERASED = (
    sa.select(events.c.case_id).where(events.c.event == "erased", events.c.key.is_(None)).group_by(events.c.case_id)
).order_by(sa.func.min(events.c.seq))
MOST_PROBLEMS = 50
"""The number of problems after which no more are reported."""


def verify(trail: SqlHistory, expected_head: str | None = None) -> Verification:
    """Reads the whole ledger; `expected_head` must be a hash of its chain. Raises Invalid where it is not a hash,
    AuditBroken where the ledger is too damaged to be read."""
    if expected_head is not None and not HEAD.fullmatch(expected_head.strip()):
        raise Invalid(f"--head: {expected_head!r} is not an audit head; expected all of its 64 hexadecimal digits")
    dialect = trail.database.dialect
    try:
        return _verify(trail, dialect, expected_head and expected_head.strip())
    except AuditBroken:
        with trail.reading() as connection:
            problems = _first(odd_values(connection))
        if not problems:
            raise
        return Verification(0, None, tuple(problems))


def _verify(trail: SqlHistory, dialect: Dialect, expected_head: str | None) -> Verification:
    walk = _Walk(dialect, expected_head)
    with trail.reading() as whole, trail.reading() as tables, trail.reading() as file, ThreadPoolExecutor(2) as beside:
        aside = [
            beside.submit(_first, _beside(tables, dialect)),
            beside.submit(_first, dialect.problems(file)),
        ]
        problems = _first(walk.problems(whole)) + [problem for part in aside for problem in part.result()]
        problems += unbound(whole, walk.binding)
        erased = tuple(whole.scalars(ERASED))
        if not walk.is_met and not _is_idle_head(whole, expected_head, walk.binding):
            problems.append(f"the expected head {expected_head} is not in the chain: events were removed or rewritten")
        pruned = tuple(one for each in pruned_orgs(whole).values() for one in each)
        if pruned or walk.missing:
            problems += walk.gaps.problems(walk.missing, sum(one.events for one in pruned))
        found = replace(walk.verification(problems), erased=erased, idle_runs=idle_counts(whole), pruned=pruned)
        return found if problems else replace(found, head=head_in(whole))


def _is_idle_head(connection: sa.Connection, expected: str | None, binding: Sequence[int]) -> bool:
    """True where an idle run printed it. Of those that were pruned only the last hash of each row is known."""
    head = bytes.fromhex(expected or "")
    return has_head(connection, head) or has_pruned_head(connection, binding, head)


def verify_inside(connection: sa.Connection, dialect: Dialect) -> Verification:
    """The same inside one transaction, which sees its own changes."""
    walk = _Walk(dialect, None)
    problems = [*_first(walk.problems(connection)), *_first(dialect.problems(connection))]
    problems += [*_first(table_problems(connection, dialect)), *_first(idle_problems(connection))]
    found = walk.verification([*problems, *unbound(connection, walk.binding)])
    return replace(found, idle_runs=idle_counts(connection))


def _beside(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    """The problems beside the chain, in the version of the tables that this program has."""
    yield from dialect.strangers(connection)
    yield from shape_problems(connection, dialect)
    yield from version_problems(connection)
    yield from table_problems(connection, dialect)
    yield from idle_problems(connection)
    yield from lease_problems(connection)


def verify_chain(connection: sa.Connection, dialect: Dialect) -> Verification:
    """Verifies the chain, its notes and the guards of the database, the same in every version of the tables."""
    walk = _Walk(dialect, None)
    return walk.verification([*_first(walk.problems(connection)), *_first(dialect.problems(connection))])


def _first(problems: Iterator[str]) -> list[str]:
    first = list(islice(problems, MOST_PROBLEMS))
    for _ in problems:
        pass  # read to the end, because the events are counted
    return first


class _Walk:
    """One pass over the chain and its notes. `binding` are the events that bind idle runs, `missing` is the number of
    those that are not there."""

    def __init__(self, dialect: Dialect, expected_head: str | None) -> None:
        self.events, self.head = 0, chain.GENESIS
        self._dialect, self._expected = dialect, expected_head
        self.is_met, self._notes, self._without_note = expected_head is None, 0, False
        self.binding: list[int] = []
        self.gaps: Gaps
        self.missing = 0

    def verification(self, problems: list[str]) -> Verification:
        return Verification(self.events, self.head.hex() if self.events else None, tuple(problems[:MOST_PROBLEMS]))

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        yield from self._chain(connection)
        if [(self._notes,)] != [*self._dialect.rows(connection, NOTES)]:
            for (seq,) in self._dialect.rows(connection, NOTES_ALONE):
                yield f"there is a note for event {seq}, which has none"
        if self._without_note:
            for (seq,) in self._dialect.rows(connection, NOTES_MISSING):
                yield f"the note of event {seq} is missing, and no event records that it was erased"

    def _chain(self, connection: sa.Connection) -> Iterator[str]:
        number, count, head, expected = 0, 0, chain.GENESIS, bytes.fromhex(self._expected or "")
        gaps = self.gaps = Gaps(connection)
        for seq, prev, this, body, alike, note, salted in self._dialect.rows(connection, chain_rows(self._dialect)):
            number += 1
            count += 1
            if seq != number and gaps.are_pruned(number, seq - 1, prev):
                number, head = seq, prev
            whole = type(body) is bytes and sha256(head + body).digest() == this
            if not (whole and alike and prev == head and seq == number):
                yield from _wrong_with(seq, number, alike, prev == head, whole)
                number = seq
            head = this if type(this) is bytes else b""
            if head == expected:
                self.is_met = True
            if salted is not None:
                self._notes += 1
                if note is None or sha256(salted).hexdigest() != note:
                    yield _wrong_note(seq, note)
            elif note is not None:
                self._without_note = True
            if whole and BINDING in body:
                self.binding.append(seq)
        self.events, self.head = count, head
        self.missing = number - count


def _wrong_note(seq: int, note: str | None) -> str:
    if note is None:
        return f"there is a note for event {seq}, which has none"
    return f"the note of event {seq} was changed: it does not match its hash"


def _wrong_with(seq: int, number: int, alike: int | None, follows: bool, whole: bool) -> Iterator[str]:
    if seq != number:
        yield f"event {number} is missing: the next one is {seq}"
    if not follows:
        yield f"event {seq} does not follow the one before it: its `prev` is not the hash of that one"
    if not whole:
        yield f"event {seq} was changed: its hash does not match its text"
    if not alike:
        yield f"event {seq} was changed: its columns differ from its text"
