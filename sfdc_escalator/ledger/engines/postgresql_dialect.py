"""The SQL dialect of PostgreSQL: its clock, its lock, catalogue, triggers and rights, and the SQL of a verification.

Unqualified tables are those of the first schema of the search path: the ledger, or its backup while that is checked.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.ledger.engines.database import in_batches, table_of
from sfdc_escalator.ledger.tables.schema import FORBIDDEN, GROWS, metadata, version

SCHEMA = "sfdc_escalator"
REVOKED = {table: (*actions, "TRUNCATE") for table, actions in FORBIDDEN.items()}
"""The rights that no user has, not even the owner, who could grant them again; a verification finds that."""

FUNCTIONS = {
    "never": "BEGIN RAISE EXCEPTION 'the % of a ledger are never changed', TG_TABLE_NAME; END",
    "in_order": (
        "BEGIN IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM sfdc_escalator.events) "
        "THEN RAISE EXCEPTION 'the events of a ledger have no gaps'; END IF; RETURN NEW; END"
    ),
    "counting_on": (
        f"BEGIN IF ({GROWS}) IS NOT TRUE "
        "THEN RAISE EXCEPTION 'the idle runs of a ledger are only counted on'; END IF; RETURN NEW; END"
    ),
}
OF_TABLES = {"never": "events", "in_order": "events", "counting_on": "idle_runs"}
"""The table that needs each function: an older ledger has fewer."""
GUARDS = {
    f"{table}_no_{action.lower()}": (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {SCHEMA}.{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION never()"
    )
    for table, actions in REVOKED.items()
    for action in actions
} | {
    "events_in_order": (
        f"CREATE TRIGGER events_in_order BEFORE INSERT ON {SCHEMA}.events FOR EACH ROW EXECUTE FUNCTION in_order()"
    ),
    "idle_runs_no_rewriting": (
        f"CREATE TRIGGER idle_runs_no_rewriting BEFORE UPDATE ON {SCHEMA}.idle_runs "
        "FOR EACH ROW EXECUTE FUNCTION counting_on()"
    ),
}
"""The text by which PostgreSQL's catalogue knows each trigger."""

