"""The shapes of the hand-off note: of all routes, and of one."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator

from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.types import OneOrMore, PartName, Sentence, Shape, Text
from sfdc_escalator.files.values import sources


class PartShape(Shape):
    """A part of the hand-off note: its sources, and what happens when all of them are empty."""

    from_: OneOrMore[Annotated[str, PlainValidator(names.part_source)]] = Field(alias="from")
    if_missing: Annotated[str, PlainValidator(sources.if_missing)] = "say_so"
    last: Annotated[int, Field(ge=1)] = 0
    all: bool = False


class NoteShape(Shape):
    """The hand-off note: its text, its parts, and who may see it."""

    parts: Annotated[dict[PartName, PartShape], Field(min_length=1)] = {}
    template: Text = ""
    visibility: Literal["internal", "published"] = "internal"
    quick_text: OneOrMore[Annotated[Any, PlainValidator(table_values.quick_text)]] = []
    requires: OneOrMore[Annotated[str, PlainValidator(sources.part_or_path)]] = []
    if_missing: Annotated[str, PlainValidator(sources.if_missing)] = "say_so"
    also_on: Literal["Account", "Contact"] | None = None


class RouteNoteShape(NoteShape):
    """The note of one route. Any other key is a text of the route, used by a part as `route.<key>`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Sentence]
