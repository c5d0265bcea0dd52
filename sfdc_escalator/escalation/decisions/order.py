"""An order: everything that is sent for one case, and everything that the ledger records of it, as plain data."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.counted import NOT_COUNTED, Counted
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.policy.steps import Step, StepState, values_after
from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts


class Post(NamedTuple):
    """The note on a record beside the case; `on` is the kind of record (`Account`)."""

    on: str
    parent_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """One escalation to carry out. It needs neither the policy nor the case.

    `before` holds the old values of the fields that steps may write; `takes_over` the open escalations that
    this one supersedes; `rejections` and `deferrals` count how often in a row it was rejected or deferred.
    `together` saves all fields as one. `locks` are the other records that a save of the case locks.
    `owner_name` is for reports.

    `ladder` is kept with a start, `due` is the due time of the escalation. Of a rung: its `moment`, the key of the
    start, the turns that it `skips`, and the start of the escalation with the rungs that it moves. `notices` are sent
    once it is carried out. `counted` are the facts by which a report counts a start. `plan` is the SHA-256 of the saved
    plan that it comes from; empty for a run's own.

    Of an undo: `undoes` are the start and the turns of rungs that it takes back, `by` is the person who said so.
    """

    identity: Identity
    case_number: str
    policy_digest: str
    reason: str
    findings: tuple[str, ...]
    steps: tuple[Step, ...]
    before: FieldValues = field(hash=False)
    published: bool = False
    post: Post | None = None
    together: bool = False
    takes_over: tuple[Escalation, ...] = ()
    rejections: int = 0
    deferrals: int = 0
    locks: tuple[str, ...] = ()
    owner_name: str = ""
    ladder: LadderFacts | None = None
    due: datetime | None = None
    moment: datetime | None = None
    start_key: str = ""
    skips: tuple[Escalation, ...] = ()
    ladder_after: Escalation | None = None
    notices: tuple[Notice, ...] = ()
    counted: Counted = NOT_COUNTED
    undoes: tuple[Escalation, ...] = ()
    by: str = ""
    plan: str = ""

    @property
    def writes(self) -> bool:
        """True where something is written to the org; a rung may only notify people."""
        return any(step.state is StepState.PLANNED for step in self.steps)

    @property
    def key(self) -> str:
        return self.identity.key

    @property
    def case_id(self) -> str:
        return self.identity.case_id

    @property
    def note(self) -> str:
        """The note's text, its key on the last line."""
        return next((step.after or "" for step in self.steps if step.is_note), "")

    @property
    def after(self) -> FieldValues:
        """The fields of `before` with their values after the steps."""
        return values_after(self.before, self.steps)
