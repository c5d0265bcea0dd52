"""A match: a case that a route matches, with the reasons, and the history of the case."""

from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import HeldBy, Outcome, State, outcome_of, undone_outcome
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import Step
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.keys import Identity, RouteName


@dataclass(frozen=True, slots=True)
class NoMatch:
    """A case that was read and that matches no route of the policy, or only one that this run leaves out."""

    policy: str
    case: Case
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The judgement about a case that a route matches.

    `escalation` is the one in the history: the escalation that decided the match, or an earlier try. `order` is
    what would be sent. With `adopt` the case is recorded as seen. `due` is the due time of the escalation,
    `due_text` the same as a clock of the responsible team shows it.

    Of a rung of an open escalation: the `rung`, its `moment`, the turns that it `skips`, and the start of the
    escalation as it is once the rung is carried out, where that moves other rungs.
    """

    policy: Policy
    route: Route
    case: Case
    identity: Identity
    state: State
    reason: str
    findings: tuple[str, ...]
    escalation: Escalation | None = None
    order: Order | None = None
    adopt: bool = False
    held_by: HeldBy | None = None
    missing: tuple[str, ...] = ()
    rung: Rung | None = None
    moment: datetime | None = None
    due: datetime | None = None
    due_text: str = ""
    start_key: str = ""
    skips: tuple[Escalation, ...] = ()
    ladder_after: Escalation | None = None

    @property
    def writes(self) -> bool:
        """True where its order writes to the org: a rung may only notify people."""
        return self.order is None or self.order.writes

    @property
    def name(self) -> RouteName:
        return self.policy.name, self.route.name

    @property
    def key(self) -> str:
        """The key of the escalation that the match is about: an earlier one where that decided the match."""
        ended_by = self.escalation if self.state in (State.ALREADY, State.UNKNOWN) else None
        return ended_by.key if ended_by else self.identity.key

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are planned for it."""
        return self.order.steps if self.order else ()

    @property
    def outcome(self) -> Outcome:
        """The end of the match in the plan."""
        if self.order and self.state is State.PLANNED:
            return outcome_of(self.order, self.state, self.reason, self.order.steps)
        if self.order:
            return replace(undone_outcome(self.order, self.state, self.reason), key=self.key)
        return Outcome(
            key=self.key,
            policy=self.policy.name,
            route=self.route.name,
            rung=self.identity.rung,
            turn=self.identity.turn,
            case_id=self.case.id,
            case_number=self.case.number,
            state=self.state,
            reason=self.reason,
            findings=self.findings,
            held_by=self.held_by,
            missing=self.missing,
            owner_name=self.case.owner_name,
            due=self.due,
            moment=self.moment,
        )

    def ended(self, state: State, reason: str) -> "Match":
        """The same match with another end; its order is dropped."""
        return replace(self, state=state, reason=reason)

    def held(self, reason: str, by: HeldBy, missing: tuple[str, ...] = ()) -> "Match":
        return replace(self, state=State.HELD, reason=reason, held_by=by, missing=missing)
