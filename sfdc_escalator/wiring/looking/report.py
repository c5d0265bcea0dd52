"""The report of a period: finds the ledger and the zone of its days, reads it, asks the org for its open cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.wiring.ledgers import trail
from sfdc_escalator.wiring.orgs import connect, entry_of
from sfdc_escalator.wiring.policies import policies

if TYPE_CHECKING:
    from sfdc_escalator.escalation.figures.figures import Facts
    from sfdc_escalator.escalation.figures.in_common import OpenCases
    from sfdc_escalator.escalation.policy.policy import Policy
    from sfdc_escalator.pipeline.read_models.report import Report
    from sfdc_escalator.wiring.errand import Errand

NOT_ASKED = "the org is asked for them only where --org is typed"


@dataclass(frozen=True, slots=True)
class Asked:
    """The period that was typed, the present, and how often a run is expected. `of_org`: an org was named, so it may be
    asked as well."""

    begin: date | datetime
    end: date | datetime
    now: datetime
    every: timedelta | None = None
    of_org: bool = False


def report(errand: Errand, asked: Asked) -> Report:
    """The report of the policies of the errand; without any, of all that the ledger has. Raises Invalid for a period
    without time in it, and what a ledger raises."""
    from sfdc_escalator.escalation.figures.period import period_of
    from sfdc_escalator.ledger.figures.facts import about, read_facts
    from sfdc_escalator.ledger.figures.wanted import Wanted
    from sfdc_escalator.pipeline.reporting import Source, report_of

    named = policies(errand.surroundings, errand.policies).policies if errand.policies else ()
    names = tuple(sorted(one.name for one in named))
    with trail(*errand.place) as found:
        known = about(found, names)
        now = max(asked.now, known.as_of or asked.now)
        period = period_of(asked.begin, asked.end, zone_of(named, known.zones), now)
        expected = entry_of(errand.surroundings, errand.org)[0].expect.organization_id
        mine = expected if expected in known.organizations else None
        facts = read_facts(found, Wanted(period, mine, names), now)
        source = Source(found.where, (mine,) if mine else known.organizations, names, now)
    open_cases, left_out = compared(errand, facts) if asked.of_org else (None, NOT_ASKED)
    return report_of(facts, source, asked.every, open_cases, left_out)


def zone_of(named: tuple[Policy, ...], in_use: frozenset[str]) -> ZoneInfo:
    """The zone of the policies, where they have the same one; else UTC."""
    zones = {one.zone.key for one in named} or in_use
    return ZoneInfo(next(iter(zones)) or "UTC") if len(zones) == 1 else ZoneInfo("UTC")


def compared(errand: Errand, facts: Facts) -> tuple[OpenCases | None, str]:
    """The open cases with the values that the report shows, or the reason for which the org cannot be asked."""
    wanted = facts.escalations.in_common.shown
    if not wanted:
        return None, ""
    try:
        with connect(errand.surroundings, errand.org) as (door, _):
            return door.open_cases(wanted), ""
    except EscalatorError as error:
        return None, error.message
