"""One run: prepare a plan, carry it out, account for every match."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sfdc_escalator.errors import EscalatorError, PlanRefused
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.explaining.misses import NearMiss
from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import OutboxCounts
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.escalation.world.policy_use import PolicyUse, PolicyUses, next_uses
from sfdc_escalator.escalation.world.waitlist import MOST, UNCHECKED, SelfCheck, Waiting, Waitlist, next_list
from sfdc_escalator.pipeline.applying.apply import Applied, Terms, apply, outcome_in
from sfdc_escalator.pipeline.applying.remember import remember
from sfdc_escalator.pipeline.closing import close_failed, close_ladders
from sfdc_escalator.pipeline.exhausted import record_exhausted
from sfdc_escalator.pipeline.notify.delivery import Sent, deliver
from sfdc_escalator.pipeline.notify.planned import names_of, queue_alone, with_notices
from sfdc_escalator.pipeline.polling.nearest import near_misses
from sfdc_escalator.pipeline.polling.read_poll import Listing
from sfdc_escalator.pipeline.ports.ledger import HistoryReader, Ledger, RunEnd, RunStart
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.outbox import PostOffice
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.prepare import Prepared, prepare
from sfdc_escalator.pipeline.read_models.notices import waiting_for_a_person
from sfdc_escalator.pipeline.run_clock import RunClock, skew_text
from sfdc_escalator.pipeline.standings import Standings
from sfdc_escalator.pipeline.stop import Stop, call_budget
from sfdc_escalator.pipeline.waiting import left_waiting

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run or of a rehearsal. `outcomes` are the ends of the matches, in plan order; `unsettled` counts
    escalations whose outcome is still unknown; `near` are the nearest misses of a rehearsal without a match. `waitlist`
    is what waits for a person, and `reports` says that this run reports it. `post` is the work of delivering
    notices, `check` is the check of the ledger after it, `standings` are those after it."""

    run: str
    prepared: Prepared
    applied: Applied
    outcomes: tuple[Outcome, ...]
    unsettled: int
    api_calls: int
    retries: int
    stopped: str | None
    guard: str
    ledger: str
    audit_head: str | None
    is_rehearsal: bool
    waitlist: Waitlist = field(default_factory=Waitlist)
    reports: bool = False
    post: Sent = field(default_factory=Sent)
    check: SelfCheck = UNCHECKED
    near: tuple[NearMiss, ...] = ()
    standings: Standings = field(default_factory=dict)

    @property
    def notices_planned(self) -> tuple[Notice, ...]:
        """The notices of its orders, and those about what happened since the last run."""
        of_orders = (one for match in self.prepared.plan.matches if match.order for one in match.order.notices)
        return (*of_orders, *(one for some in self.prepared.notices.values() for one in some))

    def count(self, state: State) -> int:
        return sum(outcome.state is state for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """By precedence: 5 the org failed us, 4 the plan withheld a part, 3 something needs a person, 0."""
        if self.applied.trouble is not None:
            return self.applied.trouble.exit_code
        if self.prepared.plan.refusals:
            return 4
        return 3 if self.needs_a_person else 0

    @property
    def work_to_do(self) -> bool:
        return any(one.state in (State.PLANNED, State.DEFERRED, State.WITHHELD) for one in self.outcomes)

    @property
    def needs_a_person(self) -> bool:
        stuck = any(outcome.is_stuck for outcome in self.outcomes) or self.unsettled
        failed = self.applied.bounced or self.prepared.broken or self.stopped or self.check.problems
        return bool(stuck or failed or self.post.counts.undelivered)


Consent = Callable[[Prepared], None]
"""Returns when the plan may be carried out, and raises NotConfirmed when it may not. It is called before the first
write of a run, and only where the org would be written; the lease is held meanwhile. The plan may be as old as the
answer is late: the guard of each write leaves out a case that somebody touched since the poll."""


def without_question(_prepared: Prepared) -> None:
    """Nobody is asked."""


def rehearse(
    run: str,
    org: Org,
    caller: Caller,
    ledger: HistoryReader,
    policies: Sequence[Policy],
    options: RunOptions,
    render: Renderer,
    listing: Listing | None = None,
) -> Result:
    """The plan of a run. Nothing is carried out. `listing` gets the cases that no route matches."""
    prepared = prepare(org, caller, ledger, policies, options, render, listing)
    prepared = with_notices(org, prepared, render)
    about = prepared.policies_in_org, prepared.history, (prepared.poll.look, prepared.poll.nearest), prepared.us
    near = () if prepared.plan.matches else near_misses(org, *about, options, Recall(ledger, caller.organization_id))
    result = account(run, org, ledger, prepared, Applied({}))
    waiting = left_waiting(prepared, result.applied, result.outcomes, None, options)
    waitlist, _ = next_list(prepared.history.waitlist, waiting, caller.now, reports=True)
    return replace(result, near=near, waitlist=waitlist, reports=bool(result.exit_code))


def carry_out(
    run: str,
    org: Org,
    caller: Caller,
    ledger: Ledger,
    policies: Sequence[Policy],
    options: RunOptions,
    render: Renderer,
    progress: Progress,
    stop: Stop,
    post: PostOffice,
    *,
    reports: bool = False,
    consent: Consent = without_question,
    listing: Listing | None = None,
    expect_every: timedelta | None = None,
) -> Result:
    """One run under the org's lease. Raises RunBusy, LeaseLost, and what `prepare` and `consent` raise. With
    `reports` somebody reads what waits for a person, and the ledger remembers what was reported."""
    clock = RunClock(caller.now)
    digests = {policy.name: policy.digest for policy in policies}
    start = RunStart(run, caller.organization_id, caller.user_id, digests, caller.now, expect_every)
    with ledger.lease(start) as lease:
        try:
            prepared = prepare(org, caller, ledger, policies, options, render, listing)
            prepared = with_notices(org, prepared, render)
            orders = prepared.plan.orders
            if stop.reason is None and any(order.writes for order in orders):
                consent(prepared)
            if orders:  # cron mails the log: a run with nothing to do logs nothing
                log.info("planned", extra={"planned": len(orders), "digest": prepared.plan.digest})
                if skewed := skew_text(caller):
                    log.warning(skewed)
            remember(prepared, lease)
            queue_alone(prepared, lease)
            applied = apply(orders, terms_of(prepared, clock), org, lease, progress, stop)
        except EscalatorError as error:
            if isinstance(error, PlanRefused):
                lease.check()  # a run that lost its lease while it was paused must not call the ledger lost
            close_failed(lease, error)
            raise
        record_exhausted(lease, prepared)
        after = close_ladders(org, lease, prepared, applied)
        check = ledger.self_check(caller.organization_id)
        lost = waiting_for_a_person(post.outbox.undelivered())
        standing = Sent(counts=OutboxCounts(undelivered=len(lost)))
        result = replace(
            account(run, org, ledger, prepared, applied, stop), standings=after, check=check, post=standing
        )
        waiting = (*left_waiting(prepared, applied, result.outcomes, result.stopped, options, check.problems), *lost)
        waitlist, news = next_list(prepared.history.waitlist, waiting, caller.now, reports=reports)
        counts = {state.value: result.count(state) for state in State}
        used = uses_of(policies, caller.now, watched=options.case is None)
        uses = next_uses(prepared.history.policy_uses, used, caller.now)
        lease.finish({"exit": result.exit_code, **counts}, RunEnd(waitlist, uses, prepared.org_facts.is_sandbox))
    rules = {policy.name: policy.notices for policy in policies}
    about = post.outbox, post.channels(prepared.org_facts), rules, clock.now, stop
    sent = deliver(*about, names=lambda ids: names_of(org, ids))
    result = replace(result, post=sent)
    fresh = [one for one in waiting_for_a_person(post.outbox.undelivered()) if one not in lost]
    head = ledger.head(caller.organization_id)
    if orders:
        left = prepared.left_alone.as_json()
        log.info("ended", extra={"exit": result.exit_code, "audit_head": head, "left_alone": left})
    return replace(
        result, audit_head=head, waitlist=with_fresh(waitlist, fresh), reports=news or bool(reports and fresh)
    )


def with_fresh(waitlist: Waitlist, fresh: Sequence[Waiting]) -> Waitlist:
    """The same with the notices that this run gave up. The next run stores them, and so reports them once more."""
    return replace(waitlist, entries=(*waitlist.entries, *fresh)[:MOST], count=waitlist.count + len(fresh))


def uses_of(policies: Sequence[Policy], now: datetime, *, watched: bool) -> PolicyUses:
    """The policies of a run; `watched` says that it looked at all of their open escalations."""
    at = now if watched else None
    return {
        one.name: PolicyUse(one.digest, now, now, one.owner.review_every, one.zone.key or "UTC", at) for one in policies
    }


def terms_of(prepared: Prepared, clock: RunClock) -> Terms:
    plan, org_facts = prepared.plan, prepared.org_facts
    budget = call_budget(plan, org_facts)
    return Terms(prepared.poll.at, clock, budget, tuple(sorted(plan.complete)), org_facts.level == "proved")


def account(
    run: str, org: Org, ledger: HistoryReader, prepared: Prepared, applied: Applied, stop: Stop | None = None
) -> Result:
    """The result of a run, or without `stop` of a rehearsal."""
    unsettled = sum(
        escalation.state in (EscalationState.UNKNOWN, EscalationState.SENDING)
        for escalation in prepared.history.everything()
    )
    outcomes = tuple(outcome_in(applied, match) for match in prepared.plan.matches)
    return Result(
        run,
        prepared,
        applied,
        outcomes,
        unsettled,
        org.api_calls,
        org.retries,
        stop.reason if stop else None,
        org.guard,
        ledger.where,
        ledger.head(prepared.plan.organization_id),
        is_rehearsal=stop is None,
    )
