"""The undo of one escalation: its state, and the order that carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.policy.steps import NOTE, Step, StepState, values_before
from sfdc_escalator.escalation.undoing.fields import PutBack, Touched
from sfdc_escalator.escalation.undoing.note import undo_note
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.keys import Identity


class UndoState(StrEnum):
    """The end of an undo: as that of a match in a run, and two more. A case that is closed is left as it is; one that
    was deleted, or merged into another, is gone."""

    PLANNED = "planned"
    APPLIED = "applied"
    ALREADY = "already"
    CLOSED = "closed"
    GONE = "gone"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


STUCK = (UndoState.REJECTED, UndoState.DEFERRED, UndoState.UNKNOWN)
"""The same command has to be typed again, once the reason is gone."""


@dataclass(frozen=True, slots=True)
class Undo:
    """One start or turn of a rung (`target`), and what becomes of it. `key` is that of the undo. `order` carries it
    out where it is planned."""

    target: Escalation
    identity: Identity
    state: UndoState
    reason: str
    steps: tuple[Step, ...] = ()
    touched: tuple[Touched, ...] = ()
    order: Order | None = None

    @property
    def key(self) -> str:
        return self.identity.key

    @property
    def put_back(self) -> PutBack:
        """The steps without the note, and the fields that stay."""
        return PutBack(tuple(step for step in self.steps if not step.is_note), self.touched)


@dataclass(frozen=True, slots=True)
class Basis:
    """The facts that an order needs beside the case: `takes_back` become undone with it; the note's words."""

    takes_back: tuple[Escalation, ...]
    why: str
    by: str
    names: Mapping[str, str]
    published: bool
    together: bool
    digest: str


def order_of(target: Escalation, identity: Identity, case: Case, found: PutBack, basis: Basis) -> Order:
    """The order: the correcting note first, then the fields that are put back, whatever their rank."""
    note = undo_note(basis.why, target.rung, found, basis.names, identity)
    steps = (Step(NOTE, None, note), *found.steps)
    return Order(
        identity=identity,
        case_number=case.number,
        policy_digest=basis.digest,
        reason="escalated in error",
        findings=(),
        steps=steps,
        before=values_before(case, steps),
        published=basis.published,
        together=basis.together,
        locks=tuple(lock for lock in (case.account_id, case.parent_id) if lock),
        owner_name=case.owner_name,
        start_key=identity.start_key,
        undoes=basis.takes_back,
        by=basis.by,
    )


def ended(undo: Undo, outcome: Outcome) -> Undo:
    """The undo with the end of its order."""
    return Undo(
        undo.target,
        undo.identity,
        UndoState(outcome.state.value),
        outcome.reason if outcome.state is not State.APPLIED else undo.reason,
        outcome.steps or undo.steps,
        undo.touched,
        undo.order,
    )


def left(target: Escalation, identity: Identity, state: UndoState, reason: str) -> Undo:
    """An undo that sends nothing."""
    return Undo(target, identity, state, reason)


def not_sent(undo: Undo, state: UndoState, reason: str) -> Undo:
    """A planned undo that is not sent after all; its steps say what it would have done."""
    steps = tuple(step.undone() if step.state is StepState.PLANNED else step for step in undo.steps)
    return Undo(undo.target, undo.identity, state, reason, steps, undo.touched)