OURS = "pg_namespace n WHERE n.nspname = current_schema()"
COLUMNS = f"""
    SELECT c.relname::text, a.attname::text FROM pg_class c, pg_attribute a, {OURS} AND c.relnamespace = n.oid
    AND c.relkind = 'r' AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
"""  # noqa: S608 - our own names
TRIGGERS = f"""
    SELECT t.tgname::text, replace(pg_get_triggerdef(t.oid), ' ON ' || n.nspname || '.', ' ON {SCHEMA}.')
    FROM pg_trigger t, pg_class c, {OURS}
    AND c.oid = t.tgrelid AND c.relnamespace = n.oid AND t.tgenabled IN ('O', 'A')
"""  # noqa: S608
BODIES = f"SELECT p.proname::text, p.prosrc FROM pg_proc p, {OURS} AND p.pronamespace = n.oid"  # noqa: S608
STRANGERS = f"""
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'relation' END,
        c.relname::text, '' FROM pg_class c, {OURS} AND c.relnamespace = n.oid AND c.relkind NOT IN ('i', 't')
    UNION ALL SELECT 'function', p.proname::text, '' FROM pg_proc p, {OURS} AND p.pronamespace = n.oid
    UNION ALL SELECT 'operator', o.oprname::text, '' FROM pg_operator o, {OURS} AND o.oprnamespace = n.oid
    UNION ALL SELECT 'trigger', t.tgname::text, c.relname::text FROM pg_trigger t, pg_class c, {OURS}
        AND c.oid = t.tgrelid AND c.relnamespace = n.oid AND NOT t.tgisinternal
    UNION ALL SELECT 'rule', r.rulename::text, c.relname::text FROM pg_rewrite r, pg_class c, {OURS}
        AND c.oid = r.ev_class AND c.relnamespace = n.oid AND c.relkind = 'r'
    UNION ALL SELECT 'policy', p.polname::text, c.relname::text FROM pg_policy p, pg_class c, {OURS}
        AND c.oid = p.polrelid AND c.relnamespace = n.oid
    UNION ALL SELECT 'row-level security', '', c.relname::text FROM pg_class c, {OURS}
        AND c.relnamespace = n.oid AND (c.relrowsecurity OR c.relforcerowsecurity)
    UNION ALL SELECT 'constraint', k.conname::text, c.relname::text FROM pg_constraint k, pg_class c, {OURS}
        AND c.oid = k.conrelid AND c.relnamespace = n.oid AND k.contype IN ('c', 'f', 'x')
    UNION ALL SELECT 'child table', i.inhrelid::regclass::text, c.relname::text FROM pg_inherits i, pg_class c, {OURS}
        AND c.oid = i.inhparent AND c.relnamespace = n.oid AND c.relkind = 'r'
"""  # noqa: S608
SHAPE = f"""
    SELECT c.relname::text, a.attname::text,
        upper(replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar')), NOT a.attnotnull
    FROM pg_class c, pg_attribute a, {OURS} AND c.relnamespace = n.oid AND c.relkind = 'r' AND a.attrelid = c.oid
    AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.atthasdef
"""  # noqa: S608
KEYS = f"""
    SELECT c.relname::text, (
        SELECT string_agg(COALESCE(a.attname::text, 'an expression'), ', ' ORDER BY k.place)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
    ) || CASE WHEN i.indpred IS NULL THEN '' ELSE ' WHERE ...' END, i.indisunique
    FROM pg_index i, pg_class c, {OURS} AND c.relnamespace = n.oid AND i.indrelid = c.oid AND c.relkind = 'r'
    AND i.indisvalid
"""  # noqa: S608
OWNERS = f"""
    SELECT DISTINCT pg_get_userbyid(c.relowner)::text FROM pg_class c, {OURS} AND c.relnamespace = n.oid
    AND c.relname = ANY (%s) AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1
"""  # noqa: S608
LOCK_TIMEOUT = "55P03"
RIGHTS = f"""
    SELECT c.relname::text, a.privilege_type, CASE a.grantee WHEN 0 THEN 'everybody' ELSE a.grantee::regrole::text END
    FROM pg_class c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) a, {OURS} AND c.relnamespace = n.oid
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class PostgresqlDialect:
    """See `database.Dialect`."""

    differs = "IS DISTINCT FROM"

    def now(self, connection: sa.Connection) -> str:
        clock = """SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
        return str(connection.exec_driver_sql(clock).scalar_one())

    def lock(self, connection: sa.Connection) -> None:
        """The version's row is the lock: there is always exactly one, and the newest event may not be locked where
        nobody may change it."""
        connection.execute(sa.select(version.c.version_num).with_for_update())

    def rows(self, connection: sa.Connection, query: str) -> Iterator[tuple[Any, ...]]:
        driver: Any = connection.connection
        return in_batches(driver.cursor("rows", binary=True), query)

    def columns(self, connection: sa.Connection) -> frozenset[tuple[str, str]]:
        return frozenset((table, column) for table, column in self.rows(connection, COLUMNS))

    def guard(self, connection: sa.Connection) -> None:
        functions, triggers = dict(self.rows(connection, BODIES)), dict(self.rows(connection, TRIGGERS))
        statements = [
            *(
                f"CREATE FUNCTION {SCHEMA}.{name}() RETURNS trigger LANGUAGE plpgsql AS $guard${body}$guard$"
                for name, body in FUNCTIONS.items()
                if name not in functions
            ),
            *(statement for name, statement in GUARDS.items() if name not in triggers),
            *revocations(SCHEMA),
        ]
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))

    def lift(self, connection: sa.Connection, tables: Collection[str]) -> None:
        if owners := _other_owners(connection, tables):
            raise LedgerUnusable(f"only the owner of the ledger's tables may prune it; do it as the user {owners}")
        for table in tables:
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete ON {SCHEMA}.{table}")
            connection.exec_driver_sql(f"GRANT DELETE ON {SCHEMA}.{table} TO CURRENT_USER")

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        tables = {table for table, _ in self.columns(connection)}
        guards = {name: text for name, text in GUARDS.items() if table_of(name) in tables}
        guards |= {name: body for name, body in FUNCTIONS.items() if OF_TABLES[name] in tables}
        found = dict(self.rows(connection, TRIGGERS)) | dict(self.rows(connection, BODIES))
        yield from (f"the guard {name} is not in place" for name, text in guards.items() if found.get(name) != text)
        for table, right, who in self.rows(connection, RIGHTS):
            if right in REVOKED.get(table, ()):
                yield f"the guard of {table} is not in place: {who} was granted {right}; REVOKE it"

    def strangers(self, connection: sa.Connection) -> Iterator[str]:
        ours = {"trigger": GUARDS.keys(), "function": FUNCTIONS.keys(), "table": metadata.tables.keys()}
        for kind, name, table in self.rows(connection, STRANGERS):
            if name not in ours.get(kind, ()):
                yield f"the {kind}{name and f' {name}'}{table and f' on {table}'} is not ours; remove it"

    def shape(self, connection: sa.Connection) -> tuple[set[tuple[str, str, str, bool]], set[tuple[str, str, bool]]]:
        columns = {(table, name, kind, null) for table, name, kind, null in self.rows(connection, SHAPE)}
        return columns, {(table, names, unique) for table, names, unique in self.rows(connection, KEYS)}

    def json_of(self, column: str) -> str:
        return f"COALESCE(to_json({column})::text, 'null')"

    def object_of(self, table: str, columns: Sequence[str]) -> str:
        return f"'{{' || {self.members(table, columns)} || '}}'"

    def members(self, table: str, columns: Sequence[str]) -> str:
        return " || ',' || ".join(f"""'"{name}":' || {self.json_of(f"{table}.{name}")}""" for name in columns)

    def place(self, text: str, within: str) -> str:
        return f"position({self.bytes_of(text)} IN {within})"

    def clean(self, engine: sa.Engine, tables: Collection[str]) -> str:
        """Rewrites the tables, which only their owner may. A plain VACUUM frees the room of deleted rows, but leaves
        their bytes in it."""
        vacuum = f"VACUUM (FULL) {', '.join(f'{SCHEMA}.{table}' for table in tables)}"
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if _other_owners(connection, tables):
                return f"only the owner of the tables may clean them. Let the owner run: {vacuum}"
            try:
                connection.exec_driver_sql(vacuum)
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_TIMEOUT:
                    raise
                return f"another session uses the tables. When it has ended, run the same command again, or: {vacuum}"
        return ""

    def bytes_of(self, text: str) -> str:
        return f"convert_to({text}, 'UTF8')"


def _other_owners(connection: sa.Connection, tables: Collection[str]) -> str:
    """The owners of these tables whose rights this user does not have; an empty text without such an owner."""
    return ", ".join(connection.exec_driver_sql(OWNERS, (list(tables),)).scalars())


def revocations(schema: str, tables: Collection[str] = REVOKED) -> list[str]:
    """The statements for those of these tables whose rights are revoked."""
    return [
        f"REVOKE {', '.join(rights)} ON {schema}.{table} FROM PUBLIC, CURRENT_USER"
        for table, rights in REVOKED.items()
        if table in tables
    ]
