"""Checks that a history file can answer everything that a policy asks."""

from collections.abc import Iterator

from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import leaves, lookups_of, paths_of
from sfdc_escalator.escalation.policy.fitness import business_hours
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.needs import FieldChanges
from sfdc_escalator.files.text.fault import nearest

GIVEN = frozenset({"IsClosed", "CreatedDate", "CaseNumber"})
"""The fields that every replay knows of a case, mapped or not."""


def check_replay(policy: Policy, mapping: HistoryMapping) -> None:
    """Raises Invalid with every need of the policy that the file cannot meet."""
    problems = list(dict.fromkeys(gaps(policy, mapping)))
    if problems:
        raise Invalid(f"the policy {policy.name} cannot be replayed over this file", problems)


def gaps(policy: Policy, mapping: HistoryMapping) -> Iterator[Problem]:
    mapped = {one.path for one in mapping.fields} | GIVEN
    for route in policy.routes:
        condition = policy.condition(route)
        for leaf in leaves(condition):
            if not answerable(leaf, mapping):
                message = f"route {route.name}: a history file cannot answer its `{leaf.kind}` condition"
                yield Problem(message, policy.file)
        for hours in business_hours(condition):
            message = f"route {route.name}: business hours {hours!r} exist only in an org"
            yield Problem(message, policy.file, expected="a calendar of the policy")
        for path in sorted(paths_of(condition.needs) - mapped - {"OwnerId"}):
            message = f"route {route.name} needs {path}, which the mapping does not give"
            yield Problem(
                message,
                policy.file,
                found=path,
                expected=f"`{path}: column` in `fields`",
                nearest=nearest(path, mapped),
            )


def answerable(leaf: Leaf, mapping: HistoryMapping) -> bool:
    """True where the file can answer the condition. Only events have changes of fields."""
    known = FieldChanges if mapping.kind == "events" else ()
    return not isinstance(leaf, Owner) and all(isinstance(one, known) for one in lookups_of(leaf.needs))


def tracked(policy: Policy) -> list[str]:
    """The fields whose changes the conditions of the policy need."""
    needs = (policy.condition(route).needs for route in policy.routes)
    return sorted({one.path for some in needs for one in lookups_of(some) if isinstance(one, FieldChanges)})
