"""The shapes of notices, channels and the policy's owner."""

from datetime import time, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from sfdc_escalator.escalation.policy.telling import EVERY_DAY, NINE
from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.types import Duration, OneOrMore, Path, Shape, Text
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import amounts, people, sources, telling

ONE_DAY = timedelta(hours=24)
TimeOfDay = Annotated[time, PlainValidator(telling.time_of_day)]


def a_team(value: Any) -> Any:
    return {"team": value} if isinstance(value, str) else value


def notified_now(value: Any) -> Any:
    """`notify: [..]` is short for `notify: {now: [..]}`."""
    return value if isinstance(value, dict) and {"now", "digest"} & value.keys() else {"now": value}


RecipientKind = Literal["team", "table", "person", "channel"]


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

    @property
    def kind(self) -> RecipientKind:
        return next(kind for kind in get_args(RecipientKind) if kind in self.model_fields_set)

    @property
    def named(self) -> Any:
        """The name of the recipient, or the table that gives it."""
        return getattr(self, self.kind)


Recipients = OneOrMore[Annotated[RecipientShape, BeforeValidator(a_team)]]


class NotifyShape(Shape):
    """The recipients of an immediate notice, and those of the next digest."""

    now: Recipients = []
    digest: Recipients = []


class WarnShape(Shape):
    """The recipients of a warning, this time before the case is due."""

    before: Duration
    tell: Recipients


class NotifyWhenShape(Shape):
    """The recipients of a notice when somebody acted, or when the case is closed."""

    acknowledged: Recipients = []
    closed: Recipients = []


class ChannelShape(Shape):
    """A channel for notices; its address is in orgs.yaml."""

    kind: Annotated[str, PlainValidator(telling.channel_kind)]


def of_kind(value: Any) -> Any:
    """`alarm: slack` is short for `alarm: {kind: slack}`."""
    telling.refuse_settings(value)
    return {"kind": value} if isinstance(value, str) else value


class QuietShape(Shape):
    """The hours in which only urgent notices are sent, by the recipient's clock."""

    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay


class DigestShape(Shape):
    """The time of the digest, by the recipient's clock."""

    at: TimeOfDay = NINE
    on: Annotated[frozenset[int], PlainValidator(telling.days)] = EVERY_DAY


class CapShape(Shape):
    """The most messages to one recipient within a time; what is over it goes as one message later."""

    most: Annotated[int, Field(ge=1)]
    within: Annotated[timedelta, PlainValidator(amounts.some_time)]


class OneNoticePerShape(Shape):
    """Cases with the same values of these fields get one notice together, for some time."""

    fields: OneOrMore[Path]
    within: Annotated[timedelta, PlainValidator(amounts.some_time)] = ONE_DAY


def per_fields(value: Any) -> Any:
    """`one_notice_per: [A, B]` is short for `one_notice_per: {fields: [A, B]}`."""
    return value if isinstance(value, dict) else {"fields": value}


class NoticesShape(Shape):
    """The words of every notice, and when it is sent."""

    opens_with: Text = ""
    must_say: OneOrMore[Annotated[str, PlainValidator(sources.part_or_path)]] = []
    links: OneOrMore[Path] = []
    template: Text = ""
    people: Annotated[str, PlainValidator(names.channel)] = ""
    quiet: QuietShape | None = None
    digest: DigestShape = DigestShape()
    cap: CapShape | None = None


class OwnerOfPolicyShape(Shape):
    """The owner of this policy, and how often it is reviewed."""

    accountable: Annotated[str, PlainValidator(names.any_team)] = ""
    review_every: Duration | None = None
