"""The shape of a policy file: every key of the language is declared here or beside it, once.

A key marked `Unread` is checked like any other, and accepted with a warning: this version does not carry it out.
"""

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple, cast

from pydantic import BeforeValidator, Field, PlainValidator, ValidationError, ValidationInfo, model_validator

from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.condition_shapes import CONDITIONS, Condition, kinds_in
from sfdc_escalator.files.language.declared_names import Names
from sfdc_escalator.files.language.forbidden_steps import keep_never
from sfdc_escalator.files.language.ladder_shapes import Due, EndOfDayShape, RepeatShape, RungShape, keep_ladder_rules
from sfdc_escalator.files.language.note_shapes import NoteShape, PartShape, RouteNoteShape
from sfdc_escalator.files.language.step_shapes import EscalateShape, ExpectedStepsShape, NeverShape, RungStepsShape
from sfdc_escalator.files.language.telling_shapes import (
    CapShape,
    ChannelShape,
    DigestShape,
    NoticesShape,
    NotifyShape,
    NotifyWhenShape,
    OneNoticePerShape,
    OwnerOfPolicyShape,
    QuietShape,
    RecipientShape,
    WarnShape,
    notified_now,
    of_kind,
    per_fields,
)
from sfdc_escalator.files.language.types import (
    Duration,
    ListName,
    Name,
    OneOrMore,
    Path,
    Sentence,
    Shape,
    Share,
    Some,
    Text,
)
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import amounts, calendar_files, operands, people, texts


class SchemaError(NamedTuple):
    """An error as pydantic reports it: its place, its kind, the value, and its context."""

    loc: tuple[str | int, ...]
    kind: str
    value: Any
    about: Mapping[str, Any]


class ReviewShape(Shape):
    """The fields by whose values the report shows what is common."""

    by: OneOrMore[Path]


class TeamShape(Shape):
    """A queue or a user, people and channels for notices, a calendar; all of them optional."""

    queue: Annotated[str, PlainValidator(texts.queue_name)] = ""
    user: Annotated[str, PlainValidator(people.username)] = ""
    tell: OneOrMore[Annotated[str, PlainValidator(names.channel)]] = []
    calendar: Annotated[str, PlainValidator(names.calendar)] = ""
    person: Annotated[str, PlainValidator(people.one_person)] = ""
    list: Annotated[str, PlainValidator(people.address)] = ""
    facts: dict[str, Text] = {}

    @model_validator(mode="after")
    def one_target(self) -> "TeamShape":
        if self.queue and self.user:
            message, expected = "a team has a queue or a user", "one of them, or two teams"
            raise Fault(message, found="both `queue` and `user`", expected=expected, key="user")
        return self


class RouteShape(Shape):
    """A named way to escalate. Most serious first; the first that matches is carried out."""

    name: Annotated[str, PlainValidator(texts.route_name)]
    formerly: OneOrMore[Name] = []
    reason: Sentence
    when: OneOrMore[Condition]
    unless: OneOrMore[Condition] = []
    scan: bool = False
    escalate: Annotated[EscalateShape | None, BeforeValidator(names.steps_or_none)]
    bypass_guards: bool = False
    rearm: Annotated[timedelta | str, PlainValidator(amounts.rearm)] = timedelta()
    never: NeverShape = NeverShape()
    notify: Annotated[NotifyShape | None, BeforeValidator(notified_now)] = None
    notify_when: NotifyWhenShape | None = None
    one_notice_per: Annotated[OneNoticePerShape | None, BeforeValidator(per_fields)] = None
    counts_as: Text = ""
    due: Due | None = None
    warn: WarnShape | None = None
    say: Sentence = ""
    ladder: OneOrMore[RungShape] = []
    catch_up: Literal["highest"] | None = None
    repeat: RepeatShape | None = None
    acknowledged: OneOrMore[Condition] = []

    @model_validator(mode="after")
    def counts_records(self) -> "RouteShape":
        if self.rearm == "new_record" and not has_related(self.when):
            expected = "a `related` condition in `when`, or a duration"
            message = "`rearm: new_record` has no records to count"
            raise Fault(message, found="new_record", expected=expected, key="rearm")
        return self

    @model_validator(mode="after")
    def keeps_never(self, info: ValidationInfo) -> "RouteShape":
        keep_never(self, cast("Names", info.context))
        return self

    @model_validator(mode="after")
    def keeps_ladder_rules(self) -> "RouteShape":
        keep_ladder_rules(self)
        return self


def has_related(conditions: list[Condition]) -> bool:
    return "related" in kinds_in(conditions)


class DefaultsShape(Shape):
    """Defaults for every route."""

    note: NoteShape = NoteShape()
    status: Text = ""
    fields: Literal["separate", "together"] = "separate"


class GuardsShape(Shape):
    """The limits above which a plan withholds a route."""

    max_cases: Annotated[int, Field(ge=1)] = 0
    max_share_of_open: Share = Fraction(0)
    share_from: Annotated[int, Field(ge=0)] = 0
    api_budget: Share = Fraction(0)


