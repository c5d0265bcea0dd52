"""The facts that runs record at their end: each from the newest run of the org that recorded it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.idle.rows import row_after, uses_now
from sfdc_escalator.ledger.tables.policy_uses import POLICY_USES, policy_uses_of
from sfdc_escalator.ledger.tables.rows import IS_SANDBOX, ORG_TIME, is_sandbox_of, org_time_of
from sfdc_escalator.ledger.tables.schema import events, runs
from sfdc_escalator.ledger.tables.waitlist import WAITLIST, waitlist_of, with_messages


@dataclass(frozen=True, slots=True)
class RunEnds:
    """See `pipeline.ports.RunEnd`. Each call is a query."""

    connection: sa.Connection
    dialect: Dialect
    organization_id: str

    def org_time(self) -> datetime | None:
        """The org's time at the last run that ended without an error."""
        found = self._newest_with(ORG_TIME)
        idle = row_after(self.connection, found.seq) if found else None
        return idle.last.org_time if idle else org_time_of(found.seq, found.body) if found else None

    def is_sandbox(self) -> bool | None:
        """True for a sandbox; None where no run recorded it."""
        found = self._newest_with(IS_SANDBOX)
        return is_sandbox_of(found.seq, found.body) if found else None

    def waitlist(self) -> Waitlist:
        """The things that the last run with a plan left for a person; empty where none recorded any."""
        found = self._newest_with(WAITLIST)
        return with_messages(self.connection, waitlist_of(found.seq, found.body)) if found else Waitlist()

    def policy_uses(self) -> PolicyUses:
        """The policies that runs use; empty where no run recorded any."""
        found = self._newest_with(POLICY_USES)
        idle = row_after(self.connection, found.seq) if found else None
        return uses_now(idle) if idle else policy_uses_of(found.seq, found.body) if found else {}

    def _newest_with(self, member: str) -> sa.Row[Any, Any] | None:
        """The newest last event of a run that has this member; the row of a run names its last event."""
        place = self.dialect.place(f"""'"{member}":'""", "body")
        newest = (
            sa.select(events.c.seq, events.c.body)
            .join_from(runs, events, events.c.seq == runs.c.event)
            .where(runs.c.organization_id == self.organization_id, runs.c.result.is_not(None))
            .where(sa.text(f"{place} > 0"))
            .order_by(runs.c.event.desc())
            .limit(1)
        )
        return self.connection.execute(newest).first()
