"""The shapes of ladders: the time by which an escalation is due, the rungs that follow when nobody acts, and their
rules."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, PlainValidator, PrivateAttr, model_validator

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.calendars import BusinessDays
from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.step_shapes import RungStepsShape
from sfdc_escalator.files.language.telling_shapes import NotifyShape, notified_now
from sfdc_escalator.files.language.types import CalendarName, Duration, Limit, OneOrMore, Sentence, Shape
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import amounts, texts

WHEN = ("after", "before_due", "after_due")
OWN_REPEAT = "repeat"
"""The id of the rung that stands for the `repeat` of a route without steps."""
Time = Annotated[timedelta | Table[timedelta] | None, PlainValidator(table_values.plain_duration)]
LeadTime = Annotated[timedelta | Table[timedelta] | None, PlainValidator(table_values.lead_time)]
RungName = Annotated[str, PlainValidator(texts.rung_name)]


class RepeatShape(Shape):
    """Repeat after each `every`, at most `at_most` times."""

    every: Annotated[timedelta, PlainValidator(amounts.some_time)]
    at_most: Annotated[int, Field(ge=1)]


class EndOfDayShape(Shape):
    """Due when the business day of a calendar ends."""

    end_of: Literal["business_day"]
    calendar: CalendarName
    at_least: Duration = timedelta()


def due(value: Any, info: names.Info) -> Any:
    """A time from the escalation on, which may come from a table, or the end of a business day."""
    if isinstance(value, dict) and not table_values.is_table(value):
        return EndOfDayShape.model_validate(value, context=info.context)
    return table_values.plain_duration(value, info)


Due = Annotated[timedelta | Table[timedelta] | EndOfDayShape, PlainValidator(due)]


class RungShape(Shape):
    """A step that follows when nobody acts in time."""

    name: RungName = ""
    formerly: OneOrMore[RungName] = []
    calendar: CalendarName = None
    after: Limit = None
    before_due: LeadTime = None
    after_due: Time = None
    escalate: RungStepsShape | None = None
    notify: Annotated[NotifyShape | None, BeforeValidator(notified_now)] = None
    say: Sentence = ""
    repeat: RepeatShape | None = None
    until: Literal["acknowledged", "closed"]
    _written: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def keeps_its_text(cls, value: Any, check: ModelWrapValidatorHandler["RungShape"]) -> "RungShape":
        """The rung that remembers its time as the file writes it: `90m` and `1h` make different ids."""
        rung = check(value)
        rung._written = value
        return rung

    @model_validator(mode="after")
    def one_time(self) -> "RungShape":
        given = [name for name in WHEN if name in self.model_fields_set]
        if len(given) != 1:
            found = ", ".join(given) or "none of them"
            raise Fault("a rung has one time", found=found, expected=f"one of {', '.join(WHEN)}")
        if "calendar" in self.model_fields_set and given != ["after"]:
            message = f"`calendar` cannot be used with `{given[0]}`"
            raise Fault(message, found="calendar", expected="`after` with a calendar, or no calendar", key="calendar")
        return self

    @property
    def id(self) -> str:
        return rung_id(self._written)

    @property
    def time(self) -> str:
        """The time as the file writes it."""
        return written_time(self._written)[1]


def written_time(rung: Mapping[str, Any]) -> tuple[str, str]:
    """The key of a rung's time and its text, as the file writes them; empty where they are not one text."""
    given = [(key, rung[key]) for key in WHEN if key in rung]
    if len(given) != 1 or not isinstance(given[0][1], str):
        return "", ""
    return given[0]


def rung_id(rung: Mapping[str, Any]) -> str:
    """The rung's name, else its time as the file writes it: `after-30m`. Empty for a time that a table gives."""
    name = rung.get("name")
    if isinstance(name, str) and name:
        return name
    key, time = written_time(rung)
    return "-".join((key.replace("_", "-"), *time.split()))


class RouteWithLadder(Protocol):
    """The keys of a route that its ladder depends on."""

    @property
    def escalate(self) -> Any: ...

    @property
    def notify(self) -> NotifyShape | None: ...

    @property
    def due(self) -> Any: ...

    @property
    def ladder(self) -> Sequence[RungShape]: ...

    @property
    def repeat(self) -> RepeatShape | None: ...


def keep_ladder_rules(route: RouteWithLadder) -> None:
    """Raises a Fault for the rungs that cannot be carried out as they stand, and for a `repeat` without a notice."""
    found = [*without_due(route), *out_of_order(route.ladder), *without_notice(route)]
    if found:
        raise found[0].but(more=tuple(found[1:]))


def without_due(route: RouteWithLadder) -> Iterator[Fault]:
    """The first rung that counts from a due time which the route does not have."""
    for number, rung in enumerate(route.ladder):
        for key in ("before_due", "after_due"):
            if route.due is None and key in rung.model_fields_set:
                message = f"`{key}` counts from `due`, which this route does not say"
                yield Fault(message, found=key, expected="`due: ...` in the route", inside=("ladder", number), key=key)
                return


def out_of_order(ladder: Sequence[RungShape]) -> Iterator[Fault]:
    """The rungs that are due before one above them. Only times that one clock measures are compared."""
    latest: dict[Any, tuple[int, Any]] = {}
    for number, rung in enumerate(ladder):
        if not isinstance(rung.after, (timedelta, BusinessDays)):
            continue
        clock = (rung.calendar, type(rung.after))
        time = rung.after.count if isinstance(rung.after, BusinessDays) else rung.after
        above, longest = latest.get(clock, (number, time))
        if time < longest:
            message = f"ladder rung {number + 1} is due before rung {above + 1}, which stands above it"
            expected = f"the rungs in the order of their times; rung {above + 1} says {ladder[above].time}"
            yield Fault(message, found=rung.time, expected=expected, inside=("ladder", number, "after"))
        else:
            latest[clock] = (number, time)


def without_notice(route: RouteWithLadder) -> Iterator[Fault]:
    """A `repeat` of the route that has no notice to repeat, or that belongs into a rung."""
    if route.repeat and route.escalate is not None:
        message, expected = "only a route with `escalate: none` has a `repeat` of its own", "`repeat` in a rung"
        yield Fault(message, found="repeat", expected=expected, key="repeat")
    elif route.repeat and route.notify is None:
        yield Fault(
            "`repeat` has no notice to repeat", found="repeat", expected="`notify: ...` in the route", key="repeat"
        )
