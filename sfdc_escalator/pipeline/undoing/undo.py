"""The story of an undo: prepare, carry out under the lease, notify those who were notified."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.undoing.undo import STUCK, Undo, UndoState, ended
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.applying.apply import Applied, Terms, apply
from sfdc_escalator.pipeline.closing import close_failed
from sfdc_escalator.pipeline.notify.delivery import Sent, deliver
from sfdc_escalator.pipeline.ports.ledger import Change, HistoryReader, Lease, Ledger, RunStart
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.outbox import PostOffice
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.ports.undoing import UndoTrail
from sfdc_escalator.pipeline.run_clock import RunClock, check_clock
from sfdc_escalator.pipeline.stop import Stop
from sfdc_escalator.pipeline.undoing.prepare import PreparedUndo, prepare_undo
from sfdc_escalator.pipeline.undoing.targets import Wanted
from sfdc_escalator.pipeline.undoing.telling import Teller


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The result of an undo, or of its rehearsal. `undos` are in the order of the command."""

    run: str
    wanted: Wanted
    caller: Caller
    prepared: PreparedUndo
    undos: tuple[Undo, ...]
    applied: Applied
    api_calls: int
    guard: str
    ledger: str
    audit_head: str | None
    is_rehearsal: bool
    stopped: str | None = None
    post: Sent = field(default_factory=Sent)

    def count(self, state: UndoState) -> int:
        return sum(one.state is state for one in self.undos)

    @property
    def exit_code(self) -> int:
        """5 the org failed us, 3 something is left, 0."""
        if self.applied.trouble is not None:
            return self.applied.trouble.exit_code
        stuck = any(one.state in STUCK for one in self.undos)
        return 3 if stuck or self.applied.bounced or self.stopped or self.post.counts.undelivered else 0


def rehearse_undo(
    run: str,
    org: Org,
    caller: Caller,
    ledger: HistoryReader,
    policies: Sequence[Policy],
    wanted: Wanted,
    trail: UndoTrail,
) -> UndoResult:
    """The plan of an undo. Nothing is written."""
    history = ledger.history(caller.organization_id)
    check_clock(caller.now, history.org_time, accept=False)
    recall = Recall(ledger, caller.organization_id)
    prepared = prepare_undo(org, caller, history, recall, policies, wanted, trail, waits=False)
    about = org.api_calls, org.guard, ledger.where, ledger.head(caller.organization_id)
    return UndoResult(run, wanted, caller, prepared, prepared.undos, Applied({}), *about, is_rehearsal=True)


def carry_out_undo(
    run: str,
    org: Org,
    caller: Caller,
    ledger: Ledger,
    policies: Sequence[Policy],
    wanted: Wanted,
    trail: UndoTrail,
    render: Renderer,
    progress: Progress,
    stop: Stop,
    post: PostOffice,
) -> UndoResult:
    """One undo under the org's lease. Raises RunBusy, LeaseLost, and Invalid for what cannot be undone."""
    with ledger.lease(RunStart(run, caller.organization_id, caller.user_id, {})) as lease:
        try:
            history = ledger.history(caller.organization_id)
            check_clock(caller.now, history.org_time, accept=False)
            recall = Recall(ledger, caller.organization_id)
            prepared = prepare_undo(org, caller, history, recall, policies, wanted, trail, waits=True)
            prepared = with_notices(prepared, caller, policies, trail, render)
            remember(prepared, lease)
            clock = RunClock(prepared.polled_at)
            orders = tuple(one.order for one in prepared.undos if one.order)
            proved = prepared.org_facts.level == "proved"
            terms = Terms(prepared.polled_at, clock, float("inf"), is_proved=proved)
            applied = apply(orders, terms, org, lease, progress, stop)
            queue_late(with_notices(prepared, caller, policies, trail, render), applied, lease)
        except EscalatorError as error:
            close_failed(lease, error)
            raise
        undos = tuple(after(one, applied) for one in prepared.undos)
        about = org.api_calls, org.guard, ledger.where, None
        result = UndoResult(
            run, wanted, caller, prepared, undos, applied, *about, is_rehearsal=False, stopped=stop.reason
        )
        forget_standings(lease, prepared, undos)
        counts = {state.value: result.count(state) for state in UndoState}
        lease.finish({"exit": result.exit_code, **counts})
    rules = {policy.name: policy.notices for policy in policies}
    sent = deliver(post.outbox, post.channels(prepared.org_facts), rules, clock.now, stop)
    return replace(result, post=sent, api_calls=org.api_calls, audit_head=ledger.head(caller.organization_id))


def after(undo: Undo, applied: Applied) -> Undo:
    outcome = applied.outcomes.get(undo.key) if undo.order else None
    return ended(undo, outcome) if outcome else undo


def with_notices(
    prepared: PreparedUndo, caller: Caller, policies: Sequence[Policy], trail: UndoTrail, render: Renderer
) -> PreparedUndo:
    """The same with the notices of its orders, which are sent once these are carried out."""
    planned = [one for one in prepared.undos if one.order]
    about = trail.notices_about({one.order.start_key for one in planned if one.order})
    if not about:
        return prepared
    teller = Teller(policies, caller.instance_url, prepared.polled_at, render, prepared.names)
    undos = tuple(
        replace(one, order=replace(one.order, notices=teller.notices(one, prepared.cases[one.target.case_id], about)))
        if one.order
        else one
        for one in prepared.undos
    )
    return replace(prepared, undos=undos)


def queue_late(prepared: PreparedUndo, applied: Applied, lease: Lease) -> None:
    """Queues what is missing for those who were notified while the undo was under way: another process was sending."""
    done = {key for key, outcome in applied.outcomes.items() if outcome.state is State.APPLIED}
    orders = [one.order for one in prepared.undos if one.order and one.key in done]
    if late := [notice for order in orders for notice in order.notices]:
        lease.queue(late)


def remember(prepared: PreparedUndo, lease: Lease) -> None:
    """Stores what was found by reading, before anything is sent."""
    settled = [Change(one.event, one.escalation, one.escalation.case_number, "") for one in prepared.settled]
    if changes := [*settled, *prepared.found]:
        lease.record(changes)


def forget_standings(lease: Lease, prepared: PreparedUndo, undos: Sequence[Undo]) -> None:
    """Removes the standings of what is undone: its ladder has ended."""
    done = {one.target.key for one in undos if one.state in (UndoState.APPLIED, UndoState.ALREADY)}
    known = prepared.history.standings
    left = {key: one for key, one in known.items() if key not in done}
    if len(left) < len(known):
        lease.keep_standings(left)
