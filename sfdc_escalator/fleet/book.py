"""The memory of the fleet, in its own tables: orgs, stored policies, the rollout, workers.

Every change is made in one transaction that holds the row of the rollout: schedules and workers change one at a time.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from psycopg import sql
from psycopg.types.json import Jsonb

from sfdc_escalator.escalation.fleet import rollout as rollouts
from sfdc_escalator.escalation.fleet.due import failures_after, is_due, next_due
from sfdc_escalator.escalation.fleet.member import EndedRun, Ending, Member, MemberState
from sfdc_escalator.escalation.fleet.rollout import Rollout
from sfdc_escalator.escalation.fleet.rollout_json import rollout_json, rollout_of
from sfdc_escalator.escalation.fleet.status import WorkerSeen
from sfdc_escalator.fleet import queue
from sfdc_escalator.fleet.tables import Connection, Row, connection

SEEN = "SELECT state FROM fleet_rollout"
LOCKED = "SELECT state FROM fleet_rollout FOR UPDATE"
STATES = """
    SELECT o.*, j.id IS NOT NULL AS is_live FROM fleet_orgs o
    LEFT JOIN procrastinate_jobs j ON j.id = o.job AND j.status IN ('todo', 'doing') WHERE o.listed OR %s ORDER BY o.org
"""
KEEP = """
    INSERT INTO fleet_orgs (org, every, deadline, canary, due) VALUES (%(org)s, %(every)s, %(deadline)s, %(canary)s,
    %(now)s) ON CONFLICT (org) DO UPDATE SET every = %(every)s, deadline = %(deadline)s, canary = %(canary)s,
    listed = true, due = LEAST(CASE WHEN fleet_orgs.listed THEN fleet_orgs.due END,
    GREATEST(%(now)s, fleet_orgs.last_started + %(every)s * interval '1 second'))
    WHERE (fleet_orgs.every, fleet_orgs.deadline, fleet_orgs.canary, fleet_orgs.listed)
    IS DISTINCT FROM (%(every)s, %(deadline)s, %(canary)s, true)
"""
WORKERS = f"""
    SELECT f.name, f.host, f.pid, w.last_heartbeat AS seen,
    ARRAY(SELECT o.org FROM fleet_orgs o WHERE o.worker = f.name AND o.started IS NOT NULL ORDER BY 1) AS jobs
    FROM fleet_workers f JOIN procrastinate_workers w ON w.id = f.id
    WHERE w.last_heartbeat > now() - interval '{queue.DEAD} seconds' ORDER BY f.name
