"""Deliberate defects of the program, to test that the judge finds them."""

from typing import Any

Changes = list[tuple[Any, str, Any]]


def changes(name: str) -> Changes:
    """The replacements (owner, name, value) in the process under test."""
    return {each.__name__: each for each in DEFECTS}[name]() if name else []


def resends_unknown_writes() -> Changes:
    """Sends unknown writes again without looking for their keys first."""
    from sfdc_escalator.pipeline.applying import deliver
    from sfdc_escalator.pipeline.preparing import prepare

    def unknown(self: Any, batch: Any, answer: Any) -> None:
        self.defer(batch, answer.reason)

    def none(*_: Any) -> tuple[()]:
        return ()

    return [(deliver.Delivery, "unknown", unknown), (prepare, "look_for_keys", none)]


def takes_unknown_as_applied() -> Changes:
    """Records unknown writes as applied."""
    from sfdc_escalator.pipeline.applying import deliver
    from sfdc_escalator.pipeline.ports.writing import Committed

    def unknown(self: Any, batch: Any, answer: Any) -> None:
        self.applied(batch, Committed(answer.reason), self.clock.now())

    return [(deliver.Delivery, "unknown", unknown)]


def writes_no_notes() -> Changes:
    """Moves cases without their notes."""
    from sfdc_escalator.salesforce import org
    from sfdc_escalator.salesforce.writing.write import composite

    def without_notes(*words: Any, **more: Any) -> Any:
        request = composite(*words, **more)
        parts = request.body["compositeRequest"]
        request.body["compositeRequest"][:] = [one for one in parts if one["method"] != "POST"]
        return request

    return [(org, "composite", without_notes)]


def writes_in_a_dry_run() -> Changes:
    """Writes in a dry run."""
    from sfdc_escalator.pipeline import run

    rehearse = run.rehearse

    def rehearse_and_write(name: str, org: Any, *words: Any) -> Any:
        found = rehearse(name, org, *words)
        comment = {"ParentId": found.outcomes[0].case_id, "CommentBody": "Hello.", "IsPublished": False}
        org._client._org.restful("sobjects/CaseComment", method="POST", json=comment)
        return found

    return [(run, "rehearse", rehearse_and_write)]


def reports_applied_as_already() -> Changes:
    """Reports its own writes as written before."""
    from dataclasses import replace

    from sfdc_escalator.escalation.decisions.outcome import State
    from sfdc_escalator.pipeline.applying import deliver

    applied = deliver.Delivery.applied

    def quietly(self: Any, batch: Any, answer: Any, at: Any) -> None:
        tell = self.ended
        self.ended = lambda outcome: tell(replace(outcome, state=State.ALREADY))
        applied(self, batch, answer, at)
        self.ended = tell

    return [(deliver.Delivery, "applied", quietly)]


def guards_nothing() -> Changes:
    """Asks the guard for changes since a time in the future, so that it stops nothing."""
    from datetime import UTC, datetime

    from sfdc_escalator.salesforce.writing import write

    guard_query = write.guard_query

    def blind(case_ids: Any, polled_at: Any, *words: Any, **more: Any) -> Any:
        return guard_query(case_ids, datetime(2999, 1, 1, tzinfo=UTC), *words, **more)

    return [(write, "guard_query", blind)]


# -- of ladders ------------------------------------------------------------------------------------------------------


def skips_rungs() -> Changes:
    """Skips the rung that is due, in place of climbing it."""
    from sfdc_escalator.escalation.decisions import climbs
    from sfdc_escalator.escalation.ladder.climbing import Climb, climb

    def skip(*words: Any, **more: Any) -> Climb:
        found = climb(*words, **more)
        return Climb(skipped=(*found.skipped, *([found.turn] if found.turn else [])))

    return [(climbs, "climb", skip)]


def holds_nothing() -> Changes:
    """Climbs rungs while their case is held."""
    from sfdc_escalator.escalation.decisions import on_ladder

    return [(on_ladder, "holds_of", lambda *_: ())]


def counts_held_time() -> Changes:
    """Lets the clocks of rungs run while their case is held."""
    from sfdc_escalator.escalation.decisions import on_ladder

    return [(on_ladder, "merged", lambda _: ())]


def climbs_early() -> Changes:
    """Climbs rungs twenty minutes early."""
    from datetime import timedelta

    from sfdc_escalator.escalation.decisions import climbs
    from sfdc_escalator.escalation.ladder.climbing import climb

    def early(ladder: Any, progress: Any, now: Any, **more: Any) -> Any:
        return climb(ladder, progress, now + timedelta(minutes=20), **more)

    return [(climbs, "climb", early)]


def climbs_new_rungs() -> Changes:
    """Climbs rungs that came into the policy after the escalation had started."""
    from sfdc_escalator.escalation.decisions import on_ladder

    return [(on_ladder, "aside", lambda *_: frozenset())]


def overlooks_acts() -> Changes:
    """Climbs rungs after somebody has acted."""
    from sfdc_escalator.pipeline.preparing import ladders

    return [(ladders, "acknowledged", lambda *_: ())]


def forgets_silent_rungs() -> Changes:
    """Carries out rungs that write nothing, and does not record them."""
    from sfdc_escalator.escalation.decisions.outcome import applied_outcome
    from sfdc_escalator.pipeline.applying import apply

    def forget(orders: Any, _lease: Any, _clock: Any, ended: Any) -> tuple[()]:
        for order in orders:
            ended(applied_outcome(order))
        return ()

    return [(apply, "note_silent", forget)]


# -- of notices ------------------------------------------------------------------------------------------------------


def queues_no_notices() -> Changes:
    """Escalates and queues no notice."""
    from sfdc_escalator.ledger.writing import changes

    return [(changes, "queue", lambda *_: None)]


def takes_notices_as_sent() -> Changes:
    """Records notices as sent and sends nothing."""
    from sfdc_escalator.channels.webhook import Webhook
    from sfdc_escalator.pipeline.ports.channel import Delivered

    return [(Webhook, "deliver", lambda *_: Delivered())]


def forgets_what_was_sent() -> Changes:
    """Does not record that a notice was sent."""
    from sfdc_escalator.escalation.outbox.queued import NoticeState
    from sfdc_escalator.ledger.trail.outbox import SqlOutbox

    settle = SqlOutbox.settle

    def forget(self: Any, settled: Any) -> None:
        settle(self, [one for one in settled if one.state is not NoticeState.SENT])

    return [(SqlOutbox, "settle", forget)]


def notifies_of_intents() -> Changes:
    """Sends notices before their outcome is known."""
    from sfdc_escalator.ledger.writing import notices

    return [(notices, "INTENT", "")]


DEFECTS = (
    resends_unknown_writes,
    takes_unknown_as_applied,
    writes_no_notes,
    writes_in_a_dry_run,
    reports_applied_as_already,
    guards_nothing,
    skips_rungs,
    holds_nothing,
    counts_held_time,
    climbs_early,
    climbs_new_rungs,
    overlooks_acts,
    forgets_silent_rungs,
    queues_no_notices,
    takes_notices_as_sent,
    forgets_what_was_sent,
    notifies_of_intents,
)
