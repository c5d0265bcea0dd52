"""Escalations that an undo proves to be undone, though what wrote it could not record it: its answer was lost, or the
ledger was, and its note was found in the org."""

from collections.abc import Iterator
from dataclasses import replace

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import turn_of_undo

TAKEN_BACK = frozenset({EscalationState.APPLIED, EscalationState.SUPERSEDED})
"""The states of a start that can be undone."""


def undone_by_notes(history: History) -> Iterator[Escalation]:
    """The starts and turns of rungs with a written undo that do not stand as undone yet, each as it shall stand."""
    written = [one for one in history.everything() if one.is_undo and one.state is EscalationState.APPLIED]
    if not written:
        return
    starts = {one.key: one for one in history.starts()}
    for undo in written:
        if start := starts.get(undo.start_key):
            yield from (
                replace(one, state=EscalationState.UNDONE, message="") for one in taken_back_by(undo, start, history)
            )


def taken_back_by(undo: Escalation, start: Escalation, history: History) -> tuple[Escalation, ...]:
    """The start with its rungs, or the turn of one rung, as far as they stand as written."""
    rungs = tuple(written_rungs(start, history))
    if undo.turn == 1:
        return (*([start] if start.state in TAKEN_BACK else []), *rungs)
    return tuple(one for one in rungs if turn_of_undo(one.key) == undo.turn)


def written_rungs(start: Escalation, history: History) -> Iterator[Escalation]:
    """The turns of rungs of the start that were carried out and are not undone."""
    return (one for one in history.rungs_of(start, {start.route}) if one.state is EscalationState.APPLIED)
