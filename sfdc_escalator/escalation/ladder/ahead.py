"""The rungs that lie ahead of an escalation that starts now, when nobody acts."""

from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.ladder.moments import moment
from sfdc_escalator.escalation.ladder.progress import Progress
from sfdc_escalator.escalation.ladder.times import times_of
from sfdc_escalator.escalation.policy.ladder import Ladder
from sfdc_escalator.escalation.world.case import Case


class Ahead(NamedTuple):
    """The moment of the first turn of a rung."""

    at: datetime
    rung: str


def rungs_ahead(ladder: Ladder, case: Case, circumstances: Circumstances, due: datetime | None) -> tuple[Ahead, ...]:
    """The rungs with the moments of their first turns, the earliest first."""
    progress = Progress(circumstances.now, due)
    moments = ((moment(times, 1, progress), times.rung) for times in times_of(ladder, case, circumstances))
    return tuple(sorted(Ahead(at, rung) for at, rung in moments if at is not None))
