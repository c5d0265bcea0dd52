"""A copy of the ledger's schema inside the same database: a backup that needs no program of the server.

It has the tables, rows, guards and mark of the ledger, so that it is the ledger once it is renamed to its name.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from sfdc_escalator.ledger.engines.postgresql_dialect import SCHEMA, revocations

TABLES = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = to_regnamespace(:name) AND c.relkind = 'r'"
FUNCTIONS = (
    "SELECT p.proname::text, p.prosrc FROM pg_proc p WHERE p.pronamespace = to_regnamespace(:name) "
    "AND p.prorettype = 'trigger'::regtype"
)
TRIGGERS = (
    "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE c.relnamespace = to_regnamespace(:name) AND NOT t.tgisinternal"
)


def copy_schema(connection: sa.Connection, name: str, mark: str) -> None:
    """Copies the ledger to the new schema `name`, inside the caller's transaction."""
    ours = {"name": SCHEMA}
    tables = connection.execute(sa.text(TABLES), ours).scalars().all()
    functions = connection.execute(sa.text(FUNCTIONS), ours).all()
    triggers = connection.execute(sa.text(TRIGGERS), ours).scalars().all()
    statements = [f"CREATE SCHEMA {name}", f"COMMENT ON SCHEMA {name} IS '{mark}'"]
    for table in tables:
        statements += [
            f"CREATE TABLE {name}.{table} (LIKE {SCHEMA}.{table} INCLUDING ALL)",
            f"INSERT INTO {name}.{table} TABLE {SCHEMA}.{table}",
        ]
    # A function's text names the ledger's own schema, which the copy has again once it is renamed.
    statements += [
        f"CREATE FUNCTION {name}.{function}() RETURNS trigger LANGUAGE plpgsql AS $guard${body}$guard$"
        for function, body in functions
    ]
    for trigger in triggers:
        text = trigger.replace(f" ON {SCHEMA}.", f" ON {name}.")
        for function, _ in functions:
            text = text.replace(f"EXECUTE FUNCTION {function}(", f"EXECUTE FUNCTION {name}.{function}(")
        statements.append(text)
    for statement in (*statements, *revocations(name, tables)):
        connection.exec_driver_sql(statement.replace("%", "%%"))


@contextmanager
def looking_at(connection: sa.Connection, name: str) -> Iterator[None]:
    """Unqualified tables are those of the schema `name` inside the body."""
    connection.exec_driver_sql(f"SET LOCAL search_path = {name}, pg_temp")
    yield
    connection.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}, pg_temp")
