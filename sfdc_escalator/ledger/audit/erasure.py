"""Erases the texts of one case: notes, messages, reasons, and what persons typed. The chain stays whole.

One transaction of the only writer, while no run is at work on the org: texts and salts go, an event `erased` comes for
each case id. Then the database is made to give up what it keeps of deleted rows.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import LedgerUnusable, NoticesWait, Problem
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.ledger.audit.cases import Linked, linked, the_case
from sfdc_escalator.ledger.pruned.records import PRUNED
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.kept_texts import ERASED
from sfdc_escalator.ledger.tables.rows import MISREAD
from sfdc_escalator.ledger.tables.schema import events, leases, notices, payloads, standings
from sfdc_escalator.ledger.trail.notices import named_here, rows
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import KEPT, Author, Journal
from sfdc_escalator.ledger.writing.lease import Terms
from sfdc_escalator.ledger.writing.notices import parts
from sfdc_escalator.ledger.writing.taking import refuse_while_alive
from sfdc_escalator.pipeline.read_models.audit_trail import Erasure
from sfdc_escalator.pipeline.read_models.notices import short

ERASED_EVENT = "erased"
WITH_TEXTS = ("payloads", "notices", "standings")
NOT_SENT = (NoticeState.INTENDED, NoticeState.WAITING, NoticeState.SENDING, NoticeState.UNDELIVERED)


def erase(ledger: SqlLedger, organization_id: str, name: str, by: str, why: str) -> Erasure:
    """Erases the texts of the case of this name. Raises Invalid where the ledger has no such case, RunBusy while a run
    is at work, NoticesWait while notices about it are not sent; the ledger is then as it was."""
    with ledger.writing() as (connection, at):
        refuse_while_at_work(connection, organization_id, at)
        case_id, number = the_case(connection, ledger.database.dialect, organization_id, name)
        found = linked(connection, organization_id, case_id)
        refuse_while_notices_wait(connection, number or case_id, named_here(organization_id, *found))
        numbers = texts_of(connection, organization_id, found)
        before = erased_before(connection, organization_id, found.case_ids)
        is_new = bool(numbers) or len(before) < len(found.case_ids)
        if is_new:
            forget(connection, numbers, named_here(organization_id, *found), found)
            journal = Journal(connection, Author(organization_id, "", "", Holder.of_this_process().host), at)
            facts = {"by": by, "why": why, "texts": len(numbers), "cases": found.case_ids}
            for one in found.case_ids:
                journal.add(ERASED_EVENT, {"facts": facts}, case_id=one)
            journal.write()
        old = in_the_clear(connection, organization_id, found)
    return Erasure(
        where=ledger.where,
        case_id=case_id,
        case_number=number,
        case_ids=found.case_ids,
        texts=len(numbers),
        erased_before=None if is_new else max(before),
        in_the_clear=old,
        not_cleaned=cleaned(ledger, WITH_TEXTS),
        copies=ledger.database.copies(),
        is_on_a_server=ledger.database.is_on_a_server,
    )


def cleaned(ledger: SqlLedger, tables: Collection[str]) -> str:
    """Empty where nothing is left of rows that were deleted from these tables; else the reason and the next step."""
    try:
        return ledger.clean(tables)
    except LedgerUnusable as error:
        return f"{error.message}. Run the same command again"


def refuse_while_at_work(connection: sa.Connection, organization_id: str, at: str) -> None:
    wanted = sa.select(leases).where(leases.c.organization_id == organization_id, leases.c.run.is_not(None))
    for lease in connection.execute(wanted).mappings().all():
        refuse_while_alive(lease, Holder.of_this_process(), Terms(), at)


def refuse_while_notices_wait(connection: sa.Connection, case: str, about: sa.ColumnElement[bool]) -> None:
    """A notice cannot be sent without its text."""
    waiting = rows(connection, about & notices.c.state.in_([one.value for one in NOT_SENT]), (notices.c.event,))
    if waiting:
        raise NoticesWait(
            f"nothing was erased: notices about case {case} are not sent yet. Let the next run send them, or give them "
            "up with: sfdc-escalator notices drop ID --why W (undelivered ones also: notices retry ID). Then erase",
            [
                Problem(f"{short(one.id)} to {one.notice.recipient} by {one.notice.channel}: {one.state.value}")
                for one in waiting
            ],
        )


def texts_of(connection: sa.Connection, organization_id: str, found: Linked) -> list[int]:
    """The numbers of the events whose texts are kept."""
    joined = sa.select(payloads.c.event).join(events, events.c.seq == payloads.c.event)
    ours = joined.where(events.c.organization_id == organization_id)
    numbers = set[int]()
    for column, values in ((events.c.case_id, found.case_ids), (events.c.key, found.keys)):
        for part in parts(values):
            numbers |= set(connection.scalars(ours.where(column.in_(part))))
    return sorted(numbers)


def erased_before(connection: sa.Connection, organization_id: str, case_ids: Sequence[str]) -> list[str]:
    """The time of the last erasure of each of these cases that was erased."""
    erased = (events.c.event == ERASED_EVENT) & events.c.key.is_(None) & (events.c.organization_id == organization_id)
    query = sa.select(sa.func.max(events.c.at)).where(erased & events.c.case_id.in_(case_ids))
    return list(connection.scalars(query.group_by(events.c.case_id)))


def forget(connection: sa.Connection, numbers: Sequence[int], about: sa.ColumnElement[bool], found: Linked) -> None:
    """Deletes the texts with their salts, and what rows outside the chain say in words."""
    for part in parts(numbers):
        connection.execute(payloads.delete().where(payloads.c.event.in_(part)))
    connection.execute(notices.update().where(about).values(address="", reason="", remark=""))
    for keys in parts(found.keys):
        waits = standings.c.key.in_(keys) & (standings.c.waits != "")
        connection.execute(standings.update().where(waits).values(waits=ERASED))


def in_the_clear(connection: sa.Connection, organization_id: str, found: Linked) -> int:
    """The number of events of older versions that hold a reason or a message itself: they are part of the chain."""
    ours = (events.c.organization_id == organization_id) & events.c.case_id.in_(found.case_ids)
    return sum(map(is_in_the_clear, connection.scalars(sa.select(events.c.body).where(ours))))


def is_in_the_clear(body: bytes) -> bool:
    try:
        found: dict[str, Any] = json.loads(body)
        message, why = found.get("escalation", {}).get("message"), found.get("facts", {}).get("why")
        is_old = KEPT not in found and found["about"]["event"] not in (ERASED_EVENT, PRUNED)
        return is_old and bool(found.get("reasons") or message or why)
    except MISREAD:
        return False
