"""The base of all shapes of a policy file, the marks of their keys, and the types of single values."""

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.comparison import Literal_
from sfdc_escalator.escalation.conditions.declaration import Takes
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.calendars import BusinessDays
from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.declared_names import as_list
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import amounts, fragments, operands, sources, texts


class Shape(BaseModel):
    # Deferred: the validator of the whole policy is built, not one more for each shape in it.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def says_something(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a key without a value: it does not count as left out."""
        field = cls.model_fields[str(info.field_name)]
        if value is None and not field.is_required() and type(None) in get_args(field.annotation):
            raise Fault("this has no value", found="nothing", expected="a value, or no such key")
        return value

    @classmethod
    def allowed(cls) -> list[str]:
        """The allowed keys, as the file writes them."""
        return [field.alias or key for key, field in cls.model_fields.items()]

    def given(self) -> dict[str, Any]:
        """The keys that the file gives, as it writes them, with their values."""
        fields = type(self).model_fields
        return {fields[key].alias or key: getattr(self, key) for key in fields if key in self.model_fields_set}


def pattern(value: Any, info: names.Info) -> str:
    return operands.loud_pattern(value, info.context.loud)


T = TypeVar("T")
Text = Annotated[str, PlainValidator(texts.text)]
Sentence = Annotated[str, PlainValidator(sources.sentence)]
Name = Annotated[str, PlainValidator(texts.name)]
PartName = Annotated[str, PlainValidator(texts.part_name)]
ListName = Annotated[str, PlainValidator(texts.list_name)]
Path = Annotated[str, PlainValidator(sources.field_path)]
Plain = Annotated[Literal_, PlainValidator(operands.scalar)]
Scalar = Annotated[Literal_ | Table[Literal_], PlainValidator(table_values.scalar)]
Choice = Annotated[Literal_, PlainValidator(operands.choice)]
Boundary = Annotated[Literal_ | Table[Literal_], PlainValidator(table_values.boundary)]
Duration = Annotated[timedelta, PlainValidator(amounts.duration)]
Limit = Annotated[timedelta | BusinessDays | Table[timedelta | BusinessDays] | None, PlainValidator(table_values.limit)]
SignedLimit = Annotated[timedelta | Table[timedelta] | None, PlainValidator(table_values.signed_limit)]
CalendarName = Annotated[str | BusinessHours | Table[str] | None, PlainValidator(table_values.calendar)]
Share = Annotated[Fraction, PlainValidator(amounts.share)]
Some = Annotated[list[T], Field(min_length=1)]
OneOrMore = Annotated[list[T], Field(min_length=1), BeforeValidator(as_list)]
TAKEN: Mapping[Takes, Any] = {
    Takes.FIELD: Path,
    Takes.TEXT_SOURCE: Annotated[str, PlainValidator(sources.text_source)],
    Takes.VALUE: Plain,
    Takes.VALUE_OR_TABLE: Scalar,
    Takes.BOUNDARY: Annotated[Literal_, PlainValidator(operands.boundary)],
    Takes.BOUNDARY_OR_TABLE: Boundary,
    Takes.BEGINNING: Annotated[Literal_, PlainValidator(operands.beginning)],
    Takes.CHOICE: Choice,
    Takes.PATTERN: Annotated[str, PlainValidator(pattern)],
    Takes.FLAG: bool,
    Takes.COUNT: Annotated[int, Field(ge=0)],
    Takes.NAME: Text,
    Takes.PHRASE: Annotated[str, PlainValidator(names.words)],
    Takes.QUEUE: Annotated[str, PlainValidator(names.queue)],
    Takes.RELATION: Annotated[str, PlainValidator(texts.relation)],
    Takes.TABLE: Annotated[Any, PlainValidator(table_values.condition_table)],
    Takes.FRAGMENT: Annotated[str, PlainValidator(fragments.fragment)],
    Takes.DURATION: Duration,
    Takes.LIMIT: Limit,
    Takes.SIGNED_LIMIT: SignedLimit,
    Takes.CALENDAR: CalendarName,
}
"""The type of each single value that a key of a condition takes."""
