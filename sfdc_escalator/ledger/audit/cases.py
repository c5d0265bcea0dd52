"""Cases by the names that people use, as the ledger knows them: the id and the number, also of merged cases."""

import difflib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.schema import escalations, events, holds, notices
from sfdc_escalator.ledger.trail.audit import as_stored, is_case, numbers_of

NAMED = (escalations, holds, notices)
"""The tables that have the number of a case."""
LOOKED_AT = 10_000
PER_QUERY = 500
OF_NOTICES = "notice|_%"


class Linked(NamedTuple):
    """The ids of one case and of those that were merged with it, and the keys of their escalations."""

    case_ids: tuple[str, ...]
    keys: tuple[str, ...]


def the_case(connection: sa.Connection, dialect: Dialect, organization_id: str, name: str) -> tuple[str, str]:
    """The id and the number of the case of this name. Raises Invalid where the ledger has none, or several."""
    wanted = as_typed(name)
    by_id = dict(sorted(rows_named(connection, organization_id, wanted))) if wanted else {}
    if wanted and not by_id:
        by_id = dict(events_named(connection, dialect, organization_id, wanted))
    if not by_id:
        raise Invalid(f"the ledger has no case {name}", [_unknown(connection, organization_id, name)])
    if len(by_id) > 1:
        raise Invalid(f"{name} names several cases of the ledger: {', '.join(by_id)}; give the id of one")
    return next(iter(by_id.items()))


def as_typed(name: str) -> str:
    """The name without what no database takes."""
    return name.strip().replace("\0", "?").encode(errors="replace").decode()


def rows_named(connection: sa.Connection, organization_id: str, wanted: str) -> Iterator[tuple[str, str]]:
    """The ids and numbers of cases that rows have."""
    for table in NAMED:
        row = table.c
        named = is_case(row.case_id, row.case_number, wanted)
        ours = (row.organization_id == organization_id) & named & (row.case_id != "")
        query = sa.select(row.case_id, row.case_number).where(ours).distinct()
        yield from ((one.case_id, one.case_number) for one in connection.execute(query))


def events_named(
    connection: sa.Connection, dialect: Dialect, organization_id: str, wanted: str
) -> Iterator[tuple[str, str]]:
    """The ids of cases that only events have: a case that was merged into another one. Reads every event."""
    ours = (events.c.organization_id == organization_id) & events.c.case_id.is_not(None)
    numbers = [chain.canonical({"case_number": one}).decode()[1:-1] for one in numbers_of(wanted)]
    places = [sa.text(f"{dialect.place(f':number_{at}', 'body')} > 0") for at in range(len(numbers))]
    named = sa.or_(is_case(events.c.case_id, sa.literal(""), wanted), *places)
    query = sa.select(events.c.case_id).where(ours & named).distinct()
    found = connection.scalars(query, {f"number_{at}": text for at, text in enumerate(numbers)})
    yield from ((case_id, "") for case_id in found)


def linked(connection: sa.Connection, organization_id: str, case_id: str) -> Linked:
    """The case with all cases that were merged with it: their escalations go on together."""
    case_ids, keys, before = {case_id}, frozenset[str](), -1
    while before < len(case_ids) + len(keys):
        before = len(case_ids) + len(keys)
        keys = frozenset(_others(connection, organization_id, "case_id", "key", case_ids))
        case_ids |= set(_others(connection, organization_id, "key", "case_id", keys))
    return Linked(tuple(sorted(case_ids)), tuple(sorted(keys)))


def _others(
    connection: sa.Connection, organization_id: str, known: str, wanted: str, values: Iterable[str]
) -> Iterator[str]:
    each = sorted(values)
    ours = (events.c.organization_id == organization_id) & events.c[wanted].is_not(None)
    ours &= ~events.c.event.like(OF_NOTICES, escape="|")
    for start in range(0, len(each), PER_QUERY):
        some = events.c[known].in_(each[start : start + PER_QUERY])
        yield from connection.scalars(sa.select(events.c[wanted]).where(ours & some).distinct())


def _unknown(connection: sa.Connection, organization_id: str, name: str) -> Problem:
    known = sa.select(escalations.c.case_number).where(escalations.c.organization_id == organization_id)
    numbers = connection.scalars(known.order_by(escalations.c.event.desc()).limit(LOOKED_AT)).all()
    near = difflib.get_close_matches(as_stored(name).zfill(8), numbers, n=1)
    expected = "the number or the id of a case that was escalated or held, or that a notice is about"
    return Problem("no such case", found=name or "an empty text", expected=expected, nearest=near[0] if near else None)
