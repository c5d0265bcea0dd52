"""Checks of all that no event records: leases, the version row, the tables as such, the type of each value."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.idle.rows import row_after
from sfdc_escalator.ledger.pruned.gaps import pruned_idle_runs
from sfdc_escalator.ledger.tables import schema
from sfdc_escalator.ledger.tables.rows import MISREAD, checked
from sfdc_escalator.ledger.tables.schema import idle_runs, leases, metadata, runs, version
from sfdc_escalator.ledger.tables.times import time_of, time_text


def lease_problems(connection: sa.Connection) -> Iterator[str]:
    """Each run takes the lease once, and the epoch grows by one each time. Idle runs have a line in place of events."""
    each = sa.select(runs.c.organization_id, sa.func.count(), sa.func.max(runs.c.event)).group_by(
        runs.c.organization_id
    )
    taken = {org: (times, last) for org, times, last in connection.execute(each)}
    counted = sa.select(idle_runs.c.organization_id, sa.func.sum(idle_runs.c.runs)).group_by(
        idle_runs.c.organization_id
    )
    idle = Counter({org: int(number) for org, number in connection.execute(counted)})
    idle.update(pruned_idle_runs(connection))
    held = connection.execute(sa.select(leases)).mappings().all()
    for row in held:
        name = f"the lease of the org {row['organization_id']!s:.60}"
        times, last = taken.pop(row["organization_id"], (0, 0))
        times += idle.pop(row["organization_id"], 0) + (row["start"] is not None)
        try:
            checked(leases, row)
            start, beat = time_of(row["started_at"]), time_of(row["heartbeat_at"])
        except MISREAD as error:
            yield f"{name} was changed: {error}"
            continue
        wrong = _wrong_in(connection, row, times, last)
        if start is None or beat is None or beat < start:
            wrong = [*wrong, "heartbeat_at"]
        if wrong:
            yield f"{name} was changed: {', '.join(wrong)} cannot follow from the {times} runs of that org"
    for org, (times, _) in taken.items():
        yield f"the lease of the org {org} is missing, although {times} runs have taken it"


def _wrong_in(connection: sa.Connection, row: sa.RowMapping, times: int, last: int) -> list[str]:
    """The columns of a lease that differ from the run that took it last. Nothing can be said of `boot`, `pid_start`."""
    try:
        run = _last_taker(connection, row, last)
    except (*MISREAD, LedgerUnusable):
        return ["start"]
    if run is None:
        return ["organization_id"]
    wrong = ["epoch"] if row["epoch"] != times else []
    wrong += ["run"] if row["run"] not in (None, run["run"]) else []
    wrong += [name for name in ("host", "pid") if row[name] != run.get(name, row[name])]
    return wrong + (["started_at"] if row["started_at"] > run.get("started_at", row["started_at"]) else [])


def _last_taker(connection: sa.Connection, row: sa.RowMapping, last: int) -> Mapping[Any, Any] | None:
    """The columns that are known of the run that took the lease last: of one that has recorded nothing only its id, of
    an idle one not its process."""
    if row["start"] is not None:
        return {"run": str(json.loads(row["start"])["run"])}
    if idle := row_after(connection, last):
        newest, host = idle.last, idle.base.facts["host"]
        return {"run": newest.run, "host": host, "started_at": time_text(newest.started)}
    return connection.execute(sa.select(runs).where(runs.c.event == last)).mappings().first()


def version_problems(connection: sa.Connection) -> Iterator[str]:
    found = connection.execute(sa.select(version.c.version_num)).scalars().all()
    if found != [schema.VERSION]:
        shown = ", ".join(f"{one!r:.40}" for one in found) or "nothing"
        yield f"the version row was changed: found {shown}, expected {schema.VERSION!r} alone"


def shape_problems(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    """The columns and keys that are missing, of another kind, or not ours."""
    if metadata.info["version"] != schema.VERSION:
        return  # a ledger of another version than these tables are of
    columns, keys = dialect.shape(connection)
    ours = {
        (table.name, column.name, column.type.compile(connection.dialect), bool(column.nullable))
        for table in metadata.tables.values()
        for column in table.columns
    }
    for table, column, kind, nullable in sorted(columns ^ ours):
        which = "is not ours" if (table, column, kind, nullable) in columns else "is missing"
        yield f"the column {table}.{column} ({kind}{'' if nullable else ' NOT NULL'}) {which}"
    for table, names, unique in sorted(keys ^ _keys()):
        which = "is not ours" if (table, names, unique) in keys else "is missing"
        yield f"the {'unique ' if unique else ''}index of {table} over {names} {which}"


def _keys() -> set[tuple[str, str, bool]]:
    found = set()
    for table in metadata.tables.values():
        found.add((table.name, ", ".join(column.name for column in table.primary_key), True))
        found |= {(table.name, column.name, True) for column in table.columns if column.unique}
        found |= {
            (table.name, ", ".join(column.name for column in one.columns), bool(one.unique)) for one in table.indexes
        }
    return found


def odd_values(connection: sa.Connection) -> Iterator[str]:
    """The rows with a value that is not of the type of its column. Slow: only where a verification cannot go on."""
    for table in metadata.tables.values():
        for row in connection.execute(sa.select(table)).mappings():
            try:
                checked(table, row)
            except ValueError as error:
                name = next(iter(table.primary_key)).name
                yield f"{table.name}, {name} {row[name]!r:.60}, was changed: {error}"
