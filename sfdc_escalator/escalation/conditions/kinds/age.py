"""`age`: the time since a datetime field."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, field_words, timed
from sfdc_escalator.escalation.conditions.clocks.clock import LOWER, Clock, without_limit
from sfdc_escalator.escalation.conditions.clocks.clock_narrowing import since
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import LIMITS, Span, elapsed
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.declaration import Conditions, Given, Key, Kind, Refusal, Takes, Terms
from sfdc_escalator.escalation.conditions.leaf import Comparison, Leaf
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Narrowing
from sfdc_escalator.escalation.conditions.shared_keys import LIMIT_KEYS, clocks, limits, needs_limit
from sfdc_escalator.escalation.conditions.tree import comparisons_in, searches, together, unclear
from sfdc_escalator.escalation.time.calendars import BusinessDays
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value
from sfdc_escalator.escalation.world.needs import FieldChanges, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Age(Clock):
    """The time since a datetime field. An empty field has no age. `except_while` stops the clock."""

    kind: ClassVar[str] = "age"
    path: str
    except_while: Condition | None = None

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        if (
            self.calendar is None and self.except_while is None and type(self.limit) is timedelta
        ):  # the most common case
            value = case.fields.get(self.path)
            return isinstance(value, datetime) and LIMITS[self.operator](circumstances.now - value, self.limit)
        return Clock.holds(self, case, circumstances)

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        value = case.fields.get(self.path)
        return value if isinstance(value, datetime) else None

    def span(self, case: Case, circumstances: Circumstances) -> Span | None:
        span = Clock.span(self, case, circumstances)
        if span is None or self.except_while is None or span.running is None:
            return span
        return stopped(span, self.except_while, case, circumstances)

    @property
    def sources(self) -> frozenset[Need]:
        paths = self.except_while.needs if self.except_while else frozenset()
        return frozenset({self.path}) | paths | frozenset(FieldChanges(path) for path in paths if isinstance(path, str))

    @property
    def searches(self) -> bool:
        return self.except_while is not None and searches(self.except_while)

    def unclear(self, case: Case, circumstances: Circumstances) -> str | None:
        """The reason of a pause that cannot be judged, by the present values or by one of the past."""
        if self.except_while is None or not self.searches:
            return None
        paths = [path for path in self.except_while.needs if isinstance(path, str)]
        past = ({path: one.before} for path in paths for one in case.field_changes.get(path, ()))
        every = (case, *(replace(case, fields={**case.fields, **then}) for then in past))
        return next(filter(None, (unclear(self.except_while, one, circumstances) for one in every)), None)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        """A clock with pauses shows less time than one without."""
        if not want and (self.except_while or self.tables):
            return EVERYTHING  # where a table gives no value, or a history is not known, the condition does not hold
        if self.except_while is not None and self.operator not in LOWER:
            return EVERYTHING
        return since(self, self.path, self.operator, circumstances, want)

    def comparisons(self) -> Iterator[Comparison]:
        yield Comparison(self.path, self.kind)
        yield from Leaf.comparisons(self)
        yield from comparisons_in(self.except_while) if self.except_while else ()

    @property
    def thing(self) -> str:
        return self.path

    def time_text(self, time: str) -> str:
        return f"{self.path} was {time} ago" + (", pauses left out" if self.except_while else "")

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        what = f"{subject} was created" if self.path == "CreatedDate" else f"{field_words(self.path)} was"
        pauses = ", not counting the time in which it waits" if self.except_while else ""
        return Clause(timed(f"{what} {{}} ago", self.operator, self.limit, self.calendar, holds) + pauses)

    @property
    def subject(self) -> object:
        plain = self.calendar is None and self.except_while is None
        return ("age", self.path.lower()) if plain else without_limit(self)

    def consequence(self) -> Leaf | None:
        """Open time is never longer than elapsed time."""
        return plain_age(self, self.path)


def plain_age(clock: Clock, path: str) -> Age | None:
    """The smallest age of the field for which the clock can hold."""
    limit = clock.limit
    if clock.operator in LOWER and isinstance(limit, timedelta) and limit > timedelta():
        return Age(clock.operator, limit, path=path)
    return None


def stopped(span: Span, pause: Condition, case: Case, circumstances: Circumstances) -> Span | None:
    """The span without the times at which the pause held; None where the history of its fields is not known."""
    paths = [path for path in pause.needs if isinstance(path, str)]
    if any(path not in case.field_changes for path in paths) or span.running is None:
        return None
    changes = {
        one.at for path in paths for one in case.field_changes[path] if span.running < one.at <= circumstances.now
    }
    edges = [span.running, *sorted(changes), circumstances.now]
    time, paused = timedelta(), False
    for begin, end in pairwise(edges):
        then = {path: value_at(case.field_changes[path], case.fields.get(path), begin) for path in paths}
        paused = pause.holds(replace(case, fields={**case.fields, **then}), circumstances)
        time += timedelta() if paused else elapsed(span.calendar, begin, end)
    return span._replace(time=time, running=None if paused else edges[-2])


def value_at(field_changes: tuple[FieldChange, ...], present: Value, at: datetime) -> Value:
    """The value of the field at that time; of several changes at the same time the last counts."""
    if not field_changes:
        return present
    past = [one.after for one in field_changes if one.at <= at]
    return past[-1] if past else field_changes[0].before


def build(given: Given, terms: Terms) -> Condition:
    pause = together(given["except_while"]) if "except_while" in given else None
    return together(clocks(Age, given, terms, path=given["age"], except_while=pause))


def refusals(given: Given) -> Iterator[Refusal]:
    yield from needs_limit(given)
    if "except_while" in given and any(isinstance(limit, BusinessDays) for _, limit in limits(given)):
        message = "a clock with `except_while` cannot count business days"
        yield Refusal(message, "hours of open time", key="except_while")


KIND = Kind(
    about="The time since a datetime field, without the time of `except_while`. With a calendar: open time.",
    keys=(
        Key("age", Takes.FIELD, "The time since this datetime field.", True),
        *LIMIT_KEYS,
        Key(
            "except_while",
            Conditions(("field", "any", "all", "not")),
            "The clock stands still while these hold. The org tracks the history of their fields.",
        ),
    ),
    build=build,
    examples=(
        "{age: CreatedDate, at_least: 4h}",
        "{age: CreatedDate, at_least: 2h, except_while: {field: Status, is: New}}",
    ),
    refusals=refusals,
)
