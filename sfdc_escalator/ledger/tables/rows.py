"""Escalations as rows, and rows as escalations."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError, LedgerUnusable
from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.ladder import ladder_facts_of, ladder_row
from sfdc_escalator.ledger.tables.schema import JSON_COLUMNS, escalations, live_routes, runs
from sfdc_escalator.ledger.tables.times import time_of, time_text

Row = dict[str, Any]
ORG_TIME, IS_SANDBOX = "org_time", "is_sandbox"
"""The members of a run's last event that hold the org's time, and whether the org is a sandbox."""

MOST = 2**31 - 1
"""The largest number that every engine can hold in a column."""

MISREAD = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""Errors of taking a value apart that no run can have written."""


@contextmanager
def naming(what: str, damage: type[EscalatorError] = LedgerUnusable) -> Iterator[None]:
    """Turns the errors of reading a row into `damage`, which names the row."""
    try:
        yield
    except MISREAD as error:
        raise damage(
            f"the row of {what} cannot be read ({error!s:.200}): it was changed; run: sfdc-escalator audit verify"
        ) from error


def checked(table: sa.Table, row: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The same row. Raises ValueError where a value does not have the type of its column: SQLite stores any value."""
    values, columns = row if isinstance(row, dict) else dict(row), _columns(table)
    for name, value in values.items():
        if name in columns and not _is_sound(value, *columns[name]):
            expected = "a number" if columns[name][0] is int else "a text or bytes"
            raise ValueError(f"{name} is {value!r:.60}, expected {expected}")
    return values


@cache
def _columns(table: sa.Table) -> dict[str, tuple[type, bool]]:
    """The type of the values of each column, and whether it may be empty."""
    return {column.name: (_kind(column), bool(column.nullable)) for column in table.columns}


def _kind(column: sa.Column[Any]) -> type:
    if isinstance(column.type, sa.Integer):
        return int
    return bytes if isinstance(column.type, sa.LargeBinary) else str


def _is_sound(value: object, kind: type, nullable: bool) -> bool:
    if value is None:
        return nullable
    return type(value) is kind and (kind is not int or 0 <= value <= MOST)  # type: ignore[operator]


def each_value(column: sa.Column[Any], wanted: sa.ColumnElement[bool] | None = None) -> sa.Select[tuple[Any]]:
    """The different values of the column in these rows, in order: one look into an index for each, where DISTINCT reads
    every row."""
    wanted = sa.true() if wanted is None else wanted
    known = sa.select(sa.func.min(column).label("value")).where(wanted).cte("known", recursive=True)
    following = sa.select(sa.func.min(column)).where(wanted, column > known.c.value).scalar_subquery()
    known = known.union_all(sa.select(following).where(known.c.value.is_not(None)))
    return sa.select(known.c.value).where(known.c.value.is_not(None))


def route_of(row: Mapping[Any, Any]) -> tuple[str, str]:
    """The policy and the route of a live route. Raises LedgerUnusable."""
    with naming(f"the live route {row['policy']!s:.60}/{row['route']!s:.60}"):
        found = checked(live_routes, row)
        return found["policy"], found["route"]


def user_of(value: object) -> str:
    """The user of a run. Raises LedgerUnusable."""
    with naming(f"a run by the user {value!s:.60}"):
        return str(checked(runs, {"user_id": value})["user_id"])


def org_time_of(seq: int, body: bytes) -> datetime | None:
    """The org's time in the last event of a run. Raises LedgerUnusable for one that no run can have written."""
    with naming(f"event {seq}"):
        return time_of(json.loads(body)[ORG_TIME])


def is_sandbox_of(seq: int, body: bytes) -> bool:
    """Raises LedgerUnusable for a value that no run can have written."""
    with naming(f"event {seq}"):
        found = json.loads(body)[IS_SANDBOX]
        if not isinstance(found, bool):
            raise ValueError(f"{IS_SANDBOX} is {found!r:.60}")
        return found


def facts_of(escalation: Escalation, case_number: str) -> Row:
    """The facts of an escalation as its event holds them, except `sent_at` and `epoch`, which only a lease knows."""
    return {
        "attempts": escalation.attempts,
        "before": _plain_values(escalation.before),
        "case_number": plain(case_number),
        "ended_at": time_text(escalation.ended_at),
        "episode": escalation.episode,
        "ladder": ladder_row(escalation.ladder),
        "message": plain(escalation.message),
        "moment": time_text(escalation.moment),
        "start_key": escalation.start_key or None,
        "policy": plain(escalation.policy),
        "route": plain(escalation.route),
        "rung": plain(escalation.rung),
        "state": escalation.state.value,
        "tried_at": time_text(escalation.tried_at),
        "turn": escalation.turn,
        "wrote": _plain_values(escalation.wrote),
    }


def _plain_values(values: FieldValues | None) -> FieldValues | None:
    if values is None:
        return None
    return {field: None if value is None else plain(value) for field, value in values.items()}


def stored(facts: Row) -> Row:
    """The same facts as columns: JSON columns hold canonical text."""
    texts = {name: chain.canonical(facts[name]).decode() for name in JSON_COLUMNS if facts.get(name) is not None}
    return {**facts, **texts}


def escalation_of(row: Mapping[Any, Any]) -> Escalation:
    """Raises LedgerUnusable for a row that no run can have written."""
    with naming(f"escalation {row['key']!s:.60}"):
        return _escalation_of(checked(escalations, row))


def _escalation_of(row: Mapping[Any, Any]) -> Escalation:
    return Escalation(
        key=row["key"],
        policy=row["policy"],
        route=row["route"],
        case_id=row["case_id"],
        state=EscalationState(row["state"]),
        rung=row["rung"],
        episode=row["episode"],
        turn=row["turn"],
        before=_values_of(row["before"]),
        wrote=_values_of(row["wrote"]),
        attempts=row["attempts"],
        tried_at=time_of(row["tried_at"]),
        message=row["message"],
        case_number=row["case_number"],
        ended_at=time_of(row["ended_at"]),
        ladder=ladder_facts_of(row["ladder"]),
        moment=time_of(row["moment"]),
        start_key=row["start_key"] or "",
    )


def _values_of(text: str | None) -> FieldValues | None:
    if text is None:
        return None
    values = json.loads(text)
    if not isinstance(values, dict) or not all(isinstance(one, str | None) for one in values.values()):
        raise ValueError(f"{text!r:.60} is not an object of texts")
    return values
