"""The end of a run: the starts that it made are read back, and every standing is stored; or that it failed."""

import logging
from collections.abc import Mapping

from sfdc_escalator.errors import EscalatorError, OrgUnavailable
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.pipeline.applying.apply import Applied, outcome_in
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.ladders import starts_of
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.pipeline.standings import Standings, standings

log = logging.getLogger(__name__)


def close_ladders(org: Org, lease: Lease, prepared: Prepared, applied: Applied) -> Standings:
    """Stores the starts of the escalations that this run made, and the standings after it."""
    started = read_back(org, lease, prepared.us, tuple(one for one in applied.starts if one.ladder))
    ends = {match.identity.key: outcome_in(applied, match) for match in prepared.plan.matches}
    after = standings(prepared, ends, tuple(started.get(one.key, one) for one in applied.starts))
    lease.keep_standings(after)
    return after


def read_back(org: Org, lease: Lease, us: frozenset[str], made: tuple[Escalation, ...]) -> Mapping[str, Escalation]:
    """The start of each, as the org stored it, by key. What cannot be read now is read by the next run."""
    try:
        found = tuple(starts_of(org, made, us))
    except OrgUnavailable as error:
        log.warning("the starts could not be read back", extra={"error": error.message})
        return {}
    if found:
        lease.record([Change(one.event, one.escalation, one.escalation.case_number, "") for one in found])
    return {one.escalation.key: one.escalation for one in found}


def close_failed(lease: Lease, error: EscalatorError) -> None:
    """The run's last event, where the ledger still takes it."""
    try:
        lease.finish({"exit": error.exit_code, "error": error.code})
    except EscalatorError as second:
        log.warning("the end of the run could not be stored", extra={"error": second.message})
