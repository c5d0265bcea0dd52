"""The values that an example expects of the ladder some time after the start, when nobody acts.

Runs come every minute. Calendars count as always open, as in every example; so a rung that counts from the end of a
business day is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import in_hours
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.ladder.climbing import Climb, climb
from sfdc_escalator.escalation.ladder.progress import Progress, Times
from sfdc_escalator.escalation.ladder.standing import next_turn
from sfdc_escalator.escalation.ladder.times import due_of, times_of_rung
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.example import Example, ExpectedLater
from sfdc_escalator.escalation.policy.examples import case_of
from sfdc_escalator.escalation.policy.expected_steps import after
from sfdc_escalator.escalation.policy.ladder import After, DueIn, Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, chosen
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.case import Case

MINUTE = timedelta(minutes=1)
MOST = 500
"""The number of turns that are followed: a time that lies behind more of them is refused."""


def later_failures(policy: Policy, examples: Iterable[Example], now: datetime) -> Iterator[tuple[Example, str]]:
    """The examples whose ladder does not give the expected values, each with the place of the time, and the reason."""
    start = now.replace(second=0, microsecond=0)
    for example in examples:
        route = next((one for one in policy.routes if one.name == example.expect), None)
        for later in example.later if route else ():
            if route and (reason := next(wrong_later(policy, route, example, later, start), None)):
                yield replace(example, steps=later.steps, place=later.place), reason


def wrong_later(policy: Policy, route: Route, example: Example, later: ExpectedLater, start: datetime) -> Iterator[str]:
    """The differences between what the case has at that time and what the example expects."""
    climbed = Climbed(policy, case_of(policy, example, start))
    climbed.carry_out(route.escalate)
    turns = climbs(route, climbed.case, start, start + later.after)
    for count, rung in enumerate(turns):
        if count == MOST:
            yield f"its ladder has more than {MOST} turns {in_words(later.after)} after the start: name an earlier time"
            return
        climbed.carry_out(rung.escalate, rung.id)
    for key, expected in later.steps.items():
        names = climbed.names_of(key)
        if fold(expected) not in map(fold, names):
            carried_out = ", ".join(dict.fromkeys(climbed.rungs)) or "none"
            given = names[0] if names else "none"
            yield (
                f"{in_words(later.after)} after the start its {key} is {given}, not {expected}; rungs that are "
                f"carried out by then when nobody acts: {carried_out}"
            )


@dataclass(slots=True)
class Climbed:
    """The case of an example as the steps leave it; `names` are those of the value that each step gave."""

    policy: Policy
    case: Case
    names: dict[str, list[str]] = field(default_factory=dict)
    rungs: list[str] = field(default_factory=list)

    def carry_out(self, steps: Escalate | None, rung: str = "") -> None:
        """Takes the steps, one after the other. Where a table has no row for the case, the steps would be held."""
        self.rungs += [rung] if rung else []
        wanted = {step: steps.steps.get(step.key) for step in FIELD_STEPS} if steps else {}
        if any(isinstance(one, Table) and chosen(one, self.case) is None for one in wanted.values()):
            return
        before = self.case
        for step, source in wanted.items():
            if source is None:
                continue
            self.names[step.key] = found = after(step, chosen(source, before), self.case, self.policy)
            if not step.names_team and found:
                self.case = self.case.with_values({step.field: found[0]})

    def names_of(self, key: str) -> list[str]:
        step = next(one for one in FIELD_STEPS if one.key == key)
        return self.names.get(key) or after(step, None, self.case, self.policy)


def climbs(route: Route, case: Case, start: datetime, end: datetime) -> Iterator[Rung]:
    """The rungs that runs carry out until then, in their order."""
    circumstances, rungs = Circumstances(start), {rung.id: rung for rung in route.ladder.rungs}
    due = due_of(route.due, case, circumstances) if isinstance(route.due, DueIn) else None
    ladder = [times for rung in rungs.values() for times in on_open_clocks(rung, case, circumstances)]
    progress, now = Progress(start, due), start
    while (coming := next_turn(ladder, progress, now)) and coming.moment <= end:
        now = max(now + MINUTE, next_run(start, coming.moment))
        if now > end:
            return
        found = climb(ladder, progress, now, highest_only=route.ladder.highest_only)
        progress = with_climb(progress, found)
        if found.turn:
            yield rungs[found.turn.rung]


def on_open_clocks(rung: Rung, case: Case, circumstances: Circumstances) -> Iterator[Times]:
    when = After(rung.when.time) if isinstance(rung.when, After) else rung.when
    for times in times_of_rung(replace(rung, when=when), case, circumstances):
        yield times._replace(after=None if times.after is None else in_hours(times.after))


def next_run(start: datetime, moment: datetime) -> datetime:
    """The first of the runs, one a minute, at or after the moment."""
    return start - (start - moment) // MINUTE * MINUTE


def with_climb(progress: Progress, found: Climb) -> Progress:
    ended = [*found.skipped, *([found.turn] if found.turn else [])]
    done = progress.done | {(one.rung, one.turn) for one in ended}
    return replace(progress, done=done, moved={**progress.moved, **found.moved})