class CalendarShape(Shape):
    """When a team is open; holidays close the whole day."""

    timezone: Annotated[Any, PlainValidator(calendar_files.zone)]
    open: Annotated[Any, PlainValidator(calendar_files.week)]
    holidays: Annotated[Any, PlainValidator(calendar_files.holidays)] = frozenset()


class ExampleCaseShape(Shape):
    """A made-up case, and the route that is expected to match it, or none."""

    case: dict[str, Annotated[Any, PlainValidator(operands.example_value)]] = {}
    age: Duration | None = None
    customer_spoke: Duration | None = None
    agent_spoke: Duration | None = None
    related: dict[str, Annotated[int, Field(ge=0)]] = {}
    expect: Annotated[str | None, PlainValidator(names.route)]


class ExampleShape(ExpectedStepsShape, ExampleCaseShape):
    """A made-up case, and the route that is expected to match it, or none. `validate` runs it."""

    then: dict[Annotated[timedelta, PlainValidator(amounts.time_after)], ExpectedStepsShape] = {}

    @model_validator(mode="after")
    def follows_a_route(self) -> "ExampleShape":
        if self.then and self.expect is None:
            raise Fault("`then` follows a route", found="`expect: none`", expected="`expect: ROUTE`", key="then")
        return self


class PolicyShape(Shape):
    """The escalation policy of a support team: which cases, to whom, with which note."""

    policy: Name
    description: Text = ""
    scope: OneOrMore[Condition] = []
    calendars: dict[Name, CalendarShape] = {}
    priorities: Some[Text] = []
    channels: dict[Name, Annotated[ChannelShape, BeforeValidator(of_kind)]] = {}
    teams: dict[Name, TeamShape] = {}
    tables: dict[ListName, Annotated[Any, PlainValidator(table_values.raw_table)]] = {}
    words: dict[ListName, OneOrMore[Annotated[str, PlainValidator(operands.listed_phrase)]]] = {}
    defaults: DefaultsShape = DefaultsShape()
    notices: NoticesShape = NoticesShape()
    owner: OwnerOfPolicyShape = OwnerOfPolicyShape()
    hold_while: OneOrMore[Condition] = []
    review: ReviewShape | None = None
    routes: Some[RouteShape]
    guards: GuardsShape = GuardsShape()
    examples: Annotated[list[ExampleShape], BeforeValidator(names.list_or_nothing)] = []


MAPPINGS: Mapping[tuple[str, ...], type[Shape]] = {
    (): PolicyShape, ("routes",): RouteShape, ("routes", "escalate"): EscalateShape,
    ("routes", "escalate", "note"): RouteNoteShape, ("routes", "never"): NeverShape,
    ("routes", "notify"): NotifyShape, ("routes", "notify_when"): NotifyWhenShape, ("routes", "warn"): WarnShape,
    ("routes", "due"): EndOfDayShape, ("routes", "repeat"): RepeatShape, ("routes", "ladder"): RungShape,
    ("routes", "ladder", "escalate"): RungStepsShape, ("routes", "ladder", "repeat"): RepeatShape,
    ("routes", "ladder", "escalate", "note"): RouteNoteShape,
    ("routes", "ladder", "notify"): NotifyShape,
    ("defaults",): DefaultsShape, ("defaults", "note"): NoteShape, ("guards",): GuardsShape,
    ("examples",): ExampleShape, ("notices",): NoticesShape, ("notices", "quiet"): QuietShape,
    ("notices", "digest"): DigestShape, ("notices", "cap"): CapShape, ("routes", "one_notice_per"): OneNoticePerShape,
    ("owner",): OwnerOfPolicyShape, ("review",): ReviewShape,
}  # fmt: skip
BY_NAME: Mapping[str, type[Shape]] = {"teams": TeamShape, "calendars": CalendarShape, "channels": ChannelShape}
RECIPIENTS = frozenset({"now", "digest", "tell", "acknowledged", "closed"})


def check(value: Any, known: Names) -> tuple[PolicyShape | None, list[SchemaError]]:
    """The shape of the policy, or all its errors."""
    try:
        return PolicyShape.model_validate(value, context=known), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [SchemaError(one["loc"], one["type"], one["input"], one.get("ctx", {})) for one in found]


def keys_at(loc: tuple[str | int, ...]) -> list[str]:
    """The keys that the mapping at that place may have."""
    path = tuple(part for part in loc if isinstance(part, str))
    if path and path[-1] in CONDITIONS:
        return CONDITIONS[path[-1]].allowed()
    if path[:1] and path[0] in BY_NAME:
        return BY_NAME[path[0]].allowed()
    if path[:2] == ("examples", "then"):
        return ExpectedStepsShape.allowed()
    if path and path[-1] in RECIPIENTS and path not in MAPPINGS:
        return RecipientShape.allowed()
    return (PartShape if "parts" in path else MAPPINGS.get(path, PolicyShape)).allowed()
