"""The org's past as a comparison with its own rules reads it. An edge raises errors of our own tree only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sfdc_escalator.escalation.notices.people import People
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import Caller, OrgFacts


@dataclass(frozen=True, slots=True)
class PastCases:
    """The cases that were open at some time since the time asked for, as they are now, with all that was said and
    changed; of the fields that have a history every change. `closed` are the statuses of closed cases, folded; empty
    where the org does not list them. `broken` has the reasons of routes that cannot be read."""

    cases: tuple[Case, ...]
    closed: frozenset[str]
    broken: Mapping[RouteName, str]


class PastOrg(Protocol):
    """A Salesforce org, asked for its past. Reads only."""

    def past_facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        """The facts of a run, with the fields that have a history."""
        ...

    def past_cases(self, policies: Sequence[Policy], org_facts: OrgFacts, since: datetime) -> PastCases:
        """Raises OrgUnavailable where nobody lets us read the history of cases."""
        ...

    def people(self, ids: Sequence[str]) -> People:
        """See `Org.people`."""
        ...
