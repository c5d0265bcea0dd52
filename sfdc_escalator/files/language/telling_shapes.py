"""The shapes of notices, rungs and deadlines. They are checked now and carried out by a later version."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.step_shapes import RungStepsShape
from sfdc_escalator.files.language.types import CalendarName, Duration, Limit, OneOrMore, Path, Sentence, Shape, Text
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import amounts, people, sources


def a_team(value: Any) -> Any:
    return {"team": value} if isinstance(value, str) else value


def notified_now(value: Any) -> Any:
    """`notify: [..]` is short for `notify: {now: [..]}`."""
    return value if isinstance(value, dict) and {"now", "digest"} & value.keys() else {"now": value}


class RecipientShape(Shape):
    """A recipient: a team, the team that a table names, a person by a path, or a channel."""

    team: Annotated[str, PlainValidator(names.notified_team)] = ""
    table: Annotated[Any, PlainValidator(table_values.recipient)] = None
    person: Annotated[str, PlainValidator(people.person)] = ""
    channel: Annotated[str, PlainValidator(names.channel)] = ""
    urgent: bool = False

    @model_validator(mode="after")
    def one_of_them(self) -> "RecipientShape":
        given = self.model_fields_set - {"urgent"}
        if len(given) != 1:
            found = ", ".join(sorted(given)) or "none of them"
            raise Fault("a recipient is one of team, table, person and channel", found=found, expected="one of them")
        return self


Recipients = OneOrMore[Annotated[RecipientShape, BeforeValidator(a_team)]]


class NotifyShape(Shape):
    """The recipients of an immediate notice, and those of the next digest."""

    now: Recipients = []
    digest: Recipients = []


class RepeatShape(Shape):
    """Repeat after each `every`, at most `at_most` times."""

    every: Annotated[timedelta, PlainValidator(amounts.some_time)]
    at_most: Annotated[int, Field(ge=1)]


class EndOfDayShape(Shape):
    """Due when the business day of a calendar ends."""

    end_of: Literal["business_day"]
    calendar: CalendarName


Due = Annotated[Duration | EndOfDayShape, PlainValidator(lambda value, info: due(value, info))]


def due(value: Any, info: names.Info) -> Any:
    """A time from the escalation on, which may come from a table, or the end of a business day."""
    if isinstance(value, dict) and not table_values.is_table(value):
        return EndOfDayShape.model_validate(value, context=info.context)
    return table_values.plain_duration(value, info)


WHEN = ("after", "before_due", "after_due")


class RungShape(Shape):
    """A step that follows when nobody acts in time."""

    calendar: CalendarName = None
    after: Limit = None
    before_due: Duration | None = None
    after_due: Duration | None = None
    escalate: RungStepsShape | None = None
    notify: Annotated[NotifyShape | None, BeforeValidator(notified_now)] = None
    say: Sentence = ""
    repeat: RepeatShape | None = None
    until: Literal["acknowledged", "closed"]

    @model_validator(mode="after")
    def one_time(self) -> "RungShape":
        given = [name for name in WHEN if name in self.model_fields_set]
        if len(given) != 1:
            found = ", ".join(given) or "none of them"
            raise Fault("a rung has one time", found=found, expected=f"one of {', '.join(WHEN)}")
        return self


class WarnShape(Shape):
    """The recipients of a warning, this time before the case is due."""

    before: Duration
    tell: Recipients


class NotifyWhenShape(Shape):
    """The recipients of a notice when somebody acted, or when the case is closed."""

    acknowledged: Recipients = []
    closed: Recipients = []


ChannelKind = Literal[
    "salesforce", "chatter", "slack", "teams", "email", "basecamp", "clickup", "sharepoint", "webhook", "pagerduty",
    "apprise", "log",
]  # fmt: skip


class ChannelShape(Shape):
    """A channel for notices; its address is in orgs.yaml."""

    kind: ChannelKind


def of_kind(value: Any) -> Any:
    """`alarm: slack` is short for `alarm: {kind: slack}`."""
    return {"kind": value} if isinstance(value, str) else value


class NoticesShape(Shape):
    """The texts of every notice."""

    opens_with: Text = ""
    must_say: OneOrMore[Annotated[str, PlainValidator(sources.part_or_path)]] = []
    links: OneOrMore[Path] = []


class OwnerOfPolicyShape(Shape):
    """The owner of this policy, and how often it is reviewed."""

    accountable: Annotated[str, PlainValidator(names.any_team)] = ""
    review_every: Duration | None = None
