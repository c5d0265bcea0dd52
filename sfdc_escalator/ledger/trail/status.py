"""The state of a ledger, read from the ledger alone: its last runs, open and waiting escalations."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import UNDO
from sfdc_escalator.escalation.world.policy_use import PolicyUse, PolicyUses
from sfdc_escalator.escalation.world.waitlist import SelfCheck, Waiting, Waitlist
from sfdc_escalator.ledger.idle.rows import newest_rows, started_alone
from sfdc_escalator.ledger.self_check import self_check
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.kept_texts import readable
from sfdc_escalator.ledger.tables.rows import checked, each_value, escalation_of, naming
from sfdc_escalator.ledger.tables.schema import escalations, runs
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.ledger.trail.notices import counted, last_and_next, of_all, undelivered
from sfdc_escalator.ledger.trail.open_escalations import every_hold, held_cases, open_escalations
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus, RunRecord
from sfdc_escalator.pipeline.read_models.notices import waiting_for_a_person

SETTLED_LATER = ("unknown", "rejected")
WAITING = (EscalationState.UNKNOWN, EscalationState.SENDING, EscalationState.REJECTED)
RUNS_LOOKED_AT = 1000
Placed = tuple[tuple[int, int], RunRecord]
"""A run with the number of the newest event at its end and, after that event, its start in seconds since 1970."""
OF_NO_RUN = "{}"  # `resolve` and `ledger rebuild` hold the lease too, without a policy


def ledger_status(trail: SqlHistory, now: datetime | None = None, *, check: bool = False) -> LedgerStatus:
    """The state as of this time, without one as of the org's time of the last run; with `check` also the self-check."""
    with trail.reading() as connection:
        newest = newest_runs(connection)
        last, success = next(iter(newest), None), next((one for one in newest if one.exit == 0), None)
        unsettled = readable(connection, connection.execute(_waiting()).mappings(), "message")
        waiting = [escalation_of(row) for row in unsettled]
        orgs = connection.scalars(each_value(runs.c.organization_id)).all()
        left = [trail.run_ends(connection, one).waitlist() for one in orgs]
        found = [one for waitlist in left for one in still_waiting(connection, waitlist)]
        lost = waiting_for_a_person(undelivered(connection, sa.true()))
        counts = counted(connection, sa.true())
        notices = of_all(last_and_next(connection, one) for one in orgs)
        now = now or (time_of_run(trail, connection, last) if last else None)
        held = held_cases(connection, now)
        known = tuple(open_escalations(connection, held))
        uses = {one: trail.run_ends(connection, one).policy_uses() for one in orgs}
        checks = [self_check(connection, one, uses[one]) for one in orgs] if check else []
    return LedgerStatus(
        where=trail.where,
        last_run=last,
        last_success=success,
        open=len(known),
        unsettled=tuple(one for one in waiting if one.state is not EscalationState.REJECTED),
        rejected=tuple(sorted((one for one in waiting if one.state is EscalationState.REJECTED), key=_next_try)),
        waiting=(*found, *_lost(waiting, {one.key for one in found}), *lost),
        more_waiting=sum(one.count - len(one.entries) for one in left),
        now=now,
        escalations=known,
        holds=every_hold(held),
        policy_uses=newest_uses(list(uses.values())),
        outbox=counts,
        notices=notices,
        check=as_one(checks) if check else None,
    )


def newest_runs(connection: sa.Connection) -> list[RunRecord]:
    """Among them the last run and the last one that ended well, the newest first. By their places in the ledger: a
    clock that was set back must not hide the runs since."""
    placed = sorted([*recorded_runs(connection), *last_idle_runs(connection)], key=_place, reverse=True)
    found = [one for _, one in placed]
    for one in starting(connection):
        if not found or found[0].organization_id == one.organization_id or found[0].started <= one.started:
            found.insert(0, one)
    return found


