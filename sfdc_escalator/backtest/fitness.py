"""Does a history file have what a policy requires?"""

from collections.abc import Iterator
from dataclasses import replace

from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, leaves, lookups_of, paths_of
from sfdc_escalator.escalation.policy.ladder import EndOfDay, due_needs
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.requirements import business_hours, tracked_by
from sfdc_escalator.escalation.readiness.sentences import problem
from sfdc_escalator.escalation.readiness.spelling import nearest
from sfdc_escalator.escalation.world.needs import FieldChanges

GIVEN = frozenset({"IsClosed", "CreatedDate", "CaseNumber"})
"""The fields that every replay knows of a case, mapped or not."""


def check_replay(policy: Policy, mapping: HistoryMapping) -> None:
    """Raises Invalid with everything that the file cannot answer."""
    gaps = (
        replace(gap, routes=(route.name,), file=policy.file)
        for route in policy.routes
        for gap in missing(policy, route, mapping)
    )
    problems = list(dict.fromkeys(map(problem, gaps)))
    if problems:
        raise Invalid(f"the policy {policy.name} cannot be replayed over this file", problems)


def missing(policy: Policy, route: Route, mapping: HistoryMapping) -> Iterator[Gap]:
    """The needs of the route and of its ladder that a history file cannot meet; not the proof that somebody acted."""
    condition, mapped = All((policy.condition(route), *policy.hold_while)), paths_given(mapping)
    for leaf in leaves(condition):
        if not answerable(leaf, mapping):
            yield Gap(GapKind.HISTORY_CONDITION, values={"route": route.name, "condition": leaf.kind})
    for hours in dict.fromkeys((*business_hours(condition), *hours_of_ladder(route))):
        yield Gap(GapKind.HISTORY_HOURS, hours, values={"route": route.name})
    for path in sorted((paths_of(condition.needs) - {"OwnerId"} | paths_of_ladder(route)) - mapped):
        yield Gap(GapKind.HISTORY_FIELD, path, values={"route": route.name}, nearest=nearest(path, mapped))


def paths_given(mapping: HistoryMapping) -> frozenset[str]:
    return GIVEN | {one.path for one in mapping.fields}


def can_answer(condition: Condition, mapping: HistoryMapping) -> bool:
    """True where the file can answer all of the condition."""
    known = all(answerable(leaf, mapping) for leaf in leaves(condition)) and not any(business_hours(condition))
    return known and paths_of(condition.needs) <= paths_given(mapping)


def hours_of_ladder(route: Route) -> Iterator[str]:
    """The business hours of the org by which its rungs and its due time count."""
    ends = (route.due.calendar,) if isinstance(route.due, EndOfDay) else ()
    for calendars in (*ends, *route.ladder.calendars):
        for one in calendars.values if isinstance(calendars, Table) else (calendars,):
            if isinstance(one, BusinessHours):
                yield one.name


def paths_of_ladder(route: Route) -> frozenset[str]:
    """The fields by which tables give its due time, and the times and calendars of its rungs."""
    rungs = route.ladder.rungs
    given = [one for rung in rungs for one in (rung.when.time, getattr(rung.when, "calendar", None))]
    by_rungs = {path for one in given if isinstance(one, Table) for path in one.by}
    return frozenset(by_rungs) | paths_of(frozenset(due_needs(route.due)))


def answerable(leaf: Leaf, mapping: HistoryMapping) -> bool:
    """True where the file can answer the condition. Only events have changes of fields."""
    known = FieldChanges if mapping.kind == "events" else ()
    return not isinstance(leaf, Owner) and all(isinstance(one, known) for one in lookups_of(leaf.needs))


def tracked(policy: Policy) -> list[str]:
    """The fields whose changes the policy's conditions look at."""
    return sorted({path for route in policy.routes for path in tracked_by(policy, route)})
