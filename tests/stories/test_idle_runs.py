"""A cron job that finds nothing to do: its runs are one row, and everything still says that they came."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.stories.test_ledger_commands import forget, ledger_of, start
from tests.stories.test_main_job import POLICY
from tests.stories.world import World

SCRIPT = Path(__file__).parents[2] / "config" / "audit" / "verify-export.py"


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    world.environ["SFDC_ESCALATOR_LEDGER"] = str(ledger_of(world))
    return world


def asked(world: World, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(ledger_of(world))) as connection:
        return connection.execute(query).fetchall()


def test_runs_with_nothing_to_do_are_one_row_and_every_command_counts_them(support: World) -> None:
    start(support, cases=1)
    first = support.run("--backlog", "escalate")
    assert first.json["applied"] == 1
    idle = [support.run("--expect-every", "5m") for _ in range(4)]
    assert [one.code for one in idle] == [0] * 4
    assert asked(support, "SELECT runs FROM idle_runs") == [(3,)]
    status = json.loads(support.type("status", "--json", "--check").out)
    assert (status["last_run"]["run"], status["exit"]) == (idle[-1].json["run"], 0)
    for one in (first, *idle):
        assert support.type("audit", "verify", "--head", one.json["audit_head"]).code == 0
    verified = json.loads(support.type("audit", "verify", "--json").out)
    assert (verified["idle_runs"], verified["head"]) == (3, idle[-1].json["audit_head"])
    report = json.loads(support.type("report", "--from", "2000-01-01", "--to", "2100-01-01", "--json").out)
    runs = next(one for one in report["figures"] if one["name"] == "runs")
    assert sum(row["value"] for row in runs["rows"]) == 5
    file = support.folder / "all.jsonl"
    assert support.type("audit", "export", "--out", str(file)).code == 0
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, "idle runs: 3" in done.stdout) == (0, True)
    assert idle[-1].json["audit_head"] in done.stdout
    refused = support.type("undo", idle[-1].json["run"], "--why", "W")
    assert "unknown" not in refused.out + refused.err
    assert refused.code == support.type("undo", idle[0].json["run"], "--why", "W").code


def test_a_changed_counter_is_exit_code_6(support: World) -> None:
    start(support, cases=1)
    support.run("--backlog", "adopt")
    for _ in range(3):
        support.run()
    with closing(sqlite3.connect(ledger_of(support), isolation_level=None)) as connection:
        (guard,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'idle_runs_no_rewriting'").fetchone()
        connection.execute("DROP TRIGGER idle_runs_no_rewriting")
        connection.execute("UPDATE idle_runs SET runs = runs + 5")
        connection.execute(guard)
    broken = support.type("audit", "verify")
    assert (broken.code, "the idle runs after event" in broken.out) == (6, True)
    forget(support)


def test_an_interval_that_is_not_a_duration_is_refused(support: World) -> None:
    start(support, cases=1)
    refused = support.type("run", "--expect-every", "often")
    assert (refused.code, "is not a duration" in refused.err) == (2, True)
