"""Proves that nobody changed the trail: numbers, hashes, columns, notes, and what was derived from them.

Python walks the chain. Queries find the rest, in threads beside it, because a database works without Python's lock.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from itertools import islice

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken, Invalid
from sfdc_escalator.ledger.audit.checks import chain_rows, note_rows, table_problems
from sfdc_escalator.ledger.audit.table_shapes import lease_problems, odd_values, shape_problems, version_problems
from sfdc_escalator.ledger.engines.database import Dialect
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
        return _verify(trail, dialect, _Walk(dialect, expected_head))
    except AuditBroken:
        with trail.reading() as connection:
            problems = _first(odd_values(connection))
        if not problems:
            raise
        return Verification(0, None, tuple(problems))


def _verify(trail: SqlHistory, dialect: Dialect, walk: "_Walk") -> Verification:
    with trail.reading() as whole, trail.reading() as tables, trail.reading() as file, ThreadPoolExecutor(2) as beside:
        aside = [
            beside.submit(_first, _beside(tables, dialect)),
            beside.submit(_first, dialect.problems(file)),
        ]
        problems = _first(walk.problems(whole)) + [problem for part in aside for problem in part.result()]
        erased = tuple(whole.scalars(ERASED))
    return replace(walk.verification(problems), erased=erased)


def verify_inside(connection: sa.Connection, dialect: Dialect) -> Verification:
    """The same inside one transaction, which sees its own changes."""
    found = verify_chain(connection, dialect)
    return replace(found, problems=(*found.problems, *_first(table_problems(connection, dialect)))[:MOST_PROBLEMS])


def _beside(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    """The problems beside the chain, in the version of the tables that this program has."""
    yield from dialect.strangers(connection)
    yield from shape_problems(connection, dialect)
    yield from version_problems(connection)
    yield from table_problems(connection, dialect)
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
    """One pass over the chain and its notes."""

    def __init__(self, dialect: Dialect, expected_head: str | None) -> None:
        self.events, self.head = 0, chain.GENESIS
        self._dialect, self._expected = dialect, expected_head

    def verification(self, problems: list[str]) -> Verification:
        return Verification(self.events, self.head.hex() if self.events else None, tuple(problems[:MOST_PROBLEMS]))

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        yield from self._chain(connection)
        for seq, note, salted in self._dialect.rows(connection, note_rows(self._dialect)):
            if note is None:
                yield f"there is a note for event {seq}, which has none"
            elif not isinstance(salted, bytes) or sha256(salted).hexdigest() != note:
                yield f"the note of event {seq} was changed: it does not match its hash"

    def _chain(self, connection: sa.Connection) -> Iterator[str]:
        number, count, head, expected = 0, 0, chain.GENESIS, self._expected_bytes()
        met = self._expected is None
        for seq, prev, this, body, alike in self._dialect.rows(connection, chain_rows(self._dialect)):
            number += 1
            count += 1
            whole = type(body) is bytes and sha256(head + body).digest() == this
            if not (whole and alike and prev == head and seq == number):
                yield from _wrong_with(seq, number, alike, prev == head, whole)
                number = seq
            head = this if type(this) is bytes else b""
            if head == expected:
                met = True
        self.events, self.head = count, head
        if not met:
            yield f"the expected head {self._expected} is not in the chain: events were removed or rewritten"

    def _expected_bytes(self) -> bytes | None:
        try:
            return bytes.fromhex(self._expected or "")
        except ValueError:
            return None


def _wrong_with(seq: int, number: int, alike: int | None, follows: bool, whole: bool) -> Iterator[str]:
    if seq != number:
        yield f"event {number} is missing: the next one is {seq}"
    if not follows:
        yield f"event {seq} does not follow the one before it: its `prev` is not the hash of that one"
    if not whole:
        yield f"event {seq} was changed: its hash does not match its text"
    if not alike:
        yield f"event {seq} was changed: its columns differ from its text"
