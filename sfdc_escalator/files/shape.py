"""The shape of a policy file: every key of the language is declared here, once.

The only module that imports pydantic. A key marked `Unread` is accepted with a warning; one marked `Later` would
change what is escalated, so it is an error until it is carried out.
"""

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    model_validator,
)

from sfdc_escalator.escalation.comparison import Literal_
from sfdc_escalator.files import literals, names
from sfdc_escalator.files.wrong import Wrong


class Fault(NamedTuple):
    """What pydantic found: where, which kind of fault, in which value, and what it knows about it."""

    loc: tuple[str | int, ...]
    kind: str
    value: Any
    about: Mapping[str, Any]


def tag(value: Any) -> str:
    return f"kind:{next(iter(value))}"


LATER = PlainValidator(names.later)
Unread = Annotated[None, PlainValidator(names.unread)]
Later = Annotated[None, LATER]
T = TypeVar("T")
Text = Annotated[str, PlainValidator(literals.text)]
Sentence = Annotated[str, PlainValidator(literals.sentence)]
Name = Annotated[str, PlainValidator(literals.name)]
PartName = Annotated[str, PlainValidator(literals.part_name)]
ListName = Annotated[str, PlainValidator(literals.list_name)]
Path = Annotated[str, PlainValidator(literals.field_path)]
Scalar = Annotated[Literal_, PlainValidator(literals.scalar)]
Choice = Annotated[Literal_, PlainValidator(literals.choice)]
Boundary = Annotated[Literal_, PlainValidator(literals.boundary)]
Limit = Annotated[timedelta, PlainValidator(literals.duration)]
Share = Annotated[Fraction, PlainValidator(literals.share)]
Some = Annotated[list[T], Field(min_length=1)]
OneOrMore = Annotated[list[T], Field(min_length=1), BeforeValidator(names.as_list)]
Condition = Annotated[
    Annotated["FieldShape", Tag("kind:field")]
    | Annotated["AgeShape", Tag("kind:age")]
    | Annotated["TextShape", Tag("kind:text")]
    | Annotated["AnyShape", Tag("kind:any")]
    | Annotated["AllShape", Tag("kind:all")]
    | Annotated["NotShape", Tag("kind:not")],
    Discriminator(tag),
    BeforeValidator(names.kind_first),
]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def allowed(cls) -> list[str]:
        """Its keys, as the file writes them."""
        later = {key for key, field in cls.model_fields.items() if any(of is LATER for of in field.metadata)}
        return [field.alias or key for key, field in cls.model_fields.items() if key not in later]

    def said(self) -> dict[str, Any]:
        """The keys that the file says, as it writes them, with their values."""
        fields = type(self).model_fields
        return {fields[key].alias or key: getattr(self, key) for key in fields if key in self.model_fields_set}


class FieldShape(Shape):
    field: Path
    is_: Scalar = Field("", alias="is")
    is_not: Scalar = ""
    in_: Some[Scalar] = Field([], alias="in")
    not_in: Some[Scalar] = []
    at_least: Boundary = 0
    at_most: Boundary = 0
    more_than: Boundary = 0
    less_than: Boundary = 0
    starts_with: Annotated[Literal_, PlainValidator(literals.beginning)] = ""
    contains_any: Some[Choice] = []
    matches: Annotated[str, PlainValidator(literals.pattern)] = ""
    is_empty: bool = False

    @model_validator(mode="after")
    def compares(self) -> "FieldShape":
        if len(self.model_fields_set) == 1:
            expected = f"an operator: {', '.join(self.allowed()[1:])}"
            raise Wrong("the condition compares with nothing", found="`field` alone", expected=expected)
        return self


class AgeShape(Shape):
    age: Path
    at_least: Limit = timedelta()
    at_most: Limit = timedelta()
    more_than: Limit = timedelta()
    less_than: Limit = timedelta()
    calendar: Later = None
    except_while: Later = None

    @model_validator(mode="after")
    def limits(self) -> "AgeShape":
        if len(self.model_fields_set) == 1:
            expected = "one or more of at_least, at_most, more_than, less_than"
            raise Wrong("the condition has no limit", found="`age` alone", expected=expected)
        return self


class TextShape(Shape):
    text: OneOrMore[Annotated[str, PlainValidator(literals.text_source)]]
    mentions: OneOrMore[Annotated[str, PlainValidator(names.words)]]
    ignoring: OneOrMore[Annotated[str, PlainValidator(names.words)]] = []


class AnyShape(Shape):
    any: OneOrMore[Condition]


