"""The start of a run: its row and its first event. A run that may be an idle one is recorded with its first change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.rows import ORG_TIME, checked, naming
from sfdc_escalator.ledger.tables.schema import RUN_FACTS, leases, runs
from sfdc_escalator.ledger.tables.times import second, time_of, time_text
from sfdc_escalator.ledger.writing.journal import Author, Journal
from sfdc_escalator.pipeline.ports.ledger import RunStart


@dataclass(slots=True)
class Opening:
    """`left` says which run it took over from. `event` is the number of its first event, once that is recorded."""

    author: Author
    pid: int
    policies: Mapping[str, str]
    started_at: str
    org_time: str | None
    left: Mapping[str, Any]
    event: int | None = None

    @classmethod
    def of(cls, start: RunStart, author: Author, pid: int, at: str, left: Mapping[str, Any]) -> "Opening":
        return cls(author, pid, dict(start.policies), at, time_text(start.org_time), left)

    @property
    def text(self) -> str:
        """The start as its lease keeps it, beside the lease's own columns."""
        author = self.author
        return chain.canonical(
            {"org_time": self.org_time, "policies": self.policies, "run": author.run, "user_id": author.user_id}
        ).decode()

    def record(self, connection: sa.Connection, journal: Journal) -> None:
        """Stores the row, and adds the event."""
        row = {
            "user_id": self.author.user_id,
            "host": self.author.host,
            "pid": self.pid,
            "policies": chain.canonical(self.policies).decode(),
            "started_at": self.started_at,
            "finished_at": None,
            "result": None,
        }
        org_time = {ORG_TIME: self.org_time} if self.org_time else {}
        self.event = journal.add("run_started", {"facts": as_recorded(row), **org_time, **self.left})
        about = {"run": self.author.run, "organization_id": self.author.organization_id, "event": self.event}
        connection.execute(runs.insert().values(**about, **row))
        ours = leases.c.organization_id == self.author.organization_id
        connection.execute(leases.update().where(ours).values(start=None))


def record_lost(connection: sa.Connection, old: Mapping[Any, Any], at: str, org_at: str | None) -> None:
    """Records the start of a run that ended, killed, before it recorded anything: its lease alone has it."""
    with naming(f"the lease of the org {old['organization_id']!s:.60}"):
        found = json.loads(checked(leases, old)["start"])
        author = Author(old["organization_id"], str(found["run"]), str(found["user_id"]), old["host"])
        policies, org_time = dict(found["policies"]), time_text(time_of(found["org_time"]))
        started_at = second(time_of(old["started_at"])) or ""
    journal = Journal(connection, author, at, org_at)
    Opening(author, old["pid"], policies, started_at, org_time, {}).record(connection, journal)
    journal.write()


def as_recorded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A run's row as its events hold it: JSON columns as parsed values."""
    return {name: row[name] for name in RUN_FACTS} | {
        name: row[name] and json.loads(row[name]) for name in ("policies", "result")
    }
