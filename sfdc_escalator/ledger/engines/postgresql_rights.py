"""The rights of this user on the ledger's schema in PostgreSQL: those that are missing, and the GRANT for each.

The catalogue is asked, because without USAGE a table looks as if it did not exist (PostgreSQL manual, "Privileges").
"""

from collections.abc import Iterator

import sqlalchemy as sa
from psycopg import sql

from sfdc_escalator.ledger.engines.postgresql_dialect import SCHEMA

NEW_ROWS = ("SELECT", "INSERT")
ROWS = ("SELECT", "INSERT", "UPDATE")
OF_A_RUN = {
    "alembic_version": ("SELECT", "UPDATE"),
    "events": NEW_ROWS,
    "payloads": (*NEW_ROWS, "DELETE"),
    "escalations": ROWS,
    "runs": ROWS,
    "idle_runs": ROWS,
    "live_routes": NEW_ROWS,
    "rungs": ROWS,
    "holds": ROWS,
    "standings": (*ROWS, "DELETE"),
    "notices": (*ROWS, "DELETE"),
    "leases": ROWS,
}
"""The rights that a live run needs, by table; a reader needs SELECT."""

USER = "SELECT current_user::text, current_database()::text"
MAY_CREATE = "SELECT has_database_privilege(current_database(), 'CREATE')"
MAY_USE = "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = :schema"
MISSING = """
    SELECT c.relname::text, r.name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r (name)
    WHERE n.nspname = :schema AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, r.name)
"""
OWNERS = """
    SELECT pg_get_userbyid(o.owner)::text FROM (
        SELECT nspowner AS owner FROM pg_namespace WHERE nspname = :schema UNION
        SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = :schema AND c.relkind = 'r'
    ) o WHERE NOT pg_has_role(o.owner, 'USAGE') ORDER BY 1
"""


def lacking(connection: sa.Connection, *, writing: bool) -> str:
    """The rights that this user lacks on the ledger, each as the GRANT that gives it; empty when none is missing."""
    return _advice(connection, [*_schema(connection), *_tables(connection, writing)])


def lacking_to_create(connection: sa.Connection) -> str:
    """The same for a new schema in this database."""
    if connection.exec_driver_sql(MAY_CREATE).scalar_one():
        return ""
    _, database = connection.exec_driver_sql(USER).one()
    return _advice(connection, [f"CREATE ON DATABASE {quoted(database)}"])


def lacking_to_migrate(connection: sa.Connection) -> str:
    """The owner that this user is not, who alone may change tables; else the right to make the backup's schema."""
    strangers = connection.execute(sa.text(OWNERS), {"schema": SCHEMA}).scalars().all()
    if not strangers:
        return lacking_to_create(connection)
    return f"only the owner of its tables may change them; do it as the user {', '.join(strangers)}"


def quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)


def _schema(connection: sa.Connection) -> Iterator[str]:
    if connection.execute(sa.text(MAY_USE), {"schema": SCHEMA}).scalar() is False:
        yield f"USAGE ON SCHEMA {SCHEMA}"


def _tables(connection: sa.Connection, writing: bool) -> Iterator[str]:
    missing = {(table, right) for table, right in connection.execute(sa.text(MISSING), {"schema": SCHEMA})}
    by_rights: dict[str, list[str]] = {}
    for table, rights in OF_A_RUN.items():
        needed = rights if writing else ("SELECT",)
        if lost := ", ".join(right for right in needed if (table, right) in missing):
            by_rights.setdefault(lost, []).append(f"{SCHEMA}.{table}")
    yield from (f"{rights} ON {', '.join(tables)}" for rights, tables in by_rights.items())


def _advice(connection: sa.Connection, missing: list[str]) -> str:
    if not missing:
        return ""
    user, _ = connection.exec_driver_sql(USER).one()
    grants = "; ".join(f"GRANT {one} TO {quoted(user)}" for one in missing)
    return f"the user {user} lacks a right on it; let its owner run: {grants}"
