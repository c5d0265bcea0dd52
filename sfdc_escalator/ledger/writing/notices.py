"""Queues notices in the transaction of their escalation: with its intent, or with its outcome."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.ledger.tables.notice_rows import notice_row, payload_of
from sfdc_escalator.ledger.tables.rows import Row
from sfdc_escalator.ledger.tables.schema import notices
from sfdc_escalator.ledger.writing.journal import Journal
from sfdc_escalator.pipeline.ports.ledger import Change

INTENT = "intended"
SETTLING = frozenset({"applied", "recovered", "found", "resolved", "absent", "returned", "deferred", "rejected"})
"""The events that settle a turn: what was intended with it is sent where it was carried out, else forgotten."""
WITH_REMARK = {"rejected": "its move was rejected", "withheld": "its move is withheld"}
"""The events of a rung that counts as climbed though its move waits."""
KEYS_PER_QUERY = 500


def queue(connection: sa.Connection, journal: Journal, organization_id: str, changes: Sequence[Change]) -> None:
    """Stores the notices of these changes, and lets those go that an earlier intent stored. A notice that is known is
    not stored again."""
    given = [(one, change.event) for change in changes for one in change.notices]
    known = ids_known(connection, [one.id for one, _ in given])
    new = {one.id: (one, event) for one, event in given if one.id not in known}
    rows = [row_of(journal, organization_id, one, event) for one, event in new.values()]
    journal.write()
    if rows:
        connection.execute(notices.insert(), rows)
    release(connection, changes)


def queue_alone(connection: sa.Connection, journal: Journal, organization_id: str, given: Iterable[Notice]) -> None:
    """Stores notices that belong to no change of an escalation."""
    each = {one.id: one for one in given}
    known = ids_known(connection, list(each))
    rows = [row_of(journal, organization_id, one, "") for one in each.values() if one.id not in known]
    journal.write()
    if rows:
        connection.execute(notices.insert(), rows)


def row_of(journal: Journal, organization_id: str, one: Notice, event: str) -> Row:
    state = NoticeState.UNDELIVERED if one.missing else NoticeState.INTENDED if event == INTENT else NoticeState.WAITING
    row = notice_row(one, state)
    facts = {name: row[name] for name in ("id", "kind", "recipient", "channel", "urgent", "digest", "at", "reason")}
    about = one.subject
    number = journal.add(
        "notice_queued", {"facts": facts}, key=about.key, case_id=about.case_id or None, note=payload_of(one)
    )
    return {**row, "organization_id": organization_id, "event": number}


def ids_known(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for start in range(0, len(ids), KEYS_PER_QUERY):
        some = notices.c.id.in_(ids[start : start + KEYS_PER_QUERY])
        found.update(connection.execute(sa.select(notices.c.id).where(some)).scalars())
    return frozenset(found)


def release(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Lets the notices that were intended with these turns wait to be sent, or forgets them."""
    ended = [one for one in changes if one.event in SETTLING]
    done = [one.escalation.key for one in ended if one.escalation.state is EscalationState.APPLIED]
    climbed = {one.escalation.key: WITH_REMARK[one.event] for one in changes if is_climbed(one)}
    undone = {one.escalation.key for one in ended} - {*done, *climbed}
    set_waiting(connection, {**dict.fromkeys(done, ""), **climbed})
    if undone:
        this = (notices.c.key == sa.bindparam("the_key")) & (notices.c.state == NoticeState.INTENDED.value)
        connection.execute(notices.delete().where(this), [{"the_key": key} for key in sorted(undone)])


def is_climbed(change: Change) -> bool:
    return change.event in WITH_REMARK and not change.escalation.is_start


def set_waiting(connection: sa.Connection, remarks: Mapping[str, str]) -> None:
    if remarks:
        this = (notices.c.key == sa.bindparam("the_key")) & (notices.c.state == NoticeState.INTENDED.value)
        values = {"state": NoticeState.WAITING.value, "remark": sa.bindparam("the_remark")}
        rows = [{"the_key": key, "the_remark": remark} for key, remark in remarks.items()]
        connection.execute(notices.update().where(this).values(values), rows)
