"""The first version: every ledger begins with it, or with a newer one."""

from typing import Any

revision = "0001"
down_revision = None
EXPECTS: frozenset[tuple[str, str]] = frozenset()


def upgrade(operations: Any, dialect: Any) -> None:
    """Nothing to do: there is no ledger before this one."""
