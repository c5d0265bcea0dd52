"""A saved plan from its JSON values, every value checked."""

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.notices.notice_json import notice_from
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.telling import Cap, NoticeRules, Quiet
from sfdc_escalator.escalation.saved.guards_json import guards_of
from sfdc_escalator.escalation.saved.orders_of import orders_of
from sfdc_escalator.escalation.saved.plan import (
    Adopted,
    PlannedStanding,
    PolicyOfPlan,
    SavedPlan,
    Withheld,
    WithheldCase,
)
from sfdc_escalator.escalation.saved.values import count, optional_time, record, text, when
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Standing, StandingState

Json = Mapping[str, Any]


def plan_of(found: Json) -> SavedPlan:
    """The plan. Raises ValueError, which names the place, for anything that no plan holds."""
    try:
        return _plan(found)
    except (KeyError, TypeError, AttributeError, OverflowError, ZeroDivisionError, RecursionError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(what) from error


def _plan(found: Json) -> SavedPlan:
    organization_id = record(found["organization_id"], "00D")
    some = [notice_from(one) for one in found["notices"]]
    orders = tuple(orders_of(found["orders"], organization_id, _by_key(some)))
    if lost := {one.subject.key for one in some} - {order.key for order in orders}:
        raise ValueError(f"a notice belongs to {min(lost)}, which is not among the orders")
    if bare := {one.identity.policy for one in orders} - set(found["guards"]):
        raise ValueError(f"the policy {min(bare)} has orders and no guards")
    return SavedPlan(
        org=text(found["org"]),
        organization_id=organization_id,
        polled_at=when(found["polled_at"]),
        now=when(found["now"]),
        made_by=text(found["made_by"]),
        policies=tuple(PolicyOfPlan(text(one["policy"]), text(one["digest"])) for one in found["policies"]),
        plan_digest=text(found["plan_digest"]),
        guards=MappingProxyType({text(name): guards_of(one) for name, one in found["guards"].items()}),
        choices=_choices(found),
        orders=orders,
        withheld=tuple(_withheld(one) for one in found["withheld"]),
        adopted=tuple(_adopted(one, organization_id) for one in found["adopted"]),
        live=tuple((text(one["policy"]), text(one["route"])) for one in found["live"]),
        bypassing=frozenset((one["policy"], one["route"]) for one in found["orders"] if one["bypass_guards"] is True),
        rungs=MappingProxyType(dict(_rungs(found["rungs"]))),
        standings=MappingProxyType({key: _standing(one) for key, one in found["standings"].items()}),
        rules=MappingProxyType({name: _rules(one) for name, one in found["notice_rules"].items()}),
        sha256=text(found["sha256"]),
    )


def _by_key(some: list[Notice]) -> dict[str, tuple[Notice, ...]]:
    found: dict[str, tuple[Notice, ...]] = {}
    for one in some:
        found[one.subject.key] = (*found.get(one.subject.key, ()), one)
    return found


def _choices(found: Json) -> RunOptions:
    backlog, chosen = found["backlog"], found["choices"]
    if backlog not in (None, "adopt", "escalate"):
        raise ValueError(f"{backlog!r:.60} is not a choice for a backlog: expected adopt, escalate or null")
    limit, route, case = chosen["limit"], chosen["route"], chosen["case"]
    return RunOptions(
        backlog,
        None if limit is None else count(limit),
        None if route is None else text(route),
        None if case is None else text(case),
    )


def _withheld(found: Json) -> Withheld:
    cases = (WithheldCase(text(one["key"]), text(one["case_id"]), text(one["case_number"])) for one in found["cases"])
    return Withheld(text(found["policy"]), text(found["route"]), text(found["reason"]), tuple(cases))


def _adopted(found: Json, organization_id: str) -> Adopted:
    about = text(found["policy"]), text(found["route"]), record(found["case_id"], "500")
    identity = Identity(organization_id, *about, episode=count(found["episode"]), origin=text(found["origin"]))
    if identity.key != found["key"]:
        raise ValueError(f"the key {found['key']!r:.60} does not follow from its facts: expected {identity.key}")
    reasons = tuple(map(text, found["reasons"]))
    return Adopted(identity, text(found["case_number"]), text(found["policy_digest"]), reasons)


def _rungs(found: Any) -> Iterator[tuple[tuple[str, str, str], datetime | None]]:
    for one in found:
        yield (text(one["policy"]), text(one["route"]), text(one["rung"])), optional_time(one["seen"])


def _standing(found: Json) -> PlannedStanding:
    standing = Standing(
        StandingState(found["state"]),
        rung=text(found["rung"]),
        turn=count(found["turn"]),
        at=optional_time(found["at"]),
        aside=tuple(map(text, found["aside"])),
        team=text(found["team"]),
        zone=text(found["zone"]),
        route=text(found["route"]),
    )
    return PlannedStanding(standing, found["by_due"] is True)


def _rules(found: Json) -> NoticeRules:
    cap, quiet = found["cap"], found["quiet"]
    return NoticeRules(
        cap=Cap(count(cap["most"]), timedelta(seconds=cap["within"])) if cap else None,
        quiet=Quiet(time.fromisoformat(quiet["from"]), time.fromisoformat(quiet["to"])) if quiet else None,
        channels={text(name): text(kind) for name, kind in found["channels"].items()},
    )
