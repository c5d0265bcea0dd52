"""The kinds of metadata files, by their root element, and the objects that they are about."""

from collections.abc import Iterator
from urllib.parse import unquote

from sfdc_escalator.native.source.element import Element

ESCALATION, ASSIGNMENT, PROCESS = "EscalationRules", "AssignmentRules", "EntitlementProcess"
RESPONSES, MILESTONE_TYPE, HOURS = "AutoResponseRules", "MilestoneType", "BusinessHoursSettings"
WORKFLOW, FIELD, OBJECT = "Workflow", "CustomField", "CustomObject"
KINDS = frozenset({ESCALATION, ASSIGNMENT, PROCESS, RESPONSES, MILESTONE_TYPE, HOURS, WORKFLOW, FIELD, OBJECT})
RULES = frozenset({ESCALATION, ASSIGNMENT, PROCESS})
SUFFIXES = frozenset(
    {
        "escalationRules", "assignmentRules", "autoResponseRules", "entitlementProcess", "milestoneType", "workflow",
        "field", "object", "settings",
    }
)  # fmt: skip
CASE = "Case"
TO_CUSTOMERS = "writes to customers"


def stem_of(name: str) -> tuple[str, str]:
    """`Case.escalationRules-meta.xml` -> Case, escalationRules. The same without `-meta.xml`."""
    stem, _, suffix = name.removesuffix("-meta.xml").rpartition(".")
    return (unquote(stem), suffix) if stem else (unquote(suffix), "")


def object_of(root: Element, name: str) -> str:
    """The object whose records the rules or the process are about."""
    if root.name == PROCESS:
        return root.value("SObjectType") or CASE
    stem, suffix = stem_of(name)
    if suffix in SUFFIXES:
        return stem.partition(".")[0]
    started = {one.text.partition(".")[0] for one in fields_in(root)}
    return next((one for one in ("Lead", "WorkOrder") if one in started), CASE)


def fields_in(element: Element) -> Iterator[Element]:
    for child in element.children:
        if child.name == "field":
            yield child
        yield from fields_in(child)


def skipped(root: Element, name: str) -> str | None:
    """The reason why nothing of the file is imported; None where it is."""
    if root.name == RESPONSES:
        return TO_CUSTOMERS
    about = object_of(root, name) if root.name in RULES else CASE
    return None if about == CASE else f"rules of {about}: only those of Case are imported"
