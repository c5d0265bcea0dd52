"""Notices: the outbox of messages that wait to be sent, and of those that were sent lately."""

from typing import Any

import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
EXPECTS = frozenset({("escalations", "ladder"), ("standings", "route")})

ABOUT = ("state", "kind", "key", "start_key", "policy", "route", "rung")
CASE = ("case_id", "case_number", "recipient", "channel", "channel_kind", "address", "instead_of", "zone")


def upgrade(operations: Any, dialect: Any) -> None:  # noqa: ARG001
    def texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
        return [sa.Column(name, sa.Text, nullable=nullable) for name in names]

    def numbers(*names: str) -> list[sa.Column[Any]]:
        return [sa.Column(name, sa.Integer, nullable=False) for name in names]

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
