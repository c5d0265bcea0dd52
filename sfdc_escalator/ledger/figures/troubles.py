"""Rejected, unknown and held escalations in a ledger; warnings and messages."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby

import sqlalchemy as sa

from sfdc_escalator.escalation.figures.facts import Place, Warned
from sfdc_escalator.escalation.figures.figures import Messages
from sfdc_escalator.escalation.figures.period import Period
from sfdc_escalator.escalation.figures.troubles import Troubles
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.ledger.figures.wanted import Wanted
from sfdc_escalator.ledger.happened import CARRIED_OUT
from sfdc_escalator.ledger.pruned.records import IS_PRUNED
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.schema import escalations, events, holds, notices
from sfdc_escalator.ledger.tables.times import time_of, time_text

BEGUN, BODY = ("intended", *sorted(CARRIED_OUT)), events.c.body


def read_failures(connection: sa.Connection, wanted: Wanted, troubles: Troubles, after: int) -> None:
    """Adds what was rejected, and what was unknown for a time, by the time of the try. No event up to the number
    `after` is of the period."""
    some = events.c.event.in_(["rejected", "unknown"]) & (events.c.seq > after) & wanted.of(events)
    query = sa.select(events.c.seq, events.c.event, events.c.key, events.c.body).where(some).order_by(events.c.seq)
    for seq, event, key, body in connection.execute(query):
        with naming(f"event {seq}"):
            found = json.loads(body)["escalation"]
            at, place = time_of(found["tried_at"]), Place(found["policy"], found["route"])
        if at and wanted.period.has(at) and (not wanted.policies or place.policy in wanted.policies):
            (troubles.reject if event == "rejected" else troubles.lose_sight)(place, key)


def read_holds(connection: sa.Connection, wanted: Wanted, troubles: Troubles) -> None:
    """Adds the holds that began in the period; one for all policies counts for each."""
    columns = (holds.c.hold, holds.c.policy, holds.c.route, holds.c.kind, holds.c.begin)
    some = sa.select(*columns).where(wanted.by(holds, ""), wanted.about(holds.c.begin)).order_by(holds.c.hold)
    for number, policy, route, kind, begin in connection.execute(some):
        with naming(f"the hold of event {number}"):
            at = time_of(begin)
        if at and wanted.period.has(at):
            troubles.hold(Place(policy, route), kind)


def read_messages(connection: sa.Connection, wanted: Wanted) -> Messages:
    """The messages that were delivered in the period, by recipient and channel. A bundle is one message."""
    sent = (notices.c.state == NoticeState.SENT.value) & within(notices.c.sent_at, wanted.period)
    number = sa.func.count(notices.c.bundle.distinct())
    grouped = sa.select(notices.c.recipient, notices.c.channel, number).where(sent, wanted.by(notices))
    found = connection.execute(grouped.group_by(notices.c.recipient, notices.c.channel))
    return {(recipient, channel): count for recipient, channel, count in found}


def within(column: sa.ColumnElement[str | None], period: Period) -> sa.ColumnElement[bool]:
    """True for a time without parts of a second that lies in the period, which has none either."""
    return (column >= time_text(period.begin)) & (column < time_text(period.end))


def read_warnings(connection: sa.Connection, wanted: Wanted) -> Iterator[Warned]:
    """The cases that were warned about in the period, each once for a route and an episode."""
    columns = (*(notices.c[name] for name in ("key", "policy", "route", "event", "organization_id", "case_id")), BODY)
    some = (notices.c.kind == "warn") & within(notices.c.queued_at, wanted.period) & wanted.by(notices)
    query = sa.select(*columns).join(events, events.c.seq == notices.c.event).where(some)
    begun = last_begun(connection, some)
    rows = connection.execute(query.order_by(notices.c.key, notices.c.event)).mappings()
    for _, same in groupby(rows, lambda row: row["key"]):
        first = next(same)
        yield warned(first, begun.get((first["organization_id"], first["case_id"]), 0))


def last_begun(connection: sa.Connection, some: sa.ColumnElement[bool]) -> Mapping[tuple[str, str], int]:
    """By org and case, of those that these notices are about: the last event by which an escalation began. The events
    say on which case that was; the rows of those that were merged are at the master."""
    about, first = sa.select(notices.c.case_id).where(some), sa.select(sa.func.min(notices.c.event)).where(some)
    wanted = (events.c.seq > first.scalar_subquery()) & events.c.case_id.in_(about) & events.c.event.in_(BEGUN)
    columns = (events.c.organization_id, events.c.case_id, sa.func.max(events.c.seq))
    joined = sa.select(*columns).join(escalations, escalations.c.key == events.c.key)
    found = joined.where(wanted, escalations.c.rung == FIRST_RUNG).group_by(*columns[:2])
    begun = {(organization, case): seq for organization, case, seq in connection.execute(found)}
    for organization, case, seq in pruned_starts(connection, about):
        begun[organization, case] = max(seq, begun.get((organization, case), 0))
    return begun


def pruned_starts(connection: sa.Connection, about: sa.Select[tuple[str]]) -> Iterator[tuple[str, str, int]]:
    """Org, case, and number of the first event of each start on these cases whose events were pruned."""
    columns = (events.c.organization_id, events.c.case_id, events.c.seq, BODY)
    joined = sa.select(*columns).join(escalations, escalations.c.key == events.c.key)
    wanted = IS_PRUNED & events.c.case_id.in_(about) & (escalations.c.rung == FIRST_RUNG)
    for organization, case, seq, body in connection.execute(joined.where(wanted)):
        with naming(f"event {seq}"):
            removed = json.loads(body)["facts"]["removed"]
        if removed:
            yield organization, case, removed[0][0]


def warned(row: sa.RowMapping, begun: int) -> Warned:
    with naming(f"event {row['event']}"):
        comes_at = time_of(json.loads(row["body"])["queued"].get("comes_at"))
        return Warned(Place(row["policy"], row["route"]), comes_at, begun > row["event"])
