"""The ledger commands: a ledger that is backed up, lost, restored, rebuilt, unusable, or on a server."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sfdc_escalator.ledger.engines.sqlite_file import SqliteFile
from tests.ledger.kinds import PostgresqlKind
from tests.ledger.server import a_database
from tests.sampling import WHOLE
from tests.stories.test_faults import at_the_write, notes
from tests.stories.test_main_job import POLICY, QUEUES, case
from tests.stories.world import World, advance, writes


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    world.environ["SFDC_ESCALATOR_LEDGER"] = str(ledger_of(world))
    return world


def ledger_of(world: World) -> Path:
    return world.folder / "ledger.db"


def start(world: World, cases: int = 2, **more: Any) -> Any:
    return world.org(Case=[case(number) for number in range(1, cases + 1)], Group=QUEUES, **more)


def forget(world: World) -> None:
    for path in world.folder.glob("ledger.db*"):
        path.unlink()


# -- lost, restored, rebuilt ------------------------------------------------------------------------------------------


def test_a_lost_ledger_is_refused_named_and_rebuilt_and_then_a_run_goes_on(support: World) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    forget(support)
    lost = support.run()
    assert lost.code == 4
    assert "ledger rebuild" in lost.json["error"]["message"]
    done = support.type("ledger", "rebuild")
    assert done.code == 0
    assert "took in 2 escalations" in done.out
    assert "case 00000001 support/urgent" in done.out
    again = support.run()
    assert (again.code, again.json["already"], again.json["applied"], notes(org)) == (0, 2, 0, 2)
    assert "took in 0 escalations from the org, 2 known before" in support.type("ledger", "rebuild").out
    assert support.type("audit", "verify").code == 0


def test_a_rebuild_only_reads_the_org(support: World) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    forget(support)
    before = len(writes(org))
    support.type("ledger", "rebuild")
    assert len(writes(org)) == before


def test_a_ledger_restored_from_a_backup_learns_from_the_org_what_it_does_not_know(support: World) -> None:
    """No rebuild is needed: a run looks for every key before it sends."""
    org = start(support, cases=1)
    support.run("--backlog", "escalate")
    copy = support.folder / "copies" / "monday.db"
    backed_up = support.type("ledger", "backup", str(copy))
    assert backed_up.code == 0
    assert "verified" in backed_up.out
    row = {"Subject": "urgent: new", "Status": "New", "Priority": "Medium", "CaseNumber": "00000002"}
    with_new_case(support, org, row)
    assert support.run().json["applied"] == 1
    forget(support)
    copy.rename(ledger_of(support))
    again = support.run()
    assert (again.code, again.json["already"], again.json["applied"], notes(org)) == (0, 2, 0, 2)
    assert support.type("audit", "verify").code == 0


def with_new_case(world: World, org: Any, row: dict[str, str]) -> None:
    import requests

    answer = requests.post(
        f"{org.instance_url}/services/data/v{org.api_version}/sobjects/Case",
        json={name: value for name, value in row.items() if name != "CaseNumber"},
        headers={"Authorization": f"Bearer {org.access_token}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    advance(org, "1m")


def test_a_backup_replaces_no_file(support: World) -> None:
    start(support)
    support.run("--backlog", "escalate")
    taken = support.folder / "taken.db"
    taken.write_text("mine")
    refused = support.type("ledger", "backup", str(taken))
    assert refused.code == 2
    assert "exists already" in refused.err
    assert taken.read_text() == "mine"


# -- versions ---------------------------------------------------------------------------------------------------------


def test_no_odd_argument_is_taken_for_a_defect_or_for_a_broken_trail(support: World) -> None:
    start(support)
    support.run("--backlog", "escalate")
    head = support.type("audit", "verify", "--json").json["head"]
    assert support.type("audit", "verify", "--head", f" {head.upper()} ").code == 0
    for words, reported in (
        (["audit", "verify", "--head", head[:16]], "is not an audit head; expected all of its 64 hexadecimal digits"),
        (["audit", "verify", "--head", ""], "--head has an empty value"),
        (["audit", "list", "--limit", "9" * 30], "--limit"),
        (["audit", "show", "\udcff"], "no such key; found ?"),
        (["audit", "show", "a\0b"], "no such key; found A?B"),
        (["audit", "show", ""], "no such key; found an empty text"),
        (["resolve", "\udcff", "--as", "applied"], "no such key; found ?"),
        (["ledger", "backup", "/"], "/ "),
    ):
        answer = support.type(*words)
        assert (answer.code, reported in answer.err) == (2, True), (words, answer)


def test_a_ledger_of_this_version_needs_no_migration(support: World) -> None:
    start(support)
    support.run("--backlog", "escalate")
    done = support.type("ledger", "migrate")
    assert (done.code, done.out) == (0, f"The ledger {ledger_of(support)} is already of version 0005; nothing to do\n")


@pytest.mark.parametrize(("version", "words"), [("0000", "ledger migrate"), ("0006", "newer")])
def test_a_run_on_another_version_names_the_next_step(support: World, version: str, words: str) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    written = len(writes(org))
    change_it(support, "UPDATE alembic_version SET version_num = ?", version)
    for command in (support.run(), support.run("--dry-run")):
        assert (command.code, command.json["error"]["code"]) == (2, "ledger_unusable")
        assert words in command.json["error"]["message"]
    assert support.type("ledger", "migrate").code == 2
    assert len(writes(org)) == written


def change_it(world: World, statement: str, *values: Any) -> list[Any]:
    with contextlib.closing(sqlite3.connect(ledger_of(world), isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


# -- a person's word --------------------------------------------------------------------------------------------------


def unknown_key(world: World) -> str:
    [(key,)] = change_it(world, "SELECT key FROM escalations WHERE state = 'unknown'")
    return str(key)


def test_a_person_says_that_it_was_written_and_it_is_never_sent_again(support: World) -> None:
    org = start(support, 1, faults=[at_the_write(support, "500")])
    assert support.run("--backlog", "escalate").json["unknown"] == 1
    said = support.type("resolve", unknown_key(support), "--as", "applied")
    assert said.code == 0
    assert "case 00000001" in said.out
    assert "never sent again" in said.out
    again = support.run()
    assert (again.code, again.json["already"], notes(org)) == (0, 1, 0)


def test_a_person_says_that_it_was_never_written_and_the_next_run_sends_it(support: World) -> None:
    org = start(support, 1, faults=[at_the_write(support, "500")])
    support.run("--backlog", "escalate")
    key = unknown_key(support)
    assert support.type("resolve", key, "--as", "absent").code == 0
    again = support.run("--backlog", "escalate")
    assert (again.code, again.json["applied"], notes(org)) == (0, 1, 1)
    refused = support.type("resolve", key, "--as", "absent")
    assert refused.code == 2
    assert "is applied, not unknown" in refused.err


def test_the_word_of_a_person_is_not_a_run_for_status(support: World) -> None:
    start(support, 1, faults=[at_the_write(support, "500")])
    last = support.run("--backlog", "escalate").json["run"]
    support.type("resolve", unknown_key(support), "--as", "applied")
    support.type("ledger", "rebuild")
    assert support.type("status", "--json").json["last_run"]["run"] == last


def test_a_wrong_resolution_does_not_double_an_escalation(support: World) -> None:
    org = start(support, 1, faults=[at_the_write(support, "lose")])
    assert support.run("--backlog", "escalate").json["unknown"] == 1
    support.type("resolve", unknown_key(support), "--as", "absent")
    again = support.run("--backlog", "escalate")
    assert (again.code, again.json["already"], notes(org)) == (0, 1, 1)


def test_an_unknown_key_is_reported_with_the_nearest_key(support: World) -> None:
    start(support, 1)
    support.run("--backlog", "escalate")
    refused = support.type("resolve", "ESC-0000-0000-0000", "--as", "applied")
    assert refused.code == 2
    assert "has no escalation" in refused.err


# -- unusable in the middle of a run ----------------------------------------------------------------------------------


class Trouble:
    """Makes every transaction from the `first` on fail like a real file."""

    def __init__(self, path: Path, kind: str, first: int) -> None:
        self.path, self.kind, self.first = path, kind, first
        self.transactions = 0
        self.other: sqlite3.Connection | None = None

    def begins(self, connection: sqlite3.Connection, *_: object) -> None:
        """Before each transaction that may write."""
        self.transactions += 1
        if self.transactions < self.first:
            return
        if self.kind == "locked" and self.other is None:
            self.other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self.other.execute("BEGIN IMMEDIATE")
        if self.kind == "full":
            connection.execute("PRAGMA max_page_count = 1").close()  # it may grow no more
        elif self.kind == "read-only":
            connection.execute("PRAGMA query_only = ON").close()

    def ends(self) -> None:
        if self.other:
            self.other.close()


@contextlib.contextmanager
def trouble(world: World, kind: str, first: int) -> Iterator[Trouble]:
    path = ledger_of(world)
    made, real = Trouble(path, kind, first), SqliteFile.engine

    def engine(self: SqliteFile, *, writing: bool, busy: timedelta) -> sa.Engine:
        found = real(self, writing=writing, busy=timedelta(0))
        if writing and self.path == path:
            sa.event.listen(found, "checkout", made.begins)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteFile, "engine", engine)
        try:
            yield made
        finally:
            made.ends()


WORDS = {"locked": "locked by another program", "read-only": "read-only", "full": "disk is full"}


@pytest.mark.parametrize("kind", WORDS)
def test_a_ledger_that_fails_at_any_write_of_a_run_ends_it_and_nothing_is_doubled_or_lost(
    support: World, kind: str
) -> None:
    first, codes = 1, list[int]()
    while not codes or codes[-1] != 0:
        codes.append(fails_at(support, kind, first))
        first += 1 if WHOLE else 3
        assert first < 32
    assert codes.count(2) >= (4 if WHOLE else 2)


def fails_at(world: World, kind: str, first: int) -> int:
    """The exit code of the run that fails. The run after it must succeed."""
    forget(world)
    (world.folder / "org" / "Case.csv").unlink(missing_ok=True)
    org = start(world)
    world.type("ledger", "rebuild")  # makes the ledger, and takes nothing in
    with trouble(world, kind, first):
        met = world.run("--backlog", "escalate")
    assert notes(org) in (0, 2)
    if met.code:
        assert (met.code, met.json["error"]["code"], met.err.count("Traceback")) == (2, "ledger_unusable", 0)
        assert WORDS[kind] in met.json["error"]["message"]
    change_it(world, "UPDATE leases SET heartbeat_at = '2020-01-01T00:00:00Z'")  # its process would have ended
    advance(org, "16m")
    after = world.run("--backlog", "escalate")
    assert (after.code, after.json["already"] + after.json["applied"], notes(org)) == (0, 2, 2), (first, after.out)
    assert world.type("audit", "verify").code == 0
    return met.code


def test_a_truncated_ledger_is_refused_and_nothing_is_written(support: World) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    whole, written = ledger_of(support).read_bytes(), len(writes(org))
    for size in (0, 10, 1_000, len(whole) // 2):
        ledger_of(support).write_bytes(whole[:size])
        refused = support.run()
        assert (refused.code, refused.json["error"]["code"]) == (2, "ledger_unusable"), size
    assert len(writes(org)) == written


# -- on a server ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database(postgresql_server: str) -> Iterator[str]:
    with a_database(postgresql_server) as made:
        yield made


@pytest.fixture
def shared(support: World, database: str) -> Iterator[PostgresqlKind]:
    """A ledger on a server, named with a password."""
    support.environ["SFDC_ESCALATOR_LEDGER"] = database.replace("postgres@", "postgres:hunter2hunter2@")
    with PostgresqlKind(database) as kind:
        yield kind


def test_the_whole_job_with_a_ledger_on_a_server(support: World, shared: PostgresqlKind) -> None:
    org = start(support)
    said = [
        support.run("--dry-run", "--backlog", "escalate"),
        support.run("--backlog", "escalate"),
        support.run(),
        support.type("audit", "list"),
        support.type("audit", "verify"),
        support.type("ledger", "migrate"),
    ]
    assert [one.code for one in said] == [0] * 6, [one.out + one.err for one in said]
    assert [one.json["applied"] for one in said[:3]] == [0, 2, 0]
    assert (said[2].json["already"], said[2].json["ledger"], notes(org)) == (2, shared.where, 2)
    assert "whole" in said[4].out
    refused = support.type("ledger", "backup", str(support.folder / "x.db"))
    assert refused.code == 2
    assert "pg_dump" in refused.err
    assert "hunter2" not in "".join(one.out + one.err for one in (*said, refused))


def test_a_lost_ledger_on_a_server_is_rebuilt(support: World, shared: PostgresqlKind) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    shared.execute("DROP SCHEMA sfdc_escalator CASCADE")
    assert support.run().code == 4
    assert support.type("ledger", "rebuild").code == 0
    assert (support.run().json["already"], notes(org)) == (2, 2)


def test_a_server_that_goes_away_in_the_middle_of_a_run_ends_it_and_nothing_is_sent_twice(
    support: World, shared: PostgresqlKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sfdc_escalator.salesforce.org import SalesforceOrg

    org, real = start(support), SalesforceOrg.write

    def write(self: SalesforceOrg, chunk: Any) -> Any:
        answer = real(self, chunk)
        shared.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'sfdc-escalator' AND datname = current_database()"
        )
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(SalesforceOrg, "write", write)
        met = support.run("--backlog", "escalate")
    assert (met.code, met.json["error"]["code"]) == (2, "ledger_unusable")
    assert "cannot be reached" in met.json["error"]["message"]
    after = support.run("--backlog", "escalate")
    assert (after.code, after.json["recovered"], after.json["already"], notes(org)) == (0, 2, 2, 2)
    assert shared.verify().problems == ()
