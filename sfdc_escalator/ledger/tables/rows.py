"""Escalations as rows, and rows as escalations."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sfdc_escalator.errors import EscalatorError, LedgerUnusable
from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.schema import JSON_COLUMNS

Row = dict[str, Any]
ORG_TIME = "org_time"
"""The member of a run's last event that holds the org's time."""


def time_text(at: datetime | None) -> str | None:
    """A time as text, UTC; raises EscalatorError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise EscalatorError(f"the time {at} has no zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def org_time_of(seq: int, body: bytes) -> datetime | None:
    """The org's time in the last event of a run. Raises LedgerUnusable for one that no run can have written."""
    try:
        return time_of(json.loads(body)[ORG_TIME])
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerUnusable(
            f"event {seq} cannot be read ({error}): it was changed; run: sfdc-escalator audit verify"
        ) from error


def facts_of(escalation: Escalation, case_number: str) -> Row:
    """The facts of an escalation as its event holds them, except `sent_at` and `epoch`, which only a lease knows."""
    return {
        "attempts": escalation.attempts,
        "before": _plain_values(escalation.before),
        "case_number": plain(case_number),
        "ended_at": time_text(escalation.ended_at),
        "episode": escalation.episode,
        "message": plain(escalation.message),
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
    try:
        return _escalation_of(row)
    except ValueError as error:
        raise LedgerUnusable(
            f"the row of escalation {row['key']} cannot be read ({error}): it was changed; "
            "run: sfdc-escalator audit verify"
        ) from error


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
    )


def _values_of(text: str | None) -> FieldValues | None:
    if text is None:
        return None
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"{text!r} is not an object")
    return values
