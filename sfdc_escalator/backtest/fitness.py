"""Whether a history file can answer what a policy asks."""

from collections.abc import Iterator

from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.conditions.facts import Owner
from sfdc_escalator.escalation.conditions.tree import Leaf, leaves, lookups_of, paths_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.requirements import business_hours
from sfdc_escalator.escalation.world.needs import FieldChanges
from sfdc_escalator.files.text.fault import nearest

GIVEN = frozenset({"IsClosed", "CreatedDate", "CaseNumber"})
"""What every replay knows of a case, mapped or not."""
KEY = {"InState": "in_state", "TableIs": "table"}
"""How a policy file calls a condition, where it is not the name of its class."""


def check_replay(policy: Policy, mapping: HistoryMapping) -> None:
    """Raises Invalid with everything that the file cannot answer."""
    problems = list(dict.fromkeys(lacks(policy, mapping)))
    if problems:
        raise Invalid(f"the policy {policy.name} cannot be replayed over this file", problems)


def lacks(policy: Policy, mapping: HistoryMapping) -> Iterator[Problem]:
    mapped = {one.path for one in mapping.fields} | GIVEN
    for route in policy.routes:
        condition = policy.condition(route)
        for leaf in leaves(condition):
            if not answerable(leaf, mapping):
                kind = KEY.get(type(leaf).__name__, type(leaf).__name__.lower())
                yield Problem(f"route {route.name}: a history file cannot answer its `{kind}` condition", policy.file)
        for hours in business_hours(condition):
            message = f"route {route.name}: business hours {hours!r} stand in an org"
            yield Problem(message, policy.file, expected="a calendar of the policy")
        for path in sorted(paths_of(condition.needs) - mapped - {"OwnerId"}):
            message = f"route {route.name} reads {path}, which the mapping does not give"
            yield Problem(
                message,
                policy.file,
                found=path,
                expected=f"`{path}: column` in `fields`",
                nearest=nearest(path, mapped),
            )


def answerable(leaf: Leaf, mapping: HistoryMapping) -> bool:
    """Changes of fields are known of events alone: a snapshot shows each case once."""
    known = FieldChanges if mapping.kind == "events" else ()
    return not isinstance(leaf, Owner) and all(isinstance(one, known) for one in lookups_of(leaf.needs))


def tracked(policy: Policy) -> list[str]:
    """The fields whose changes the policy's conditions look at."""
    needs = (policy.condition(route).needs for route in policy.routes)
    return sorted({one.path for some in needs for one in lookups_of(some) if isinstance(one, FieldChanges)})
