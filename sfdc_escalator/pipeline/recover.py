"""Escalations with an unknown outcome are settled by reading the org: a note that is there was written.

All steps of a chunk commit or roll back as one, so the note's presence proves the rest. Its absence proves nothing yet.
"""

from dataclasses import replace

from sfdc_escalator.escalation.history import History, Memory, Past
from sfdc_escalator.pipeline.ports import Org


def recover(org: Org, history: History, us: frozenset[str]) -> tuple[Past, ...]:
    """The escalations that turn out to be applied."""
    unknown = [past for past in history.everything() if past.state in (Memory.UNKNOWN, Memory.SENDING)]
    if not unknown:
        return ()
    present = {(note.key, note.case_id) for note in org.keyed_notes(sorted({past.case_id for past in unknown}), us)}
    return tuple(
        replace(past, state=Memory.APPLIED, message="") for past in unknown if (past.key, past.case_id) in present
    )
