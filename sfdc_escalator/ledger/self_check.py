"""Checks from the rows of the ledger alone that no escalation and no notice is forgotten.

Each open escalation has a next moment, or a reason for having none; and no moment lies so far in the past that three
runs of its policy passed by it without a reason. The same holds for the time at which a notice was to be sent. Nothing
here uses the code that decides what a run climbs, and what it sends.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO
from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import Forgotten, SelfCheck
from sfdc_escalator.ledger.tables.schema import escalations, notices, standings
from sfdc_escalator.ledger.tables.times import time_of, time_text

WAITING = ("waiting", "sending")
A_DAY = timedelta(hours=24)
"""A channel that is busy for a run may leave notices for the next one, but not for longer."""
ENDED = ("acknowledged", "exhausted", "held", "aside", "removed", "no_ladder")


def self_check(connection: sa.Connection, organization_id: str, uses: PolicyUses) -> SelfCheck:
    """The check of one org, as the ledger stands now. `uses` are the policies that earlier runs used."""
    begin = time.perf_counter()
    rows = connection.execute(_open(organization_id)).all()
    limits = {name: one.watched_before for name, one in uses.items() if one.watched_before}
    busy = set(connection.scalars(_dealt_with(organization_id, min(limits.values())))) if limits else set()
    problems = [problem for row in rows for problem in _problems(row, limits.get(row.policy), busy)]
    problems += _notices(connection, organization_id, limits) if limits else ()
    return SelfCheck(len(rows), tuple(problems), int((time.perf_counter() - begin) * 1000))


def _open(organization_id: str) -> sa.Select[Any]:
    start = (escalations.c.rung == FIRST_RUNG) & (escalations.c.state == "applied")
    columns = (
        escalations.c.key,
        escalations.c.policy,
        escalations.c.case_id,
        escalations.c.ladder.is_not(None).label("has_ladder"),
        standings.c.state,
        standings.c.at,
        standings.c.waits,
    )
    joined = escalations.outerjoin(standings, standings.c.key == escalations.c.key)
    ours = escalations.c.organization_id == organization_id
    return sa.select(*columns, standings.c.rung).select_from(joined).where(ours & start).order_by(escalations.c.key)


def _dealt_with(organization_id: str, limit: datetime) -> sa.Select[Any]:
    """The cases with an open escalation on which a rung was tried, or waits, since then: one comes per run."""
    since = time_text(limit)
    turn = escalations.alias("turn")
    of_org = (escalations.c.organization_id == organization_id) & (turn.c.organization_id == organization_id)
    is_open = (escalations.c.rung == FIRST_RUNG) & (escalations.c.state == "applied")
    in_flight = turn.c.state.in_(["sending", "unknown"])
    planned = (turn.c.state == "planned") & (turn.c.rung != UNDO)  # no run tries an undo again
    recent = turn.c.tried_at >= since
    joined = sa.select(turn.c.case_id).join_from(escalations, turn, turn.c.case_id == escalations.c.case_id)
    return joined.where(of_org, is_open, turn.c.rung != FIRST_RUNG, recent | in_flight | planned).distinct()


def _problems(row: sa.Row[Any], limit: datetime | None, busy: set[str]) -> Iterator[Forgotten]:
    key, state = row.key, row.state
    if state is None:
        if row.has_ladder:
            yield Forgotten(key, "the ledger does not have where it stands on its ladder")
    elif state == "running":
        at = time_of(row.at)
        if at is None:
            yield Forgotten(key, "it is running, and no moment comes next")
        elif limit and at < limit and not row.waits and row.case_id not in busy:
            yield Forgotten(key, f"its rung {row.rung} was due at {at:%Y-%m-%d %H:%M} UTC, and runs passed by it")
    elif state not in ENDED:
        yield Forgotten(key, f"its state {state!r} is not known")


def _notices(connection: sa.Connection, organization_id: str, limits: Mapping[str, datetime]) -> Iterator[Forgotten]:
    """The notices that runs passed by. A policy that no run takes any more has the limit of the others."""
    newest = max(limits.values())
    ours = notices.c.organization_id == organization_id
    late = ours & notices.c.state.in_(WAITING) & (notices.c.at < time_text(newest))
    columns = (notices.c[name] for name in ("id", "key", "policy", "recipient", "channel", "at", "first_try"))
    rows = connection.execute(sa.select(*columns).where(late).order_by(notices.c.event)).all()
    channels = _at_work(connection, ours, min(limits.values())) if rows else {}
    for row in rows:
        limit, at, tried = limits.get(row.policy, newest), time_of(row.at), time_of(row.first_try)
        if at and at < limit and not (tried and tried >= limit) and not _excused(at, limit, channels.get(row.channel)):
            about = f"the notice {row.id[:8]} to {row.recipient} by {row.channel}"
            yield Forgotten(row.key, f"{about} was to be sent at {at:%Y-%m-%d %H:%M} UTC, and runs passed by it")


def _at_work(connection: sa.Connection, ours: sa.ColumnElement[bool], limit: datetime) -> Mapping[str, bool]:
    """The channels that were tried since then; True for one with a notice that it did not take."""
    fails = sa.case((notices.c.state.in_(WAITING), 1), else_=0)
    since = ours & (notices.c.last_try >= time_text(limit))
    each = sa.select(notices.c.channel, sa.func.max(fails)).where(since).group_by(notices.c.channel)
    return {channel: bool(some) for channel, some in connection.execute(each)}


def _excused(at: datetime, limit: datetime, fails: bool | None) -> bool:
    """True for a notice of a channel that fails, which leaves the others to later runs, or that was busy in the time of
    a run."""
    return bool(fails) or (fails is not None and limit - at < A_DAY)
