"""Which part of a ledger a report counts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from sfdc_escalator.escalation.figures.period import Period

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The period, the org and the policies that count: without an org all that the ledger has runs of, without
    policies all of them."""

    period: Period
    organization_id: str | None = None
    policies: Collection[str] = ()

    def of(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """The rows of this org."""
        every = self.organization_id is None
        return sa.true() if every else table.c.organization_id == self.organization_id

    def by(self, table: sa.FromClause, *others: str) -> sa.ColumnElement[bool]:
        """The rows of this org and these policies; `others` are further values of the column that count."""
        named = table.c.policy.in_([*self.policies, *others]) if self.policies else sa.true()
        return self.of(table) & named

    def about(self, column: sa.ColumnElement[str | None]) -> sa.ColumnElement[bool]:
        """The rows whose time lies in the period or less than a day beside it: to be looked at more closely."""
        first, last = self.period.begin - A_DAY, self.period.end + A_DAY
        day = sa.func.substr(column, 1, 10)
        return (day >= day_text(first)) & (day <= day_text(last))


def day_text(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
