"""The schema of the fleet in PostgreSQL: made by `fleet init`, brought to this version by it, checked by the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from sfdc_escalator.errors import Invalid
from sfdc_escalator.fleet import queue

SCHEMA = "escalator_fleet"
"""Beside the schema of the ledger, whose copies have names that begin with its own."""
MARK = "fleet of sfdc-escalator"
VERSION = 1
VERSIONS = sql.SQL("SELECT version, queue FROM {}.fleet_version").format(sql.Identifier(SCHEMA))
"""With the schema: without the right to use it the answer names the right, not a missing table."""
LOCK = 0x5FDCF1EE7
"""The number of an advisory lock: two `fleet init` at a time make the schema once."""

TABLES = """
CREATE TABLE fleet_version (version integer NOT NULL, queue text NOT NULL);
CREATE TABLE fleet_orgs (
    org text PRIMARY KEY, every integer NOT NULL, deadline integer NOT NULL, canary boolean NOT NULL,
    listed boolean NOT NULL DEFAULT true, paused boolean NOT NULL DEFAULT false, due timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0, job bigint, started timestamptz, worker text, policies text,
    last_started timestamptz, last_ended timestamptz, last_code integer, last_run text, last_reason text
);
CREATE TABLE fleet_policies (
    digest text PRIMARY KEY, policies jsonb NOT NULL, files jsonb NOT NULL, stored timestamptz NOT NULL
);
CREATE TABLE fleet_rollout (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), state jsonb NOT NULL);
CREATE TABLE fleet_workers (name text PRIMARY KEY, host text NOT NULL, pid integer NOT NULL, id bigint NOT NULL);
INSERT INTO fleet_rollout (state) VALUES ('{}');
"""

LINE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "sfdc-escalator fleet",
    "options": f"-c search_path={SCHEMA},pg_temp -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s",
}
"""Detects within a minute that a server is gone. A process that was stopped must not block others."""

Row = dict[str, Any]
Connection = psycopg.Connection[Row]


@contextmanager
def connection(url: str) -> Iterator[Connection]:
    """A transaction in the schema of the fleet. Raises psycopg.Error."""
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row, **LINE) as found:
        yield found


def init(url: str, where: str) -> str:
    """Makes the schema, or brings it to this version; a sentence about what was done. Raises Invalid."""
    with connection(url) as found:
        found.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        if mark_of(found, where) is None:
            create(found)
            return f"The fleet is set up in {where}: schema {SCHEMA}, version {VERSION}"
        before = version_of(found, where)
    steps = [one for one in queue.migrations() if one > before["queue"]]
    for step in steps:  # each in a transaction of its own: PostgreSQL uses a new value of a type only after a commit
        with connection(url) as found:
            found.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            if version_of(found, where)["queue"] < step:
                found.execute(queue.migration(step).encode())
                found.execute("UPDATE fleet_version SET queue = %s", (step,))
    if steps:
        return f"The queue of the fleet in {where} is brought to {steps[-1]}"
    return f"The fleet in {where} is already of version {VERSION}; nothing to do"


def create(found: Connection) -> None:
    name = sql.Identifier(SCHEMA)
    found.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    found.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, sql.Literal(MARK)))
    found.execute(queue.schema().encode())
    found.execute(TABLES.encode())
    found.execute("INSERT INTO fleet_version (version, queue) VALUES (%s, %s)", (VERSION, queue.migrations()[-1]))


def check(url: str, where: str) -> None:
    """Raises Invalid unless the fleet is set up in this version."""
    with connection(url) as found:
        if mark_of(found, where) is None:
            raise Invalid(f"the database {where} has no fleet yet; run: sfdc-escalator fleet init")
        before = version_of(found, where)
    if before["queue"] < queue.migrations()[-1]:
        message = f"the queue of the fleet in {where} is of version {before['queue']}, older than this program needs"
        raise Invalid(f"{message}; run: sfdc-escalator fleet init")


def mark_of(found: Connection, where: str) -> str | None:
    """The mark of our schema; None where the database does not have it. Raises Invalid for that of another program."""
    asked = "SELECT obj_description(oid, 'pg_namespace') AS mark FROM pg_namespace WHERE nspname = %s"
    row = found.execute(asked, (SCHEMA,)).fetchone()
    if row is None:
        return None
    if row["mark"] != MARK:
        raise Invalid(f"the schema {SCHEMA} of {where} belongs to another program")
    return MARK


def version_of(found: Connection, where: str) -> Row:
    """Raises Invalid for a version that this program does not know."""
    rows = found.execute(VERSIONS).fetchall()
    if len(rows) == 1 and rows[0]["version"] == VERSION and rows[0]["queue"] <= queue.migrations()[-1]:
        return rows[0]
    shown = f"{rows[0]['version']} ({rows[0]['queue']})" if len(rows) == 1 else "not known"
    raise Invalid(
        f"the fleet in {where} is of version {shown}, and this program knows {VERSION} ({queue.migrations()[-1]}); "
        "use the sfdc-escalator that made it, or run `fleet init` with a newer one"
    )
