"""The base of the kinds that count time: a limit, a calendar, and the time on them in words."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import (
    DUE,
    LIMITS,
    MOMENT,
    BusinessHours,
    Calendars,
    Limits,
    Span,
    calendar_of,
    due_at,
    elapsed,
    in_hours,
    values,
)
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.findings import compared, in_words, limit_in_words, time_in_words
from sfdc_escalator.escalation.conditions.leaf import ByTable, Demand, Lack, Leaf, Miss
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.calendars import BusinessDays, Limit
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

LOWER = ("at_least", "more_than")
ALMOST_A_MINUTE = timedelta(seconds=59)
"""The time on the clock is rounded down, the missing time is rounded up."""


@dataclass(frozen=True, slots=True)
class Clock(Leaf):
    """A condition on a time. `limit` and `calendar` may come from a table, by fields of the case.

    A kind of clock defines `sources`, `start`, `thing` and `time_text`.
    """

    operator: Operator
    limit: Limits
    calendar: Calendars = None

    @property
    @abstractmethod
    def sources(self) -> frozenset[Need]:
        """The needs other than the fields of its tables."""

    @abstractmethod
    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        """The time at which it starts; None where it does not run."""

    @property
    @abstractmethod
    def thing(self) -> str:
        """The subject of the clock, as a policy writes it."""

    @abstractmethod
    def time_text(self, time: str) -> str:
        """The time on it in words."""

    # -- judging

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(path for table in self.tables for path in table.by) | self.sources

    def limit_of(self, case: Case) -> Limit | None:
        return self.limit.value(case) if isinstance(self.limit, Table) else self.limit

    def span(self, case: Case, circumstances: Circumstances) -> Span | None:
        start, limit = self.start(case, circumstances), self.limit_of(case)
        calendar = calendar_of(self.calendar, case, circumstances)
        if start is None or limit is None or (calendar is None and self.calendar is not None):
            return None
        return Span(elapsed(calendar, start, circumstances.now), start, limit, calendar)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        span = self.span(case, circumstances)
        if span is None:
            return False
        if isinstance(span.limit, BusinessDays):
            due = due_at(span, circumstances.now)
            return due is not None and DUE[self.operator](circumstances.now, due)
        return LIMITS[self.operator](span.time, span.limit)

    def look(self, case: Case, circumstances: Circumstances) -> timedelta | None:
        span = self.span(case, circumstances)
        return span.time if span else None

    def judged(self, case: Case, circumstances: Circumstances) -> Finding:
        holds, seen = self.holds(case, circumstances), self.look(case, circumstances)
        crossings = self.crossings(case, circumstances)
        due = next(crossings, None)
        passed = next(crossings, due) if self.operator == "more_than" else due
        return Finding(self, holds, seen, (), self.limit_of(case), passed, looked_up=self.looked_up(case))

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        """The time at which the limit is reached; with a calendar also the time at which it is passed, which may be
        the next opening."""
        span = self.span(case, circumstances)
        if span and (due := due_at(span, circumstances.now)):
            yield due
            later = span._replace(limit=span.limit + MOMENT) if isinstance(span.limit, timedelta) else None
            if span.calendar and later and (passed := due_at(later, circumstances.now)):
                yield passed

    # -- what it refers to

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        return tuple(one for one in (self.limit, self.calendar) if isinstance(one, Table))

    @property
    def business_hours(self) -> tuple[str, ...]:
        return tuple(one.name for one in values(self.calendar) if isinstance(one, BusinessHours))

    # -- words

    def described(self, finding: Finding) -> str:
        time = (
            time_in_words(finding.seen, open_time=self.calendar is not None)
            if isinstance(finding.seen, timedelta)
            else "unknown"
        )
        limit = limit_in_words(finding.limit, days=self.calendar is None)
        return compared(self.time_text(time), f"{in_words(self.operator)} {limit}", finding)

    def missed(self, finding: Finding) -> Miss:
        """The missing time, and when it will have passed; neither where it is too late."""
        short, text = self.short(finding.seen, finding.limit), self.described(finding)
        if short is None or finding.due is None:
            return Miss(text)
        time = time_in_words(short + ALMOST_A_MINUTE, open_time=self.calendar is not None)
        return Miss(f"{text}: {time} short, at {finding.due:%Y-%m-%d %H:%M} UTC", short)

    def lack(self, case: Case, circumstances: Circumstances) -> Lack:
        short = self.short(self.look(case, circumstances), self.limit_of(case))
        reached = short is not None and next(self.crossings(case, circumstances), None)
        return Lack(short if reached else None)

    def short(self, seen: object, limit: object) -> timedelta | None:
        """The missing time; None where time alone does not bring it."""
        if self.operator not in LOWER or not isinstance(seen, timedelta) or not isinstance(limit, timedelta):
            return None
        return limit - seen if seen <= limit else None

    @property
    def brief(self) -> str:
        limit = "" if isinstance(self.limit, Table) else f" {in_words(self.operator)} {limit_in_words(self.limit)}"
        return f"{self.kind} {self.thing}{limit}"

    # -- proofs

    @property
    def subject(self) -> object:
        return without_limit(self)

    def possible(self, demands: Sequence[Demand]) -> bool:
        """False where neither a time on the clock nor a clock that does not run meets all of them."""
        clocks = [(one.leaf, one.holds) for one in demands if isinstance(one.leaf, Clock)]
        sure = [(one, one.limit, holds) for one, holds in clocks if isinstance(one.limit, timedelta)]
        limits = {one.signed(limit) for one, limit, _ in sure}
        times = {limit + away for limit in limits for away in (-MOMENT, timedelta(), MOMENT)}
        return not any(holds for _, _, holds in sure) or any(
            all(LIMITS[one.operator](one.signed(time), limit) == holds for one, limit, holds in sure) for time in times
        )

    def signed(self, time: timedelta) -> timedelta:
        """The time as clocks on the same subject count it."""
        return time

    def by_table(self) -> ByTable | None:
        if isinstance(self.limit, Table):
            return ByTable(self.limit, lambda value: value is not None and replace(self, limit=value))
        if isinstance(self.calendar, Table):
            return ByTable(self.calendar, lambda value: value is not None and replace(self, calendar=value))
        return None

    # -- examples of a policy

    def in_example(self, counts: Mapping[str, int]) -> Condition:
        """By a calendar that is always open, where a business day is 24 hours."""
        limit = self.limit.mapped(in_hours) if isinstance(self.limit, Table) else in_hours(self.limit)
        return replace(self, calendar=None, limit=limit)


def without_limit(clock: Clock) -> object:
    """The clock without its limit: all demands on it are about the same time."""
    return type(clock), replace(clock, operator="at_least", limit=timedelta())
