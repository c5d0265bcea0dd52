"""Conditions as filters that return every case the condition matches, and maybe more: SOQL narrows, Python decides.

Each condition says itself how far the server can narrow it, for its answer yes and for its answer no: `narrowed`. Here
that becomes SOQL, with what `describe` says of the fields. In doubt everything is returned.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.narrowing import (
    Compared,
    Every,
    IdAmong,
    Narrowing,
    OfField,
    Raw,
    Since,
    Some,
)
from sfdc_escalator.escalation.policy.policy import OPEN_CASES, Policy, Route
from sfdc_escalator.escalation.readiness.requirements import business_hours
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.salesforce.soql.clock_filters import since_filter, until_filter
from sfdc_escalator.salesforce.soql.comparisons import Column, field_filter
from sfdc_escalator.salesforce.soql.soql import (
    EVERYTHING,
    NOTHING,
    Filter,
    Leaf,
    both,
    conjuncts,
    either,
    ids,
    listed,
    raw,
    with_joins,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """`unknown` stands for a comparison with a field that `describe` does not know; `assumed` is the type of such a
    field where its comparison counts."""

    describe: Describe
    circumstances: Circumstances
    unknown: Filter = EVERYTHING
    assumed: str = ""

    def may(self, condition: Condition) -> Filter:
        """A filter that every match of the condition passes."""
        return with_joins(self.filter_of(condition.narrowed(True, self.circumstances)))

    def filter_of(self, asked: Narrowing) -> Filter:
        if isinstance(asked, Every):
            return both(map(self.filter_of, asked.parts))
        if isinstance(asked, Some):
            return either(map(self.filter_of, asked.parts))
        if isinstance(asked, Raw):
            return raw(asked.fragment)
        info = self.describe.field_at(asked.path)
        if info is None and self.assumed:
            info = FieldInfo(asked.path, self.assumed)
        return self.unknown if info is None else self.of_field(asked, Column(asked.path, info))

    def of_field(self, asked: OfField, column: Column) -> Filter:
        if isinstance(asked, Compared):
            return field_filter(column, asked.operator, asked.operand, asked.want)
        if isinstance(asked, IdAmong):
            return id_filter(column, asked)
        if isinstance(asked, Since):
            return since_filter(column, asked, self.circumstances.now)
        return until_filter(column, asked, self.circumstances.now)


def id_filter(column: Column, asked: IdAmong) -> Filter:
    if not asked.ids:
        return NOTHING if asked.want else EVERYTHING
    sign, join = ("IN", either) if asked.want else ("NOT IN", both)
    quoted = [ids([one])[1:-1] for one in sorted(asked.ids)]
    return join(Leaf(f"{column.path} {sign} ({','.join(some)})") for some in listed(quoted))


def always_open(name: str) -> Calendar:
    return Calendar(name, ZoneInfo("UTC"), (((timedelta(), timedelta(days=1)),),) * 7, frozenset())


def may_match(bounds: Bounds, policy: Policy, route: Route) -> Filter:
    """The filter of the cases that the route matches now; with `warn` also of those that it will match then."""
    condition = policy.condition(route)
    if route.warn is None:
        return bounds.may(condition)
    later = replace(bounds.circumstances, now=bounds.circumstances.now + route.warn.before)
    return either([bounds.may(condition), replace(bounds, circumstances=later).may(condition)])


def route_is_scan(policy: Policy, route: Route, describe: Describe) -> bool:
    """True where the server cannot narrow this route: all open cases would be read. Unknown fields and business hours
    count as narrowing."""
    bounds = some_bounds(policy.condition(route), describe)
    opened = conjuncts(bounds.may(OPEN_CASES))
    rest = both(part for part in conjuncts(bounds.may(policy.condition(route))) if part not in opened)
    return rest == EVERYTHING


def route_filter(policy: Policy, route: Route, describe: Describe) -> Filter:
    """The filter of this route's matches. Unknown fields count as texts."""
    return replace(some_bounds(policy.condition(route), describe), assumed="string").may(policy.condition(route))


def route_is_apart(policy: Policy, route: Route, describe: Describe) -> bool:
    """True where this route needs a query of its own."""
    bounds = some_bounds(policy.condition(route), describe)
    return is_apart(bounds.may(policy.condition(route)), bounds.may(policy.scope_of(route)))


def some_bounds(condition: Condition, describe: Describe) -> Bounds:
    hours = {name: always_open(name) for name in business_hours(condition)}
    return Bounds(describe, Circumstances(datetime(2000, 1, 1, tzinfo=UTC), calendars=hours), unknown=Leaf("?"))


def is_apart(may: Filter, scope: Filter) -> bool:
    """True where only a semi-join narrows the scope: it cannot share a query with other routes, under OR."""
    bare = with_joins(may, 0)
    return bare != may and set(conjuncts(bare)) <= set(conjuncts(scope))
