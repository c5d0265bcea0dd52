"""Escalations as rows, and rows as escalations."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.history import Escalation, EscalationState, Values
from sfdc_escalator.ledger.tables.chain import plain

Row = dict[str, Any]


def said(at: datetime | None) -> str | None:
    """A time as text, UTC; raises EscalatorError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise EscalatorError(f"the time {at} has no zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _values(side: str, values: Values | None) -> Row:
    owner, status, priority = (values.owner_id, values.status, values.priority) if values else (None, None, None)
    row = {f"{side}_owner": owner, f"{side}_status": status, f"{side}_priority": priority}
    return {name: value if value is None else plain(value) for name, value in row.items()}


def _values_of(side: str, row: Mapping[Any, Any]) -> Values | None:
    owner = row[f"{side}_owner"]
    return None if owner is None else Values(owner, row[f"{side}_status"], row[f"{side}_priority"])


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
