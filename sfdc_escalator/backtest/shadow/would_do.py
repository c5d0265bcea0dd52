"""The acts of policies on a case, poll by poll, had they run; what they write changes what they see later."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from sfdc_escalator.backtest.backtest import conditions_of, fences
from sfdc_escalator.backtest.climbs import Ladders
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import Conditions, Segment, first_matches
from sfdc_escalator.backtest.shadow.past import Known, PastCase, Write
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import lookups_of
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import FIELD_OF, Setting, Step, StepState, planned_steps
from sfdc_escalator.escalation.shadow.acts import COMPARED, ESCALATED, Effect, OurAct
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.needs import Answered
from sfdc_escalator.pipeline.read_models.backtest_result import PastMatch

MOST_WRITES = 1_000
"""The most polls that write to one case: routes act seldom, but two rungs may hand a case back and forth."""
Act = tuple["Judged", PastMatch, list[Step]]


class Judged(NamedTuple):
    """A policy with the routes that can be judged in the past. Those of `fences` keep cases and do nothing."""

    policy: Policy
    conditions: Conditions
    fences: frozenset[str]
    ladders: Ladders
    setting: Setting


def can_answer(condition: Condition) -> bool:
    """True where the past of an org answers the condition: all but a raw fragment, which it answers for now only."""
    return not any(isinstance(one, Answered) for one in lookups_of(condition.needs))


def judged(policy: Policy, left_out: Mapping[str, str], broken: Container[RouteName], setting: Setting) -> Judged:
    """Of the routes that are left out those that can be judged keep their cases, as in a run. Nobody is taken to act
    where the past cannot show it: the ladder goes on."""
    conditions = {
        name: one
        for name, one in conditions_of(policy).items()
        if name not in left_out or ((policy.name, name) not in broken and can_answer(one))
    }
    ranked = Setting(setting.targets, policy.priorities)
    return Judged(policy, conditions, fences(policy).union(left_out), Ladders(policy, can_answer, "never"), ranked)


@dataclass(frozen=True, slots=True)
class WouldDo:
    """The acts of these policies at these polls."""

    policies: Sequence[Judged]
    polls: Polls
    known: Known

    def acts(self, past: PastCase) -> list[OurAct]:
        """The acts on the case, oldest first. Each write is in the case from the next poll on."""
        writes: list[Write] = []
        acts: list[OurAct] = []
        done: set[tuple[str, PastMatch]] = set()
        while len(writes) < MOST_WRITES:
            written = len(writes)
            for one, match, steps in self._until_a_write(past, writes, done):
                done.add((one.policy.name, match))
                writes += [(match.at, FIELD_OF[step.name], str(step.after)) for step in steps]
                acts += acts_of(past.case.id, one, match, steps)
            if len(writes) == written:
                break
        return acts

    def keeper(self, past: PastCase, at: datetime) -> str:
        """The route that kept the case then and did nothing, as `policy/route`; empty without one."""
        case = next((one.case for one in reversed(past.segments([], self.known)) if one.begin <= at), past.case)
        here = self.polls.circumstances(at)
        for one in self.policies:
            name = next((name for name, condition in one.conditions.items() if condition.holds(case, here)), "")
            if name in one.fences:
                return f"{one.policy.name}/{name}"
        return ""

    def _until_a_write(
        self, past: PastCase, writes: Sequence[Write], done: set[tuple[str, PastMatch]]
    ) -> Iterator[Act]:
        """The acts that are not done yet, by time, then in the order of the policies. After a write the case is another
        one, so the first that writes is the last."""
        segments = past.segments(writes, self.known)
        every = (
            (match.at, place, match)
            for place, one in enumerate(self.policies)
            for match in self._matches(one, past.case.number, segments)
            if (one.policy.name, match) not in done
        )
        for _, place, match in sorted(every):
            one = self.policies[place]
            steps = steps_of(one, match, case_at(segments, match)) or []
            yield one, match, steps
            if steps:
                return

    def _matches(self, one: Judged, number: str, segments: Sequence[Segment]) -> Iterator[PastMatch]:
        for life in reopened(segments):
            found = first_matches(number, life, one.conditions, self.polls, one.fences)
            starts = [start for start in found if starts_in(one, start, life)]
            yield from starts
            yield from one.ladders.climbed(life, starts, self.polls)


def reopened(segments: Sequence[Segment]) -> Iterator[Sequence[Segment]]:
    """The parts of the case's life: one that was closed and opened again may be escalated again."""
    begins = [0]
    for place, (before, after) in enumerate(pairwise(segments), 1):
        if before.case.fields.get("IsClosed") is True and after.case.fields.get("IsClosed") is not True:
            begins.append(place)
    yield from (segments[begin:end] for begin, end in zip(begins, [*begins[1:], None], strict=True))


def case_at(segments: Sequence[Segment], match: PastMatch) -> Case:
    return next(one.case for one in reversed(segments) if one.begin <= match.at)


def starts_in(one: Judged, start: PastMatch, segments: Sequence[Segment]) -> bool:
    """True where the match opens an escalation. A run holds a case for which a table has no row."""
    return start.route not in one.fences and steps_of(one, start, case_at(segments, start)) is not None


def steps_of(one: Judged, match: PastMatch, case: Case) -> list[Step] | None:
    """The steps that change a field of the case; None where a table has no row for it."""
    route = one.ladders.routes[match.route]
    rung = None if match.is_start else next(rung for rung in route.ladder.rungs if rung.id == match.rung)
    escalate = rung.escalate if rung else route.escalate
    found = planned_steps(case, escalate.steps, None, one.setting) if escalate else ()
    return None if isinstance(found, str) else [step for step in found if step.state is StepState.PLANNED]


def acts_of(case_id: str, one: Judged, match: PastMatch, steps: Sequence[Step]) -> Iterator[OurAct]:
    """An act for each field that rules of the org set as well. A start that sets none of them stands for itself; a
    later rung without one leaves no trace in Salesforce, so nothing can be compared with it."""
    act = partial(OurAct, at=match.at, policy=one.policy.name, route=match.route, rung=match.rung, turn=match.turn)
    written = [(FIELD_OF[step.name], str(step.after)) for step in steps if FIELD_OF[step.name] in COMPARED]
    for field, value in written:
        yield act(Effect(case_id, field, value))
    if match.is_start and not written:
        is_faint = sets_fields(one.ladders.routes[match.route].escalate)
        yield act(Effect(case_id, ESCALATED, "true"), is_faint=is_faint)


def sets_fields(escalate: Escalate | None) -> bool:
    """True where the steps may set a field that rules of the org set as well."""
    return escalate is not None and any(FIELD_OF[key] in COMPARED for key in escalate.steps)