class AllShape(Shape):
    all: OneOrMore[Condition]


class NotShape(Shape):
    not_: OneOrMore[Condition] = Field(alias="not")


class TeamShape(Shape):
    queue: Annotated[str, PlainValidator(literals.queue_name)] = ""
    tell: Unread = None
    calendar: Unread = None
    person: Unread = None
    list: Unread = None
    facts: Unread = None


class PartShape(Shape):
    from_: OneOrMore[Annotated[str, PlainValidator(names.part_source)]] = Field(alias="from")
    if_missing: Annotated[str, PlainValidator(names.if_missing)] = "say_so"
    last: Annotated[int, Field(ge=1)] = 0
    all: Unread = None


class NoteShape(Shape):
    parts: Annotated[dict[PartName, PartShape], Field(min_length=1)] = {}
    template: Text = ""
    visibility: Literal["internal", "published"] = "internal"
    quick_text: Unread = None
    also_on: Unread = None
    requires: Later = None
    if_missing: Later = None


class RouteNoteShape(NoteShape):
    """Any other key is a text of the route's own, read by a part as `route.<key>`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Sentence]


class EscalateShape(Shape):
    note: RouteNoteShape = RouteNoteShape.model_construct()
    queue: Annotated[str, PlainValidator(names.team)] = ""
    status: Text = ""
    priority: Annotated[str, PlainValidator(names.priority)] = ""


class RouteShape(Shape):
    name: Name
    formerly: OneOrMore[Name] = []
    reason: Sentence
    when: OneOrMore[Condition]
    unless: OneOrMore[Condition] = []
    scan: bool = False
    escalate: Annotated[EscalateShape, BeforeValidator(names.mapping_escalate)]
    over_guards: bool = False
    rearm: Annotated[timedelta, PlainValidator(literals.rearm)] = timedelta()
    notify: Unread = None
    notify_when: Unread = None
    one_notice_per: Unread = None
    counts_as: Unread = None
    due: Unread = None
    warn: Unread = None
    say: Unread = None
    ladder: Unread = None
    repeat: Unread = None
    acknowledged: Unread = None
    never: Unread = None


class DefaultsShape(Shape):
    note: NoteShape = NoteShape()
    status: Text = ""
    fields: Literal["separate", "together"] = "separate"


class GuardsShape(Shape):
    most_cases: Annotated[int, Field(ge=1)] = 0
    most_share_of_open: Share = Fraction(0)
    share_from: Annotated[int, Field(ge=0)] = 0
    api_budget: Share = Fraction(0)


class PolicyShape(Shape):
    policy: Name
    description: Text = ""
    scope: OneOrMore[Condition] = []
    priorities: Some[Text] = []
    teams: dict[Name, TeamShape] = {}
    words: dict[ListName, OneOrMore[Annotated[str, PlainValidator(literals.listed_phrase)]]] = {}
    defaults: DefaultsShape = DefaultsShape()
    routes: Some[RouteShape]
    guards: GuardsShape = GuardsShape()
    owner: Unread = None
    channels: Unread = None
    notices: Unread = None
    calendars: Unread = None
    tables: Unread = None
    examples: Unread = None


CONDITIONS: Mapping[str, type[Shape]] = {
    "kind:field": FieldShape, "kind:age": AgeShape, "kind:text": TextShape,
    "kind:any": AnyShape, "kind:all": AllShape, "kind:not": NotShape,
}  # fmt: skip
MAPPINGS: Mapping[tuple[str, ...], type[Shape]] = {
    (): PolicyShape, ("routes",): RouteShape, ("routes", "escalate"): EscalateShape,
    ("routes", "escalate", "note"): RouteNoteShape, ("defaults",): DefaultsShape,
    ("defaults", "note"): NoteShape, ("guards",): GuardsShape,
}  # fmt: skip


def check(value: Any, known: names.Names) -> tuple[PolicyShape | None, list[Fault]]:
    """The policy as the file says it, or all that is wrong with it."""
    try:
        return PolicyShape.model_validate(value, context=known), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [Fault(one["loc"], one["type"], one["input"], one.get("ctx", {})) for one in found]


def keys_at(loc: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand in the mapping at that place."""
    path = tuple(part for part in loc if isinstance(part, str))
    if path and path[-1] in CONDITIONS:
        return CONDITIONS[path[-1]].allowed()
    if path[:1] == ("teams",):
        return TeamShape.allowed()
    return (PartShape if "parts" in path else MAPPINGS[path]).allowed()
