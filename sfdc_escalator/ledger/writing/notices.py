"""Queues notices in the transaction of their escalation: with its intent, or with its outcome."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.notice_rows import notice_row, payload_of
from sfdc_escalator.ledger.tables.rows import Row
from sfdc_escalator.ledger.tables.schema import NOTICE_FACTS, notices, payloads
from sfdc_escalator.ledger.tables.times import time_text
from sfdc_escalator.ledger.writing.journal import Journal
from sfdc_escalator.pipeline.ports.ledger import Change

INTENT = "intended"
SETTLING = frozenset(
    {"applied", "recovered", "found", "resolved", "absent", "returned", "deferred", "rejected", "gone"}
)
"""The events that settle a turn: what was intended with it is sent where it was carried out, else forgotten."""
WITH_REMARK = {"rejected": "its move was rejected", "withheld": "its move is withheld"}
"""The events of a rung that counts as climbed though its move waits."""
ERASED = "notices_erased"
"""The event that records that texts of notices about a case were erased."""
PER_QUERY = 500


def queue(connection: sa.Connection, journal: Journal, organization_id: str, changes: Sequence[Change]) -> None:
    """Stores the notices of these changes, and lets those go that an earlier intent stored."""
    given = {one.id: (one, change) for change in changes for one in change.notices}
    known = ids_known(connection, list(given))
    new = (found for key, found in given.items() if key not in known)
    store(connection, journal, [row_of(journal, organization_id, one, change) for one, change in new])
    release(connection, journal, changes)


def queue_alone(connection: sa.Connection, journal: Journal, organization_id: str, given: Iterable[Notice]) -> None:
    """Stores notices that belong to no change of an escalation."""
    each = {one.id: one for one in given}
    known = ids_known(connection, list(each))
    store(connection, journal, [row_of(journal, organization_id, one) for key, one in each.items() if key not in known])


def store(connection: sa.Connection, journal: Journal, rows: Sequence[Row]) -> None:
    journal.write()
    if rows:
        connection.execute(notices.insert(), rows)


def row_of(journal: Journal, organization_id: str, one: Notice, change: Change | None = None) -> Row:
    waits = NoticeState.INTENDED if change and change.event == INTENT else NoticeState.WAITING
    row = notice_row(one, NoticeState.UNDELIVERED if one.missing else waits, remark_of(change) if change else "")
    facts = {
        "facts": {name: row[name] for name in NOTICE_FACTS},
        "queued": {"at": row["at"], "reason": row["reason"], **counted_of(one)},
    }
    about = one.subject
    number = journal.add("notice_queued", facts, key=about.key, case_id=about.case_id or None, note=payload_of(one))
    return {**row, "organization_id": organization_id, "event": number}


def counted_of(one: Notice) -> Row:
    """The facts by which a report counts the notice: of a warning also the time at which its case would match."""
    about, comes = one.subject, {"comes_at": time_text(one.comes_at)} if one.comes_at else {}
    return {"policy": plain(about.policy), "queued_at": time_text(one.queued_at), "route": plain(about.route), **comes}


def remark_of(change: Change) -> str:
    """The line that a notice gets by the outcome of its rung; empty without one."""
    return "" if change.escalation.is_start else WITH_REMARK.get(change.event, "")


def ids_known(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    some = (sa.select(notices.c.id).where(notices.c.id.in_(part)) for part in parts(ids))
    return frozenset(found for one in some for found in connection.execute(one).scalars())


def release(connection: sa.Connection, journal: Journal, changes: Sequence[Change]) -> None:
    """Lets the notices that were intended with these turns wait to be sent, or forgets them."""
    ended = [one for one in changes if one.event in SETTLING]
    done = [one.escalation.key for one in ended if one.escalation.state is EscalationState.APPLIED]
    climbed = {one.escalation.key: remark_of(one) for one in changes if remark_of(one)}
    set_waiting(connection, {**dict.fromkeys(done, ""), **climbed})
    withdraw(connection, journal, sorted({one.escalation.key for one in ended} - {*done, *climbed}))


def set_waiting(connection: sa.Connection, remarks: Mapping[str, str]) -> None:
    if remarks:
        this = (notices.c.key == sa.bindparam("the_key")) & (notices.c.state == NoticeState.INTENDED.value)
        values = {"state": NoticeState.WAITING.value, "remark": sa.bindparam("the_remark")}
        rows = [{"the_key": key, "the_remark": remark} for key, remark in remarks.items()]
        connection.execute(notices.update().where(this).values(values), rows)


def withdraw(connection: sa.Connection, journal: Journal, keys: Sequence[str]) -> None:
    """Forgets the notices that were intended with turns that were not carried out."""
    for part in parts(keys):
        this = notices.c.key.in_(part) & (notices.c.state == NoticeState.INTENDED.value)
        rows = connection.execute(sa.select(notices).where(this)).mappings().all()
        erase_texts(connection, journal, rows)
        for some in parts([row["id"] for row in rows]):
            connection.execute(notices.delete().where(notices.c.id.in_(some)))


def erase_texts(connection: sa.Connection, journal: Journal, rows: Sequence[Mapping[Any, Any]]) -> None:
    """Erases the texts of these notices, and records it with each case: `audit verify` misses no other."""
    of_case = defaultdict(list)
    for row in rows:
        of_case[row["case_id"]].append(row["id"])
    for case_id, ids in of_case.items():
        journal.add(ERASED, {"facts": {"ids": ids}}, case_id=case_id or None)
    journal.write()
    for part in parts([row["event"] for row in rows]):
        connection.execute(payloads.delete().where(payloads.c.event.in_(part)))
        connection.execute(notices.update().where(notices.c.event.in_(part)).values(forgotten=1))


def parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + PER_QUERY] for start in range(0, len(values), PER_QUERY))
