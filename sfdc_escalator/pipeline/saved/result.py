"""The result of an apply: the end of each order of the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sfdc_escalator.errors import PlanRefused
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State, undone_outcome
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.applying.apply import Applied
from sfdc_escalator.pipeline.notify.delivery import Sent
from sfdc_escalator.pipeline.ports.ledger import Ledger
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.recover import Settled
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.saved.recheck import Checked, Refused
from sfdc_escalator.pipeline.stop import Stop

OTHERS = "the plan was refused because other orders are different; --partial applies the rest"


@dataclass(frozen=True, slots=True)
class SavedResult:
    """The result of an apply. `outcomes` are the ends of the orders, in plan order. `whole` says that nothing was
    carried out because something is different."""

    run: str
    plan: SavedPlan
    facts: OrgFacts
    now: datetime
    checked: Checked
    applied: Applied
    outcomes: tuple[Outcome, ...]
    whole: bool
    recovered: int
    stopped: str | None
    guard: str
    ledger: str
    post: Sent = field(default_factory=Sent)
    api_calls: int = 0
    retries: int = 0
    audit_head: str | None = None

    @property
    def refused(self) -> tuple[Refused, ...]:
        return self.checked.refused

    def count(self, state: State) -> int:
        return sum(one.state is state for one in self.outcomes)

    @property
    def exit_code(self) -> int:
        """By precedence: 5 the org failed us, 4 something is different, 3 something is left to do, 0."""
        if self.applied.trouble is not None:
            return self.applied.trouble.exit_code
        if self.refused:
            return PlanRefused.exit_code
        return 3 if self.needs_a_person else 0

    @property
    def needs_a_person(self) -> bool:
        """No later run carries out the rest of a saved plan, so a deferred order waits for a person as well."""
        stuck = any(one.is_stuck or one.state is State.DEFERRED for one in self.outcomes)
        return bool(stuck or self.applied.bounced or self.stopped or self.post.counts.undelivered)


def result_of(
    run: str,
    org: Org,
    ledger: Ledger,
    plan: SavedPlan,
    facts: OrgFacts,
    clock: RunClock,
    checked: Checked,
    applied: Applied,
    stop: Stop,
    settled: Sequence[Settled],
    *,
    whole: bool,
) -> SavedResult:
    refused = {one.order.key: one.reason for one in checked.refused}

    def end(order: Order) -> Outcome:
        if order.key in refused:
            return undone_outcome(order, State.WITHHELD, refused[order.key])
        return checked.ends.get(order.key) or applied.outcomes.get(order.key) or withheld(order)

    def withheld(order: Order) -> Outcome:
        return undone_outcome(order, State.WITHHELD, OTHERS)

    return SavedResult(
        run,
        plan,
        facts,
        clock.start,
        checked,
        applied,
        tuple(map(end, plan.orders)),
        whole,
        sum(one.event in ("recovered", "absent") for one in settled),
        stop.reason,
        org.guard,
        ledger.where,
    )
