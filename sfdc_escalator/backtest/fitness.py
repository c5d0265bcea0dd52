"""Does a history file have what a policy requires?"""

from collections.abc import Iterator
from dataclasses import replace

from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import leaves, lookups_of, paths_of
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
    """The needs of the route that a history file cannot meet."""
    condition, mapped = policy.condition(route), {one.path for one in mapping.fields} | GIVEN
    for leaf in leaves(condition):
        if not answerable(leaf, mapping):
            yield Gap(GapKind.HISTORY_CONDITION, values={"route": route.name, "condition": leaf.kind})
    for hours in business_hours(condition):
        yield Gap(GapKind.HISTORY_HOURS, hours, values={"route": route.name})
    for path in sorted(paths_of(condition.needs) - mapped - {"OwnerId"}):
        yield Gap(GapKind.HISTORY_FIELD, path, values={"route": route.name}, nearest=nearest(path, mapped))


def answerable(leaf: Leaf, mapping: HistoryMapping) -> bool:
    """True where the file can answer the condition. Only events have changes of fields."""
    known = FieldChanges if mapping.kind == "events" else ()
    return not isinstance(leaf, Owner) and all(isinstance(one, known) for one in lookups_of(leaf.needs))


def tracked(policy: Policy) -> list[str]:
    """The fields whose changes the policy's conditions look at."""
    return sorted({path for route in policy.routes for path in tracked_by(policy, route)})
