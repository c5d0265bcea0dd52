"""Notices as rows of the outbox, and rows as notices."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast, get_args

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import Notice, NoticeKind, Subject
from sfdc_escalator.escalation.notices.notice_json import message_from, message_json
from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.rows import Row, checked, naming
from sfdc_escalator.ledger.tables.schema import notices
from sfdc_escalator.ledger.tables.times import time_of, time_text

UNTIL = (None, "acknowledged", "closed")


def notice_row(one: Notice, state: NoticeState, remark: str = "") -> Row:
    """The row of a notice that is queued now, without its event and its org."""
    about = one.subject
    texts = {
        "kind": about.kind,
        "key": about.key,
        "start_key": about.start_key,
        "policy": about.policy,
        "route": about.route,
        "rung": about.rung,
        "case_id": about.case_id,
        "case_number": about.case_number,
        "recipient": one.recipient,
        "channel": one.channel,
        "channel_kind": one.channel_kind,
        "address": one.to,
        "instead_of": one.instead_of,
        "zone": one.zone,
        "together": one.group,
        "reason": one.missing,
        "remark": remark,
    }
    return {
        **{name: plain(text) for name, text in texts.items()},
        "id": one.id,
        "state": state.value,
        "turn": about.turn,
        "until": about.until,
        "urgent": int(one.urgent),
        "digest": int(one.digest),
        "within": int(one.within.total_seconds()),
        "queued_at": time_text(one.queued_at),
        "at": time_text(one.at),
        "held": 0,
        "bundle": "",
        "tries": 0,
        "first_try": None,
        "last_try": None,
        "repeats": 0,
        "holder": None,
        "sent_at": None,
        "is_first": 0,
        "reference": "",
    }


def payload_of(one: Notice) -> str:
    """The text that is kept apart: the message itself."""
    return chain.canonical(message_json(one.message)).decode()


def queued_of(row: Mapping[Any, Any], payload: str | None, *, is_busy: bool = False) -> Queued:
    """The notice of a row. Its message is empty where its text was erased. Raises LedgerUnusable."""
    with naming(f"the notice {row['id']!s:.60}"):
        found = checked(notices, {name: row[name] for name in notices.columns.keys()})  # noqa: SIM118 - a collection
        return Queued(
            notice=_notice(found, payload),
            state=NoticeState(found["state"]),
            at=_needed(found["at"]),
            held=bool(found["held"]),
            bundle=found["bundle"],
            tries=found["tries"],
            first_try=time_of(found["first_try"]),
            last_try=time_of(found["last_try"]),
            reason=found["reason"],
            remark=found["remark"],
            repeats=found["repeats"],
            is_busy=is_busy,
            sent_at=time_of(found["sent_at"]),
            reference=found["reference"],
        )


def _notice(found: Mapping[Any, Any], payload: str | None) -> Notice:
    if found["channel_kind"] not in KINDS:
        raise ValueError(f"{found['channel_kind']!r:.60} is not a kind of channel")
    return Notice(
        id=found["id"],
        subject=_subject(found),
        recipient=found["recipient"],
        channel=found["channel"],
        channel_kind=found["channel_kind"],
        to=found["address"],
        urgent=bool(found["urgent"]),
        digest=bool(found["digest"]),
        queued_at=_needed(found["queued_at"]),
        at=_needed(found["at"]),
        message=message_from(json.loads(payload), found["id"]) if payload else Message(found["id"], found["kind"], ""),
        instead_of=found["instead_of"],
        zone=found["zone"],
        group=found["together"],
        within=timedelta(seconds=found["within"]),
    )


def _subject(found: Mapping[Any, Any]) -> Subject:
    if found["kind"] not in get_args(NoticeKind) or found["until"] not in UNTIL:
        raise ValueError(f"{found['kind']!r:.60} is not a kind of notice")
    return Subject(
        kind=cast("NoticeKind", found["kind"]),
        key=found["key"],
        policy=found["policy"],
        route=found["route"],
        rung=found["rung"],
        turn=found["turn"],
        start_key=found["start_key"],
        case_id=found["case_id"],
        case_number=found["case_number"],
        until=found["until"],
    )


def _needed(text: str) -> datetime:
    at = time_of(text)
    if at is None:
        raise ValueError("a time is empty")
    return at
