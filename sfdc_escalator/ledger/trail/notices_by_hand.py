"""Notices that a person sends again or drops. Both change rows only, each with an event: the next run sends."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.outbox.by_hand import can_be_sent, not_to_drop, not_to_retry
from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.schema import notices
from sfdc_escalator.ledger.trail.notices import named, rows, undelivered
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import Author, Journal
from sfdc_escalator.pipeline.read_models.notices import short

FRESH: Mapping[str, Any] = {
    "state": NoticeState.WAITING.value, "reason": "", "tries": 0, "first_try": None, "holder": None
}  # fmt: skip
"""The members of the row that begins to wait again: its 24 hours begin with the next try."""


class Retried(NamedTuple):
    """The notices that wait again, and the undelivered ones that are left because they have no address."""

    again: tuple[Queued, ...]
    left: tuple[Queued, ...]


def retry(ledger: SqlLedger, organization_id: str, given: Sequence[str], by: str) -> Retried:
    """Lets notices wait again: these, or without any all that are undelivered. Raises Invalid, and changes nothing,
    where one cannot be retried."""
    with _changing(ledger, organization_id) as (connection, journal):
        found = _chosen(connection, ledger.where, organization_id, given, not_to_retry)
        done = Retried(tuple(filter(can_be_sent, found)), tuple(one for one in found if not can_be_sent(one)))
        for one in done.again:
            _change(connection, journal, one, "notice_retried", FRESH, {"by": by, "reason": one.reason})
    return done


def drop(ledger: SqlLedger, organization_id: str, given: Sequence[str], by: str, why: str) -> tuple[Queued, ...]:
    """Drops notices: these, or without any all that are undelivered. Returns them. Raises Invalid, and changes nothing,
    where one cannot be dropped."""
    dropped = {"state": NoticeState.DROPPED.value, "reason": f"dropped by {by}: {why}", "holder": None}
    with _changing(ledger, organization_id) as (connection, journal):
        found = _chosen(connection, ledger.where, organization_id, given, not_to_drop)
        for one in found:
            _change(connection, journal, one, "notice_dropped", dropped, {"by": by, "reason": why})
    return found


@contextmanager
def _changing(ledger: SqlLedger, organization_id: str) -> Iterator[tuple[sa.Connection, Journal]]:
    """One transaction, without a lease; each event records the host, and in its facts the person."""
    with ledger.writing() as (connection, at):
        journal = Journal(connection, Author(organization_id, "", "", Holder.of_this_process().host), at)
        yield connection, journal
        journal.write()


def _chosen(
    connection: sa.Connection,
    where: str,
    organization_id: str,
    given: Sequence[str],
    obstacle: Callable[[Queued], str | None],
) -> tuple[Queued, ...]:
    """The notices whose ids begin like these; without any all that are undelivered."""
    if not given:
        return undelivered(connection, notices.c.organization_id == organization_id)
    ids = named(connection, where, organization_id, given)
    found = rows(connection, notices.c.id.in_(ids), (notices.c.event,))
    problems = [Problem(f"{short(one.id)}: {reason}") for one in found if (reason := obstacle(one))]
    if problems:
        raise Invalid("nothing was changed", problems)
    return found


def _change(
    connection: sa.Connection,
    journal: Journal,
    one: Queued,
    event: str,
    values: Mapping[str, Any],
    facts: Mapping[str, str],
) -> None:
    about = one.notice.subject
    connection.execute(notices.update().where(notices.c.id == one.id).values(values))
    own = {"id": one.id, "bundle": one.bundle, "channel": one.notice.channel, "tries": one.tries}
    journal.add(event, {"facts": {**own, **facts}}, key=about.key, case_id=about.case_id or None)
