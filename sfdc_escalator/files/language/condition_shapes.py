"""The shapes of conditions: the first key is the kind, its value the subject."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, model_validator

from sfdc_escalator.escalation.conditions.comparison import Literal_
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.types import (
    Boundary,
    CalendarName,
    Choice,
    Duration,
    Limit,
    OneOrMore,
    Path,
    Plain,
    Scalar,
    Shape,
    SignedLimit,
    Some,
    Text,
)
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import fragments, literals

LIMITS = ("at_least", "at_most", "more_than", "less_than")
Count = Annotated[int, Field(ge=0)]
Side = Literal["customer", "agent"]
Since = Literal["escalation", "word_of.customer", "word_of.agent"]


def tag(value: Any) -> str:
    return f"kind:{next(iter(value))}"


class Compared(Shape):
    """What compares a value: one operator or more beside the kind."""

    @model_validator(mode="after")
    def compares(self) -> "Compared":
        if len(self.model_fields_set) == 1:
            kind, *operators = self.allowed()
            expected = f"an operator: {', '.join(operators)}"
            raise Fault("the condition compares with nothing", found=f"`{kind}` alone", expected=expected)
        return self


class FieldShape(Compared):
    """The value of a field of the case, or of a record that it refers to."""

    field: Path
    is_: Scalar = Field("", alias="is")
    is_not: Scalar = ""
    in_: Some[Plain] = Field([], alias="in")
    not_in: Some[Plain] = []
    at_least: Boundary = 0
    at_most: Boundary = 0
    more_than: Boundary = 0
    less_than: Boundary = 0
    starts_with: Annotated[Literal_, PlainValidator(literals.beginning)] = ""
    contains_any: Some[Choice] = []
    matches: Annotated[str, PlainValidator(literals.pattern)] = ""
    is_empty: bool = False


class Clocked(Shape):
    """What the clocks share: limits, inclusive."""

    @model_validator(mode="after")
    def limits(self) -> "Clocked":
        if self.model_fields_set.isdisjoint(LIMITS):
            kind = self.allowed()[0]
            expected = f"one or more of {', '.join(LIMITS)}"
            raise Fault("the condition has no limit", found=f"`{kind}` alone", expected=expected)
        return self


class AgeShape(Clocked):
    """The time since a datetime field; with a calendar open time, without the time of `except_while`."""

    age: Path
    calendar: CalendarName = None
    at_least: Limit = None
    at_most: Limit = None
    more_than: Limit = None
    less_than: Limit = None
    except_while: "OneOrMore[Condition]" = []

    @model_validator(mode="after")
    def pauses(self) -> "AgeShape":
        only(self.except_while, ("field", "any", "all", "not"), "except_while")
        days = (getattr(self, name) for name in LIMITS)
        if self.except_while and any(isinstance(one, BusinessDays) for one in days):
            raise Fault(
                "a clock that pauses counts no business days", expected="hours of open time", key="except_while"
            )
        return self


class LeftShape(Clocked):
    """The time left until a datetime field; negative when it is past, and so may a limit be."""

    left: Path
    at_least: SignedLimit = None
    at_most: SignedLimit = None
    more_than: SignedLimit = None
    less_than: SignedLimit = None


class IdleShape(Clocked):
    """How long somebody has said nothing."""

    idle: Literal["customer", "agent", "anyone"]
    calendar: CalendarName = None
    at_least: Limit = None
    at_most: Limit = None
    more_than: Limit = None
    less_than: Limit = None
    after_word_of: Side | None = None

    @model_validator(mode="after")
    def waits_for_the_other(self) -> "IdleShape":
        if self.idle == self.after_word_of:
            other = "agent" if self.idle == "customer" else "customer"
            message = f"the {self.idle} does not wait for an answer of their own"
            raise Fault(message, found=self.idle, expected=f"`{other}`", key="after_word_of")
        return self


class InStateShape(Clocked):
    """How long fields have held their values without a break."""

    in_state: OneOrMore[Path]
    calendar: CalendarName = None
    at_least: Limit = None
    at_most: Limit = None
    more_than: Limit = None
    less_than: Limit = None


class RelatedShape(Shape):
    """How many records next to the case fit."""

    related: Annotated[str, PlainValidator(literals.relation)]
    through: Literal["Contact", "Account"] | None = None
    same: OneOrMore[Path] = []
    where: "OneOrMore[Condition]" = []
    since: Since | None = None
    within: Duration | None = None
    at_least: Count = 0
    at_most: Count = 0
    more_than: Count = 0
    less_than: Count = 0

    @model_validator(mode="after")
    def fields_only(self) -> "RelatedShape":
        only(self.where, ("field", "age", "any", "all", "not"), "where")
        return self


class MilestoneShape(Shape):
    """A milestone of the case that is not completed: due within a time, or past its target."""

    milestone: Literal["due", "violated"]
    within: Duration | None = None
    name: Text = ""

    @model_validator(mode="after")
    def has_time(self) -> "MilestoneShape":
        if (self.milestone == "due") != (self.within is not None):
            message = "`due` needs `within`" if self.milestone == "due" else "a violated milestone is past already"
            expected = "`within: 1h`" if self.milestone == "due" else "no `within`"
            raise Fault(message, found=self.milestone, expected=expected)
        return self


class TextShape(Shape):
    """Words in text fields, comments and e-mails: whole words, any case, `this|that` for either."""

    text: OneOrMore[Annotated[str, PlainValidator(literals.text_source)]]
    mentions: OneOrMore[Annotated[str, PlainValidator(names.words)]]
    ignoring: OneOrMore[Annotated[str, PlainValidator(names.words)]] = []


class OwnerShape(Shape):
    """Whose the case is: a user's, in a queue, or with a member of a team."""

    owner: Literal["user", "in_queue", "member_of"]
    in_: OneOrMore[Annotated[str, PlainValidator(names.queue)]] = Field([], alias="in")

    @model_validator(mode="after")
    def names_queues(self) -> "OwnerShape":
        if (self.owner == "user") == bool(self.in_):
            expected = "no `in`" if self.owner == "user" else "`in: [...]` with queues or teams"
            raise Fault(f"`{self.owner}` does not fit its `in`", found=self.owner, expected=expected)
        return self


