"""Open escalations that a later one on their case has taken over, though the run that wrote it could not record it: its
answer was lost and its note was found afterwards."""

from collections.abc import Iterator
from dataclasses import replace

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.pipeline.preparing.merges import NEVER, is_own, started

OPEN = (EscalationState.APPLIED, EscalationState.ADOPTED)


def taken_over(history: History, organization_id: str) -> Iterator[Escalation]:
    """The open escalations that end: a policy wrote a later one on their case. What a merge brought stays as it is."""
    by_case: dict[tuple[str, str], list[Escalation]] = {}
    for one in history.starts():
        if one.state in OPEN:
            by_case.setdefault((one.policy, one.case_id), []).append(one)
    for beside in by_case.values():
        found = [one for one in beside if is_own(one, organization_id)] if len(beside) > 1 else []
        written = [at for one in found if one.state is EscalationState.APPLIED and (at := started(one)) < NEVER]
        last = max(written, default=None)
        yield from (replace(one, state=EscalationState.SUPERSEDED) for one in found if last and started(one) < last)
