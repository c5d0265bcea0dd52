"""The shapes of conditions, made out of what each kind declares. The first key is the kind, its value the subject."""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, create_model, model_validator

from sfdc_escalator.escalation.conditions import declaration
from sfdc_escalator.escalation.conditions.declaration import Conditions, Form, Key, Kind, ListOf, Several
from sfdc_escalator.escalation.conditions.registry import COMBINED, KINDS
from sfdc_escalator.files.language import names
from sfdc_escalator.files.language.types import TAKEN, OneOrMore, Shape, Some
from sfdc_escalator.files.text.fault import Fault


class ConditionShape(Shape):
    """A condition as the file says it."""

    kind: ClassVar[Kind]

    @model_validator(mode="after")
    def can_stand(self) -> "ConditionShape":
        for key in self.kind.keys:
            if isinstance(key.takes, Conditions) and key.takes.kinds:
                only(self.given().get(key.name, []), key.takes.kinds, key.name)
        for one in self.kind.refusals(self.given()):
            raise Fault(one.message, found=one.found, expected=one.expected, key=one.key)
        return self

    def nested(self) -> Iterator[tuple[str, "list[ConditionShape]"]]:
        """The conditions inside, by the key that has them."""
        given = self.given()
        return ((key.name, given[key.name]) for key in self.kind.keys if is_nested(key) and key.name in given)


def is_nested(key: Key) -> bool:
    return isinstance(key.takes, Conditions)


def type_of(form: Form) -> Any:
    """The pydantic type of what a key takes."""
    if isinstance(form, Conditions):
        return OneOrMore["Condition"]
    if isinstance(form, (Several, ListOf)):
        entry: Any = type_of(form.of)
        return OneOrMore[entry] if isinstance(form, Several) else Some[entry]
    return Literal[form.choices] if isinstance(form, declaration.OneOf) else TAKEN[form]


def shape_of(kind: Kind) -> type[ConditionShape]:
    name = "".join(part.capitalize() for part in kind.name.split("_"))
    keys: dict[str, Any] = {
        key.name: (type_of(key.takes), Field() if key.required else Field(None)) for key in kind.keys
    }
    shape = create_model(f"{name}Shape", __base__=ConditionShape, __module__=__name__, __doc__=kind.about, **keys)
    shape.kind = kind
    return shape


def tag(value: Any) -> str:
    return f"kind:{next(iter(value))}"


CONDITIONS: Mapping[str, type[ConditionShape]] = {f"kind:{name}": shape_of(kind) for name, kind in KINDS.items()}
"""By the tag that stands for the kind in the place of a fault."""
if TYPE_CHECKING:
    Condition = ConditionShape
else:
    kinds = (Annotated[shape, Tag(name)] for name, shape in CONDITIONS.items())
    Condition = Annotated[reduce(or_, kinds), Discriminator(tag), BeforeValidator(names.kind_first)]


def only(conditions: list[ConditionShape], kinds: tuple[str, ...], key: str) -> None:
    """Raises a Fault when a condition of another kind is somewhere inside."""
    for kind in kinds_in(conditions):
        if kind not in kinds:
            raise Fault(
                f"`{kind}` cannot be used in `{key}`", found=kind, expected=f"one of {', '.join(kinds)}", key=key
            )


def kinds_in(conditions: list[ConditionShape]) -> Iterator[str]:
    """The kinds of the conditions and of those that they combine."""
    for one in conditions:
        yield one.kind.name
        if one.kind in COMBINED:
            for _, inner in one.nested():
                yield from kinds_in(inner)
