"""The open escalations of a ledger, each with its standing, its rungs and its hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing
from sfdc_escalator.ledger.tables.kept_texts import readable
from sfdc_escalator.ledger.tables.ladder import ladder_facts_of
from sfdc_escalator.ledger.tables.ladder_rows import hold_of, standing_of
from sfdc_escalator.ledger.tables.rows import checked, naming
from sfdc_escalator.ledger.tables.schema import escalations, holds, standings
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.pipeline.read_models.open_escalation import NOT_CLIMBED, Climbed, OpenEscalation, open_escalation

IS_OPEN = (escalations.c.state == EscalationState.APPLIED) & (escalations.c.rung == FIRST_RUNG)
"""Until the case closes; also when its episode is over."""
START = tuple(
    escalations.c[name]
    for name in ("key", "organization_id", "case_id", "case_number", "policy", "route", "episode", "tried_at", "ladder")
)
Held = Mapping[tuple[str, str], list[Hold]]
"""By organization and case."""


def open_escalations(connection: sa.Connection, held: Held) -> Iterator[OpenEscalation]:
    """The open escalations, oldest first."""
    known, climbed = standings_of(connection), climbed_of(connection)
    for row in rows_of(connection.execute(sa.select(*START).where(IS_OPEN).order_by(escalations.c.event))):
        start = start_of(row)
        holds_of_case = held.get((row["organization_id"], start.case_id), ())
        yield open_escalation(start, known.get(start.key), climbed.get(start.key, ()), holds_of_case)


def rows_of(result: sa.CursorResult[Any]) -> Iterator[dict[str, Any]]:
    """The rows as plain dictionaries, which are read faster than those of the library."""
    names = tuple(result.keys())
    return (dict(zip(names, row, strict=True)) for row in result)


def start_of(row: Mapping[str, Any]) -> Escalation:
    """The start without the values that it wrote. Raises LedgerUnusable for a row that no run can have written."""
    with naming(f"escalation {row['key']!s:.60}"):
        found = checked(escalations, row)
        return Escalation(
            key=found["key"],
            policy=found["policy"],
            route=found["route"],
            case_id=found["case_id"],
            state=EscalationState.APPLIED,
            episode=found["episode"],
            tried_at=time_of(found["tried_at"]),
            case_number=found["case_number"],
            ladder=ladder_facts_of(found["ladder"]),
        )


def standings_of(connection: sa.Connection) -> Mapping[str, Standing]:
    rows = rows_of(connection.execute(sa.select(standings)))
    return {row["key"]: standing_of(row)[0] for row in rows}


def climbed_of(connection: sa.Connection) -> Mapping[str, list[Climbed]]:
    """The turns of rungs of the open escalations that were climbed or skipped, by the key of the start."""
    found: dict[str, list[Climbed]] = defaultdict(list)
    for row in rows_of(connection.execute(turns())):
        if row["state"] not in NOT_CLIMBED:
            found[row["start"]].append(turn_of(row))
    return found


def turns() -> sa.Select[Any]:
    """The turns of rungs beside the open starts that they belong to. One that does not name its start belongs to that
    of its policy, route and episode."""
    start, turn = escalations.alias("start"), escalations.alias("turn")
    on_case = [start.c[name] == turn.c[name] for name in ("organization_id", "case_id")]
    alike = [start.c[name] == turn.c[name] for name in ("policy", "route", "episode")]
    same = (*on_case, (turn.c.start_key == start.c.key) | sa.and_(turn.c.start_key.is_(None), *alike))
    columns = [turn.c[name] for name in ("key", "rung", "turn", "state", "moment", "tried_at")]
    is_open = (start.c.state == EscalationState.APPLIED) & (start.c.rung == FIRST_RUNG)
    return (
        sa.select(start.c.key.label("start"), *columns)
        .join_from(start, turn, sa.and_(*same))
        .where(is_open, turn.c.rung.not_in([FIRST_RUNG, UNDO]))
    )


def turn_of(row: Mapping[Any, Any]) -> Climbed:
    """Raises LedgerUnusable for a row that no run can have written."""
    with naming(f"escalation {row['key']!s:.60}"):
        found = checked(escalations, row)
        is_skipped = EscalationState(found["state"]) is EscalationState.SKIPPED
        at = None if is_skipped else time_of(found["tried_at"])
        return Climbed(found["rung"], found["turn"], time_of(found["moment"]), at)


def held_cases(connection: sa.Connection, now: datetime | None) -> Held:
    """The holds that keep cases back, oldest first."""
    found: dict[tuple[str, str], list[Hold]] = defaultdict(list)
    standing = sa.select(holds).where(holds.c.released.is_(None)).order_by(holds.c.hold)
    for row in readable(connection, connection.execute(standing).mappings(), "why"):
        hold = hold_of(row)
        if hold.lasts(now):
            found[row["organization_id"], hold.case_id].append(hold)
    return found


def every_hold(held: Held) -> tuple[Hold, ...]:
    every: Iterable[Hold] = (hold for holds_of_case in held.values() for hold in holds_of_case)
    return tuple(sorted(every, key=lambda one: one.event))
