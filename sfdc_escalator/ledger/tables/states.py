"""The allowed changes of state, and the state of an escalation after each event."""

from types import MappingProxyType

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.escalation import EscalationState

FIRST = frozenset(
    {
        EscalationState.PLANNED,
        EscalationState.SENDING,
        EscalationState.ADOPTED,
        EscalationState.APPLIED,
        EscalationState.SKIPPED,
        EscalationState.WITHHELD,
    }
)
"""The states in which an escalation may enter the ledger: planned when it was deferred before it was ever sent, applied
when its note was found in the org, or when it is a rung that writes nothing."""

NOT_YET_SENT = frozenset(
    {EscalationState.SENDING, EscalationState.APPLIED, EscalationState.PLANNED, EscalationState.WITHHELD}
)
"""The states after one in which nothing was sent yet."""

AFTER = MappingProxyType(
    {
        EscalationState.PLANNED: NOT_YET_SENT | {EscalationState.SKIPPED},
        EscalationState.WITHHELD: NOT_YET_SENT,
        EscalationState.SENDING: frozenset(
            {EscalationState.APPLIED, EscalationState.REJECTED, EscalationState.UNKNOWN, EscalationState.PLANNED}
        ),
        EscalationState.UNKNOWN: frozenset({EscalationState.APPLIED, EscalationState.PLANNED, EscalationState.GONE}),
        EscalationState.APPLIED: frozenset(
            {EscalationState.SUPERSEDED, EscalationState.GONE, EscalationState.CLOSED, EscalationState.UNDONE}
        ),
        EscalationState.REJECTED: frozenset(
            {EscalationState.SENDING, EscalationState.APPLIED, EscalationState.PLANNED}
        ),
        EscalationState.ADOPTED: frozenset(
            {EscalationState.APPLIED, EscalationState.SUPERSEDED, EscalationState.GONE, EscalationState.CLOSED}
        ),
        EscalationState.SUPERSEDED: frozenset({EscalationState.UNDONE}),
        EscalationState.GONE: frozenset[EscalationState](),
        EscalationState.CLOSED: frozenset[EscalationState](),
        EscalationState.SKIPPED: frozenset[EscalationState](),
        EscalationState.UNDONE: frozenset[EscalationState](),
    }
)

STATE_AFTER = MappingProxyType(
    {
        "intended": EscalationState.SENDING,
        "applied": EscalationState.APPLIED,
        "found": EscalationState.APPLIED,
        "recovered": EscalationState.APPLIED,
        "rejected": EscalationState.REJECTED,
        "unknown": EscalationState.UNKNOWN,
        "returned": EscalationState.PLANNED,
        "deferred": EscalationState.PLANNED,
        "absent": EscalationState.PLANNED,
        "adopted": EscalationState.ADOPTED,
        "superseded": EscalationState.SUPERSEDED,
        "gone": EscalationState.GONE,
        "closed": EscalationState.CLOSED,
        "undone": EscalationState.UNDONE,
        "skipped": EscalationState.SKIPPED,
        "withheld": EscalationState.WITHHELD,
    }
)
RESOLVED = frozenset({EscalationState.APPLIED, EscalationState.PLANNED})
"""The states that a person may give to an unknown outcome, by the event `resolved`."""

STAYS = frozenset({"bounced", "merged", "ended"})
"""Events that do not change the state."""

OF_LADDER = frozenset({"started", "acknowledged", "moved", "exhausted"})
"""Events of a start that change only its ladder, while it is applied."""


def check(key: str, event: str, old: EscalationState | None, new: EscalationState) -> None:
    """Raises EscalatorError for a change that these rules do not allow: a mistake of the program, not of its user."""
    if event in STAYS:
        allowed = old is not None and old is new
    elif event in OF_LADDER:
        allowed = old is new is EscalationState.APPLIED
    elif event == "resolved":
        allowed = old is EscalationState.UNKNOWN and new in RESOLVED
    else:
        allowed = STATE_AFTER.get(event) is new and new in (FIRST if old is None else AFTER[old])
    if not allowed:
        raise EscalatorError(f"escalation {key} cannot become {new} from {old or 'nothing'} by the event {event!r}")
