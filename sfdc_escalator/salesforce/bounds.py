"""Conditions as filters that return every case the condition matches, and maybe more: SOQL narrows, Python decides.

A condition has an upper bound `may` (every match satisfies it) and a lower bound `must` (what satisfies it matches).
`must c` is the opposite of `may (not c)`, so one function serves both: `superset(c, want)` returns every case for which
the condition comes out as `want`. A `not` is pushed down to the leaves: SOQL's own NOT treats empty values another way.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sfdc_escalator.escalation.criteria import COMMENTS, Age, All, AnyOf, Condition, Field, Not, Text
from sfdc_escalator.escalation.org import Describe
from sfdc_escalator.escalation.policy import OPEN_CASES, Policy, Route
from sfdc_escalator.salesforce.leaves import Column, age_filter, field_filter, word_filter
from sfdc_escalator.salesforce.soql import EVERYTHING, Filter, Leaf, both, conjuncts, either


@dataclass(frozen=True, slots=True)
class Bounds:
    """`unknown` stands for a comparison with a field that `describe` does not know."""

    describe: Describe
    now: datetime
    unknown: Filter = EVERYTHING

    def may(self, condition: Condition) -> Filter:
        """Every case that matches satisfies it."""
        return self.superset(condition, True)

    def superset(self, condition: Condition, want: bool) -> Filter:
        if isinstance(condition, Not):
            return self.superset(condition.part, not want)
        if isinstance(condition, (All, AnyOf)):
            join = both if isinstance(condition, All) == want else either
            return join(self.superset(part, want) for part in condition.parts)
        if isinstance(condition, Text):
            return self._text(condition) if want else EVERYTHING
        column = self._column(condition.path)
        if column is None:
            return self.unknown
        if isinstance(condition, Age):
            return age_filter(column, condition, self.now, want)
        return field_filter(column, condition.operator, condition.operand, want)

    def _text(self, text: Text) -> Filter:
        """Every word of a phrase is somewhere in the field that has it; ignored phrases only take words away."""
        found = []
        for source in text.sources:
            if source.lower() == COMMENTS:
                return EVERYTHING
            column = self._column(source)
            phrases = text.mentions
            found.append(
                either(both(word_filter(column, word) for word in phrase) for phrase in phrases)
                if column
                else self.unknown
            )
        return either(found)

    def _column(self, path: str) -> Column | None:
        info = self.describe.field_at(path)
        return Column(path, info) if info else None


def route_is_scan(policy: Policy, route: Route, describe: Describe) -> bool:
    """Whether the server cannot narrow this route: all open cases would be read. Unknown fields are taken to narrow."""
    bounds = Bounds(describe, datetime(2000, 1, 1, tzinfo=UTC), unknown=Leaf("?"))
    opened = conjuncts(bounds.may(Field(OPEN_CASES.path, OPEN_CASES.operator, OPEN_CASES.operand)))
    rest = both(part for part in conjuncts(bounds.may(policy.condition(route))) if part not in opened)
    return rest == EVERYTHING
