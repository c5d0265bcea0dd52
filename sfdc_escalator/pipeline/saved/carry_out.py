"""Applies a saved plan: checks it against the org now, then carries out exactly its orders, or none of them."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.errors import EscalatorError, PlanRefused
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.outbox.queued import OutboxCounts
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.undoing.proved import undone_by_notes
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Standing
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.applying.apply import Applied, Terms, apply
from sfdc_escalator.pipeline.changes import climbed
from sfdc_escalator.pipeline.closing import close_failed, read_back
from sfdc_escalator.pipeline.notify.delivery import Sent, deliver
from sfdc_escalator.pipeline.ports.ledger import Change, Lease, Ledger, RunEnd, RunStart
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.outbox import PostOffice
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.prepare import with_settled
from sfdc_escalator.pipeline.preparing.recover import Settled, recover
from sfdc_escalator.pipeline.read_models.notices import waiting_for_a_person
from sfdc_escalator.pipeline.run_clock import RunClock, check_clock
from sfdc_escalator.pipeline.saved.recheck import Checked, recheck
from sfdc_escalator.pipeline.saved.result import SavedResult, result_of
from sfdc_escalator.pipeline.stop import Stop, budget_of

log = logging.getLogger(__name__)

SKEW = timedelta(minutes=5)
"""The servers of an org may differ by this."""

SentBy = Callable[[str, Sequence[str]], Collection[str]]
"""The keys, of these, whose last send was by an apply of the plan with this SHA-256."""


class ApplyTerms(NamedTuple):
    """With `partial` the orders that are different are left out. The plan is at most `max_age` old."""

    partial: bool = False
    max_age: timedelta = timedelta(hours=24)
    accept_clock: bool = False


def refuse_at_once(plan: SavedPlan, caller: Caller, max_age: timedelta | None) -> None:
    """Raises PlanRefused for a plan of another org, and for one that is older than `max_age` by the org's clock, or as
    far in its future."""
    if plan.organization_id != caller.organization_id:
        raise PlanRefused(
            f"the plan is for the org {plan.organization_id} ({plan.org}), but the login leads to "
            f"{caller.organization_id}; nothing was done: name the org of the plan with --org"
        )
    age = caller.now - plan.now
    if max_age is not None and age > max_age:
        raise PlanRefused(
            f"the plan is {in_words(age)} old (made {plan.now:%Y-%m-%d %H:%M} UTC), more than {in_words(max_age)}; "
            "nothing was done: make it anew, or allow more with --max-age"
        )
    if max_age is not None and -age > max(max_age, SKEW):
        raise PlanRefused(
            f"the plan was made {plan.now:%Y-%m-%d %H:%M} UTC, which is {in_words(-age)} after the org's time of now; "
            "nothing was done: make it anew"
        )


def carry_out_saved(
    run: str,
    org: Org,
    caller: Caller,
    ledger: Ledger,
    plan: SavedPlan,
    terms: ApplyTerms,
    sent: SentBy,
    progress: Progress,
    stop: Stop,
    post: PostOffice,
) -> SavedResult:
    """One apply under the org's lease, of a plan that `refuse_at_once` accepts. Raises RunBusy, LeaseLost, PlanRefused
    and OrgUnavailable."""
    clock = RunClock(caller.now)
    start = RunStart(run, caller.organization_id, caller.user_id, dict(plan.policies), caller.now)
    with ledger.lease(start) as lease:
        try:
            history = ledger.history(caller.organization_id)
            check_clock(caller.now, history.org_time, accept=terms.accept_clock)
            facts = org.facts(caller, ())
            recall = Recall(ledger, caller.organization_id)
            settled = recover(org, history, frozenset(), history.users | {caller.user_id}, caller.now)
            history = store_settled(lease, with_settled(history, settled, recall), settled)
            history = recall.keys(history, keys_of(plan))
            sent_keys = sent(plan.sha256, [one.key for one in plan.orders])
            checked = recheck(org, plan, history, sent_keys, facts)
            refuse_if_lost(history, checked)
            whole = bool(checked.refused) and not terms.partial
            applied = Applied({})
            if not whole:
                applied = send(org, lease, plan, history, checked, facts, clock, progress, stop)
        except EscalatorError as error:
            close_failed(lease, error)
            raise
        result = result_of(run, org, ledger, plan, facts, clock, checked, applied, stop, settled, whole=whole)
        lost = waiting_for_a_person(post.outbox.undelivered())
        result = replace(result, post=Sent(counts=OutboxCounts(undelivered=len(lost))))
        counts = {state.value: result.count(state) for state in State}
        end = RunEnd(history.waitlist, history.policy_uses, facts.is_sandbox)
        lease.finish({"exit": result.exit_code, "plan": plan.sha256, **counts}, end)
    if not whole:
        result = replace(result, post=deliver(post.outbox, post.channels(facts), plan.rules, clock.now, stop))
    return replace(result, audit_head=ledger.head(caller.organization_id), api_calls=org.api_calls, retries=org.retries)


def keys_of(plan: SavedPlan) -> Iterator[str]:
    """The keys of everything that the plan carries out, ends, skips, moves or adopts."""
    yield from (one.identity.key for one in plan.adopted)
    for order in plan.orders:
        moved = (order.ladder_after,) if order.ladder_after else ()
        yield from (order.key, order.start_key, *(one.key for one in (*order.takes_over, *order.skips, *moved)))


def store_settled(lease: Lease, history: History, settled: Sequence[Settled]) -> History:
    """Stores what an earlier run or apply left open and reading settles, with what an undo among it ends, as every run
    does. The history has what is settled; the result has what was ended too."""
    undone = tuple(undone_by_notes(history)) if settled else ()
    ends = [*settled, *(Settled("undone", one) for one in undone)]
    if ends:
        lease.record([Change(one.event, one.escalation, one.escalation.case_number, "") for one in ends])
    return history.with_escalations(undone)


def refuse_if_lost(history: History, checked: Checked) -> None:
    """Raises PlanRefused: an empty ledger where the org has keys is a lost ledger, or another one."""
    found = [one.order for one in checked.refused if any(other.what == "key" for other in one.differences)]
    keys = [order.start_key or order.key for order in found]
    if history.empty and keys:
        raise PlanRefused(
            f"the ledger is empty, but a note with the key {keys[0]} stands in the org: the ledger was lost, or is "
            "another one. Name the right one with --ledger, or read the keys back with `ledger rebuild`"
        )


def send(
    org: Org,
    lease: Lease,
    plan: SavedPlan,
    history: History,
    checked: Checked,
    facts: OrgFacts,
    clock: RunClock,
    progress: Progress,
    stop: Stop,
) -> Applied:
    """Carries out the orders, and stores all that the plan says beside them."""
    orders = tuple(of_plan(one, plan, clock.start) for one in checked.to_send)
    remember(lease, plan, history, orders, clock.start)
    bypasses = any((one.identity.policy, one.identity.route) in plan.bypassing for one in orders)
    budget = budget_of(tuple(plan.guards.values()), facts, bypasses=bypasses)
    terms = Terms(checked.at, clock, budget, plan.live, facts.level == "proved")
    applied = apply(orders, terms, org, lease, progress, stop)
    us = history.users | {facts.caller.user_id}
    read_back(org, lease, us, tuple(one for one in applied.starts if one.ladder))
    lease.keep_standings(standings_after(plan, history, applied, clock.start))
    return applied


def of_plan(order: Order, plan: SavedPlan, now: datetime) -> Order:
    """The order with the name of its plan. Its notices are queued now; a digest that has passed goes out at once."""
    notices = tuple(replace(one, queued_at=now, at=max(one.at, now)) for one in order.notices)
    return replace(order, plan=plan.sha256, notices=notices)


def remember(lease: Lease, plan: SavedPlan, history: History, orders: Sequence[Order], now: datetime) -> None:
    """Stores the adopted cases, the turns that are skipped and moved, and the rungs that are seen for the first time:
    all of it before anything is sent."""
    known = {one.key for one in history.everything()}
    changes = [
        Change(
            "adopted",
            Escalation.of(one.identity, EscalationState.ADOPTED, tried_at=now),
            one.case_number,
            one.policy_digest,
            one.reasons,
        )
        for one in plan.adopted
        if one.identity.key not in known
    ]
    changes += [change for order in orders if order.start_key for change in climbed(order)]
    if changes:
        lease.record(changes)
    recorded = {(*route, rung) for route, found in history.rungs.items() for rung in found}
    new = {name: seen or now for name, seen in plan.rungs.items() if name not in recorded}
    if new:
        lease.see_rungs(new, ())


def standings_after(
    plan: SavedPlan, history: History, applied: Applied, now: datetime
) -> dict[str, tuple[Standing, str]]:
    """The standings before, without those that ended, and those of the starts that were carried out: the next run finds
    their exact moments."""
    done = {one.key for one in applied.written}
    ended = {one.key for order in plan.orders if order.key in done for one in order.takes_over}
    digests, late = dict(plan.policies), now - plan.now
    found = {key: one for key, one in history.standings.items() if key not in ended}
    for one in applied.starts:
        if planned := plan.standings.get(one.key):
            at = planned.standing.at
            later = at if at is None or planned.by_due else at + late
            found[one.key] = replace(planned.standing, at=later), digests.get(one.policy, "")
    return found
