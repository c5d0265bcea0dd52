"""Conditions as filters that return every case the condition matches, and maybe more: SOQL narrows, Python decides.

A condition has an upper bound `may` (every match satisfies it) and a lower bound `must` (what satisfies it matches).
`must c` is the opposite of `may (not c)`, so one function serves both: `superset(c, want)` returns every case for which
the condition comes out as `want`. A `not` is pushed down to the leaves: SOQL's own NOT treats empty values another way.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks import Age, Left
from sfdc_escalator.escalation.conditions.comparison import TESTS, options
from sfdc_escalator.escalation.conditions.facts import Field, Owner, Soql, TableIs
from sfdc_escalator.escalation.conditions.speech import SPOKEN, Text
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Condition, Not
from sfdc_escalator.escalation.policy.policy import OPEN_CASES, Policy, Route
from sfdc_escalator.escalation.readiness.requirements import business_hours
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.soql.clock_filters import at_least_as_old, clock_filter, left_filter
from sfdc_escalator.salesforce.soql.comparisons import Column, field_filter, word_filter
from sfdc_escalator.salesforce.soql.soql import (
    EVERYTHING,
    NOTHING,
    Filter,
    Leaf,
    both,
    conjuncts,
    either,
    ids,
    raw,
    with_joins,
)

MOST_OWNERS = 400


@dataclass(frozen=True, slots=True)
class Bounds:
    """`unknown` stands for a comparison with a field that `describe` does not know."""

    describe: Describe
    circumstances: Circumstances
    unknown: Filter = EVERYTHING

    def may(self, condition: Condition) -> Filter:
        """Every case that matches satisfies it."""
        return with_joins(self.superset(condition, True))

    def superset(self, condition: Condition, want: bool) -> Filter:
        if isinstance(condition, Not):
            return self.superset(condition.part, not want)
        if isinstance(condition, (All, AnyOf)):
            join = both if isinstance(condition, All) == want else either
            return join(self.superset(part, want) for part in condition.parts)
        if isinstance(condition, Field):
            return self._field(condition, want)
        if isinstance(condition, Clock):
            return self._clock(condition, want)
        if isinstance(condition, Owner):
            return self._owner(condition, want)
        if not want:
            return EVERYTHING
        if isinstance(condition, Text):
            return self._text(condition)
        if isinstance(condition, TableIs):
            return self._table(condition)
        return raw(condition.fragment) if isinstance(condition, Soql) else EVERYTHING

    def _field(self, field: Field, want: bool) -> Filter:
        column = self._column(field.path)
        if column is None:
            return self.unknown
        if not isinstance(field.operand, Table):
            return field_filter(column, field.operator, field.operand, want)
        if not want:
            return EVERYTHING
        return either(field_filter(column, field.operator, value, True) for value in field.operand.values)

    def _clock(self, clock: Clock, want: bool) -> Filter:
        if isinstance(clock, (Age, Left)):
            column = self._column(clock.path)
            if column is None:
                return self.unknown
            if isinstance(clock, Left):
                return left_filter(column, clock, self.circumstances.now, want)
            return clock_filter(column, clock, self.circumstances, want)
        created = self._column("CreatedDate")
        return at_least_as_old(created, clock, self.circumstances) if want and created else EVERYTHING

    def _owner(self, owner: Owner, want: bool) -> Filter:
        column = self._column("OwnerId")
        if owner.who == "user" or column is None:
            return EVERYTHING
        known = [self.circumstances.queues[name] for name in owner.queues if name in self.circumstances.queues]
        members = frozenset[str]().union(*(queue.members for queue in known))
        wanted = members if owner.who == "member_of" else frozenset(queue.id for queue in known)
        if not wanted:
            return NOTHING if want else EVERYTHING
        if len(wanted) > MOST_OWNERS:
            return EVERYTHING
        return Leaf(f"OwnerId {'IN' if want else 'NOT IN'} {ids(sorted(wanted))}")

    def _text(self, text: Text) -> Filter:
        """Every word of a phrase is somewhere in the field that has it; ignored phrases only take words away."""
        found = []
        for source in text.sources:
            if source in SPOKEN:
                return EVERYTHING
            column = self._column(source)
            phrases = text.mentions
            found.append(
                either(both(word_filter(column, word) for word in phrase) for phrase in phrases)
                if column
                else self.unknown
            )
        return either(found)

    def _table(self, condition: TableIs) -> Filter:
        """The cells of the rows whose value is asked for; that an earlier row may win only takes cases away."""
        table, test = condition.table, TESTS[condition.operator]
        if test(table.otherwise, condition.operand):
            return EVERYTHING
        rows = [row for row in table.rows if test(row.value, condition.operand)]
        columns = [self._column(path) for path in table.by]
        return either(
            both(
                field_filter(column, "in", options(cell), True) if column else self.unknown
                for column, cell in zip(columns, row.cells, strict=True)
            )
            for row in rows
        )

    def _column(self, path: str) -> Column | None:
        info = self.describe.field_at(path)
        return Column(path, info) if info else None


def always_open(name: str) -> Calendar:
    return Calendar(name, ZoneInfo("UTC"), (((timedelta(), timedelta(days=1)),),) * 7, frozenset())


def route_is_scan(policy: Policy, route: Route, describe: Describe) -> bool:
    """Whether the server cannot narrow this route: all open cases would be read. Unknown fields and business hours are
    taken to narrow."""
    bounds = some_bounds(policy.condition(route), describe)
    opened = conjuncts(bounds.may(OPEN_CASES))
    rest = both(part for part in conjuncts(bounds.may(policy.condition(route))) if part not in opened)
    return rest == EVERYTHING


def route_is_apart(policy: Policy, route: Route, describe: Describe) -> bool:
    """Whether this route needs a query of its own."""
    bounds = some_bounds(policy.condition(route), describe)
    return is_apart(bounds.may(policy.condition(route)), bounds.may(policy.scope_of(route)))


def some_bounds(condition: Condition, describe: Describe) -> Bounds:
    hours = {name: always_open(name) for name in business_hours(condition)}
    return Bounds(describe, Circumstances(datetime(2000, 1, 1, tzinfo=UTC), calendars=hours), unknown=Leaf("?"))


def is_apart(may: Filter, scope: Filter) -> bool:
    """Whether nothing but a semi-join narrows the scope: it cannot stand in one query with other routes, under OR."""
    bare = with_joins(may, 0)
    return bare != may and set(conjuncts(bare)) <= set(conjuncts(scope))
