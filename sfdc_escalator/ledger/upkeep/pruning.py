"""Removes what is older than an age: events, notes and notices of escalations that ended, and rows of idle runs.

One transaction of the only writer, while no run is at work: the chain is verified, each escalation gets an event
`pruned` with what stays of it, the guards of the database are lifted for the removal and put back, and the chain is
verified again. The row of each escalation stays, so that its key never becomes free.
"""

import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.time.ages import Age
from sfdc_escalator.ledger.audit.erasure import cleaned, refuse_while_at_work
from sfdc_escalator.ledger.audit.table_shapes import lease_problems, shape_problems
from sfdc_escalator.ledger.audit.verification import MOST_PROBLEMS, verify_inside
from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.happened import READ, Happened
from sfdc_escalator.ledger.idle.checks import BINDING
from sfdc_escalator.ledger.idle.rows import IdleRow
from sfdc_escalator.ledger.pruned.ended import ended_before, idle_rows_before, named_by_idle_runs
from sfdc_escalator.ledger.pruned.records import PRUNED, org_facts, pruned_orgs, ranges, removed_facts
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.chain import in_place_of
from sfdc_escalator.ledger.tables.kept_texts import is_hash
from sfdc_escalator.ledger.tables.rows import Row, each_value, stored
from sfdc_escalator.ledger.tables.schema import (
    ESCALATION_FACTS,
    escalations,
    events,
    idle_runs,
    notices,
    payloads,
    runs,
    standings,
)
from sfdc_escalator.ledger.upkeep.backup import refuse_broken
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import Author, Journal
from sfdc_escalator.ledger.writing.notices import parts
from sfdc_escalator.pipeline.read_models.audit_trail import OrgPruned, Pruning, Verification

LIFTED = ("events", "idle_runs")
OF_ROW = ("before", "ladder", "wrote")
"""The columns of an escalation whose text is JSON."""
SHRUNK = (*LIFTED, "escalations", "notices", "payloads", "standings")
"""The tables that have fewer rows afterwards, or shorter ones."""


@dataclass(frozen=True, slots=True)
class Old:
    """The parts of an org that ended before a time: keys of escalations, and rows of idle runs, oldest first."""

    organization_id: str
    before: datetime
    keys: Sequence[str]
    idle: Sequence[IdleRow]


def prune(ledger: SqlLedger, age: Age, by: str) -> Pruning:
    """Removes what ended that long ago, of every org of the ledger. Raises RunBusy while a run is at work, AuditBroken
    where the ledger does not verify, LedgerUnusable; the ledger is then as it was."""
    with ledger.writing() as (connection, at):
        orgs = connection.scalars(each_value(runs.c.organization_id)).all()
        for organization_id in orgs:
            refuse_while_at_work(connection, organization_id, at)
        broken = f"the ledger {ledger.where} does not verify; nothing was pruned"
        refuse_broken(whole(connection, ledger.database.dialect), broken)
        each = [old_of(connection, one, age.before(now_of(ledger, connection, one, at))) for one in orgs]
        some = [one for one in each if one.keys or one.idle]
        done = carried_out(ledger, connection, some, at, by) if some else []
        was_pruned = bool(pruned_orgs(connection))  # also by a program that was killed before it cleaned
    return Pruning(
        where=ledger.where,
        before=max((one.before for one in each), default=age.before(datetime.fromisoformat(at))),
        pruned=tuple(done),
        not_cleaned=cleaned(ledger, SHRUNK) if was_pruned else "",
        copies=ledger.database.copies(),
        is_on_a_server=ledger.database.is_on_a_server,
    )


def now_of(ledger: SqlLedger, connection: sa.Connection, organization_id: str, at: str) -> datetime:
    """The ledger's time, or the org's time of its last run where that is later."""
    last = ledger.run_ends(connection, organization_id).org_time()
    now = datetime.fromisoformat(at)
    return max(now, last) if last else now


def old_of(connection: sa.Connection, organization_id: str, before: datetime) -> Old:
    before = before.replace(microsecond=0)
    keys = ended_before(connection, organization_id, before)
    return Old(organization_id, before, keys, idle_rows_before(connection, organization_id, before))


def whole(connection: sa.Connection, dialect: Dialect) -> Verification:
    """The verification of everything, the leases and the shape of the tables too."""
    found = verify_inside(connection, dialect)
    beside = (*dialect.strangers(connection), *shape_problems(connection, dialect), *lease_problems(connection))
    return replace(found, problems=(*found.problems, *beside)[:MOST_PROBLEMS])


