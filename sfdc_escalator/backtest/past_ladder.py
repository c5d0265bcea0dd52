"""An escalation of the past on its ladder: what a run would climb, by the same `climb`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sfdc_escalator.backtest.acts import Acts
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.ladder.acknowledgement import Escalated, acknowledgement, proved_at
from sfdc_escalator.escalation.ladder.climbing import NOTHING, Climb, climb
from sfdc_escalator.escalation.ladder.held_time import merged
from sfdc_escalator.escalation.ladder.progress import Progress, Times
from sfdc_escalator.escalation.ladder.standing import next_turn
from sfdc_escalator.escalation.ladder.times import due_of, times_of
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.steps import Setting, StepState, planned_steps
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Interval
from sfdc_escalator.pipeline.read_models.backtest_result import PastMatch


@dataclass(slots=True)
class PastLadder:
    """`start` opened it at a poll, in the circumstances `here`. `proof` is the condition by which the history shows an
    act, None where it cannot; `acts` the caller's word about acts. The times are those of the case at the present
    poll."""

    start: PastMatch
    route: Route
    proof: Condition | None
    acts: Acts
    progress: Progress
    escalated: Escalated
    here: Circumstances
    _case: Case | None = None
    _times: tuple[Times, ...] = field(default=())

    def times(self, case: Case) -> tuple[Times, ...]:
        """The times of the rungs for the case as it is now."""
        if case is not self._case:
            self._case, self._times = case, times_of(self.route.ladder, case, self.here)
        return self._times

    def look(self, case: Case, here: Circumstances, held: Sequence[Interval], *, is_held: bool) -> None:
        """Takes in what a run reads before it climbs: the holds, and whether somebody acted."""
        if held or self.progress.held:
            self.progress = replace(self.progress, held=merged(held), is_held=is_held)
        if self.progress.acknowledged is None:
            self.progress = replace(self.progress, acknowledged=self._act(case, here))

    def _act(self, case: Case, here: Circumstances) -> Acknowledged | None:
        acts = [acknowledgement(self.proof, case, self.escalated, here)] if self.proof else []
        if not isinstance(self.acts, str) and self.acts is not None and here.now - self.start.at >= self.acts:
            acts.append(Acknowledged(self.start.at + self.acts, None, "acknowledged"))
        return min(filter(None, acts), default=None, key=lambda one: one.at)

    def climb(self, case: Case, now: datetime) -> Climb:
        """The climb of a run at this time; it counts once it is `taken`."""
        if now <= self.start.at:  # the run that starts an escalation climbs nothing
            return NOTHING
        return climb(self.times(case), self.progress, now, highest_only=self.route.ladder.highest_only)

    def take(self, found: Climb) -> None:
        done = {(one.rung, one.turn) for one in (*found.skipped, *((found.turn,) if found.turn else ()))}
        if done:
            moved = {**self.progress.moved, **found.moved}
            self.progress = replace(self.progress, done=self.progress.done | done, moved=moved)

    def next_moment(self, case: Case, now: datetime) -> datetime | None:
        """The moment of the turn that comes next if the case stays as it is. While it is held nothing comes."""
        if not self.route.ladder or self.progress.is_held:
            return None
        coming = next_turn(self.times(case), self.progress, now)
        return coming.moment if coming else None

    def rung(self, name: str) -> Rung:
        return next(rung for rung in self.route.ladder.rungs if rung.id == name)


def opened(
    start: PastMatch, route: Route, case: Case, here: Circumstances, proof: Condition | None, acts: Acts
) -> PastLadder:
    """The escalation as the run at that poll starts it: its due time is fixed then."""
    proved = proved_at(proof, case, here) if proof else ()
    progress = Progress(start.at, due_of(route.due, case, here))
    return PastLadder(start, route, proof, acts, progress, Escalated(start.at, None, frozenset(proved)), here)


def writes(rung: Rung, case: Case, priorities: tuple[str, ...]) -> bool:
    """True where the rung writes to the case: a note of its own, or a field that changes. A history file does not say
    which queue has a case: a rung that names one counts as a change."""
    if rung.escalate is None:
        return False
    if rung.notes or "queue" in rung.escalate.steps:
        return True
    steps = planned_steps(case, rung.escalate.steps, None, Setting({}, priorities))
    return not isinstance(steps, str) and any(step.state is StepState.PLANNED for step in steps)
