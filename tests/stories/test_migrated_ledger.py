"""After an update: an old ledger is refused with the command that migrates it, and then the runs go on."""

import contextlib
import sqlite3
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind
from tests.ledger.old_ledger import EXPECTED, FIXTURES, dump, everything, load
from tests.ledger.server import a_database
from tests.stories.world import World, writes

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
"""One day after the last old run."""


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, world: World) -> Any:
    """The org as the old runs left it, their policies, and their ledger."""
    with contextlib.ExitStack() as stack:
        kind: Kind = SqliteKind(world.folder)
        if request.param == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            kind = stack.enter_context(PostgresqlKind(stack.enter_context(a_database(server))))
        load(kind)
        world.environ["SFDC_ESCALATOR_LEDGER"] = kind.where
        yield kind


@pytest.fixture
def org(world: World) -> Any:
    file = world.folder / "org.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(dump("org.sqlite"))
    with EmbeddedOrg(db=file, now=NOW) as started:
        world.environ |= {"SFDC_INSTANCE_URL": started.instance_url, "SFDC_ACCESS_TOKEN": started.access_token}
        yield started


POLICIES = [word for name in ("support", "billing") for word in ("--policy", str(FIXTURES / f"{name}.yaml"))]


def test_every_command_refuses_an_old_ledger_with_the_command_to_run(world: World, old: Kind, org: EmbeddedOrg) -> None:
    before, written = everything(old), len(writes(org))
    key = EXPECTED["history"][0]["key"]
    for words in (
        ("run", *POLICIES),
        ("run", "--dry-run", *POLICIES),
        ("status",),
        ("audit", "list"),
        ("audit", "show", key),
        ("audit", "verify"),
        ("ledger", "rebuild"),
        ("resolve", key, "--as", "applied"),
        ("explain", EXPECTED["history"][0]["case_number"], *POLICIES),
    ):
        refused = world.type(*words)
        assert refused.code == 2, (words, refused.out, refused.err)
        assert f"run: sfdc-escalator ledger migrate --ledger {old.where}" in refused.out + refused.err, words
        assert "Traceback" not in refused.err
    assert everything(old) == before
    assert len(writes(org)) == written


def test_after_the_migration_a_run_goes_on_where_the_old_runs_ended(world: World, old: Kind, org: EmbeddedOrg) -> None:
    done = world.type("ledger", "migrate")
    assert done.code == 0, done.err
    assert done.out.startswith(f"The ledger {old.where} is migrated from version 0001 to 0005\n")
    assert old.backups()[0] in done.out
    assert world.type("audit", "verify", "--head", EXPECTED["head"]).code == 0
    listed = world.type("audit", "list", "--json", "--limit", "1000")
    assert listed.out.count('"key"') == EXPECTED["escalations"]
    dry, live = world.run("--dry-run", *POLICIES).json, world.run(*POLICIES).json
    assert dry["plan_digest"] == live["plan_digest"]
    ends = {one["key"]: one["state"] for one in live["escalations"]}
    planned = [one["key"] for one in dry["escalations"] if one["state"] == "planned"]
    assert Counter(ends[key] for key in planned).keys() <= {"applied", "rejected"}
    assert live["applied"] > 20
    assert live["recovered"] > 0
    assert live["already"] > 150
    notes = Counter(
        one["fields"]["CommentBody"].splitlines()[-1] for one in writes(org) if one["object"] == "CaseComment"
    )
    assert sum(notes.values()) >= live["applied"]
    assert set(notes.values()) == {1}
    again = world.run(*POLICIES).json
    assert (again["applied"], again["matched"]) == (0, live["matched"])
    assert world.type("audit", "verify", "--head", live["audit_head"]).code == 0
    assert world.type("ledger", "migrate").out == f"The ledger {old.where} is already of version 0005; nothing to do\n"
