"""Notices: the outbox of messages that wait to be sent, and of those that were sent. And each standing names the route
as the policy called it then; those from before get it with the next run."""

from typing import Any

import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
EXPECTS = frozenset({("escalations", "ladder"), ("standings", "zone")})

STANDING = ("organization_id", "state", "rung")
ABOUT = ("state", "kind", "key", "start_key", "policy", "route", "rung")
CASE = ("case_id", "case_number", "recipient", "channel", "channel_kind", "address", "instead_of", "zone")


def upgrade(operations: Any, dialect: Any) -> None:  # noqa: ARG001
    def texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
        return [sa.Column(name, sa.Text, nullable=nullable) for name in names]

    def numbers(*names: str) -> list[sa.Column[Any]]:
        return [sa.Column(name, sa.Integer, nullable=False) for name in names]

    operations.execute("CREATE TABLE standings_before AS SELECT * FROM standings")
    operations.drop_table("standings")
    operations.create_table(
        "standings",
        sa.Column("key", sa.Text, primary_key=True),
        *texts(*STANDING),
        *numbers("turn"),
        *texts("at", nullable=True),
        *texts("aside", "team", "waits", "zone", "route", "policy_digest"),
    )
    known = ", ".join(("key", *STANDING, "turn", "at", "aside", "team", "waits", "zone", "policy_digest"))
    operations.execute(f"INSERT INTO standings ({known}, route) SELECT {known}, '' FROM standings_before")  # noqa: S608
    operations.drop_table("standings_before")
    operations.create_index("ix_standings_organization_id", "standings", ["organization_id"])
    operations.create_table(
        "notices",
        sa.Column("id", sa.String(32), primary_key=True),
        *texts("organization_id"),
        sa.Column("event", sa.Integer, nullable=False, unique=True),
        *texts(*ABOUT),
        *numbers("turn"),
        *texts("until", nullable=True),
        *texts(*CASE),
        *numbers("urgent", "digest"),
        *texts("together"),
        *numbers("within"),
        *texts("queued_at", "at"),
        *numbers("held"),
        *texts("bundle"),
        *numbers("tries"),
        *texts("first_try", "last_try", nullable=True),
        *texts("reason", "remark"),
        *numbers("repeats"),
        *texts("holder", "sent_at", nullable=True),
        *numbers("is_first"),
        *texts("reference"),
    )
    operations.create_index("notices_by_state", "notices", ["organization_id", "state"])
    operations.create_index("notices_by_key", "notices", ["key"])
