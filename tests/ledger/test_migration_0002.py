"""A ledger of version 0002 gets all that a run needs to remember ladders, and loses nothing."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing, StandingState
from sfdc_escalator.ledger.store import open_trail
from sfdc_escalator.ledger.trail.audit import audit_show
from sfdc_escalator.ledger.upkeep.migration import migrate
from tests.ledger.kinds import Kind
from tests.ledger.old_ledger import EXPECTED_0002, load
from tests.ledger.sample import AT, LADDER, ORG, all_of, change, escalation, start, turn
from tests.ledger.test_migration import forget, shape_of
from tests.ledger.test_migration_0004 import become_0004

HEAD = EXPECTED_0002["head"]
NEW = {"ladder": None, "moment": None, "start_key": ""}


@pytest.fixture
def old(kind: Kind) -> Kind:
    kind.become(load, "0002")
    return kind


def history_of(kind: Kind) -> list[dict[str, Any]]:
    """As the expected history is written."""
    with kind.open() as ledger:
        found = [asdict(one) for one in all_of(ledger)]
    times = ("tried_at", "ended_at")
    shown = [one | {name: one[name].isoformat() if one[name] else None for name in times} for one in found]
    return sorted(shown, key=lambda one: str(one["key"]))


def test_a_migrated_ledger_has_every_escalation_as_it_was_and_no_ladder(old: Kind) -> None:
    """L21: updating the program climbs nothing on old escalations."""
    migrate(old.where, "ann")
    assert history_of(old) == [one | NEW for one in EXPECTED_0002["history"]]
    with old.open() as ledger:
        history = ledger.history(ORG)
    assert sorted(history.users) == EXPECTED_0002["users"]
    assert sorted(map(list, history.live)) == EXPECTED_0002["live"]
    assert (history.rungs, history.holds, history.standings) == ({}, (), {})


def test_the_old_events_stay_byte_for_byte_and_verify_with_the_rows(old: Kind) -> None:
    columns = "SELECT seq, prev, hash, body FROM events"
    before = old.execute(f"{columns} ORDER BY seq")
    done = migrate(old.where, "ann")
    assert (done.before, done.now) == ("0002", "0005")
    assert old.execute(f"{columns} WHERE seq <= ? ORDER BY seq", len(before)) == before
    found = old.verify(HEAD)
    assert (found.problems, found.events) == ((), EXPECTED_0002["events"] + 1)


def test_a_migrated_ledger_has_the_tables_of_a_new_one(old: Kind) -> None:
    migrate(old.where, "ann")
    migrated = shape_of(old)
    old.restore(old.backups()[0])
    forget(old)
    old.open().close()
    assert migrated == shape_of(old)


def test_a_ledger_of_version_0003_keeps_its_standings(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(1)), change(escalation(1), EscalationState.APPLIED)])
        lease.keep_standings({escalation(1).key: (Standing(StandingState.RUNNING, "late", 1, AT, team="leads"), "d")})
        lease.finish({"exit": 0})
    new = shape_of(kind)
    become_0004(kind)
    for statement in ("DROP TABLE notices", "ALTER TABLE standings DROP COLUMN route"):
        kind.execute(statement)
    kind.execute("UPDATE alembic_version SET version_num = '0003'")
    done = migrate(kind.where, "ann")
    assert (done.before, done.now) == ("0003", "0005")
    with kind.open() as ledger:
        ((standing, digest),) = ledger.history(ORG).standings.values()
    assert (standing.rung, standing.at, standing.team, standing.route, digest) == ("late", AT, "leads", "", "d")
    assert (shape_of(kind), kind.verify().problems) == (new, ())


def test_an_old_ledger_is_refused_with_the_command_to_migrate_it(old: Kind) -> None:
    with pytest.raises(LedgerUnusable, match=r"older version 0002.*ledger migrate"):
        old.open()


def test_a_run_after_the_migration_remembers_ladders_of_old_and_new_escalations(old: Kind) -> None:
    key = next(one["key"] for one in EXPECTED_0002["history"] if one["state"] == "applied")
    migrate(old.where, "ann")
    with old.open() as ledger, ledger.lease(start("after")) as lease:
        known = next(one for one in all_of(ledger) if one.key == key)
        lease.record([change(replace(known, ladder=LADDER), event="acknowledged")])
        lease.record([change(escalation(1)), change(escalation(1), EscalationState.APPLIED), change(turn())])
        lease.see_rungs({("support", "supervisor", "late"): AT}, [])
        lease.record_holds([Hold(known.case_id, "00001234", AT, None, "Status is Legal", "support")], [])
        lease.keep_standings({key: (Standing(StandingState.RUNNING), "digest")})
    with old.open() as ledger:
        history = ledger.history(ORG)
        assert next(one for one in history.everything() if one.key == key) == replace(known, ladder=LADDER)
    assert [one.case_id for one in history.holds] == [known.case_id]
    assert old.verify(HEAD).problems == ()
    with open_trail(old.where) as trail:
        first, *_, last = (event.body["escalation"] for event in audit_show(trail, key))
    assert last.keys() - first.keys() == {"ladder", "moment", "start_key"}


@pytest.mark.parametrize(
    "changed",
    [
        "ladder = '{}'",
        "ladder = 'null'",
        "moment = ''",
        "moment = '2026-03-02T15:00:30Z'",
        "before = NULL",
        "wrote = replace(wrote, 'Open', 'New')",
    ],
)
def test_a_changed_value_of_an_old_row_is_found(old: Kind, changed: str) -> None:
    migrate(old.where, "ann")
    old.execute(
        f"UPDATE escalations SET {changed} WHERE key = (SELECT min(key) FROM escalations WHERE wrote IS NOT NULL)"
    )
    assert any("its row differs from its event" in problem for problem in old.verify().problems)
