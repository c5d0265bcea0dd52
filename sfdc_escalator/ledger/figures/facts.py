"""All facts of a report, in one view of the ledger; and the zone and the orgs that it has."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.figures.figures import Facts, OfEscalations
from sfdc_escalator.escalation.figures.troubles import Troubles, Warnings
from sfdc_escalator.ledger.figures.escalations import started_in
from sfdc_escalator.ledger.figures.runs import read_runs
from sfdc_escalator.ledger.figures.troubles import read_failures, read_holds, read_messages, read_warnings
from sfdc_escalator.ledger.figures.wanted import Wanted
from sfdc_escalator.ledger.pruned.records import pruned_orgs
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.rows import each_value
from sfdc_escalator.ledger.tables.schema import runs


class About(NamedTuple):
    """The orgs of a ledger, the zones of the policies in use, and the org's time of the last run."""

    organizations: tuple[str, ...]
    zones: frozenset[str]
    as_of: datetime | None


def about(trail: SqlHistory, policies: Collection[str]) -> About:
    """Raises LedgerUnusable for a damaged ledger."""
    with trail.reading() as connection:
        orgs = connection.scalars(each_value(runs.c.organization_id)).all()
        uses = [use for one in orgs for use in trail.run_ends(connection, one).policy_uses().items()]
        times = [at for one in orgs if (at := trail.run_ends(connection, one).org_time())]
    zones = frozenset(use.zone for name, use in uses if not policies or name in policies)
    return About(tuple(orgs), zones, max(times, default=None))


def read_facts(trail: SqlHistory, wanted: Wanted, until: datetime) -> Facts:
    """The facts of the period; `until` is the present. Raises LedgerUnusable for a damaged ledger."""
    period, troubles = wanted.period, Troubles()
    escalations = OfEscalations(period)
    with trail.reading() as connection:
        runs_read = read_runs(connection, wanted, troubles)
        for one in started_in(connection, wanted):
            escalations.add(one)
        read_failures(connection, wanted, troubles, runs_read.safe_after)
        read_holds(connection, wanted, troubles)
        messages = read_messages(connection, wanted)
        warnings = Warnings(runs_read.last)
        for case in read_warnings(connection, wanted):
            warnings.add(case)
        ours = (None, wanted.organization_id)
        orgs = pruned_orgs(connection).items()
        pruned = max((one.before for org, each in orgs if None in ours or org in ours for one in each), default=None)
    known = runs_read.of(until), runs_read.last, runs_read.unlisted
    return Facts(period, escalations, troubles, warnings, messages, *known, pruned)
