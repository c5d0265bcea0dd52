"""The first version: every ledger begins with it, or with a newer one, as `schema.create_all` makes it."""

import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade(connection: sa.Connection) -> None:
    """Nothing to do: there is no ledger before this one."""
