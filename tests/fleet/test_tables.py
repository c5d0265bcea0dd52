"""The schema of the fleet: made once, brought to a newer queue, and never taken for that of another program."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.fleet import queue, tables
from tests.ledger.server import a_database


@pytest.fixture(scope="module")
def bare(postgresql_server: str) -> Iterator[str]:
    """A database without a fleet."""
    with a_database(postgresql_server) as url:
        yield url


def said(url: str) -> str:
    with pytest.raises(Invalid) as error:
        tables.check(url, "here")
    return error.value.message


def set_version(url: str, version: int, name: str) -> None:
    with psycopg.connect(url) as line:
        line.execute(f"UPDATE {tables.SCHEMA}.fleet_version SET version = %s, queue = %s", (version, name))


def test_a_database_without_a_fleet_asks_for_fleet_init(bare: str) -> None:
    assert said(bare) == "the database here has no fleet yet; run: sfdc-escalator fleet init"


def test_two_inits_at_a_time_make_it_once(bare: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = sorted(pool.map(lambda _: tables.init(bare, "here"), range(2)))
    assert done == [
        "The fleet in here is already of version 1; nothing to do",
        "The fleet is set up in here: schema escalator_fleet, version 1",
    ]
    tables.check(bare, "here")


def test_init_brings_an_older_queue_to_the_version_of_the_program(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = queue.migrations()
    monkeypatch.setattr(queue, "migrations", lambda: [*newest, "99.00.00_01_next.sql", "99.00.00_02_more.sql"])
    steps = {"99.00.00_01_next.sql": "CREATE TABLE next (one int)", "99.00.00_02_more.sql": "DROP TABLE next"}
    monkeypatch.setattr(queue, "migration", lambda name: steps[name])
    assert said(url).endswith(f"of version {newest[-1]}, older than this program needs; run: sfdc-escalator fleet init")
    assert tables.init(url, "here") == "The queue of the fleet in here is brought to 99.00.00_02_more.sql"
    tables.check(url, "here")
    set_version(url, 1, newest[-1])


@pytest.mark.parametrize(("version", "name"), [(2, "03.04.00_50_post.sql"), (1, "98.00.00_01_newer.sql")])
def test_a_newer_fleet_is_left_alone(url: str, version: int, name: str) -> None:
    try:
        set_version(url, version, name)
        assert f"is of version {version} ({name}), and this program knows 1" in said(url)
        with pytest.raises(Invalid):
            tables.init(url, "here")
    finally:
        set_version(url, 1, queue.migrations()[-1])


def test_a_schema_of_another_program_is_left_alone(postgresql_server: str) -> None:
    with a_database(postgresql_server) as url:
        with psycopg.connect(url) as line:
            line.execute(f"CREATE SCHEMA {tables.SCHEMA}")
        assert said(url) == "the schema escalator_fleet of here belongs to another program"
        with pytest.raises(Invalid):
            tables.init(url, "here")


def test_a_user_without_a_right_on_the_schema_is_told_so(url: str) -> None:
    with psycopg.connect(url) as line:
        line.execute("CREATE ROLE fleet_stranger LOGIN")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema escalator_fleet"):
            tables.check(url.replace("postgres@", "fleet_stranger@"), "here")
    finally:
        with psycopg.connect(url) as line:
            line.execute("DROP ROLE fleet_stranger")
