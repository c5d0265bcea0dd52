"""What the database itself refuses: to change or remove what was told."""

import sqlalchemy as sa

NEVER = {"events": ("UPDATE", "DELETE"), "payloads": ("UPDATE",), "escalations": ("DELETE",)}
"""What is never done to which table. Personal text may be deleted: it must be possible to erase it."""


def _sqlite(action: str, table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the {table} of a ledger are never changed'); END"
    )


SQLITE_GUARDS = {
    f"{table}_no_{action.lower()}": _sqlite(action, table) for table, actions in NEVER.items() for action in actions
} | {
    # An INSERT OR REPLACE deletes without asking the trigger above; only the next number is let in.
    "events_in_order": (
        "CREATE TRIGGER events_in_order BEFORE INSERT ON events "
        "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM events) "
        "BEGIN SELECT RAISE(ABORT, 'the events of a ledger have no gaps'); END"
    ),
}

REVOKED = {table: (*actions, "TRUNCATE") for table, actions in NEVER.items()}
"""PostgreSQL's rights that nobody has, not even the owner (who could grant them again, which a verification sees)."""

FUNCTIONS = {
    "never": "BEGIN RAISE EXCEPTION 'the % of a ledger are never changed', TG_TABLE_NAME; END",
    "in_order": (
        "BEGIN IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM sfdc_escalator.events) "
        "THEN RAISE EXCEPTION 'the events of a ledger have no gaps'; END IF; RETURN NEW; END"
    ),
}
POSTGRESQL_GUARDS = {
    f"{table}_no_{action.lower()}": (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON sfdc_escalator.{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION never()"
    )
    for table, actions in REVOKED.items()
    for action in actions
} | {
    "events_in_order": (
        "CREATE TRIGGER events_in_order BEFORE INSERT ON sfdc_escalator.events FOR EACH ROW EXECUTE FUNCTION in_order()"
    ),
}
"""In the words in which PostgreSQL itself tells of them."""


def create_guards(connection: sa.Connection) -> None:
    """Inside the transaction that makes the tables."""
    if connection.dialect.name == "sqlite":
        statements = list(SQLITE_GUARDS.values())
    else:
        statements = [
            *(
                f"CREATE FUNCTION sfdc_escalator.{name}() RETURNS trigger LANGUAGE plpgsql AS $guard${body}$guard$"
                for name, body in FUNCTIONS.items()
            ),
            *POSTGRESQL_GUARDS.values(),
            *(f"REVOKE {', '.join(rights)} ON {table} FROM PUBLIC, CURRENT_USER" for table, rights in REVOKED.items()),
        ]
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
