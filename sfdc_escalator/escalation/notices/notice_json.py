"""The message of a notice as JSON values, and back: the outbox and a saved plan keep it."""

from collections.abc import Mapping
from typing import Any

from sfdc_escalator.escalation.notices.message import Line, Link, Message


def message_json(message: Message) -> dict[str, Any]:
    """The message without its address, and without what is known only when it is sent."""
    return {
        "kind": message.kind,
        "title": message.title,
        "lines": [list(one) for one in message.lines],
        "links": [list(one) for one in message.links],
        "key": message.key,
        "case_id": message.case_id,
        "case_number": message.case_number,
        "ends": message.ends,
        "alarm": message.alarm,
        "facts": dict(message.facts),
    }


def message_from(found: Mapping[str, Any], notice_id: str) -> Message:
    """ValueError for anything that is not a message."""
    try:
        return Message(
            id=notice_id,
            kind=_text(found["kind"]),
            title=_text(found["title"]),
            lines=tuple(Line(_text(label), _text(text), bool(kept)) for label, text, kept in found["lines"]),
            links=tuple(Link(_text(label), _text(url)) for label, url in found["links"]),
            key=_text(found["key"]),
            case_id=_text(found["case_id"]),
            case_number=_text(found["case_number"]),
            ends=bool(found["ends"]),
            alarm=_text(found["alarm"]),
            facts=dict(found["facts"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is not a message: {error!r}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a text")
    return value
