"""An outcome: the end of a match, as plain data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.policy.steps import Step

BACKLOG = (
    "its backlog is not decided yet: choose with --backlog escalate or --backlog adopt (remember them as seen), "
    "or try some with --limit or --case"
)
"""The reason for which a route is withheld; also true after a trial of some cases, which leaves the choice open."""
HeldBy = Literal["note", "pattern", "hold", "field"]
"""The reason for which a case is held: a part of its note is missing, the search for a pattern takes too long, a person
said so, or `hold_while` of the policy holds. The last two wait for nobody."""


class State(StrEnum):
    """The end of a match; every match ends as exactly one of these."""

    PLANNED = "planned"
    APPLIED = "applied"
    ALREADY = "already"
    HELD = "held"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a match. `key` names the escalation: an earlier one where that decided the match.

    `deferrals` counts how often in a row the org deferred it, this run included. `beside` is the kind of record that
    also gets the note. `owner_name` is the owner's name before the steps. `missing` are the parts
    that the note of a held case lacks. `due` is the due time of the escalation, `moment` that of a rung.
    `subject` and `account` (its name) are those of the case when it was polled.
    """

    key: str
    policy: str
    route: str
    rung: str
    turn: int
    case_id: str
    case_number: str
    state: State
    reason: str
    findings: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    deferrals: int = 0
    held_by: HeldBy | None = None
    missing: tuple[str, ...] = ()
    note: str = ""
    beside: str = ""
    owner_name: str = ""
    due: datetime | None = None
    moment: datetime | None = None
    subject: str = ""
    account: str = ""

    @property
    def is_stuck(self) -> bool:
        """True where it waits for a person."""
        stuck = self.state in (State.REJECTED, State.UNKNOWN) or self.deferrals > 1
        return stuck or (self.state is State.HELD and self.held_by in ("note", "pattern"))


def outcome_of(order: Order, state: State, reason: str, steps: tuple[Step, ...], deferrals: int = 0) -> Outcome:
    return Outcome(
        key=order.key,
        policy=order.identity.policy,
        route=order.identity.route,
        rung=order.identity.rung,
        turn=order.identity.turn,
        case_id=order.case_id,
        case_number=order.case_number,
        state=state,
        reason=reason,
        findings=order.findings,
        steps=steps,
        deferrals=deferrals,
        note=order.note,
        beside=order.post.on if order.post else "",
        owner_name=order.owner_name,
        due=order.due,
        moment=order.moment,
    )


def applied_outcome(order: Order) -> Outcome:
    """Everything was written."""
    return outcome_of(order, State.APPLIED, order.reason, tuple(step.done() for step in order.steps))


def undone_outcome(order: Order, state: State, reason: str, deferrals: int = 0) -> Outcome:
    """Nothing was written."""
    return outcome_of(order, state, reason, tuple(step.undone() for step in order.steps), deferrals)


def unknown_outcome(order: Order, reason: str) -> Outcome:
    """It may or may not have been written."""
    return outcome_of(order, State.UNKNOWN, reason, order.steps)
