"""Rungs, holds and standings as rows, and rows as rungs, holds and standings."""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, RouteName, RungName
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing, StandingState
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.kept_texts import readable
from sfdc_escalator.ledger.tables.rows import Row, checked, naming
from sfdc_escalator.ledger.tables.schema import escalations, holds, rungs, standings
from sfdc_escalator.ledger.tables.times import time_of, time_text


def rungs_in(connection: sa.Connection, organization_id: str) -> Mapping[RouteName, Mapping[str, datetime]]:
    """The rungs that are not gone, by route, each with the time at which it was first seen."""
    found: dict[RouteName, dict[str, datetime]] = {}
    ours = sa.select(rungs).where(rungs.c.organization_id == organization_id)
    for row in connection.execute(ours.order_by(*rungs.primary_key)).mappings():
        (policy, route, rung), seen_at = rung_of(row)
        if not row["gone"]:
            found.setdefault((policy, route), {})[rung] = seen_at
    return MappingProxyType(found)


def rung_of(row: Mapping[Any, Any]) -> tuple[RungName, datetime]:
    """The name of a rung, and the time at which it was first seen. Raises LedgerUnusable."""
    with naming(f"the rung {row['policy']!s:.60}/{row['route']!s:.60}/{row['rung']!s:.60}"):
        found = checked(rungs, row)
        return (found["policy"], found["route"], found["rung"]), _needed(found["seen_at"])


def rung_facts(name: RungName, seen_at: datetime, *, gone: bool) -> Row:
    policy, route, rung = name
    return {"gone": int(gone), "policy": policy, "route": route, "rung": rung, "seen_at": time_text(seen_at)}


def holds_in(connection: sa.Connection, organization_id: str) -> tuple[Hold, ...]:
    """The holds that were not released, and all of cases with an open escalation, oldest first. One query for each, so
    that each has an index."""
    is_open = escalations.c.state.in_([EscalationState.APPLIED, EscalationState.UNKNOWN, EscalationState.SENDING])
    ours = escalations.c.organization_id == organization_id
    cases = sa.select(escalations.c.case_id).where(ours & is_open & (escalations.c.rung == FIRST_RUNG))
    each = sa.select(holds).where(holds.c.organization_id == organization_id).order_by(holds.c.hold)
    lasting = holds_of(connection, each.where(holds.c.released.is_(None)))
    of_open = holds_of(connection, each.where(holds.c.released.is_not(None), holds.c.case_id.in_(cases)))
    return tuple(sorted((*lasting, *of_open), key=lambda one: one.event))


def holds_of(connection: sa.Connection, query: sa.Select[Any]) -> tuple[Hold, ...]:
    """The holds that the query finds. Raises LedgerUnusable."""
    return tuple(hold_of(row) for row in readable(connection, connection.execute(query).mappings(), "why"))


def hold_of(row: Mapping[str, Any]) -> Hold:
    """Raises LedgerUnusable for a row that nobody can have written."""
    with naming(f"the hold of event {row['hold']!s:.60}"):
        found = checked(holds, row)
        return Hold(
            case_id=found["case_id"],
            case_number=found["case_number"],
            begin=_needed(found["begin"]),
            until=time_of(found["until"]),
            why=found["why"],
            by=found["by"],
            kind=found["kind"],
            policy=found["policy"],
            route=found["route"],
            released=time_of(found["released"]),
            event=found["hold"],
        )


def hold_facts(one: Hold, number: int) -> Row:
    """The facts of a hold that the event with this number began."""
    return {
        "begin": time_text(one.begin),
        "by": plain(one.by),
        "case_number": plain(one.case_number),
        "hold": number,
        "kind": plain(one.kind),
        "policy": plain(one.policy),
        "released": time_text(one.released),
        "route": plain(one.route),
        "until": time_text(one.until),
        "why": plain(one.why),
    }


def standings_in(connection: sa.Connection, organization_id: str) -> Mapping[str, tuple[Standing, str]]:
    """The standings by the key of the start, each with the digest of its policy."""
    ours = sa.select(standings).where(standings.c.organization_id == organization_id).order_by(standings.c.key)
    return MappingProxyType({row["key"]: standing_of(row) for row in connection.execute(ours).mappings()})


def standing_of(row: Mapping[Any, Any]) -> tuple[Standing, str]:
    """A standing and the digest of its policy. Raises LedgerUnusable."""
    with naming(f"the standing of {row['key']!s:.60}"):
        found = checked(standings, row)
        aside = json.loads(found["aside"])
        if not isinstance(aside, list) or not all(isinstance(one, str) for one in aside):
            raise ValueError(f"{found['aside']!r:.60} is not a list of texts")
        state = StandingState(found["state"])
        coming = found["rung"], found["turn"], time_of(found["at"])
        about = (found[name] for name in ("team", "waits", "zone", "route"))
        return Standing(state, *coming, tuple(aside), *about), found["policy_digest"]


def standing_row(standing: Standing, digest: str) -> Row:
    return {
        "state": standing.state.value,
        "rung": plain(standing.rung),
        "turn": standing.turn,
        "at": time_text(standing.at),
        "aside": chain.canonical([plain(rung) for rung in standing.aside]).decode(),
        "team": plain(standing.team),
        "waits": plain(standing.waits),
        "zone": plain(standing.zone),
        "route": plain(standing.route),
        "policy_digest": digest,
    }


def _needed(text: str) -> datetime:
    at = time_of(text)
    if at is None:
        raise ValueError("a time is empty")
    return at
