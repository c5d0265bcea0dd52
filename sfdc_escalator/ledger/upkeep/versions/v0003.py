"""Ladders: the facts with each start, the moment of each turn, and the tables of rungs, holds and standings."""

from typing import Any

import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
EXPECTS = frozenset({("escalations", "before"), ("escalations", "wrote")})

ESCALATION = ("ladder", "moment", "start_key")
RUNGS = ("organization_id", "policy", "route", "rung")
HOLD = ("organization_id", "case_id", "case_number", "policy", "route", "kind", "begin")
STANDING = ("organization_id", "state", "rung")


def upgrade(operations: Any, dialect: Any) -> None:  # noqa: ARG001
    with operations.batch_alter_table("escalations") as table:
        for column in ESCALATION:
            table.add_column(sa.Column(column, sa.Text))
    operations.create_index("escalations_by_case", "escalations", ["case_id"])
    operations.create_index("escalations_by_state", "escalations", ["state", "rung"])
    operations.create_table(
        "rungs",
        *(sa.Column(name, sa.Text, primary_key=True) for name in RUNGS),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("gone", sa.Integer, nullable=False),
        sa.Column("event", sa.Integer, nullable=False, unique=True),
    )
    operations.create_table(
        "holds",
        sa.Column("hold", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", sa.Integer, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in HOLD),
        *(sa.Column(name, sa.Text) for name in ("until", "released")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("why", "by")),
    )
    operations.create_index("holds_of_org", "holds", ["organization_id", "case_id"])
    operations.create_table(
        "standings",
        sa.Column("key", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in STANDING),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("at", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("aside", "team", "waits", "zone", "policy_digest")),
    )
    operations.create_index("ix_standings_organization_id", "standings", ["organization_id"])