def carried_out(ledger: SqlLedger, connection: sa.Connection, some: Sequence[Old], at: str, by: str) -> list[OrgPruned]:
    dialect = ledger.database.dialect
    dialect.lift(connection, LIFTED)
    for rows in parts([row.base.event for one in some for row in one.idle]):
        connection.execute(idle_runs.delete().where(idle_runs.c.event.in_(rows)))
    kept = named_by_idle_runs(connection)
    done = [of_org(connection, one, kept, at, by) for one in some]
    dialect.guard(connection)
    broken = f"the ledger {ledger.where} would not verify without what is old; nothing was pruned"
    refuse_broken(whole(connection, dialect), broken)
    return done


def of_org(connection: sa.Connection, old: Old, kept: Collection[int], at: str, by: str) -> OrgPruned:
    """Removes what is old of one org. The events in `kept` stay."""
    journal = Journal(connection, Author(old.organization_id, "", "", Holder.of_this_process().host), at)
    counts = Counter[str]()
    for keys in parts(old.keys):
        counts += of_keys(connection, journal, keys, kept)
    found = OrgPruned(
        before=old.before,
        escalations=len(old.keys),
        events=counts["events"],
        texts=counts["texts"],
        notices=counts["notices"],
        idle_runs=sum(len(row.runs) for row in old.idle),
        idle_runs_through=max((row.columns["bound"] for row in old.idle), default=0),
    )
    journal.add(PRUNED, {"facts": {**org_facts(found), "by": by}})
    journal.write()
    return found


def of_keys(connection: sa.Connection, journal: Journal, keys: Sequence[str], kept: Collection[int]) -> Counter[str]:
    """Removes the events of some escalations, and shortens their rows."""
    rows = connection.execute(sa.select(escalations).where(escalations.c.key.in_(keys))).mappings().all()
    happened = events_of(connection, keys)
    every = [one.seq for of_key in happened.values() for one in of_key]
    gone = [one.seq for of_key in happened.values() for one in of_key if may_go(one, kept)]
    shortened = [shorter(journal, row, happened[row["key"]], kept) for row in rows]
    journal.write()
    connection.execute(escalations.update().where(escalations.c.key == sa.bindparam("known")), shortened)
    deleted(connection, standings.c.key, keys)
    return Counter(
        texts=deleted(connection, payloads.c.event, every),
        events=deleted(connection, events.c.seq, gone),
        notices=deleted(connection, notices.c.key, keys),
    )


def events_of(connection: sa.Connection, keys: Sequence[str]) -> Mapping[str, list[Any]]:
    columns = (events.c.seq, events.c.key, events.c.event, events.c.hash, events.c.body)
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(*columns).where(events.c.key.in_(keys)).order_by(events.c.seq)):
        found[row.key].append(row)
    return found


def may_go(event: sa.Row[Any], kept: Collection[int]) -> bool:
    """False for an event that other proofs need: those of idle runs, and of what was pruned before."""
    return event.seq not in kept and event.event != PRUNED and BINDING not in event.body


def shorter(journal: Journal, row: Mapping[Any, Any], happened: Sequence[sa.Row[Any]], kept: Collection[int]) -> Row:
    """The row without texts, after its event `pruned`. The values that our steps wrote stay: where a closed case is
    opened again, they must not make a route match."""
    known = Happened()
    for one in happened:
        if one.event in READ:
            known.note(one.event, one.body)
    facts = {name: row[name] for name in ESCALATION_FACTS} | {"message": without_text(row["message"])}
    facts |= {name: json.loads(row[name]) for name in OF_ROW if row[name] is not None}
    removed = ranges((one.seq, one.hash) for one in happened if may_go(one, kept))
    body = {"escalation": facts, "facts": {**known.facts(), "removed": removed_facts(removed)}}
    event = journal.add(PRUNED, body, key=row["key"], case_id=row["case_id"])
    return {"known": row["key"], **stored(facts), "event": event, "run": ""}


def without_text(message: str) -> str:
    """That there is a message stays: that of an escalation which is undone says that its episode is over."""
    return message if is_hash(message) else in_place_of(secrets.token_hex(16), message)


def deleted(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> int:
    """Deletes the rows with these values. Returns their number."""
    table = column.table
    return sum(connection.execute(sa.delete(table).where(column.in_(some))).rowcount for some in parts(values))
