"""One escalation as the ledger records it, and its states."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO, Identity
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts

TRY_AGAIN = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


class EscalationState(StrEnum):
    """The states of an escalation in the ledger. `skipped` and `withheld` are states of rungs: a turn that was not
    carried out, and a move that a guard withheld. What a person took back is `undone`."""

    PLANNED = "planned"
    SENDING = "sending"
    APPLIED = "applied"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    ADOPTED = "adopted"
    SUPERSEDED = "superseded"
    GONE = "gone"
    CLOSED = "closed"
    UNDONE = "undone"
    SKIPPED = "skipped"
    WITHHELD = "withheld"


NOT_SENT = frozenset(
    {EscalationState.PLANNED, EscalationState.REJECTED, EscalationState.SKIPPED, EscalationState.WITHHELD}
)
CASE_CLOSED = "the case was closed since"
"""The message of an escalation that is undone and whose episode ended with its case. One that is undone has no other
message; where its text was erased, that there is one says the same."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """One escalation as the ledger records it: its start, one turn of a rung, or the undo of either.

    `before` and `wrote` hold the fields that steps may write; None where we sent nothing (adopted, found). `attempts`
    counts the rejections of a rejected escalation, and the deferrals in a row of a planned one; `tried_at` is the org's
    time of the last try. `ended_at` is the org's time at which the route was first seen not to match. `ladder` stands
    with the start; `moment` is the time at which the turn of a rung was due, `start_key` the key of its start.
    """

    key: str
    policy: str
    route: str
    case_id: str
    state: EscalationState
    rung: str = "start"
    episode: int = 1
    turn: int = 1
    before: FieldValues | None = field(default=None, hash=False)
    wrote: FieldValues | None = field(default=None, hash=False)
    attempts: int = 0
    tried_at: datetime | None = None
    message: str = ""
    case_number: str = ""
    ended_at: datetime | None = None
    ladder: LadderFacts | None = field(default=None, hash=False)
    moment: datetime | None = None
    start_key: str = ""

    @classmethod
    def of(
        cls,
        identity: Identity,
        state: EscalationState,
        *,
        before: FieldValues | None = None,
        wrote: FieldValues | None = None,
        attempts: int = 0,
        tried_at: datetime | None = None,
        message: str = "",
        ladder: LadderFacts | None = None,
        moment: datetime | None = None,
        start_key: str = "",
    ) -> "Escalation":
        """The escalation with this identity."""
        return cls(
            key=identity.key,
            policy=identity.policy,
            route=identity.route,
            case_id=identity.case_id,
            state=state,
            rung=identity.rung,
            episode=identity.episode,
            turn=identity.turn,
            before=before,
            wrote=wrote,
            attempts=attempts,
            tried_at=tried_at,
            message=message,
            ladder=ladder,
            moment=moment,
            start_key=start_key,
        )

    @property
    def is_start(self) -> bool:
        """True for a start, False for a turn of a rung."""
        return self.rung == FIRST_RUNG

    @property
    def is_undo(self) -> bool:
        """True for what took a start or a turn of a rung back."""
        return self.rung == UNDO

    @property
    def was_sent(self) -> bool:
        """True where it is in the org, or may be; False where it was rejected, returned, skipped or withheld."""
        return self.state not in NOT_SENT

    @property
    def is_found(self) -> bool:
        """True where its note was found in the org: it was written, but the values before and after are not known."""
        written = (EscalationState.APPLIED, EscalationState.SUPERSEDED, EscalationState.UNDONE)
        is_written = self.state in written and not self.is_undo
        return is_written and self.tried_at is not None and self.before is None and self.wrote is None

    @property
    def is_open(self) -> bool:
        """True where the case counts as escalated by it, or may have been."""
        return self.state in (
            EscalationState.APPLIED,
            EscalationState.ADOPTED,
            EscalationState.UNKNOWN,
            EscalationState.SENDING,
        )

    @property
    def is_watched(self) -> bool:
        """True for a start whose case every run looks at: one that is open; and one that is undone, until its case is
        closed: only then may it be escalated again."""
        if not self.is_start:
            return False
        if self.state is EscalationState.UNDONE:
            return not self.message
        return self.state in (EscalationState.APPLIED, EscalationState.ADOPTED)

    @property
    def is_over(self) -> bool:
        """True where no run needs it, unless its case matches again, or another one of its case is not over."""
        return not self.is_watched and self.state not in (EscalationState.UNKNOWN, EscalationState.SENDING)

    @property
    def origin(self) -> str:
        """The case on which it began: the keys of its rungs name it."""
        return (self.ladder.origin if self.ladder else "") or self.case_id

    def on_case(self, case_id: str, case_number: str) -> "Escalation":
        """The same escalation on the case into which its own was merged."""
        ladder = self.ladder
        if self.is_start and case_id != self.case_id:  # also without a ladder: its route may get one
            ladder = replace(ladder or LadderFacts(), origin=self.origin)
        return replace(self, case_id=case_id, case_number=case_number, ladder=ladder)

    def try_again_at(self) -> datetime | None:
        """The time at which a rejected escalation is tried again: after 15 min, 1 h, 6 h, then daily."""
        if self.state is not EscalationState.REJECTED or self.tried_at is None:
            return None
        return self.tried_at + TRY_AGAIN[min(self.attempts, len(TRY_AGAIN)) - 1]