"""  # noqa: S608 - our own number
FORGET_WORKERS = "DELETE FROM fleet_workers f WHERE NOT EXISTS (SELECT FROM procrastinate_workers w WHERE w.id = f.id)"


class Book:
    """The tables in one transaction, at the time `now` of the database."""

    def __init__(self, found: Connection, now: datetime, rollout: Rollout) -> None:
        self._line, self.now, self.rollout = found, now, rollout

    @classmethod
    @contextlib.contextmanager
    def opened(cls, url: str, *, writing: bool = True) -> Iterator[Self]:
        """Raises psycopg.Error."""
        with connection(url) as found:
            row = found.execute(LOCKED if writing else SEEN).fetchone() or {"state": {}}
            now = (found.execute("SELECT clock_timestamp() AS now").fetchone() or {})["now"].astimezone(UTC)
            yield cls(found, now, rollout_of(row["state"]))

    # -- orgs ---------------------------------------------------------------------------------------------------------

    def states(self, *, gone: bool = False) -> list[MemberState]:
        """Of the orgs that are listed; with `gone` also of those that left the file."""
        return [state_of(row) for row in self._line.execute(STATES, (gone,)).fetchall()]

    def state(self, org: str, *, gone: bool = False) -> MemberState | None:
        return next((one for one in self.states(gone=gone) if one.member.org == org), None)

    def keep_members(self, members: Sequence[Member]) -> None:
        """The orgs of the file; others are no longer listed. A changed interval counts from the last start, and so does
        that of an org which comes back: files may differ between hosts."""
        names = [one.org for one in members]
        self._line.execute("UPDATE fleet_orgs SET listed = false WHERE listed AND org <> ALL(%s)", (names,))
        for one in members:
            self._line.execute(KEEP, {**one._asdict(), "now": self.now})

    def enqueue_due(self) -> list[str]:
        """Queues a job for each org that is due; their names. A run whose job is gone has died with its worker."""
        found = []
        for state in self.states():
            if state.job is not None and not state.is_live:
                self._lose(state)
                state = self.state(state.member.org) or state
            used = self.rollout.used_by(canary=state.member.canary)
            if is_due(state, self.now, used) and self.enqueue(state, asked=False):
                found.append(state.member.org)
        return found

    def enqueue(self, state: MemberState, *, asked: bool) -> bool:
        """False where a job of the org waits already, which then is one that a person asked for. Orgs that fail come
        after the others."""
        job = queue.enqueue(self._line, state.member.org, asked=asked, priority=-min(state.failures, 9))
        if job and not (state.job and state.is_live):
            self._set(state.member.org, job=job)
        return job is not None

    def pause(self, org: str, *, paused: bool) -> None:
        """Pauses or resumes an org, which then is due now: its start was not late while it was paused."""
        self._set(org, paused=paused)
        if not paused:
            self._line.execute("UPDATE fleet_orgs SET due = GREATEST(due, %s) WHERE org = %s", (self.now, org))

    # -- runs ---------------------------------------------------------------------------------------------------------

    def is_at_work(self, job: int) -> bool:
        """False for a job that ended as that of a dead worker."""
        query = "SELECT 1 FROM procrastinate_jobs WHERE id = %s AND status = 'doing'"
        return self._line.execute(query, (job,)).fetchone() is not None

    def begin(self, org: str, job: int, worker: str) -> str | None:
        """A run begins; the digest of the policies that it uses. None, and no run, where the org is not listed."""
        state = self.state(org)
        used = self.rollout.used_by(canary=state.member.canary) if state else None
        if used is None:
            return None
        self._set(org, job=job, worker=worker, started=self.now, policies=used)
        return used

    def drop(self, org: str, job: int) -> None:
        """The job ends without a run."""
        self._set(org, job, job=None, worker=None, started=None)

    def end(self, org: str, job: int, ending: Ending) -> None:
        """The run of this job has ended; nothing where another job took its place."""
        state = self.state(org, gone=True)
        if state is None or state.job != job or state.started is None:
            return
        failures = state.failures if ending.again else failures_after(state.failures, ending.code)
        due = next_due(state.due, state.started, state.member.every, failures, self.now)
        due = self.now if ending.again else due
        last = EndedRun(state.started, self.now, ending.code, ending.run, ending.reason)
        self._ended(org, last, failures, due)
        code, reason = ending.code if ending.speaks else None, ending.reason or "see its log"
        self.keep_rollout(rollouts.ended(self.rollout, org, state.policies, code, reason, self.now))

    def _lose(self, state: MemberState) -> None:
        if state.started is None:
            self.drop(state.member.org, state.job or 0)
            return
        last = EndedRun(state.started, self.now, None, None, f"its worker {state.worker} died")
        self._ended(state.member.org, last, state.failures, self.now)

    def _ended(self, org: str, last: EndedRun, failures: int, due: datetime) -> None:
        facts = {"last_started": last.started, "last_ended": last.ended, "last_code": last.code, "last_run": last.run}
        cleared = {"job": None, "worker": None, "started": None}
        self._set(org, **facts, **cleared, last_reason=last.reason, failures=failures, due=due)

    def _set(self, org: str, job_: int | None = None, /, **values: Any) -> None:
        """Changes the row of an org, if its job is still this one."""
        changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        if_ours = sql.SQL("" if job_ is None else " AND job = %s")
        query = sql.SQL("UPDATE fleet_orgs SET {} WHERE org = %s{}").format(changes, if_ours)
        self._line.execute(query, [*values.values(), org, *([] if job_ is None else [job_])])

    # -- policies and workers -----------------------------------------------------------------------------------------

    def keep_rollout(self, rollout: Rollout) -> None:
        if rollout != self.rollout:
            self._line.execute("UPDATE fleet_rollout SET state = %s", (Jsonb(rollout_json(rollout)),))
            self._line.execute("DELETE FROM fleet_policies WHERE digest <> ALL(%s)", (list(rollout.in_use),))
            self.rollout = rollout

    def keep_policies(self, digest: str, policies: Sequence[str], files: Mapping[str, str]) -> None:
        query = "INSERT INTO fleet_policies VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
        self._line.execute(query, (digest, Jsonb(list(policies)), Jsonb(dict(files)), self.now))

    def policies(self, digest: str) -> tuple[tuple[str, ...], Mapping[str, str]] | None:
        """The paths of the policy files in their order, and all files."""
        query = "SELECT policies, files FROM fleet_policies WHERE digest = %s"
        row = self._line.execute(query, (digest,)).fetchone()
        return (tuple(row["policies"]), row["files"]) if row else None

    def digests(self) -> list[str]:
        """Those that are stored."""
        rows = self._line.execute("SELECT digest FROM fleet_policies ORDER BY stored DESC").fetchall()
        return [row["digest"] for row in rows]

    def keep_worker(self, name: str, host: str, pid: int, number: int) -> None:
        """A worker has begun; those that are gone are forgotten."""
        self._line.execute(FORGET_WORKERS)
        self._line.execute("INSERT INTO fleet_workers VALUES (%s, %s, %s, %s)", (name, host, pid, number))

    def workers(self) -> list[WorkerSeen]:
        """Those whose heartbeat is not too old."""
        rows = self._line.execute(WORKERS.encode()).fetchall()
        return [WorkerSeen(**{**row, "seen": row["seen"].astimezone(UTC), "jobs": tuple(row["jobs"])}) for row in rows]


def state_of(row: Row) -> MemberState:
    row = {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()}
    about = {name: value for name, value in row.items() if name.startswith("last_")}
    member = Member(*(row[name] for name in Member._fields))
    names = ("due", "paused", "failures", "job", "is_live", "started", "worker", "policies")
    last = None
    if about["last_started"]:
        last = EndedRun(*(about[f"last_{name}"] for name in ("started", "ended", "code", "run", "reason")))
    return MemberState(member, **{name: row[name] for name in names}, last=last)
