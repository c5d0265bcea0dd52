"""Conditions on time: since a moment, until one, since somebody spoke, since a field took its value.

Each says when time alone will change it: `crossings`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Criterion
from sfdc_escalator.escalation.conditions.stopped_clock import LIMITS, Clock, Span, elapsed
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value
from sfdc_escalator.escalation.world.needs import MESSAGES, FieldChanges, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Age(Clock):
    """The time since a datetime field. An empty field has no age. `except_while` stops the clock."""

    path: str
    except_while: Criterion | None = None

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        if self.calendar is None and self.except_while is None and type(self.limit) is timedelta:  # by far the most
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


def stopped(span: Span, pause: Criterion, case: Case, circumstances: Circumstances) -> Span | None:
    """The span without the times at which the pause held; None where the history of its fields is not known."""
    paths = [path for path in pause.needs if isinstance(path, str)]
    if any(path not in case.field_changes for path in paths) or span.running is None:
        return None
    changes = {
        turn.at for path in paths for turn in case.field_changes[path] if span.running < turn.at <= circumstances.now
    }
    edges = [span.running, *sorted(changes), circumstances.now]
    time, paused = timedelta(), False
    for begin, end in pairwise(edges):
        then = {path: value_at(case.field_changes[path], case.fields.get(path), begin) for path in paths}
        paused = pause.holds(replace(case, fields={**case.fields, **then}), circumstances)
        time += timedelta() if paused else elapsed(span.calendar, begin, end)
    return span._replace(time=time, running=None if paused else edges[-2])


def value_at(field_changes: tuple[FieldChange, ...], present: Value, at: datetime) -> Value:
    """What the field held at that time, its last change in a moment counting."""
    if not field_changes:
        return present
    past = [turn.after for turn in field_changes if turn.at <= at]
    return past[-1] if past else field_changes[0].before


@dataclass(frozen=True, slots=True, kw_only=True)
class InState(Clock):
    """How long the fields have held their values without a break; since the case began where they never changed."""

    paths: tuple[str, ...]

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        if any(path not in case.field_changes for path in self.paths):
            return None
        return max(
            (case.field_changes[path][-1].at for path in self.paths if case.field_changes[path]), default=case.created
        )

    @property
    def sources(self) -> frozenset[Need]:
        return frozenset(self.paths) | frozenset(map(FieldChanges, self.paths))


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Clock):
    """How long somebody has said nothing; since the case began where they never spoke.

    With `after_word_of` the clock starts with that side's first word that waits for an answer of the other, and runs
    only while one waits. The case itself is the customer's first word.
    """

    who: Literal["customer", "agent", "anyone"]
    after_word_of: Literal["customer", "agent"] | None = None

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        who = ("customer", "agent") if self.who == "anyone" else (self.who,)
        answers = (one.at for one in case.comments if one.speaker in who and one.speaker != self.after_word_of)
        last = max(answers, default=None)
        if self.after_word_of is None:
            return max(last or case.created, case.created)
        waiting = [one.at for one in case.comments if one.speaker == self.after_word_of]
        waiting += [case.created] if self.after_word_of == "customer" else []
        first = min((at for at in waiting if last is None or at > last), default=None)
        return first and max(first, case.created)  # an e-mail is older than the case that it made

    @property
    def sources(self) -> frozenset[Need]:
        return frozenset[Need](MESSAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Clock):
    """The time left until a datetime field; negative when it is past."""

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
