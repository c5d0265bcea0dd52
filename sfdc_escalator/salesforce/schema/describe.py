"""Describe answers of an org as values, and the describe of a new org."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sfdc_escalator.escalation.readiness.spelling import SEVERAL
from sfdc_escalator.escalation.world.org import Child, Describe, FieldInfo
from sfdc_escalator.salesforce.line.shapes import objects, taken_apart
from sfdc_escalator.salesforce.schema.standard_objects import CHILDREN, OBJECTS
from sfdc_escalator.salesforce.schema.values import flag, given, needed, text, texts

LONG = frozenset({"textarea", "longtextarea"})


def parse_fields(body: Any) -> dict[str, FieldInfo]:
    """The fields of one sObject Describe (REST guide, sObject Describe)."""
    with taken_apart("a describe"):
        fields = map(_field, needed(body, "fields", objects))
        return {info.name: info for info in fields}


def parse_children(body: Any) -> dict[str, Child]:
    """The child relationships of one sObject Describe; those without a name cannot be queried."""
    with taken_apart("a describe"):
        listed = given(body, "childRelationships", objects) or ()
        named = ((given(one, "relationshipName", text), one) for one in listed)
        return {
            name: Child(needed(one, "childSObject", text), needed(one, "field", text)) for name, one in named if name
        }


def _field(field: Mapping[str, Any]) -> FieldInfo:
    listed = [
        (needed(one, "value", text), given(one, "active", flag))
        for one in given(field, "picklistValues", objects) or ()
    ]
    return FieldInfo(
        name=needed(field, "name", text),
        type=needed(field, "type", text).lower(),
        filterable=needed(field, "filterable", flag),
        nillable=needed(field, "nillable", flag),
        case_sensitive=given(field, "caseSensitive", flag) is True,
        updateable=needed(field, "updateable", flag),
        reference_to=given(field, "referenceTo", texts) or (),
        relationship=given(field, "relationshipName", text),
        values=tuple(value for value, active in listed if active is not False),
        inactive=tuple(value for value, active in listed if active is False),
        restricted=given(field, "restrictedPicklist", flag) is True,
    )


@cache
def standard_describe() -> Describe:
    """Case and the related objects as in a new org, without custom fields."""
    objects = {name: map(_standard, text.split()) for name, text in OBJECTS.items()}
    children = {
        start: {name: Child(*leads.split(".")) for name, leads in (word.split("=") for word in text.split())}
        for start, text in CHILDREN.items()
    }
    return Describe({name: {info.name: info for info in infos} for name, infos in objects.items()}, children)


def _standard(word: str) -> FieldInfo:
    flags = word[len(word.rstrip("!-~")) :]
    name, _, kind = word.rstrip("!-~").partition(":")
    kind, _, targets = kind.partition("=")
    return FieldInfo(
        name=name,
        type=kind,
        filterable="~" not in flags,
        nillable="!" not in flags,
        updateable="-" not in flags,
        reference_to=tuple(targets.split(",")) if targets else (),
        relationship=name.removesuffix("Id") if targets else None,
    )


def is_long_text(info: FieldInfo | None) -> bool:
    """True if the field is text that the server cannot filter: it is read only for cases that may still match."""
    return info is not None and info.type in LONG and not info.filterable


def objects_needed(paths: Iterable[str], describe: Describe) -> frozenset[str]:
    """The objects that must be error_text, besides those in `describe`, to follow these paths one step further."""
    return frozenset(
        name for path in paths if (name := missing_object(path, describe)) and name not in describe.objects
    )


def missing_object(path: str, describe: Describe, start: str = "Case") -> str | None:
    """The first object on the path that is missing in `describe`."""
    if start not in describe.objects:
        return start
    first, _, rest = path.partition(".")
    if not rest:
        return None
    step = describe.reference(first, start)
    if step is None or not step.reference_to:
        return None
    several = len(step.reference_to) > 1
    target = SEVERAL if several and "." not in rest else "User" if several else step.reference_to[0]
    return missing_object(rest, describe, target)