class SpokeShape(Shape):
    """Whether somebody said something, ever or since a moment."""

    spoke: Side
    since: Since | None = None


class TableShape(Compared):
    """What a look-up table says of the case."""

    table: Annotated[Any, PlainValidator(table_values.condition_table)]
    is_: Plain = Field("", alias="is")
    is_not: Plain = ""
    in_: Some[Plain] = Field([], alias="in")
    not_in: Some[Plain] = []
    at_least: Annotated[Literal_, PlainValidator(literals.boundary)] = 0
    at_most: Annotated[Literal_, PlainValidator(literals.boundary)] = 0
    more_than: Annotated[Literal_, PlainValidator(literals.boundary)] = 0
    less_than: Annotated[Literal_, PlainValidator(literals.boundary)] = 0


class SoqlShape(Shape):
    """A raw filter in SOQL; only the org can judge it."""

    soql: Annotated[str, PlainValidator(fragments.fragment)]


class AnyShape(Shape):
    """One of these is enough."""

    any: "OneOrMore[Condition]"


class AllShape(Shape):
    """All of these."""

    all: "OneOrMore[Condition]"


class NotShape(Shape):
    """Not all of these."""

    not_: "OneOrMore[Condition]" = Field(alias="not")


Condition = Annotated[
    Annotated[FieldShape, Tag("kind:field")]
    | Annotated[AgeShape, Tag("kind:age")]
    | Annotated[LeftShape, Tag("kind:left")]
    | Annotated[IdleShape, Tag("kind:idle")]
    | Annotated[InStateShape, Tag("kind:in_state")]
    | Annotated[RelatedShape, Tag("kind:related")]
    | Annotated[MilestoneShape, Tag("kind:milestone")]
    | Annotated[TextShape, Tag("kind:text")]
    | Annotated[OwnerShape, Tag("kind:owner")]
    | Annotated[SpokeShape, Tag("kind:spoke")]
    | Annotated[TableShape, Tag("kind:table")]
    | Annotated[SoqlShape, Tag("kind:soql")]
    | Annotated[AnyShape, Tag("kind:any")]
    | Annotated[AllShape, Tag("kind:all")]
    | Annotated[NotShape, Tag("kind:not")],
    Discriminator(tag),
    BeforeValidator(names.kind_first),
]
CONDITIONS: Mapping[str, type[Shape]] = {
    "kind:field": FieldShape, "kind:age": AgeShape, "kind:left": LeftShape, "kind:idle": IdleShape,
    "kind:in_state": InStateShape, "kind:related": RelatedShape, "kind:milestone": MilestoneShape,
    "kind:text": TextShape, "kind:owner": OwnerShape, "kind:spoke": SpokeShape, "kind:table": TableShape,
    "kind:soql": SoqlShape, "kind:any": AnyShape, "kind:all": AllShape, "kind:not": NotShape,
}  # fmt: skip


for one in CONDITIONS.values():
    one.model_rebuild()


def only(conditions: list[Any], kinds: tuple[str, ...], key: str) -> None:
    """Wrong when there is a condition of another kind somewhere inside."""
    for kind in kinds_in(conditions):
        if kind not in kinds:
            raise Fault(
                f"`{kind}` cannot be used in `{key}`", found=kind, expected=f"one of {', '.join(kinds)}", key=key
            )


def kinds_in(conditions: list[Any]) -> Iterator[str]:
    for one in conditions:
        kind = one.allowed()[0]
        yield kind
        yield from kinds_in(getattr(one, {"any": "any", "all": "all", "not": "not_"}.get(kind, ""), []))
