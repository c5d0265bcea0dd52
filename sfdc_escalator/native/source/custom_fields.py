"""Custom fields of the input with their types."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.native.source.element import Element
from sfdc_escalator.native.source.finding import SourceFile
from sfdc_escalator.native.source.kinds import CASE, FIELD, OBJECT, stem_of

TYPES = {
    "checkbox": "boolean", "date": "date", "datetime": "datetime", "time": "time", "number": "double",
    "currency": "currency", "percent": "percent", "text": "string", "textarea": "textarea", "html": "textarea",
    "longtextarea": "textarea", "email": "email", "phone": "phone", "url": "url", "autonumber": "string",
    "encryptedtext": "encryptedstring", "picklist": "picklist", "multiselectpicklist": "multipicklist",
    "lookup": "reference", "masterdetail": "reference", "hierarchy": "reference",
}  # fmt: skip
FIELDS = "fields"


def custom_fields(files: Sequence[SourceFile]) -> Describe:
    """The fields by object. One that two files give different types is not known."""
    found: dict[str, dict[str, FieldInfo | None]] = {}
    for file in files:
        for about, info in fields_in(file):
            there = found.setdefault(about, {})
            there[info.name] = info if there.get(info.name, info) == info else None
    return Describe({about: {name: info for name, info in some.items() if info} for about, some in found.items()})


def fields_in(file: SourceFile) -> Iterator[tuple[str, FieldInfo]]:
    if file.root.name == FIELD:
        folder = file.path.parent
        about, elements = (folder.parent.name if folder.name == FIELDS else CASE), [file.root]
    elif file.root.name == OBJECT:
        about, elements = stem_of(file.name)[0], list(file.root.all(FIELDS))
    else:
        return
    for element in elements:
        if info := info_of(element, file):
            yield about, info


def info_of(element: Element, file: SourceFile) -> FieldInfo | None:
    name = element.value("fullName") or (stem_of(file.name)[0] if file.root.name == FIELD else "")
    kind = TYPES.get(element.value("type").lower())
    if kind is None or not name.endswith("__c"):
        return None
    to = element.value("referenceTo")
    is_reference = kind == "reference"
    return FieldInfo(
        name,
        kind,
        reference_to=(to,) if is_reference and to else (),
        relationship=f"{name.removesuffix('c')}r" if is_reference else None,
    )
