"""The notices of a ledger for people: lists of them, and all that happened to one."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.notice_rows import queued_of
from sfdc_escalator.ledger.tables.rows import each_value, escalation_of, naming
from sfdc_escalator.ledger.tables.schema import escalations, events, notices, payloads, runs
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.pipeline.read_models.notices import (
    MOST_SHOWN,
    LastAndNext,
    NoticeEvent,
    NoticeList,
    ShownNotice,
    short,
)

OPEN = (NoticeState.INTENDED.value, NoticeState.WAITING.value, NoticeState.SENDING.value)
COUNTED = (NoticeState.WAITING.value, NoticeState.SENDING.value)
UNDELIVERED = NoticeState.UNDELIVERED.value
BEGINNING = re.compile(r"[0-9a-f]{6,32}")
EXPECTED = "an id as `notices list` shows it, or its beginning of 6 signs or more"
LOOKED_AT = 10_000
EVENTS = "notice|_%"


def organizations(trail: SqlHistory) -> tuple[str, ...]:
    """The ids of the orgs that the ledger has runs of."""
    with trail.reading() as connection:
        return tuple(connection.scalars(each_value(runs.c.organization_id)))


def notice_list(trail: SqlHistory, organization_id: str, limit: int) -> NoticeList:
    """The notices of the org: undelivered ones, then those that wait, then the others; of each the newest first."""
    rank = sa.case((notices.c.state == UNDELIVERED, 0), (notices.c.state.in_(OPEN), 1), else_=2)
    ours = notices.c.organization_id == organization_id
    with trail.reading() as connection:
        found = rows(connection, ours, (rank, notices.c.event.desc()), limit)
        return NoticeList(trail.where, counted(connection, ours), found)


def rows(
    connection: sa.Connection, wanted: sa.ColumnElement[bool], order: Sequence[Any], limit: int | None = None
) -> tuple[Queued, ...]:
    """The notices. Raises LedgerUnusable for a row that no run can have written."""
    joined = sa.select(notices, payloads.c.text).outerjoin(payloads, payloads.c.event == notices.c.event)
    found = connection.execute(joined.where(wanted).order_by(*order).limit(limit)).mappings()
    return tuple(queued_of(row, row["text"]) for row in found)


def counted(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> OutboxCounts:
    """The notices that wait, and those that a person has to look at."""
    counted = notices.c.state.in_((*COUNTED, UNDELIVERED))
    by_state = sa.select(notices.c.state, sa.func.count()).where(wanted & counted).group_by(notices.c.state)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(by_state)}
    return OutboxCounts(sum(found.get(one, 0) for one in COUNTED), found.get(UNDELIVERED, 0))


def undelivered(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> tuple[Queued, ...]:
    """The notices that a person has to look at, oldest first."""
    return rows(connection, wanted & (notices.c.state == UNDELIVERED), (notices.c.event,))


def last_and_next(connection: sa.Connection, organization_id: str) -> LastAndNext:
    """The last notices of the org that ended, and the next ones to be sent. What was tried and what was not each has
    its order in the index of the times."""
    ours, newest = notices.c.organization_id == organization_id, notices.c.event.desc()
    ended, last_try = ours & notices.c.state.not_in(OPEN), notices.c.last_try
    tried = rows(connection, ended & last_try.is_not(None), (last_try.desc(), newest), MOST_SHOWN)
    never = rows(connection, ended & last_try.is_(None), (newest,), MOST_SHOWN)
    return of_all([LastAndNext(tried, waiting(connection, ours)), LastAndNext(never)])


def waiting(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> tuple[Queued, ...]:
    return rows(connection, wanted & notices.c.state.in_(OPEN), (notices.c.at, notices.c.event), MOST_SHOWN)


def of_all(found: Iterable[LastAndNext]) -> LastAndNext:
    """The last and the next ones of all of these."""
    each = tuple(found)
    ended, coming = ([one for some in each for one in some.last], [one for some in each for one in some.next])
    ended.sort(key=lambda one: one.last_try or one.notice.queued_at, reverse=True)
    coming.sort(key=lambda one: one.at)
    return LastAndNext(tuple(ended[:MOST_SHOWN]), tuple(coming[:MOST_SHOWN]))


def notices_of_case(trail: SqlHistory, organization_id: str, case_id: str) -> LastAndNext:
    with trail.reading() as connection:
        ours = (notices.c.organization_id == organization_id) & (notices.c.case_id == case_id)
        at = sa.func.coalesce(notices.c.last_try, notices.c.queued_at)
        ended = rows(connection, ours & notices.c.state.not_in(OPEN), (at.desc(), notices.c.event.desc()), MOST_SHOWN)
        return LastAndNext(ended, waiting(connection, ours))


def named_here(organization_id: str, case_ids: Sequence[str], keys: Sequence[str]) -> sa.ColumnElement[bool]:
    """The notices about these cases, and about the escalations with these keys."""
    about = notices.c.case_id.in_(case_ids) | notices.c.start_key.in_(keys) | notices.c.key.in_(keys)
    return (notices.c.organization_id == organization_id) & about


# -- one notice ----------------------------------------------------------------------------------------------------


def notice_shown(trail: SqlHistory, organization_id: str, given: str) -> ShownNotice:
    """The notice whose id begins like this, with all that happened to it. Raises Invalid."""
    with trail.reading() as connection:
        (wanted,) = named(connection, trail.where, organization_id, [given])
        (one,) = with_texts(connection, notices.c.id == wanted)
        same = (notices.c.bundle == one.bundle) & (notices.c.organization_id == organization_id)
        together = with_texts(connection, same) if one.bundle else (one,)
        return ShownNotice(
            where=trail.where,
            organization_id=organization_id,
            notice=one,
            together=together,
            acknowledged=acts(connection, together),
            events=events_of(connection, one),
            is_sandbox=trail.run_ends(connection, organization_id).is_sandbox(),
        )


def with_texts(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> tuple[Queued, ...]:
    joined = sa.select(notices, payloads.c.text).outerjoin(payloads, payloads.c.event == notices.c.event)
    found = connection.execute(joined.where(wanted).order_by(notices.c.event)).mappings()
    return tuple(queued_of(row, row["text"]) for row in found)


def acts(connection: sa.Connection, some: Iterable[Queued]) -> Mapping[str, Acknowledged]:
    """The acts that the messages of these starts name."""
    found: dict[str, Acknowledged] = {}
    for one in some:
        about = one.notice.subject
        start = sa.select(escalations).where(escalations.c.key == about.start_key)
        row = connection.execute(start).mappings().first() if about.kind == "start" else None
        ladder = escalation_of(row).ladder if row else None
        found |= {one.id: ladder.acknowledged} if ladder and ladder.acknowledged else {}
    return found


def events_of(connection: sa.Connection, one: Queued) -> tuple[NoticeEvent, ...]:
    """The events of the notice, oldest first."""
    wanted = (events.c.key == one.notice.subject.key) & events.c.event.like(EVENTS, escape="|")
    about = sa.select(events.c.at, events.c.event, events.c.body).where(wanted).order_by(events.c.seq)
    each = (event_of(row, one.id) for row in connection.execute(about))
    return tuple(event for event in each if event)


def event_of(row: Any, notice_id: str) -> NoticeEvent | None:
    """The event; None for one of another notice about the same escalation."""
    with naming(f"an event of the notice {notice_id}"):
        facts, at = json.loads(row.body)["facts"], time_of(row.at)
        if at is None:
            raise ValueError("a time is empty")
        texts = (str(facts.get(name) or "") for name in ("reason", "by"))
        return NoticeEvent(at, row.event.removeprefix("notice_"), *texts) if facts["id"] == notice_id else None


# -- ids -----------------------------------------------------------------------------------------------------------


def named(connection: sa.Connection, where: str, organization_id: str, given: Iterable[str]) -> tuple[str, ...]:
    """The ids that begin like these texts, each once. Raises Invalid for a text that begins none, or several."""
    ours = notices.c.organization_id == organization_id
    found: dict[str, Sequence[str]] = {text: beginning(connection, ours, text) for text in dict.fromkeys(given)}
    problems = [problem(connection, ours, text, ids) for text, ids in found.items() if len(ids) != 1]
    if problems:
        these = "this notice" if len(problems) == 1 else "these notices"
        raise Invalid(f"the ledger {where} does not have {these}", problems)
    return tuple(dict.fromkeys(ids[0] for ids in found.values()))


def beginning(connection: sa.Connection, ours: sa.ColumnElement[bool], text: str) -> Sequence[str]:
    typed = text.strip().lower()
    if not BEGINNING.fullmatch(typed):
        return ()
    return connection.scalars(sa.select(notices.c.id).where(ours & notices.c.id.startswith(typed)).limit(3)).all()


def problem(connection: sa.Connection, ours: sa.ColumnElement[bool], text: str, ids: Sequence[str]) -> Problem:
    if ids:
        return Problem("this begins several ids", found=text, expected=f"one of {', '.join(ids[:2])}, ...")
    typed = text.strip().lower()
    newest = sa.select(notices.c.id).where(ours).order_by(notices.c.event.desc()).limit(LOOKED_AT)
    known = {one[: max(len(typed), 6)]: one for one in connection.scalars(newest)}
    near = difflib.get_close_matches(typed, known, n=1)
    nearest = short(known[near[0]]) if near else None
    return Problem("no such notice", found=text or "an empty text", expected=EXPECTED, nearest=nearest)
