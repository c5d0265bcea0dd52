"""From orders to outcomes: send the chunks side by side, read back what was written."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sfdc_escalator.errors import EscalatorError, OrgUnavailable
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State, applied_outcome
from sfdc_escalator.escalation.planning.chunks import Batch, lanes
from sfdc_escalator.escalation.planning.guards import CHUNK
from sfdc_escalator.escalation.policy.steps import values_written
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.pipeline.applying.deliver import Delivery
from sfdc_escalator.pipeline.applying.smaller_parts import Tries
from sfdc_escalator.pipeline.changes import change, counted_facts, escalation_of
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.ports.org import CaseNow, Org
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.pipeline.preparing.recover import all_cases_now, homes
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.stop import Stop

log = logging.getLogger(__name__)
SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which orders are carried out.

    `polled_at` is the time of the poll behind them; `calls` is the number of API calls for sending; `live` the
    routes that have run live once all is sent. `is_proved` says that keys go into an object of their own.
    """

    polled_at: datetime
    clock: RunClock
    calls: float
    live: tuple[RouteName, ...] = ()
    is_proved: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcomes of the orders, by key. `trouble` is the error that ended the work with the org too early; `written`
    are the escalations as the ledger has them, of the orders that were applied."""

    outcomes: Mapping[str, Outcome]
    bounced: tuple[Order, ...] = ()
    gone: tuple[Order, ...] = ()
    trouble: EscalatorError | None = None
    written: tuple[Escalation, ...] = ()

    @property
    def starts(self) -> tuple[Escalation, ...]:
        """The starts among `written`, without those whose case was deleted right after."""
        gone = {order.key for order in self.gone}
        return tuple(one for one in self.written if one.is_start and one.key not in gone)


def outcome_in(applied: Applied, match: Match) -> Outcome:
    """The outcome of the match: that of its order where it was carried out, else that of the plan. The case's own words
    come from the poll: an order does not keep them."""
    done = applied.outcomes.get(match.identity.key) if match.state is State.PLANNED else None
    return replace(done or match.outcome, subject=match.case.subject, account=match.case.account_name)


def apply(orders: Sequence[Order], terms: Terms, org: Org, lease: Lease, progress: Progress, stop: Stop) -> Applied:
    """Carries out the orders. Returns an outcome for every order."""
    outcomes: dict[str, Outcome] = {}
    count = len(orders)

    def ended(outcome: Outcome) -> None:
        outcomes[outcome.key] = outcome
        progress("escalating", len(outcomes), count)

    silent = [order for order in orders if not order.writes]
    orders = [order for order in orders if order.writes]
    quiet = note_silent(silent, lease, terms.clock, ended)
    delivery = Delivery(org, lease, terms.polled_at, terms.clock, stop, org.api_calls + terms.calls, ended)
    # With the keys in an object of their own, a case takes two rows of the notes' collection; so does a post.
    most = CHUNK // (1 + terms.is_proved + any(order.post for order in orders))
    send_all(delivery, lanes(orders, most))
    if delivery.trouble is None and stop.reason is None:
        lease.mark_live(terms.live)
    written = [(order, delivery.written[order.key]) for order in orders if order.key in delivery.written]
    made = tuple(replace(one, case_number=order.case_number) for order, one in (*quiet, *written))
    try:
        bounced, gone, moved = read_back(org, lease, written)
    except OrgUnavailable as error:
        return Applied(outcomes, trouble=delivery.trouble or error, written=made)
    return Applied(outcomes, bounced, gone, delivery.trouble, tuple(moved.get(one.key, one) for one in made))


def note_silent(
    orders: Sequence[Order], lease: Lease, clock: RunClock, ended: Callable[[Outcome], None]
) -> tuple[tuple[Order, Escalation], ...]:
    """Records the orders that write nothing to the org: the ledger alone remembers them. Returns them as it does."""
    done = partial(escalation_of, state=EscalationState.APPLIED, tried_at=clock.now())
    found = tuple((order, done(order)) for order in orders)
    if found:
        lease.record(
            [change(order, "applied", one, facts=counted_facts(order), notices=order.notices) for order, one in found]
        )
    for order in orders:
        ended(applied_outcome(order))
    return found


def send_all(delivery: Delivery, plan_lanes: Sequence[Sequence[Batch]]) -> None:
    """Each lane in order, the lanes side by side. An error of our own stops the rest."""

    def run(lane: Sequence[Batch]) -> None:
        try:
            for batch in lane:
                with delivery.gate.passage():
                    delivery.send(batch, Tries.of(batch))
        except BaseException:
            delivery.stop.pull("an error of our own")
            raise

    if len(plan_lanes) == 1:
        return run(plan_lanes[0])
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [pool.submit(copy_context().run, run, lane) for lane in plan_lanes]
    for future in futures:
        future.result()


def read_back(
    org: Org, lease: Lease, written: Sequence[tuple[Order, Escalation]]
) -> tuple[tuple[Order, ...], tuple[Order, ...], Mapping[str, Escalation]]:
    """The orders whose case automation moved on to another owner, those whose case was deleted since, and by key the
    starts that go on on the master of a merge."""
    if not written:
        return (), (), {}
    fields = list(dict.fromkeys(name for order, _ in written for name in order.before))
    values = org.read_back([order.case_id for order, _ in written], fields)
    missing = [order for order, _ in written if order.case_id not in values]
    seen = all_cases_now(org, {order.case_id for order in missing}, frozenset(), frozenset())
    if cases := [one.case_number for one in missing if one.case_id not in seen or not seen[one.case_id].is_deleted]:
        log.warning("out of sight after the move", extra={"cases": cases})
    home = {order.key: trail[-1] for order in missing if (trail := list(homes(order.case_id, seen)))}
    gone = tuple(one for one in missing if one.key in home and home[one.key].is_deleted and not home[one.key].master_id)
    bounced = tuple(
        order
        for order, _ in written
        if moved_owner(order) and values.get(order.case_id, order.after)["OwnerId"] != order.after["OwnerId"]
    )
    escalations = {order.key: escalation for order, escalation in written}
    changes = [
        change(one, "bounced", escalations[one.key], facts={"owner_now": values[one.case_id]["OwnerId"]})
        for one in bounced
    ]
    changes += [change(one, "gone", replace(escalations[one.key], state=EscalationState.GONE)) for one in gone]
    moved = dict(on_masters(escalations, home))
    changes += [Change("merged", one, one.case_number, "") for one in moved.values()]
    if changes:
        lease.record(changes)
    return bounced, gone, moved


def on_masters(escalations: Mapping[str, Escalation], home: Mapping[str, CaseNow]) -> Iterator[tuple[str, Escalation]]:
    """The starts whose case was merged, by key, each on the master. A rung goes there with its start, in the next
    run."""
    for key, now in home.items():
        one = escalations[key]
        if one.is_start and now.case.id != one.case_id and not (now.is_deleted or now.master_id):
            yield key, one.on_case(now.case.id, now.case.number)


def moved_owner(order: Order) -> bool:
    return "OwnerId" in values_written(order.steps)
