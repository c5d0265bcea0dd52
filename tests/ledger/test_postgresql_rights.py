"""A PostgreSQL user who lacks a right, an address with a mistake: exit code 2, with what is missing and the GRANT."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from sfdc_escalator.errors import EscalatorError, Invalid, LedgerUnusable
from sfdc_escalator.escalation.time.ages import Age
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing, StandingState
from sfdc_escalator.ledger.audit.verification import verify
from sfdc_escalator.ledger.engines.postgresql_dialect import PostgresqlDialect
from sfdc_escalator.ledger.engines.postgresql_rights import OF_A_RUN
from sfdc_escalator.ledger.engines.registry import database_of
from sfdc_escalator.ledger.store import open_history, open_ledger, open_trail
from sfdc_escalator.ledger.tables.schema import VERSION
from sfdc_escalator.ledger.upkeep.migration import migrate
from sfdc_escalator.ledger.upkeep.pruning import prune
from tests.ledger.kinds import PostgresqlKind, empty
from tests.ledger.old_ledger import load
from tests.ledger.sample import AT, ORG, change, escalation, start
from tests.sampling import some


@dataclass
class Guest:
    """A user of the server who has no right on the ledger, until `grant`."""

    kind: PostgresqlKind
    name: str

    @property
    def where(self) -> str:
        parts = urlsplit(self.kind.where)
        return parts._replace(netloc=f"{self.name}@{parts.netloc.rpartition('@')[2]}").geturl()

    def grant(self, *rights: str) -> None:
        self.kind.execute("; ".join(f"GRANT {right} TO {self.name}" for right in rights))

    def obey(self, message: str) -> None:
        """Runs the statements that the message names."""
        _, _, said = message.partition("GRANT ")
        self.kind.execute(f"GRANT {said}")


@pytest.fixture
def guest(postgresql_kind: PostgresqlKind) -> Iterator[Guest]:
    database = postgresql_kind.where.rpartition("/")[2]
    name = f"{database}_guest"
    postgresql_kind.execute(f"CREATE ROLE {name} LOGIN")
    yield Guest(postgresql_kind, name)
    postgresql_kind.execute(f"GRANT CONNECT ON DATABASE {database} TO PUBLIC")
    postgresql_kind.execute(f"DROP OWNED BY {name} CASCADE")
    postgresql_kind.execute(f"DROP ROLE {name}")


@pytest.fixture
def made(guest: Guest) -> Guest:
    """With a ledger of another user in the database."""
    guest.kind.become(empty)
    return guest


def runs(where: str) -> None:
    """Everything that a run does with the ledger."""
    with open_ledger(where, create=True) as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(), note="A note.")])
        lease.mark_live([("support", "supervisor")])
        lease.see_rungs({("support", "supervisor", "late"): AT}, [])
        lease.record_holds([Hold(escalation().case_id, "00001234", AT, None, "Status is Legal", "support")], [])
        lease.keep_standings({escalation().key: (Standing(StandingState.RUNNING), "digest")})
        lease.finish({"exit": 0})


def reads(where: str) -> None:
    open_history(where).history(ORG)


def verifies(where: str) -> None:
    with open_trail(where) as trail:
        verify(trail)


def refused(attempt: Callable[[str], object], where: str) -> str:
    with pytest.raises(EscalatorError) as found:
        attempt(where)
    assert isinstance(found.value, LedgerUnusable), found.value
    assert found.value.exit_code == 2
    assert "damaged" not in found.value.message
    assert "\n" not in found.value.message
    return found.value.message


USAGE = "USAGE ON SCHEMA sfdc_escalator"


def granted(rights: Mapping[str, tuple[str, ...]], but: tuple[str, str] | None = None) -> list[str]:
    """These rights on the tables, but for one."""
    pairs = [(table, right) for table, names in rights.items() for right in names if (table, right) != but]
    return [f"{right} ON sfdc_escalator.{table}" for table, right in pairs]


READ = dict.fromkeys(OF_A_RUN, ("SELECT",))


@pytest.mark.parametrize("attempt", [runs, reads, verifies])
def test_the_advice_of_one_message_is_enough(made: Guest, attempt: Callable[[str], object]) -> None:
    made.obey(refused(attempt, made.where))
    attempt(made.where)


def test_a_reader_is_not_advised_to_grant_more_than_reading(made: Guest) -> None:
    said = refused(verifies, made.where)
    assert "USAGE" in said
    assert "INSERT" not in said
    assert "UPDATE" not in said


@pytest.mark.parametrize("attempt", [runs, reads, verifies])
def test_a_user_without_the_schema_is_told_so(made: Guest, attempt: Callable[[str], object]) -> None:
    made.grant(*granted(OF_A_RUN))
    assert f'GRANT {USAGE} TO "{made.name}"' in refused(attempt, made.where)


@pytest.mark.parametrize(
    ("table", "right"), some([(table, right) for table, rights in OF_A_RUN.items() for right in rights], 10)
)
def test_every_missing_right_of_a_run_is_named_with_its_grant(made: Guest, table: str, right: str) -> None:
    made.grant(USAGE, *granted(OF_A_RUN, but=(table, right)))
    said = refused(runs, made.where)
    assert f'GRANT {right} ON sfdc_escalator.{table} TO "{made.name}"' in said
    made.obey(said)
    runs(made.where)
    assert made.kind.verify().problems == ()


@pytest.mark.parametrize("table", some(READ, 4))
def test_every_missing_right_of_a_reader_is_named_with_its_grant(made: Guest, table: str) -> None:
    made.grant(USAGE, *granted(READ, but=(table, "SELECT")))
    for attempt in (reads, verifies):
        assert f'GRANT SELECT ON sfdc_escalator.{table} TO "{made.name}"' in refused(attempt, made.where)


def test_a_right_that_is_taken_away_during_a_run_is_reported(made: Guest) -> None:
    made.grant(USAGE, *granted(OF_A_RUN))
    with open_ledger(made.where, create=False) as ledger, ledger.lease(start()) as lease:
        made.kind.execute(f"REVOKE INSERT ON events FROM {made.name}")
        with pytest.raises(LedgerUnusable, match=r"lacks a right.*GRANT.*events"):
            lease.record([change(escalation())])
        made.grant("INSERT ON events")


def test_who_may_not_make_a_schema_is_told_the_grant(guest: Guest) -> None:
    said = refused(runs, guest.where)
    assert f'GRANT CREATE ON DATABASE "{guest.where.rpartition("/")[2]}" TO "{guest.name}"' in said
    guest.obey(said)
    runs(guest.where)


def test_who_may_not_connect_is_told_the_grant(made: Guest) -> None:
    database = made.where.rpartition("/")[2]
    made.kind.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    for attempt in (runs, reads, verifies):
        assert f'GRANT CONNECT ON DATABASE "{database}" TO {made.name}' in refused(attempt, made.where)


def test_only_the_owner_of_the_tables_may_migrate_and_is_named(guest: Guest) -> None:
    guest.kind.become(load)
    found = guest.kind.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'sfdc_escalator'")
    guest.grant(USAGE, *granted({table: OF_A_RUN[table] for (table,) in found}))
    said = refused(lambda where: migrate(where, "ann"), guest.where)
    assert "do it as the user" in said
    owner = urlsplit(guest.kind.where).username
    assert f"do it as the user {owner}" in said
    assert migrate(guest.kind.where, "ann").now == VERSION


# -- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("sslmod=require", "sslmode"),
        ("foo=bar", "foo"),
        ("plugin=x", "plugin"),
        ("mode=ro", "mode"),
        ("replication=true", "replication"),
    ],
)
def test_an_option_that_postgresql_does_not_know_is_refused(option: str, words: str) -> None:
    with pytest.raises(Invalid, match="option") as refused:
        database_of(f"postgresql://ann:hunter2hunter2@db/ours?{option}")
    assert words in str(refused.value.problems[0])
    assert "hunter2" not in f"{refused.value} {refused.value.problems}"


@pytest.mark.parametrize(
    "option",
    ["sslmode=sometimes", "connect_timeout=soon", "port=abc", "service=nowhere", "keepalives=maybe",
     "target_session_attrs=primary-ish", "options=-cno_such_setting=1", "host=a,b,c&port=1,2", "sslcert=/nowhere"],
)  # fmt: skip
def test_an_option_with_a_bad_value_is_not_damage(postgresql_kind: PostgresqlKind, option: str) -> None:
    postgresql_kind.become(empty)
    for attempt in (runs, reads, verifies):
        assert ending(attempt, f"{postgresql_kind.where}?{option}") in ("done", "2")


def ending(attempt: Callable[[str], object], where: str) -> str:
    """`done`, or the exit code; with the message where it speaks of damage."""
    try:
        attempt(where)
    except EscalatorError as error:
        return f"{error.exit_code}" + (error.message if "damaged" in error.message else "")
    return "done"


@pytest.mark.parametrize("address", ["mysql://db/ours", "POSTGRESQL+x://db/ours", "postgresql+asyncpg://db/ours"])
def test_another_scheme_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        database_of(address)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("25006", "accepts no writes"),
        ("42501", "lacks a right"),
        ("53100", "disk is full"),
        ("53200", "out of memory"),
        ("55P03", "locked by another program"),
        ("40P01", "locked by another program"),
        ("57014", "took too long"),
        ("57P01", "cannot be reached"),
        ("40001", "cannot be reached"),
    ],
)
def test_a_server_that_refuses_a_write_is_not_damage(postgresql_kind: PostgresqlKind, state: str, words: str) -> None:
    postgresql_kind.become(empty)
    postgresql_kind.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    )
    postgresql_kind.execute("CREATE TRIGGER refuse BEFORE INSERT ON leases EXECUTE FUNCTION refuse()")
    assert words in refused(runs, postgresql_kind.where)


def test_only_the_owner_of_the_tables_prunes_them(made: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names who that is."""
    monkeypatch.setattr(PostgresqlDialect, "now", lambda *_: "2023-05-04T12:00:00Z")
    everything = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sfdc_escalator"
    with made.kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation())])
        lease.record([change(escalation(), EscalationState.APPLIED)])
        lease.record([change(escalation(), EscalationState.CLOSED)])
        lease.finish({"exit": 0})
    made.grant("USAGE ON SCHEMA sfdc_escalator", everything)
    made.kind.execute(f"REVOKE DELETE ON sfdc_escalator.events, sfdc_escalator.idle_runs FROM {made.name}")
    made.kind.execute(f"REVOKE DELETE ON sfdc_escalator.escalations FROM {made.name}")
    made.kind.execute(f"REVOKE UPDATE ON sfdc_escalator.events, sfdc_escalator.payloads FROM {made.name}")
    monkeypatch.undo()
    with open_ledger(made.where, create=False) as ledger, pytest.raises(LedgerUnusable, match="as the user postgres"):
        prune(ledger, Age(1, "d"), "guest")
    assert made.kind.verify().problems == ()
