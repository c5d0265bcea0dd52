"""Proves that nobody changed the trail: numbers, hashes, columns, notes, and what was derived from them.

Python walks the chain; all else is asked of the database in queries that return what is wrong, in threads beside it,
because a database works without Python's lock.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice

import sqlalchemy as sa

from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.trail.checks import chain_rows, database_problems, note_rows, rows, table_problems, tongue_of
from sfdc_escalator.pipeline.read_models.audit_trail import Verification

MOST_PROBLEMS = 50
"""Past this many the rest is left out: the trail is broken anyway."""


def verify(trail: SqlHistory, expected_head: str | None = None) -> Verification:
    """Reads the whole ledger; `expected_head` must be a hash of its chain. Raises AuditBroken where it is too damaged
    to be read."""
    walk = _Walk(expected_head)
    with trail.reading() as whole, trail.reading() as tables, trail.reading() as file, ThreadPoolExecutor(2) as beside:
        aside = [beside.submit(_first, table_problems(tables)), beside.submit(_first, database_problems(file))]
        problems = _first(walk.problems(whole)) + [problem for part in aside for problem in part.result()]
    return Verification(walk.events, walk.head.hex() if walk.events else None, tuple(problems[:MOST_PROBLEMS]))


def _first(problems: Iterator[str]) -> list[str]:
    first = list(islice(problems, MOST_PROBLEMS))
    for _ in problems:
        pass  # to the end all the same: the events are counted on the way
    return first


class _Walk:
    """One pass over the chain and its notes."""

    def __init__(self, expected_head: str | None) -> None:
        self.events, self.head = 0, chain.GENESIS
        self._expected = expected_head

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        yield from self._chain(connection)
        for seq, note, salted in rows(connection, note_rows(tongue_of(connection))):
            if note is None:
                yield f"there is a note of event {seq}, which has none"
            elif not isinstance(salted, bytes) or sha256(salted).hexdigest() != note:
                yield f"the note of event {seq} was changed: it does not fit its hash"

    def _chain(self, connection: sa.Connection) -> Iterator[str]:
        number, count, head, expected = 0, 0, chain.GENESIS, self._expected_bytes()
        met = self._expected is None
        for seq, prev, this, body, alike in rows(connection, chain_rows(tongue_of(connection))):
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
            yield f"the expected head {self._expected} is not in the chain: events were removed or written anew"

    def _expected_bytes(self) -> bytes | None:
        try:
            return bytes.fromhex(self._expected or "")
        except ValueError:
            return None


def _wrong_with(seq: int, number: int, alike: int | None, follows: bool, whole: bool) -> Iterator[str]:
    if seq != number:
        yield f"event {number} is missing: the next one is {seq}"
    if not follows:
        yield f"event {seq} does not follow the one before it: its `prev` is not that one's hash"
    if not whole:
        yield f"event {seq} was changed: its hash does not fit its text"
    if not alike:
        yield f"event {seq} was changed: its columns do not say what its text says"
