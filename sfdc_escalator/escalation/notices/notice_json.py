"""A notice and its message as JSON values, and back: the outbox keeps the message, a saved plan both."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, get_args

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.notice import Notice, NoticeKind, Subject, notice_id
from sfdc_escalator.escalation.policy.ladder import Until

SUBJECT = ("kind", "key", "policy", "route", "rung", "turn", "start_key", "case_id", "case_number", "until")
TEXTS = ("id", "recipient", "channel", "to", "instead_of", "zone", "group", "missing", "channel_kind")
FLAGS = ("urgent", "digest")
TIMES = ("queued_at", "at")


def whole_notice_json(notice: Notice) -> dict[str, Any]:
    """The notice with its message; times as texts in UTC, `within` in seconds."""
    about = {name: getattr(notice.subject, name) for name in SUBJECT}
    plain = {name: getattr(notice, name) for name in (*TEXTS, *FLAGS)}
    times = {name: getattr(notice, name).isoformat().replace("+00:00", "Z") for name in TIMES}
    within = notice.within.total_seconds()
    return {**about, **plain, **times, "within": within, "message": message_json(notice.message)}


def notice_from(found: Mapping[str, Any]) -> Notice:
    """ValueError for anything that is not a notice, or whose id does not follow from what it is about."""
    try:
        subject = subject_from(found)
        plain: dict[str, Any] = {name: _text(found[name]) for name in TEXTS}
        flags: dict[str, Any] = {name: found[name] is True for name in FLAGS}
        times: dict[str, Any] = {name: datetime.fromisoformat(found[name]) for name in TIMES}
        within, message = timedelta(seconds=found["within"]), message_from(found["message"], plain["id"])
        notice = Notice(subject=subject, **plain, **flags, **times, within=within, message=message)
        expected = notice_id(subject, notice.channel, notice.to or (notice.recipient if notice.missing else ""))
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"this is not a notice: {error!r}") from error
    if notice.channel_kind not in KINDS:
        raise ValueError(f"{notice.channel_kind!r:.60} is not a kind of channel")
    if any(at.tzinfo is None for at in times.values()):
        raise ValueError("a time of a notice has no zone")
    if notice.id != expected:
        raise ValueError(f"the id {notice.id!r:.60} of a notice does not follow from what it is about")
    return notice


def subject_from(found: Mapping[str, Any]) -> Subject:
    about = {name: found[name] for name in SUBJECT}
    for name, known in (("kind", get_args(NoticeKind)), ("until", (None, *get_args(Until)))):
        if about[name] not in known:
            raise TypeError(f"{about[name]!r:.60} is not a value of `{name}` of a notice")
    for name in set(SUBJECT) - {"turn", "until"}:
        _text(about[name])
    if type(about["turn"]) is not int:
        raise TypeError(f"{about['turn']!r:.60} is not a turn")
    return Subject(**about)


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
