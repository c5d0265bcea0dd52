"""Every change of the trail is found."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.errors import AuditBroken, EscalatorError, Invalid
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.ledger.audit.verification import MOST_PROBLEMS, verify
from sfdc_escalator.ledger.engines.sqlite_dialect import GUARDS
from sfdc_escalator.ledger.store import open_trail
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.schema import escalations, events, holds, live_routes, payloads, rungs, runs
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.ledger.kinds import Kind, SqliteKind
from tests.ledger.notices import queue
from tests.ledger.sample import AT, change, escalation, start
from tests.notices import notice

TEXT = "The customer waits since Tuesday."


@pytest.fixture(scope="module")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    kind = SqliteKind(tmp_path_factory.mktemp("recorded"))
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(1), note=TEXT), change(escalation(2), note=TEXT)])
        lease.record([change(escalation(1), EscalationState.APPLIED)])
        lease.mark_live([("support", "supervisor")])
        lease.see_rungs({("support", "supervisor", "late"): AT}, [])
        lease.record_holds([Hold(escalation(1).case_id, "00001234", AT, None, "Status is Legal", "support")], [])
        lease.finish({"exit": 0})
    return kind.path.read_bytes()


@pytest.fixture
def recorded(recorded_once: bytes, sqlite_kind: SqliteKind) -> SqliteKind:
    """A ledger with a run, a live route and two escalations, one of them applied."""
    sqlite_kind.path.parent.mkdir()
    sqlite_kind.path.write_bytes(recorded_once)
    return sqlite_kind


def tamper(kind: SqliteKind, change_it: Callable[[sqlite3.Connection], object]) -> None:
    """Changes the tables without the guards, and makes the guards again."""
    with closing(sqlite3.connect(kind.path, isolation_level=None)) as connection:
        for guard in GUARDS:
            connection.execute(f"DROP TRIGGER {guard}")
        change_it(connection)
        for guard in GUARDS.values():
            connection.execute(guard)


def test_an_untouched_trail_verifies_and_names_its_head(recorded: SqliteKind) -> None:
    with recorded.open() as ledger:
        head = ledger.head()
    found = recorded.verify()
    assert (found.events, found.head, found.problems) == (8, head, ())


def test_an_empty_trail_verifies(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.open().close()
    found = sqlite_kind.verify()
    assert (found.events, found.head, found.problems) == (0, None, ())


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table.name, column.name)
        for table in (events, payloads, escalations, runs, live_routes, rungs, holds)
        for column in table.columns
    ],
)
def test_a_changed_column_is_found(recorded: SqliteKind, table: str, column: str) -> None:
    """Text gets another last letter, a number the next one, nothing becomes something."""
    other = (
        f"CASE typeof({column}) WHEN 'integer' THEN {column} + 40 WHEN 'null' THEN 'x' "
        f"WHEN 'blob' THEN CAST(substr({column}, 1, length({column}) - 1) || X'7E' AS BLOB) "
        f"ELSE substr({column}, 1, length({column}) - 1) || '~' END"
    )
    tamper(
        recorded,
        lambda connection: connection.execute(
            f"UPDATE {table} SET {column} = {other} WHERE rowid = (SELECT min(rowid) FROM {table})"
        ),
    )
    assert recorded.verify().problems


@pytest.mark.parametrize("place", [0, 1, 30, 200, -2, -1])
def test_a_flipped_byte_of_an_events_text_is_found(recorded: SqliteKind, place: int) -> None:
    def flip(connection: sqlite3.Connection) -> None:
        (body,) = connection.execute("SELECT body FROM events WHERE seq = 3").fetchone()
        changed = bytearray(body)
        changed[place] ^= 1
        connection.execute("UPDATE events SET body = ? WHERE seq = 3", (bytes(changed),))

    tamper(recorded, flip)
    assert any("event 3 " in problem for problem in recorded.verify().problems)


@pytest.mark.parametrize("table", ["events", "payloads", "escalations", "runs", "live_routes", "rungs", "holds"])
@pytest.mark.parametrize("which", ["min", "max"])
def test_a_removed_row_is_found(recorded: SqliteKind, table: str, which: str) -> None:
    tamper(
        recorded,
        lambda connection: connection.execute(
            f"DELETE FROM {table} WHERE rowid = (SELECT {which}(rowid) FROM {table})"
        ),
    )
    assert recorded.verify().problems


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO payloads VALUES (1, 'salt', 'a note that no event tells of')",
        "INSERT INTO payloads VALUES (99, 'salt', 'a note of no event')",
        "INSERT INTO live_routes VALUES ('00D000000000001EAA', 'support', 'rma', 1)",
        "INSERT INTO runs SELECT 'run-0', organization_id, 99, user_id, host, pid, policies, started_at, NULL, NULL "
        "FROM runs",
        "UPDATE escalations SET state = 'rejected' WHERE state = 'applied'",
        "UPDATE escalations SET state = 'applied', event = 99 WHERE state = 'sending'",
        "UPDATE escalations SET key = 'ESC-0000-0000-0000' WHERE state = 'sending'",
        "UPDATE events SET body = CAST(body AS TEXT) WHERE seq = 2",
        "UPDATE events SET hash = 'text' WHERE seq = 2",
        "UPDATE events SET seq = 99 WHERE seq = 8",
    ],
)
def test_a_row_without_an_event_is_found(recorded: SqliteKind, statement: str) -> None:
    tamper(recorded, lambda connection: connection.execute(statement))
    assert recorded.verify().problems


def test_an_escalation_put_back_to_an_earlier_event_is_found(recorded: SqliteKind) -> None:
    tamper(recorded, lambda connection: connection.execute(
        "UPDATE escalations SET state = 'sending', event = 2 WHERE state = 'applied'"))  # fmt: skip
    assert any("newest event 4" in problem for problem in recorded.verify().problems)


@pytest.mark.parametrize("guard", list(GUARDS))
def test_a_removed_guard_is_found(recorded: SqliteKind, guard: str) -> None:
    recorded.execute(f"DROP TRIGGER {guard}")
    assert recorded.verify().problems == (f"the guard {guard} is not in place",)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET run = 'x'",
        "DELETE FROM events",
        "UPDATE payloads SET text = 'x'",
        "DELETE FROM escalations",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 3",
        "INSERT INTO events SELECT 99, X'01', X'02', at, run, organization_id, event, key, case_id, note, body "
        "FROM events WHERE seq = 3",
    ],
)
def test_the_database_itself_refuses_to_change_events(recorded: SqliteKind, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        recorded.execute(statement)
    assert recorded.verify().problems == ()


def test_every_earlier_head_of_the_chain_is_accepted(recorded: SqliteKind) -> None:
    for (head,) in recorded.execute("SELECT lower(hex(hash)) FROM events"):
        assert recorded.verify(head).problems == ()
    assert recorded.verify(recorded.verify().head.upper()).problems == ()  # type: ignore[union-attr]


def test_a_head_that_the_chain_never_had_is_found(recorded: SqliteKind) -> None:
    assert any("expected head" in problem for problem in recorded.verify("00" * 32).problems)


@pytest.mark.parametrize("head", ["ab", "ab" * 8, "00" * 33, "not a hash", ""])
def test_a_text_that_is_no_whole_head_is_refused_and_says_nothing_about_the_trail(
    recorded: SqliteKind, head: str
) -> None:
    with pytest.raises(Invalid, match="is not an audit head; expected all of its 64 hexadecimal digits"):
        recorded.verify(head)


def test_a_rewritten_chain_is_found_by_a_kept_head(recorded: SqliteKind) -> None:
    """A person who can write the file can compute all hashes again; only a head kept elsewhere proves the change."""
    kept = recorded.verify().head

    def write_anew(connection: sqlite3.Connection) -> None:
        prev = chain.GENESIS
        for seq, body in connection.execute("SELECT seq, body FROM events ORDER BY seq").fetchall():
            changed = body.replace(b"call-7", b"call-8")
            this = chain.hash_of(prev, changed)
            connection.execute(
                "UPDATE events SET body = ?, prev = ?, hash = ? WHERE seq = ?", (changed, prev, this, seq)
            )
            prev = this

    tamper(recorded, write_anew)
    assert recorded.verify().problems == ()
    assert recorded.verify(kept).problems


def test_removed_newest_events_are_found_by_a_kept_head(recorded: SqliteKind) -> None:
    kept = recorded.verify().head
    tamper(recorded, lambda connection: connection.executescript(
        "DELETE FROM events WHERE seq = 8; UPDATE runs SET event = 1, finished_at = NULL, result = NULL;"))  # fmt: skip
    assert recorded.verify().problems == ()
    assert recorded.verify(kept).problems


@pytest.mark.parametrize("broken", ["run = 'x'", "hash = X'00'"])
def test_a_verification_reports_a_bounded_number_of_problems(sqlite_kind: SqliteKind, broken: str) -> None:
    with sqlite_kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(number)) for number in range(4 * MOST_PROBLEMS)])
    tamper(sqlite_kind, lambda connection: connection.execute(f"UPDATE events SET {broken}"))
    found = sqlite_kind.verify()
    assert (found.events, len(found.problems)) == (4 * MOST_PROBLEMS + 1, MOST_PROBLEMS)


def in_one_file(kind: SqliteKind) -> bytes:
    """The file, with all that its write-ahead log held."""
    kind.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return kind.path.read_bytes()


def is_found(path: Path) -> bool:
    try:
        with open_trail(str(path)) as trail:
            return bool(verify(trail).problems)
    except EscalatorError:
        return True


def test_a_byte_flipped_in_the_file_under_the_database_is_found(recorded: SqliteKind) -> None:
    whole = in_one_file(recorded)
    text = whole.index(b'{"about":')
    for place in range(text, text + 600, 23):
        recorded.path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert is_found(recorded.path), place
    note = whole.index(TEXT.encode())
    recorded.path.write_bytes(whole[:note] + b"t" + whole[note + 1 :])
    assert is_found(recorded.path)


def rows_of(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in ("events", "payloads", "escalations", "runs", "live_routes", "rungs", "holds")
        ]


def test_damage_anywhere_in_the_file_is_found_or_changes_nothing(recorded: SqliteKind) -> None:
    """A verification raises only errors of our own tree."""
    whole = in_one_file(recorded)
    before = rows_of(recorded.path)
    dice = random.Random(7)
    for place in sorted(dice.sample(range(len(whole)), 150)):
        recorded.path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << dice.randrange(8))]) + whole[place + 1 :])
        if not is_found(recorded.path):
            assert rows_of(recorded.path) == before, place


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_trail_cut_short_is_broken(recorded: SqliteKind, share: float) -> None:
    whole = in_one_file(recorded)
    recorded.path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AuditBroken, match="damaged or cut short") as broken:
        recorded.verify()
    assert broken.value.exit_code == 6


def test_a_trail_may_be_verified_while_a_run_writes(sqlite_kind: SqliteKind) -> None:
    with sqlite_kind.open() as ledger, ledger.lease(start()) as lease:
        for number in range(20):
            lease.record([change(escalation(number))])
            assert sqlite_kind.verify(ledger.head()).problems == ()


def test_a_trail_with_notices_that_were_sent_verifies(kind: Kind) -> None:
    with kind.open() as ledger:
        one, other = notice(1), notice(2)
        outbox = queue(ledger, one, other)
        assert outbox.claim([row for row in outbox.queued() if row.id == one.id], one.id, AT)
        outbox.settle([Settled((one.id,), NoticeState.SENT, tried=AT)])
        outbox.settle([Settled((other.id,), NoticeState.DROPPED, "the case was closed")])
        about = replace(one.subject, kind="guard", key="support/supervisor 2026-03-02T15:00:00Z", case_id="")
        with ledger.lease(start("two")) as lease:
            lease.queue([replace(one, id="f" * 32, subject=about)])
            lease.finish({"exit": 0})
    assert kind.verify().problems == ()
