"""An unknown outcome, settled by a person who looked at the case."""

from dataclasses import replace

import sqlalchemy as sa

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.undoing.proved import undone_by_notes
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.kept_texts import readable
from sfdc_escalator.ledger.tables.rows import escalation_of
from sfdc_escalator.ledger.tables.schema import escalations, runs
from sfdc_escalator.ledger.trail.audit import as_stored, nearest
from sfdc_escalator.pipeline.ports.ledger import Change, RunStart


def resolve(ledger: SqlLedger, run: str, key: str, *, applied: bool, by: str) -> Escalation:
    """Stores the outcome that the person `by` gives, and returns the escalation as it is now. Raises Invalid for a
    key that the ledger does not have or whose outcome is known, RunBusy while a run works on its org."""
    wanted = as_stored(key)
    organization, user = _whose(ledger, wanted)
    with ledger.lease(RunStart(run, organization, user, {})) as lease:
        escalation = _escalation(ledger, wanted)  # only now: taking the lease makes unknown what a dead run was sending
        try:
            if escalation.state is not EscalationState.UNKNOWN:
                message = (
                    f"{wanted} (case {escalation.case_number}) is {escalation.state}, not unknown: nothing to resolve"
                )
                raise Invalid(message)
            state = EscalationState.APPLIED if applied else EscalationState.PLANNED
            now = replace(
                escalation, state=state, attempts=0, message="" if applied else "a person: it was not written"
            )
            facts = {"by": by, "as": "applied" if applied else "absent"}
            around = History.of(ledger.past(organization, (), [now.key, now.start_key]))
            undone = undone_by_notes(around.with_escalations([now]))
            ends = [Change("undone", one, one.case_number, "", facts=facts) for one in undone]
            lease.record([Change("resolved", now, escalation.case_number, "", (), facts=facts), *ends])
        except Invalid as error:
            lease.finish({"exit": error.exit_code, "error": error.code})
            raise
        lease.finish({"exit": 0})
    return now


def _whose(ledger: SqlLedger, key: str) -> tuple[str, str]:
    """The org of the escalation, and our last user there."""
    with ledger.reading() as connection:
        organization = sa.select(escalations.c.organization_id).where(escalations.c.key == key)
        user = (
            sa.select(runs.c.organization_id, runs.c.user_id)
            .where(runs.c.organization_id.in_(organization))
            .order_by(runs.c.event.desc())
            .limit(1)
        )
        found = connection.execute(user).first()
        if found is None:
            raise Invalid(f"the ledger {ledger.where} has no escalation {key}", [nearest(connection, key)])
    return found.organization_id, found.user_id


def _escalation(ledger: SqlLedger, key: str) -> Escalation:
    with ledger.reading() as connection:
        row = connection.execute(sa.select(escalations).where(escalations.c.key == key)).mappings().one()
        return escalation_of(*readable(connection, [row], "message"))