def recorded_runs(connection: sa.Connection) -> Iterator[Placed]:
    """The newest run that is recorded by itself, and the newest one that ended well."""
    newest = sa.select(runs).where(runs.c.policies != OF_NO_RUN).order_by(runs.c.event.desc())
    first = connection.execute(newest.limit(1)).mappings().first()
    yield from [((first["event"], 0), run_record(first))] if first else []
    ended = connection.execute(newest.where(runs.c.result.is_not(None)).limit(RUNS_LOOKED_AT)).mappings()
    well = (((row["event"], 0), record) for row in ended if (record := run_record(row)).exit == 0)
    yield from islice(well, 1)


def last_idle_runs(connection: sa.Connection) -> Iterator[Placed]:
    """The last idle run of each org. It may be the last one that ended well, though a run that failed came since."""
    for row in newest_rows(connection):
        organization_id, host, one = row.columns["organization_id"], str(row.base.facts["host"]), row.last
        place = one.after[0], one.start
        yield place, RunRecord(one.run, organization_id, host, one.started, one.finished, one.result)


def starting(connection: sa.Connection) -> Iterator[RunRecord]:
    """The runs that have recorded nothing yet."""
    for organization_id, run, host, at, _ in started_alone(connection):
        with naming(f"the lease of the org {organization_id!s:.60}"):
            started = time_of(at)
        if started:
            yield RunRecord(run, organization_id, host, started, None, None)


def _place(placed: Placed) -> tuple[int, int]:
    return placed[0]


def as_one(checks: Sequence[SelfCheck]) -> SelfCheck:
    """The checks of several orgs as one."""
    problems = tuple(problem for one in checks for problem in one.problems)
    return SelfCheck(sum(one.open for one in checks), problems, sum(one.ms for one in checks))


def time_of_run(trail: SqlHistory, connection: sa.Connection, last: RunRecord) -> datetime:
    """The org's time of the last run; the time of the ledger where no run recorded one."""
    return trail.run_ends(connection, last.organization_id).org_time() or last.started


def newest_uses(found: Sequence[PolicyUses]) -> PolicyUses:
    """The use of each policy; where several orgs use it, that of the run that saw it last."""
    newest: dict[str, PolicyUse] = {}
    for name, one in (pair for uses in found for pair in uses.items()):
        if name not in newest or newest[name].seen < one.seen:
            newest[name] = one
    return newest


def still_waiting(connection: sa.Connection, waitlist: Waitlist) -> Iterator[Waiting]:
    """The things that the last run left and that nobody has settled since, as `resolve` does. Notices are counted as
    they are now."""
    for one in waitlist.entries:
        if one.state == NoticeState.UNDELIVERED:
            continue
        of_key = sa.select(escalations.c.state).where(escalations.c.key == one.key)
        state = connection.scalar(of_key) if one.state in SETTLED_LATER else None
        if state is None or state in WAITING:
            yield one


def _lost(waiting: Iterable[Escalation], known: set[str]) -> Iterator[Waiting]:
    """The outcomes that are unknown because their run did not live to record its end."""
    for one in waiting:
        if one.state is not EscalationState.REJECTED and one.key not in known:
            reason = one.message or "its run was killed, so the outcome is not known"
            yield Waiting("unknown", reason, one.policy, one.route, one.case_number, one.key)


def _waiting() -> sa.Select[tuple[object, ...]]:
    tried_again = (escalations.c.state != EscalationState.REJECTED) | (escalations.c.rung != UNDO)
    return sa.select(escalations).where(escalations.c.state.in_(WAITING) & tried_again)


def _next_try(escalation: Escalation) -> str:
    at = escalation.try_again_at()
    return at.isoformat() if at else ""


def run_record(row: sa.RowMapping) -> RunRecord:
    """Raises LedgerUnusable for a row that no run can have written."""
    with naming(f"run {row['run']!s:.60}"):
        checked(runs, row)
        started, result = time_of(row["started_at"]), json.loads(row["result"]) if row["result"] else None
        if started is None or not isinstance(result, dict | None):
            raise ValueError("it has no start, or its result is not an object")
        return RunRecord(
            run=row["run"],
            organization_id=row["organization_id"],
            host=row["host"],
            started=started,
            finished=time_of(row["finished_at"]),
            result=result,
        )
