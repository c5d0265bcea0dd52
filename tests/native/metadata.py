"""Metadata files of native rules, made for tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

SPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
KINDS = {
    "escalationRules": ("EscalationRules", "escalationRule"),
    "assignmentRules": ("AssignmentRules", "assignmentRule"),
}


def element(name: str, value: Any) -> str:
    """A mapping as child elements, a list as several elements of this name."""
    if isinstance(value, Mapping):
        inner = "".join(element(key, one) for key, one in value.items())
        return f"<{name}>\n{inner}</{name}>\n"
    if isinstance(value, (list, tuple)):
        return "".join(element(name, one) for one in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>\n"


def document(root: str, **parts: Any) -> str:
    inner = "".join(element(name, value) for name, value in parts.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {SPACE}>\n{inner}</{root}>\n'


def item(field: str, operation: str, value: str | None = None) -> dict[str, str]:
    return {"field": field, "operation": operation, **({} if value is None else {"value": value})}


def to_queue(queue: str, *items: dict[str, str], **more: Any) -> dict[str, Any]:
    """An entry of an assignment rule."""
    given = {"assignedTo": queue, "assignedToType": "Queue", "criteriaItems": list(items), **more}
    return {key: value for key, value in given.items() if value != []}


def action(minutes: int, queue: str | None = None, **more: Any) -> dict[str, Any]:
    target = {"assignedTo": queue, "assignedToType": "Queue"} if queue else {}
    return {**target, "minutesToEscalation": minutes, "notifyCaseOwner": False, **more}


def clocked(*actions: dict[str, Any], items: Sequence[dict[str, str]] = (), **more: Any) -> dict[str, Any]:
    """An entry of an escalation rule."""
    given = {
        "businessHoursSource": "None",
        "criteriaItems": list(items),
        "escalationAction": list(actions),
        "escalationStartTime": "CaseCreation",
        **more,
    }
    return {key: value for key, value in given.items() if value != []}


def rule(kind: str, *entries: dict[str, Any], name: str = "Standard", active: bool = True) -> str:
    """A file with one rule."""
    root, unit = KINDS[kind]
    return document(root, **{unit: {"fullName": name, "active": active, "ruleEntry": list(entries)}})


def write(folder: Path, kind: str, text: str, about: str = "Case") -> Path:
    path = folder / kind / f"{about}.{kind}-meta.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
