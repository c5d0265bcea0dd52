"""`left`: the time left until a datetime field."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, OPPOSITE, Clause, field_words, time_words, timed
from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import Span, values
from sfdc_escalator.escalation.conditions.declaration import Key, Kind, Takes
from sfdc_escalator.escalation.conditions.leaf import Comparison, Leaf
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Narrowing, Until, some
from sfdc_escalator.escalation.conditions.shared_keys import clocks, needs_limit, side_keys
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

PAST = {"at_most": "at least", "less_than": "more than", "at_least": "at most", "more_than": "less than"}
"""A time that is left becomes one that is past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Clock):
    """The time left until a datetime field; negative when it is past."""

    kind: ClassVar[str] = "left"
    path: str

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        value = case.fields.get(self.path)
        return value if isinstance(value, datetime) else None

    def span(self, case: Case, circumstances: Circumstances) -> Span | None:
        span = Clock.span(self, case, circumstances)
        return span and span._replace(time=-span.time)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        span = self.span(case, circumstances)
        if span and span.running and isinstance(span.limit, timedelta):
            yield span.running - span.limit

    @property
    def sources(self) -> frozenset[Need]:
        return frozenset({self.path})

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        if not want and self.tables:
            return EVERYTHING  # where the table gives no limit, the condition does not hold
        return some(Until(self.path, self.operator, limit, want) for limit in values(self.limit))

    def comparisons(self) -> Iterator[Comparison]:
        yield Comparison(self.path, self.kind)
        yield from Leaf.comparisons(self)

    @property
    def thing(self) -> str:
        return self.path

    def time_text(self, time: str) -> str:
        return f"{self.path} is {time} away"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        what = field_words(self.path)
        if isinstance(self.limit, timedelta) and self.limit < timedelta():
            asked = OPPOSITE[self.operator] if not holds else self.operator
            return Clause(f"{what} was {PAST[asked]} {time_words(self.limit)} ago")
        return Clause(timed(f"{what} is {{}} away, or past", self.operator, self.limit, self.calendar, holds))

    @property
    def subject(self) -> object:
        """The time left is the negative age."""
        return "age", self.path.lower()

    def signed(self, time: timedelta) -> timedelta:
        return -time


KIND = Kind(
    about="The time left until a datetime field; negative when it is past. A limit may be negative as well.",
    keys=(
        Key("left", Takes.FIELD, "The time left until this datetime field; negative when it is past.", True),
        *side_keys(
            Takes.SIGNED_LIMIT, "The value is {}: a duration such as 15m, 4h, 2d, `-1h` for an hour past, or a table."
        ),
    ),
    build=lambda given, terms: together(clocks(Left, given, terms, path=given["left"])),
    examples=("{left: SlaExitDate, at_most: 1h}", "{left: Due__c, at_most: -30m}"),
    refusals=needs_limit,
)
