"""The judge finds every deliberate defect, and nothing in a correct program."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from sfdc_escalator.embedded_org.http.faults import FaultOnDemand
from tests.chaos.judge import grouped
from tests.chaos.points import Point
from tests.chaos.runner import Runner
from tests.chaos.scenario import THREE_CHUNKS, Scenario, open_scenario
from tests.chaos.verdict import Opening, conclude

WRITE = 5
"""The call of a run that writes its first chunk."""


@pytest.fixture
def scenario(runner: Runner) -> Iterator[Scenario]:
    with open_scenario(runner, THREE_CHUNKS, ledgers=2) as made:
        yield made


def judged(scenario: Scenario, opening: Opening) -> set[str]:
    verdict = conclude("a deliberate defect", scenario, opening)
    return set(grouped(verdict.violations))


def test_it_finds_nothing_in_correct_runs(scenario: Scenario) -> None:
    opening = Opening.of(scenario)
    scenario.run("--dry-run")
    scenario.run()
    assert judged(scenario, opening) == set()


def test_it_finds_notes_written_twice(scenario: Scenario) -> None:
    scenario.defect = "resends_unknown_writes"
    opening = Opening.of(scenario)
    scenario.faults(FaultOnDemand("lose", nth=WRITE))
    scenario.run()
    assert "DOUBLED" in judged(scenario, opening)


def test_it_finds_a_note_written_by_two_hosts(scenario: Scenario) -> None:
    scenario.defect = "guards_nothing"
    opening = Opening.of(scenario)
    first = scenario.start("run", "--json", "--backlog", "escalate", points=[Point("http", "after", WRITE - 1, "meet")])
    assert first.wait() == "meet"
    scenario.run(ledger=1)
    scenario.end(first)
    assert "DOUBLED" in judged(scenario, opening)


def test_it_finds_cases_that_were_lost(scenario: Scenario) -> None:
    scenario.defect = "takes_unknown_as_applied"
    opening = Opening.of(scenario)
    scenario.faults(FaultOnDemand("500", nth=WRITE))
    scenario.run()
    assert {"LOST", "NOT WRITTEN"} <= judged(scenario, opening)


def test_it_finds_cases_that_moved_without_a_note(scenario: Scenario) -> None:
    scenario.defect = "writes_no_notes"
    opening = Opening.of(scenario)
    scenario.run()
    assert "MOVED WITHOUT A NOTE" in judged(scenario, opening)


def test_it_finds_writes_of_a_dry_run(scenario: Scenario) -> None:
    scenario.defect = "writes_in_a_dry_run"
    opening = Opening.of(scenario)
    scenario.run("--dry-run")
    scenario.defect = ""
    assert "WROTE IN A DRY RUN" in judged(scenario, opening)


def test_it_finds_writes_that_the_report_leaves_out(scenario: Scenario) -> None:
    scenario.defect = "reports_applied_as_already"
    opening = Opening.of(scenario)
    scenario.run()
    assert "NOT REPORTED" in judged(scenario, opening)


def test_it_finds_a_change_that_no_agent_made(scenario: Scenario) -> None:
    """A case without an act of an agent is exactly as the policy says."""
    opening = Opening.of(scenario)
    scenario.run()
    case_id = next(iter(opening.cases))
    scenario.act("edit", case_id, Priority="Low")
    scenario.acts.clear()
    assert judged(scenario, opening) == {"MISPLACED"}


def test_it_finds_a_broken_audit_chain(scenario: Scenario) -> None:
    opening = Opening.of(scenario)
    scenario.run()
    with closing(sqlite3.connect(scenario.ledgers[0].where)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("DELETE FROM events WHERE seq = 2")
        connection.commit()
    assert "BROKEN CHAIN" in judged(scenario, opening)
