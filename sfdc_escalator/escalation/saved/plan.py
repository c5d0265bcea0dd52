"""A saved plan: the orders as they were approved, and all that is needed to carry them out: no policy is read again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Guards
from sfdc_escalator.escalation.policy.telling import NoticeRules
from sfdc_escalator.escalation.world.keys import Identity, RouteName, RungName
from sfdc_escalator.escalation.world.ladder_facts import Standing

FORMAT = 1


class PolicyOfPlan(NamedTuple):
    """A policy by name, with its digest at the time of the plan."""

    name: str
    digest: str


class WithheldCase(NamedTuple):
    key: str
    case_id: str
    case_number: str


class Withheld(NamedTuple):
    """A route that the plan withheld, with the reason and its cases."""

    policy: str
    route: str
    reason: str
    cases: tuple[WithheldCase, ...]


class Adopted(NamedTuple):
    """A case that the backlog choice `adopt` remembers as seen."""

    identity: Identity
    case_number: str
    policy_digest: str
    reasons: tuple[str, ...]


class PlannedStanding(NamedTuple):
    """The standing of a start once it is carried out. `by_due`: its next moment counts from the due time; other moments
    come as much later as the plan is applied later."""

    standing: Standing
    by_due: bool


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """`polled_at` is the org's time of the poll, `now` that of the run. `choices` are the options that it was made
    with. `live` are the routes that have run live once it is applied; `rungs` those that its policies have, each with
    the time at which a live run first saw it, None for a new one. `bypassing` are the routes that no guard holds back.
    `rules` say how the notices of each policy are delivered. `sha256` names the file."""

    org: str
    organization_id: str
    polled_at: datetime
    now: datetime
    made_by: str
    policies: tuple[PolicyOfPlan, ...]
    plan_digest: str
    guards: Mapping[str, Guards]
    choices: RunOptions
    orders: tuple[Order, ...]
    withheld: tuple[Withheld, ...] = ()
    adopted: tuple[Adopted, ...] = ()
    live: tuple[RouteName, ...] = ()
    bypassing: frozenset[RouteName] = frozenset()
    rungs: Mapping[RungName, datetime | None] = field(default_factory=lambda: MappingProxyType({}))
    standings: Mapping[str, PlannedStanding] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[str, NoticeRules] = field(default_factory=lambda: MappingProxyType({}))
    sha256: str = ""
