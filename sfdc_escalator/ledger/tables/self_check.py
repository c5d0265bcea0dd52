"""Checks from the rows of the ledger alone that no escalation is forgotten.

Each open escalation has a next moment, or a reason for having none; and no moment lies so far in the past that three
runs of its policy passed by it without a reason. Nothing here uses the code that decides what a run climbs.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import Forgotten, SelfCheck
from sfdc_escalator.ledger.tables.schema import escalations, standings
from sfdc_escalator.ledger.tables.times import time_of

ENDED = ("acknowledged", "exhausted", "held", "aside", "removed", "no_ladder")


def self_check(connection: sa.Connection, organization_id: str, uses: PolicyUses) -> SelfCheck:
    """The check of one org, as the ledger stands now. `uses` are the policies that earlier runs used."""
    begin = time.perf_counter()
    rows = connection.execute(_open(organization_id)).all()
    limits = {name: one.watched_before for name, one in uses.items() if one.watched_before}
    busy = set(connection.scalars(_dealt_with(organization_id, min(limits.values())))) if limits else set()
    problems = tuple(problem for row in rows for problem in _problems(row, limits.get(row.policy), busy))
    return SelfCheck(len(rows), problems, int((time.perf_counter() - begin) * 1000))


def _open(organization_id: str) -> sa.Select[Any]:
    start = (escalations.c.rung == "start") & (escalations.c.state == "applied")
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
    """The cases on which a rung was tried, or waits, since then: one comes per run."""
    since = limit.isoformat().replace("+00:00", "Z")
    turn = (escalations.c.organization_id == organization_id) & (escalations.c.rung != "start")
    waits = escalations.c.state.in_(["planned", "sending", "unknown"])
    return sa.select(escalations.c.case_id).where(turn & ((escalations.c.tried_at >= since) | waits)).distinct()


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
