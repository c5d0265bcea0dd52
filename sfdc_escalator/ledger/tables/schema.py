"""The tables of a ledger, version 0005.

Times are text, `YYYY-MM-DDTHH:MM:SSZ`, as the events have them. `events.body` holds the canonical bytes that are
hashed; every other column of `events`, and every row of `runs`, `escalations`, `live_routes`, `rungs` and `holds`,
follows from such bytes and names its newest event, so that a verification can compare them. Each row of `idle_runs`
has a hash of its own, which follows from an event and which the next event of its org repeats. `leases`, `standings`
and `notices` are not part of the chain; an event records each notice that is queued, tried, sent, dropped or given up.
"""

import sqlalchemy as sa

VERSION = "0005"
"""The newest module of `upkeep/versions` has this number."""

FORBIDDEN = {
    "events": ("UPDATE", "DELETE"),
    "payloads": ("UPDATE",),
    "escalations": ("DELETE",),
    "idle_runs": ("DELETE",),
}
"""The actions that each engine refuses, by table. Personal text may be deleted: it must be possible to erase it. Of a
row of `idle_runs` only a run more is stored, and once the event that repeats its hash; see `GROWS`."""

GROWS = (
    "OLD.bound IS NULL AND NEW.event = OLD.event AND NEW.organization_id = OLD.organization_id AND "
    "((NEW.bound IS NULL AND NEW.runs = OLD.runs + 1 AND substr(NEW.lines, 1, length(OLD.lines)) = OLD.lines) OR "
    "(NEW.bound > OLD.event AND NEW.runs = OLD.runs AND NEW.lines = OLD.lines AND NEW.hash = OLD.hash))"
)
"""The condition of a change of `idle_runs`, in the SQL of every engine."""

metadata = sa.MetaData(info={"version": VERSION})

