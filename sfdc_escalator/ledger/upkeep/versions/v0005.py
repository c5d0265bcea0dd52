"""Indexes, so that no run and no report reads what is over; notices say whether their message was erased; consecutive
runs with nothing to do are one row, and a lease keeps the start of a run that may be one."""

from typing import Any

import sqlalchemy as sa

revision = "0005"
down_revision = "0004"
EXPECTS = frozenset({("notices", "last_try"), ("notices", "queued_at"), ("holds", "released"), ("runs", "user_id")})

OLD = {("escalations", ("state", "rung")), ("runs", ("organization_id",)), ("notices", ("organization_id", "state"))}
"""By table and columns: the copy that is a backup on PostgreSQL has names of its own."""
NEW = {
    "escalations_by_state": ("escalations", "state", "rung", "organization_id"),
    "runs_by_event": ("runs", "organization_id", "event"),
    "runs_by_user": ("runs", "organization_id", "user_id"),
    "holds_that_last": ("holds", "released", "organization_id"),
    "notices_by_state": ("notices", "state", "organization_id"),
    "notices_by_case": ("notices", "organization_id", "case_id"),
    "notices_by_time": ("notices", "organization_id", "last_try", "event"),
    "notices_to_forget": ("notices", "organization_id", "forgotten", "last_try", "queued_at"),
    "idle_runs_of_org": ("idle_runs", "organization_id", "event"),
}


def upgrade(operations: Any, dialect: Any) -> None:  # noqa: ARG001
    operations.add_column("notices", sa.Column("forgotten", sa.Integer))
    kept = "SELECT 1 FROM payloads WHERE payloads.event = notices.event"
    operations.execute(f"UPDATE notices SET forgotten = 1 WHERE NOT EXISTS ({kept})")  # noqa: S608
    operations.create_table(
        "idle_runs",
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("bound", sa.Integer, unique=True),
    )
    operations.add_column("leases", sa.Column("start", sa.Text))
    known = sa.inspect(operations.get_bind())
    for table, before in sorted(OLD):
        for one in known.get_indexes(table):
            if tuple(one["column_names"]) == before:
                operations.drop_index(one["name"], table)
    for name, (table, *columns) in NEW.items():
        operations.create_index(name, table, columns)
