"""Escalations as rows, and rows as escalations."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.ledger.tables.chain import plain

Row = dict[str, Any]
COLUMNS = {"OwnerId": "owner", "Status": "status", "Priority": "priority"}
"""The fields of a case whose values a row holds, before and after; the end of the columns' names."""


def said(at: datetime | None) -> str | None:
    """A time as text, UTC; raises EscalatorError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise EscalatorError(f"the time {at} has no zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _values(side: str, values: FieldValues | None) -> Row:
    row = {f"{side}_{column}": (values or {}).get(name) for name, column in COLUMNS.items()}
    return {column: value if value is None else plain(value) for column, value in row.items()}


def _values_of(side: str, row: Mapping[Any, Any]) -> FieldValues | None:
    """An owner is never empty: without one there are no values."""
    if row[f"{side}_owner"] is None:
        return None
    return {name: row[f"{side}_{column}"] for name, column in COLUMNS.items()}


def facts_of(escalation: Escalation, case_number: str) -> Row:
    """What a row says of an escalation, but for `sent_at` and `epoch`, which only a lease knows."""
    return {
        "attempts": escalation.attempts,
        "case_number": plain(case_number),
        "ended_at": said(escalation.ended_at),
        "episode": escalation.episode,
        "message": plain(escalation.message),
        "policy": plain(escalation.policy),
        "route": plain(escalation.route),
        "rung": plain(escalation.rung),
        "state": escalation.state.value,
        "tried_at": said(escalation.tried_at),
        "turn": escalation.turn,
        **_values("before", escalation.before),
        **_values("wrote", escalation.wrote),
    }


def escalation_of(row: Mapping[Any, Any]) -> Escalation:
    return Escalation(
        key=row["key"],
        policy=row["policy"],
        route=row["route"],
        case_id=row["case_id"],
        state=EscalationState(row["state"]),
        rung=row["rung"],
        episode=row["episode"],
        turn=row["turn"],
        before=_values_of("before", row),
        wrote=_values_of("wrote", row),
        attempts=row["attempts"],
        tried_at=time_of(row["tried_at"]),
        message=row["message"],
        case_number=row["case_number"],
        ended_at=time_of(row["ended_at"]),
    )
