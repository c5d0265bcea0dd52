"""Escalations hold the values of a case before and after as one JSON text each, by field: three columns each before."""

from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger.tables.shapes import COLUMNS_0001, SIDES, side_from_0001

revision = "0002"
down_revision = "0001"
EXPECTS = frozenset(("escalations", column) for column in COLUMNS_0001)


def upgrade(operations: Any, dialect: Any) -> None:
    with operations.batch_alter_table("escalations") as table:
        for side in SIDES:
            table.add_column(sa.Column(side, sa.Text))
    values = ", ".join(f"{side} = {side_from_0001(side, dialect.json_of)}" for side in SIDES)
    operations.get_bind().exec_driver_sql(f"UPDATE escalations SET {values}")  # noqa: S608 - our own columns
    with operations.batch_alter_table("escalations") as table:
        for column in COLUMNS_0001:
            table.drop_column(column)
