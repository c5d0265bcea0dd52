"""Which state of an escalation may follow which, and which state an event tells of."""

from types import MappingProxyType

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.history import Memory

FIRST = frozenset({Memory.PLANNED, Memory.SENDING, Memory.ADOPTED, Memory.APPLIED})
"""The states in which an escalation may enter the ledger: planned when it was deferred before it was ever sent, applied
when its note was found in the org."""

AFTER = MappingProxyType(
    {
        Memory.PLANNED: frozenset({Memory.SENDING, Memory.APPLIED, Memory.PLANNED}),
        Memory.SENDING: frozenset({Memory.APPLIED, Memory.REJECTED, Memory.UNKNOWN, Memory.PLANNED}),
        Memory.UNKNOWN: frozenset({Memory.APPLIED, Memory.PLANNED, Memory.GONE}),
        Memory.APPLIED: frozenset({Memory.SUPERSEDED, Memory.GONE, Memory.CLOSED}),
        Memory.REJECTED: frozenset({Memory.SENDING, Memory.APPLIED, Memory.PLANNED}),
        Memory.ADOPTED: frozenset({Memory.SUPERSEDED, Memory.GONE, Memory.CLOSED}),
        Memory.SUPERSEDED: frozenset[Memory](),
        Memory.GONE: frozenset[Memory](),
        Memory.CLOSED: frozenset[Memory](),
    }
)

TOLD_BY = MappingProxyType(
    {
        "intended": Memory.SENDING,
        "applied": Memory.APPLIED,
        "found": Memory.APPLIED,
        "recovered": Memory.APPLIED,
        "rejected": Memory.REJECTED,
        "unknown": Memory.UNKNOWN,
        "returned": Memory.PLANNED,
        "deferred": Memory.PLANNED,
        "absent": Memory.PLANNED,
        "adopted": Memory.ADOPTED,
        "superseded": Memory.SUPERSEDED,
        "gone": Memory.GONE,
        "closed": Memory.CLOSED,
    }
)
RESOLVED = frozenset({Memory.APPLIED, Memory.PLANNED})
"""What a person may say of an unknown outcome, by the event `resolved`."""

STAYS = frozenset({"bounced", "merged", "ended"})
"""Events that tell of something without changing the state."""


def check(key: str, event: str, old: Memory | None, new: Memory) -> None:
    """Raises EscalatorError for a change that the rules do not know: a mistake of the program, not of its user."""
    if event in STAYS:
        fine = old is not None and old is new
    elif event == "resolved":
        fine = old is Memory.UNKNOWN and new in RESOLVED
    else:
        fine = TOLD_BY.get(event) is new and new in (FIRST if old is None else AFTER[old])
    if not fine:
        raise EscalatorError(f"escalation {key} cannot become {new} from {old or 'nothing'} by the event {event!r}")
