"""Idle runs: consecutive runs with nothing to do are one row, and a lease keeps the start of a run that may be one."""

from typing import Any

import sqlalchemy as sa

revision = "0005"
down_revision = "0004"
EXPECTS = frozenset({("notices", "id"), ("standings", "route")})


def upgrade(operations: Any, dialect: Any) -> None:  # noqa: ARG001
    operations.create_table(
        "idle_runs",
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("bound", sa.Integer, unique=True),
    )
    operations.create_index("idle_runs_of_org", "idle_runs", ["organization_id", "event"])
    operations.create_index("runs_of_org", "runs", ["organization_id", "event"])
    operations.add_column("leases", sa.Column("start", sa.Text))
