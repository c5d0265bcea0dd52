"""The routes above that may take the cases of a route: those that are worth a proof."""

from bisect import insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sfdc_escalator.escalation.conditions.comparison import as_text, fold, options
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.proof.implication import conjuncts

MOST = 32
"""The number of routes that one route is compared with: the broadest. A proof costs time, and there are many routes."""

Ranked = tuple[int, int]  # the number of its conditions, its place


@dataclass(slots=True)
class Rivals:
    """The routes by the values that they ask of one field, the field with the most values."""

    policy: Policy
    path: str
    by_value: dict[str, list[Ranked]] = field(default_factory=dict)
    others: list[Ranked] = field(default_factory=list)
    """Those that ask no value of the field."""

    def above(self, route: Route) -> tuple[Route, ...]:
        """The routes added before that may have cases of this one, in the order of the policy."""
        values = values_of(self.policy.condition(route)).get(self.path)
        listed = self.by_value.values() if values is None else (self.by_value.get(one, []) for one in values)
        found = sorted({one for ranked in (self.others, *listed) for one in ranked[:MOST]})[:MOST]
        return tuple(self.policy.routes[place] for place in sorted(place for _, place in found))

    def add(self, route: Route, place: int) -> None:
        condition = self.policy.condition(route)
        ranked = (len(conjuncts(condition)), place)
        values = values_of(condition).get(self.path)
        for own in [self.others] if values is None else [self.by_value.setdefault(one, []) for one in values]:
            insort(own, ranked)


def rivals_of(policy: Policy) -> Iterator[tuple[int, Route, tuple[Route, ...]]]:
    """Each route with its place and the routes above that may take its cases."""
    asked = Counter(
        (path, value)
        for route in policy.routes
        for path, values in values_of(policy.condition(route)).items()
        for value in values
    )
    distinct = Counter(path for path, _ in asked)
    rivals = Rivals(policy, max(distinct, key=lambda path: distinct[path], default=""))
    for place, route in enumerate(policy.routes):
        yield place, route, rivals.above(route)
        rivals.add(route, place)


def values_of(condition: Condition) -> dict[str, frozenset[str]]:
    """The values of which a field must have one, by the path of the field."""
    found: dict[str, frozenset[str]] = {}
    for one in conjuncts(condition):
        if isinstance(one, Field) and one.operator in ("is", "in") and not isinstance(one.operand, Table):
            values = frozenset(fold(as_text(value)) for value in options(one.operand))
            found[one.path.lower()] = found.get(one.path.lower(), values) & values
    return found
