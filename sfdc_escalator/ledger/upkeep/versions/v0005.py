"""Indexes, so that no run and no report reads what is over; and each notice says whether its message was erased."""

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
}


def upgrade(operations: Any, dialect: Any) -> None:  # noqa: ARG001
    operations.add_column("notices", sa.Column("forgotten", sa.Integer))
    kept = "SELECT 1 FROM payloads WHERE payloads.event = notices.event"
    operations.execute(f"UPDATE notices SET forgotten = 1 WHERE NOT EXISTS ({kept})")  # noqa: S608
    known = sa.inspect(operations.get_bind())
    for table, before in sorted(OLD):
        for one in known.get_indexes(table):
            if tuple(one["column_names"]) == before:
                operations.drop_index(one["name"], table)
    for name, (table, *columns) in NEW.items():
        operations.create_index(name, table, columns)