version = sa.Table("alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True))

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("prev", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("case_id", sa.Text),
    sa.Column("note", sa.String(64)),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("events_by_key", "key", "seq"),
)

payloads = sa.Table(
    "payloads",
    metadata,
    sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    comment="Personal text, kept apart so that it can be erased; events hold its salted hash.",
)

escalations = sa.Table(
    "escalations",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("event", sa.Integer, nullable=False, unique=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("case_number", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text),
    sa.Column("episode", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer),
    sa.Column("ladder", sa.Text),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("moment", sa.Text),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("rung", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.Column("start_key", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tried_at", sa.Text),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("wrote", sa.Text),
    sa.Index("escalations_by_case", "case_id"),
    sa.Index("escalations_by_state", "state", "rung", "organization_id"),
    comment="Before, wrote and ladder are canonical JSON. Before and wrote: the values of the case by field, "
    "null where nothing was sent. Ladder: the facts about it, at its start. Of the turn of a rung: the moment at which "
    "it was due, and the key of its start.",
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("event", sa.Integer, nullable=False, unique=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("policies", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("finished_at", sa.Text),
    sa.Column("result", sa.Text),
    sa.Index("runs_by_event", "organization_id", "event"),
    sa.Index("runs_by_user", "organization_id", "user_id"),
    comment="Policies and result are canonical JSON.",
)

idle_runs = sa.Table(
    "idle_runs",
    metadata,
    sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("lines", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("bound", sa.Integer, unique=True),
    sa.Index("idle_runs_of_org", "organization_id", "event"),
    comment="The runs after the recorded one with this last event that found nothing to do, a line for each (see "
    "`ledger/idle`). Bound is the first event of the org after them, which repeats their number and hash.",
)

live_routes = sa.Table(
    "live_routes",
    metadata,
    sa.Column("organization_id", sa.Text, primary_key=True),
    sa.Column("policy", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("event", sa.Integer, nullable=False, unique=True),
)

rungs = sa.Table(
    "rungs",
    metadata,
    sa.Column("organization_id", sa.Text, primary_key=True),
    sa.Column("policy", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("rung", sa.Text, primary_key=True),
    sa.Column("seen_at", sa.Text, nullable=False),
    sa.Column("gone", sa.Integer, nullable=False),
    sa.Column("event", sa.Integer, nullable=False, unique=True),
    comment="The org's time at which a live run first saw the rung on the route; gone is 1 while it is not there.",
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("hold", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.Integer, nullable=False, unique=True),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("case_number", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("begin", sa.Text, nullable=False),
    sa.Column("until", sa.Text),
    sa.Column("released", sa.Text),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Index("holds_of_org", "organization_id", "case_id"),
    sa.Index("holds_that_last", "released", "organization_id"),
    comment="Hold is the number of the event that began it; event that of its newest one.",
)

standings = sa.Table(
    "standings",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("rung", sa.Text, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("at", sa.Text),
    sa.Column("aside", sa.Text, nullable=False),
    sa.Column("team", sa.Text, nullable=False),
    sa.Column("waits", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("policy_digest", sa.Text, nullable=False),
    comment="Where each escalation stands after the last run. Aside is a JSON list of rungs; waits is the "
    "reason for which a rung that was due was not carried out; its times are shown in zone. "
    "Route is its name in the policy then.",
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("event", sa.Integer, nullable=False, unique=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("start_key", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("rung", sa.Text, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("until", sa.Text),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("case_number", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("channel_kind", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("instead_of", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("urgent", sa.Integer, nullable=False),
    sa.Column("digest", sa.Integer, nullable=False),
    sa.Column("together", sa.Text, nullable=False),
    sa.Column("within", sa.Integer, nullable=False),
    sa.Column("queued_at", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("first_try", sa.Text),
    sa.Column("last_try", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("remark", sa.Text, nullable=False),
    sa.Column("repeats", sa.Integer, nullable=False),
    sa.Column("holder", sa.Text),
    sa.Column("sent_at", sa.Text),
    sa.Column("is_first", sa.Integer, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("forgotten", sa.Integer),
    sa.Index("notices_by_state", "state", "organization_id"),
    sa.Index("notices_by_key", "key"),
    sa.Index("notices_by_case", "organization_id", "case_id"),
    sa.Index("notices_by_time", "organization_id", "last_try", "event"),
    sa.Index("notices_to_forget", "organization_id", "forgotten", "last_try", "queued_at"),
    comment="The outbox. Event is the number of the event that queued it, whose payload is its message. Together and "
    "within (seconds) are those of `one_notice_per`; holder is the process that sends it now. Repeats counts the tries "
    "that may have been delivered; is_first says that it was sent as the first of those together; remark is a line "
    "that was added when its outcome was known; forgotten is 1 once its message was erased.",
)

EVENT_ABOUT = ("at", "case_id", "event", "key", "note", "organization_id", "run", "seq")
ESCALATION_FACTS = tuple(sorted({column.name for column in escalations.columns} - {*EVENT_ABOUT}))
RUN_FACTS = ("finished_at", "host", "pid", "policies", "result", "started_at", "user_id")
ROUTE_FACTS = ("policy", "route")
NOTICE_FACTS = ("channel", "digest", "id", "kind", "recipient", "urgent")
RUNG_FACTS = ("gone", "policy", "route", "rung", "seen_at")
HOLD_FACTS = ("begin", "by", "case_number", "hold", "kind", "policy", "released", "route", "until", "why")
"""Columns that a body repeats: events' in `about`, escalations' in `escalation`, the others' in `facts`."""

JSON_COLUMNS = ("before", "ladder", "policies", "result", "wrote")
"""Columns whose text is canonical JSON; a body repeats them as the parsed values."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("organization_id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("run", sa.Text),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("pid_start", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("heartbeat_at", sa.Text, nullable=False),
    sa.Column("start", sa.Text),
    comment="The run that works on an org; run is null while there is none. The epoch only grows. Start is canonical "
    "JSON: the start of a run that is not recorded yet, because it may be an idle one.",
)

COLUMNS = frozenset((table.name, column.name) for table in metadata.tables.values() for column in table.columns)
"""(table, column) of everything that a ledger of this version has."""


def create_tables(connection: sa.Connection) -> None:
    """Makes the empty tables of this version, inside the caller's transaction."""
    metadata.create_all(connection, checkfirst=False)
    connection.execute(version.insert().values(version_num=VERSION))
