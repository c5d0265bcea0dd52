"""The delivery of one chunk: intend, perform, settle. A rejected chunk is sent again in smaller parts.

For every answer of the org, each order ends as applied, rejected, deferred or unknown. A write whose outcome is not
known is never sent again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sfdc_escalator.errors import EscalatorError, OrgUnavailable, counted
from sfdc_escalator.escalation.decisions.outcome import Outcome, State, applied_outcome, undone_outcome, unknown_outcome
from sfdc_escalator.escalation.planning.chunks import Batch
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.pipeline.applying.gate import Gate
from sfdc_escalator.pipeline.applying.smaller_parts import Tries, halves, is_widespread, without
from sfdc_escalator.pipeline.changes import (
    change,
    escalation_found,
    escalation_of,
    intended,
    superseded,
    undone,
    write_of,
)
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.writing import (
    Chunk,
    Committed,
    ErrorKind,
    Moved,
    NotExecuted,
    RolledBack,
    RowError,
    Unknown,
)
from sfdc_escalator.pipeline.run_clock import Reading, RunClock
from sfdc_escalator.pipeline.stop import Breaker, Stop

LOCKED_TRIES = 3
CROWDED_TRIES = 3
CROWDED_PAUSE = 2  # attempts that the first pause leaves out: calls of others take seconds to end
NO_RIGHT = "INSUFFICIENT_ACCESS"
LONGEST_PAUSE = 60.0
"""Seconds between the intent and the send, by boot-time and wall clock: a process that was stopped must not send."""


class Delivery:
    """Sends batches and reports how each order ended. Used by several threads at once.

    `calls` is the number of API calls of the org at which nothing more is sent. `written` are the escalations of the
    orders that were applied, by key.
    """

    def __init__(
        self,
        org: Org,
        lease: Lease,
        polled_at: datetime,
        clock: RunClock,
        stop: Stop,
        calls: float,
        ended: Callable[[Outcome], None],
    ) -> None:
        self.org, self.lease, self.polled_at, self.clock, self.ended = org, lease, polled_at, clock, ended
        self.stop, self.breaker, self.calls = stop, Breaker(stop), calls
        self.gate = Gate()
        self.trouble: EscalatorError | None = None
        self.written: dict[str, Escalation] = {}

    def send(self, batch: Batch, tries: Tries) -> None:
        """Sends the batch as one write, and handles the answer."""
        if self.org.api_calls >= self.calls:
            self.stop.pull(f"api_budget: the run made {counted(self.org.api_calls, 'API call')}")
        if self.stop.reason is not None:
            return self.leave(batch, self.stop.reason)
        if not tries.take():
            return self.defer(batch, "the org rejected too many tries before this case was sent")
        intent, at = Reading(), self.clock.now()
        together = batch[0].together or tries.together
        self.lease.record([intended(order, at, together=together) for order in batch])
        chunk = Chunk(tuple(map(write_of, batch)), self.polled_at, together)
        self.lease.check()
        if intent.age() >= LONGEST_PAUSE:
            return self.defer(batch, "this process was paused before it could send; the data that it read is too old")
        answer = self.org.write(chunk)
        self.breaker.saw(answer)
        match answer:
            case Committed():
                self.applied(batch, answer, at)
            case Moved():
                self.moved(batch, chunk, tries)
            case RolledBack():
                self.turned_down(batch, answer, tries)
            case NotExecuted(crowded=True):
                self.crowded(batch, answer, tries)
            case NotExecuted():
                self.not_executed(batch, answer)
            case Unknown():
                self.unknown(batch, answer)

    # -- the meaning of the answer ---------------------------------------------------------------------------------

    def applied(self, batch: Batch, answer: Committed, at: datetime) -> None:
        """`at` is the time just before the send: later messages and records are newer than the escalation."""
        changes: list[Change] = []
        escalations = {one.key: escalation_of(one, EscalationState.APPLIED, tried_at=at) for one in batch}
        for order in batch:
            changes += [change(order, "applied", escalations[order.key], call=answer.call)]
            changes += [*superseded(order), *undone(order)]
        self.lease.record(changes)
        self.written.update(escalations)
        for order in batch:
            self.ended(applied_outcome(order))

    def moved(self, batch: Batch, chunk: Chunk, tries: Tries) -> None:
        """Defers the cases that changed since the poll to the next run, and sends the rest once more."""
        if tries.moved:
            return self.defer(batch, "moved: cases of its chunk kept changing while it was sent")
        tries.moved = True
        try:
            still = self.org.unmoved(chunk)
        except OrgUnavailable as error:
            self.trouble = error
            return self.defer(batch, f"moved: a case of its chunk changed, and which one is not known: {error.message}")
        stay = tuple(order for order in batch if order.case_id in still)
        self.defer(without(batch, stay), "moved: somebody changed the case since it was read")
        self.again([stay], tries)

    def turned_down(self, batch: Batch, answer: RolledBack, tries: Tries) -> None:
        known = any(order.case_id in answer.rows for order in batch)
        if answer.error.fault is ErrorKind.LOCK:
            self.locked(batch, answer.error, tries)
        elif answer.error.fault is ErrorKind.SIZE or not known:
            self.smaller(batch, answer.error, tries)
        else:
            self.row_errors(batch, answer, tries)

    def locked(self, batch: Batch, error: RowError, tries: Tries) -> None:
        """Sends smaller parts again after a pause: another transaction holds a record, and nothing was written."""
        tries.locked += 1
        if (len(batch) == 1 and tries.locked > LOCKED_TRIES) or not self.org.pause(tries.locked):
            return self.defer(batch, f"{error.code}: {error.message}")
        self.again(halves(batch), tries)

    def smaller(self, batch: Batch, error: RowError, tries: Tries) -> None:
        if len(batch) == 1:
            return self.reject(batch, {batch[0].case_id: error})
        self.again(halves(batch), tries)

    def row_errors(self, batch: Batch, answer: RolledBack, tries: Tries) -> None:
        """Sends each row with an error alone, to get its own error, and the rest again without them."""
        twice = {case_id for case_id, row in answer.rows.items() if row.fault is ErrorKind.DUPLICATE}
        if known := tuple(order for order in batch if order.case_id in twice):
            self.found(known)
            return self.again([without(batch, known)], tries)
        if not tries.together and any(row.code.startswith(NO_RIGHT) for row in answer.rows.values()):
            # The move to the queue may have removed the right to edit; one save needs it only once.
            tries.together = True
            return self.again([batch], tries)
        bad = tuple(order for order in batch if order.case_id in answer.rows)
        rest = without(batch, bad)
        if not is_widespread(batch, answer) and len(batch) > 1:
            return self.again([rest, *((order,) for order in bad)], tries)
        if not tries.halved and len(batch) > 1:
            tries.halved = True
            return self.again(halves(batch), tries)
        self.reject(bad, answer.rows)
        self.again([rest], tries)

    def crowded(self, batch: Batch, answer: NotExecuted, tries: Tries) -> None:
        """Sends the batch again after a pause, beside no other: too many calls ran at the same time."""
        tries.crowded += 1
        if tries.crowded > CROWDED_TRIES or not self.org.pause(CROWDED_PAUSE + tries.crowded, answer.retry_after):
            return self.not_executed(batch, replace(answer, fatal=True))
        with self.gate.alone():
            self.again([batch], tries)

    def not_executed(self, batch: Batch, answer: NotExecuted) -> None:
        if answer.fatal:
            self.stop.pull(answer.reason)
        self.trouble = OrgUnavailable(answer.reason)
        self.defer(batch, answer.reason)

    # -- the end of an order --------------------------------------------------------------------------------------

    def again(self, parts: Sequence[Batch], tries: Tries) -> None:
        """Plans the escalations again, because nothing was written, and sends them in these parts."""
        parts = [part for part in parts if part]
        if not parts:
            return
        self.lease.record(
            [change(one, "returned", escalation_of(one, EscalationState.PLANNED)) for part in parts for one in part]
        )
        for part in parts:
            self.send(part, tries)

    def found(self, batch: Batch) -> None:
        """Records that the org already has these keys: another run wrote them."""
        found = partial(escalation_found, at=self.clock.start)
        known = (
            replace(found(one.identity), ladder=one.ladder, moment=one.moment, start_key=one.start_key) for one in batch
        )
        changes = [change(order, "found", one) for order, one in zip(batch, known, strict=True)]
        self.lease.record([*changes, *(one for order in batch for one in undone(order))])
        for order in batch:
            self.ended(undone_outcome(order, State.ALREADY, "another run escalated it while this one was under way"))

    def leave(self, batch: Batch, reason: str) -> None:
        """Defers an order that was never sent: nothing is recorded, the next run plans it again."""
        for order in batch:
            self.ended(undone_outcome(order, State.DEFERRED, f"the run stopped before this case was sent: {reason}"))

    def defer(self, batch: Batch, reason: str) -> None:
        if not batch:
            return
        planned = partial(escalation_of, state=EscalationState.PLANNED, tried_at=self.clock.start, message=reason)
        self.lease.record([change(one, "deferred", planned(one, attempts=one.deferrals + 1)) for one in batch])
        for order in batch:
            self.ended(undone_outcome(order, State.DEFERRED, reason, order.deferrals + 1))

    def reject(self, batch: Batch, errors: Mapping[str, RowError]) -> None:
        """Rejects each with its own error, by case id."""
        messages = {case_id: f"{error.code}: {error.message}" for case_id, error in errors.items()}
        rejected = partial(escalation_of, state=EscalationState.REJECTED, tried_at=self.clock.start)
        self.lease.record(
            [
                change(one, "rejected", rejected(one, attempts=one.rejections + 1, message=messages[one.case_id]))
                for one in batch
            ]
        )
        for order in batch:
            self.ended(undone_outcome(order, State.REJECTED, messages[order.case_id]))

    def unknown(self, batch: Batch, answer: Unknown) -> None:
        lost = partial(escalation_of, state=EscalationState.UNKNOWN, tried_at=self.clock.now(), message=answer.reason)
        self.lease.record([change(one, "unknown", lost(one)) for one in batch])
        for order in batch:
            self.ended(unknown_outcome(order, answer.reason))
