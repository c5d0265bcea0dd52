"""The findings of an inspection of an org, in addition to the facts that every run asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sfdc_escalator.escalation.world.keys import RouteName


class QueryPlan(NamedTuple):
    """The org's plan for a query of the poll; above a cost of 1 it is not selective (REST guide, `explain`)."""

    operation: str
    cost: float
    returned: int
    cases: int


class Sample(NamedTuple):
    """A case that a queue owns already, and whether this user may edit it there."""

    number: str
    editable: bool


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names of the org: all its queues, its business hours with whether they are active, its Quick Texts.

    Empty where nothing is missing: then the org was not asked.
    """

    queues: frozenset[str] = frozenset()
    hours: Mapping[str, bool] = field(default_factory=dict)
    quick_texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """The facts that the notices of the policies need. None = it was not asked, or the org did not answer.

    `bell_types` are the DeveloperNames of the custom notification types that the user sees; `mails` the e-mail
    addresses of queues by DeveloperName, empty where a queue has none. `may_ring` is False only where it is sure;
    `asks_right`: the org is new enough to ask for that right.
    """

    bell_types: frozenset[str] | None = None
    may_ring: bool | None = None
    asks_right: bool = False
    mails: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrgInspection:
    """None = it could not be read. `picklists` by record type, then by field, folded.

    `guard_refusal` is the org's reason not to take the comment clause of the guard query; `samples` by queue.
    By (policy, route): `refused` are the routes that the org does not take, with its reason, and `scans` those that
    cannot be filtered in this org, though in a new one. `poll_refusal`: the org takes each route, but not the poll.
    """

    username: str
    open_case: tuple[str, str] | None
    guard_refusal: str | None
    may_comment: bool
    may_post: bool
    may_delete: bool
    sharing: str | None
    modifies_all: bool
    samples: Mapping[str, Sample]
    picklists: Mapping[str, Mapping[str, frozenset[str]]]
    assignment_rules: tuple[str, ...] | None
    validation_rules: tuple[str, ...] | None
    flows: tuple[str, ...] | None
    plans: tuple[QueryPlan | None, ...]
    refused: Mapping[RouteName, str] = field(default_factory=dict)
    scans: frozenset[RouteName] = frozenset()
    poll_refusal: str | None = None
    known_names: KnownNames = field(default_factory=KnownNames)
    telling: Telling = field(default_factory=Telling)
    calls_per_run: int = 0

    @property
    def guard(self) -> str:
        return "weak" if self.guard_refusal else "full"
