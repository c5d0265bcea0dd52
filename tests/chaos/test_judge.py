"""The judge is worth something: it finds every promise that is broken on purpose, and nothing where none is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from sfdc_escalator.embedded_org.http.faults import FaultOnDemand
from tests.chaos.judge import grouped
from tests.chaos.points import Point
from tests.chaos.scene import THREE_CHUNKS, Scene, scene
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Opening, conclude

WRITE = 5
"""The call of a run that writes its first chunk."""


@pytest.fixture(scope="module")
def theatre() -> Iterator[Stage]:
    with stage() as made:
        yield made


@pytest.fixture
def here(theatre: Stage) -> Iterator[Scene]:
    with scene(theatre, THREE_CHUNKS, ledgers=2) as made:
        yield made


def judged(here: Scene, opening: Opening) -> set[str]:
    verdict = conclude("a broken promise", here, opening)
    return set(grouped(verdict.violations))


def test_it_finds_nothing_where_nothing_is_wrong(here: Scene) -> None:
    opening = Opening.of(here)
    here.run("--dry-run")
    here.run()
    assert judged(here, opening) == set()


def test_it_finds_notes_that_were_written_twice(here: Scene) -> None:
    here.sabotage = "hasty"
    opening = Opening.of(here)
    here.faults(FaultOnDemand("lose", nth=WRITE))
    here.run()
    assert "DOUBLED" in judged(here, opening)


def test_it_finds_a_note_that_two_hosts_wrote(here: Scene) -> None:
    here.sabotage = "deaf"
    opening = Opening.of(here)
    first = here.start("run", "--json", "--backlog", "escalate", points=[Point("http", "after", WRITE - 1, "meet")])
    assert first.wait() == "meet"
    here.run(ledger=1)
    here.end(first)
    assert "DOUBLED" in judged(here, opening)


def test_it_finds_cases_that_were_lost(here: Scene) -> None:
    here.sabotage = "forgetful"
    opening = Opening.of(here)
    here.faults(FaultOnDemand("500", nth=WRITE))
    here.run()
    assert {"LOST", "NOT WRITTEN"} <= judged(here, opening)


def test_it_finds_cases_that_moved_without_a_note(here: Scene) -> None:
    here.sabotage = "noteless"
    opening = Opening.of(here)
    here.run()
    assert "MOVED WITHOUT A NOTE" in judged(here, opening)


def test_it_finds_writes_of_a_dry_run(here: Scene) -> None:
    here.sabotage = "meddling"
    opening = Opening.of(here)
    here.run("--dry-run")
    here.sabotage = ""
    assert "WROTE IN A DRY RUN" in judged(here, opening)


def test_it_finds_writes_that_the_report_leaves_out(here: Scene) -> None:
    here.sabotage = "silent"
    opening = Opening.of(here)
    here.run()
    assert "NOT TOLD" in judged(here, opening)


def test_it_finds_an_agents_work_that_is_none(here: Scene) -> None:
    """A case that nobody touched has exactly what the policy says."""
    opening = Opening.of(here)
    here.run()
    case_id = next(iter(opening.cases))
    here.act("edit", case_id, Priority="Low")
    here.deeds.clear()
    assert judged(here, opening) == {"MISPLACED"}


def test_it_finds_a_broken_audit_chain(here: Scene) -> None:
    opening = Opening.of(here)
    here.run()
    with closing(sqlite3.connect(here.ledgers[0].where)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("DELETE FROM events WHERE seq = 2")
        connection.commit()
    assert "BROKEN CHAIN" in judged(here, opening)
