"""The story of one run: prepare a plan, carry it out, account for every match."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sfdc_escalator.errors import EscalatorError, PlanRefused
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.explaining.misses import NearMiss
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.apply import Applied, Progress, apply
from sfdc_escalator.pipeline.ports import HistoryReader, Lease, Ledger, Org, RunStart
from sfdc_escalator.pipeline.prepare import Prepared, prepare
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.stop import Stop

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a run, or would become of it. `unsettled` counts escalations whose outcome is still unknown;
    `near` are the nearest misses of a rehearsal without a match."""

    run: str
    prepared: Prepared
    applied: Applied
    unsettled: int
    api_calls: int
    retries: int
    stopped: str | None
    guard: str
    ledger: str
    audit_head: str | None
    is_rehearsal: bool
    near: tuple[NearMiss, ...] = ()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self.applied.decisions

    def count(self, state: State) -> int:
        return sum(decision.state is state for decision in self.decisions)

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
        return any(decision.state in (State.PLANNED, State.DEFERRED, State.WITHHELD) for decision in self.decisions)

    @property
    def needs_a_person(self) -> bool:
        states = Counter(decision.state for decision in self.decisions)
        stuck = states[State.REJECTED] or states[State.UNKNOWN] or states[State.HELD] or self.unsettled
        failed = self.applied.bounced or self.prepared.broken or self.stopped
        return bool(stuck or failed or any(decision.deferrals > 1 for decision in self.decisions))


def rehearse(
    run: str, org: Org, caller: Caller, ledger: HistoryReader, policies: Sequence[Policy], options: RunOptions
) -> Result:
    """The plan of a run, and nothing done about it."""
    prepared = prepare(org, caller, ledger.history(caller.organization_id), policies, options)
    near = () if prepared.plan.decisions else prepared.near()
    return replace(account(run, org, ledger, prepared, Applied(prepared.plan.decisions)), near=near)


def carry_out(
    run: str,
    org: Org,
    caller: Caller,
    ledger: Ledger,
    policies: Sequence[Policy],
    options: RunOptions,
    progress: Progress,
    stop: Stop,
) -> Result:
    """One run under the org's lease. Raises RunBusy, LeaseLost, and what `prepare` raises."""
    clock = RunClock(caller.now)
    digests = {policy.name: policy.digest for policy in policies}
    with ledger.lease(RunStart(run, caller.organization_id, caller.user_id, digests)) as lease:
        try:
            prepared = prepare(org, caller, ledger.history(caller.organization_id), policies, options)
            if prepared.plan.planned:  # cron mails what stands in the log: a run with nothing to do says nothing
                about = {"planned": len(prepared.plan.planned), "digest": prepared.plan.digest}
                log.info("planned", extra=about)
            applied = apply(prepared, org, lease, progress, clock, stop)
        except EscalatorError as error:
            if isinstance(error, PlanRefused):
                lease.check()  # a run that lost its lease while it was paused must not call the ledger lost
            close_failed(lease, error)
            raise
        result = account(run, org, ledger, prepared, applied, stop)
        lease.finish({"exit": result.exit_code, **{state.value: result.count(state) for state in State}})
    head = ledger.head()
    if prepared.plan.planned:
        log.info("ended", extra={"exit": result.exit_code, "audit_head": head})
    return replace(result, audit_head=head)


def close_failed(lease: Lease, error: EscalatorError) -> None:
    """The run's last event, where the ledger still takes it."""
    try:
        lease.finish({"exit": error.exit_code, "error": error.code})
    except EscalatorError as second:
        log.warning("the end of the run could not be stored", extra={"error": second.message})


def account(
    run: str, org: Org, ledger: HistoryReader, prepared: Prepared, applied: Applied, stop: Stop | None = None
) -> Result:
    """The result of a run, or without `stop` of a rehearsal."""
    unsettled = sum(
        escalation.state in (EscalationState.UNKNOWN, EscalationState.SENDING)
        for escalation in prepared.history.everything()
    )
    return Result(
        run,
        prepared,
        applied,
        unsettled,
        org.api_calls,
        org.retries,
        stop.reason if stop else None,
        org.guard,
        ledger.where,
        ledger.head(),
        is_rehearsal=stop is None,
    )
