"""From a plan to outcomes: store what was found, send the chunks side by side, read back what was written."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace

from sfdc_escalator.errors import EscalatorError, OrgUnavailable
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.planning.chunks import Batch, lanes
from sfdc_escalator.escalation.planning.guards import CHUNK
from sfdc_escalator.escalation.policy.steps import Kind, StepState
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.pipeline.changes import change, escalation_of, values_after
from sfdc_escalator.pipeline.deliver import Delivery, Tries
from sfdc_escalator.pipeline.ports import Change, Lease, Org
from sfdc_escalator.pipeline.prepare import Prepared
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.stop import Stop, call_budget

log = logging.getLogger(__name__)
SIDE_BY_SIDE = 4
SLOW_CALL = 20.0
"""Seconds. Salesforce bounds the calls of 20 s and more that run at the same time (REST limits): then one by one."""

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, how much there is."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How the plan's decisions ended. `trouble` is why the org could not be worked with to the end."""

    decisions: tuple[Decision, ...]
    bounced: tuple[Decision, ...] = ()
    gone: tuple[Decision, ...] = ()
    trouble: EscalatorError | None = None


class Gate:
    """Lets chunks through side by side, until a call was slow: from then on one at a time."""

    def __init__(self) -> None:
        self.one_by_one = threading.Lock()
        self.slow = False

    @contextmanager
    def passage(self) -> Iterator[None]:
        if self.slow:
            with self.one_by_one:
                yield
            return
        start = time.monotonic()
        yield
        self.slow = self.slow or time.monotonic() - start >= SLOW_CALL


def apply(prepared: Prepared, org: Org, lease: Lease, progress: Progress, clock: RunClock, stop: Stop) -> Applied:
    """Carries out the plan. Every decision of the plan comes back, ended."""
    plan = prepared.plan
    remember(prepared, lease)
    done: dict[str, Decision] = {}

    def ended(decision: Decision) -> None:
        done[decision.identity.key] = decision
        progress("escalating", len(done), len(plan.planned))

    calls = org.api_calls + call_budget(plan, prepared.org_facts)
    delivery = Delivery(org, lease, prepared.poll.at, clock, stop, calls, ended)
    # With the keys in an object of their own, a case takes two rows of the notes' collection.
    most = CHUNK // (1 + (prepared.org_facts.level == "proved") + posts_too(prepared))
    send_all(delivery, lanes(plan.planned, most))
    decisions = tuple(done.get(one.identity.key, one) if one.state is State.PLANNED else one for one in plan.decisions)
    applied = [decision for decision in decisions if decision.state is State.APPLIED]
    if delivery.trouble is None and stop.reason is None:
        lease.mark_live(sorted(plan.complete))
    try:
        bounced, gone = read_back(org, lease, applied)
    except OrgUnavailable as error:
        return Applied(decisions, trouble=delivery.trouble or error)
    return Applied(decisions, bounced, gone, delivery.trouble)


def remember(prepared: Prepared, lease: Lease) -> None:
    """Stores what became known by reading, and the backlog that is adopted."""
    changes = [Change(one.event, one.escalation, one.escalation.case_number, "") for one in prepared.settled]
    changes += [change(one, "found", one.escalation) for one in prepared.found if one.escalation]
    at = prepared.plan.now
    changes += [
        change(one, "adopted", escalation_of(one, EscalationState.ADOPTED, tried_at=at))
        for one in prepared.plan.adopted
    ]
    if changes:
        lease.record(changes)


def send_all(delivery: Delivery, plan_lanes: Sequence[Sequence[Batch]]) -> None:
    """Each lane in order, the lanes side by side. An error of our own stops what was not sent yet."""
    gate = Gate()

    def run(lane: Sequence[Batch]) -> None:
        try:
            for batch in lane:
                with gate.passage():
                    delivery.send(batch, Tries.of(batch))
        except BaseException:
            delivery.stop.pull("an error of our own")
            raise

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [pool.submit(copy_context().run, run, lane) for lane in plan_lanes]
    for future in futures:
        future.result()


def read_back(org: Org, lease: Lease, applied: Sequence[Decision]) -> tuple[tuple[Decision, ...], tuple[Decision, ...]]:
    """What happened right after us: owners that automation moved on, cases that somebody deleted or merged."""
    if not applied:
        return (), ()
    values = org.read_back([decision.case.id for decision in applied])
    missing = [decision for decision in applied if decision.case.id not in values]
    seen = org.cases_now([decision.case.id for decision in missing], frozenset(), frozenset()) if missing else {}
    gone = tuple(one for one in missing if one.case.id in seen and seen[one.case.id].is_deleted)
    if len(missing) > len(gone):
        cases = [one.case.number for one in missing if one not in gone]
        log.warning("out of sight after the move", extra={"cases": cases})
    bounced = tuple(
        decision
        for decision in applied
        if moved_owner(decision)
        and values.get(decision.case.id, values_after(decision))["OwnerId"] != values_after(decision)["OwnerId"]
    )
    changes = [
        change(one, "bounced", one.escalation, facts={"owner_now": values[one.case.id]["OwnerId"]})
        for one in bounced
        if one.escalation
    ]
    changes += [
        change(one, "gone", replace(one.escalation, state=EscalationState.GONE)) for one in gone if one.escalation
    ]
    if changes:
        lease.record(changes)
    return bounced, gone


def moved_owner(decision: Decision) -> bool:
    return any(step.kind is Kind.QUEUE and step.state is StepState.APPLIED for step in decision.steps)


def posts_too(prepared: Prepared) -> bool:
    """Whether notes also go to accounts or contacts, which takes rows of the same collection."""
    routes = (route for policy in prepared.plan.policies for route in policy.routes)
    return any(route.escalate is not None and route.escalate.note.also_on is not None for route in routes)
