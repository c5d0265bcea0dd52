"""The state of a fleet as text, JSON and metrics."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sfdc_escalator.escalation.fleet.member import EndedRun, Member, MemberState
from sfdc_escalator.escalation.fleet.rollout import Rollout
from sfdc_escalator.escalation.fleet.status import FleetStatus, WorkerSeen, condition, org_seen
from sfdc_escalator.reports.fleet.json import fleet_json, interval
from sfdc_escalator.reports.fleet.metrics import write_fleet_metrics
from sfdc_escalator.reports.fleet.text import fleet_text
from sfdc_escalator.reports.page import Detail, Page

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OLD, NEW = "a" * 64, "b" * 64
WORKER = WorkerSeen("host-7-ab", "host", 7, NOW, ("busy",))
LAST = EndedRun(NOW - timedelta(seconds=70), NOW - timedelta(seconds=60), 0, "run-1")
READY = MemberState(Member("acme", 300, 240), NOW + timedelta(seconds=60), last=LAST)
TRIED = Rollout(NEW, "canary", NOW, None, {"one": 2}, OLD, None, NEW, frozenset(), frozenset({"one"}))
HALTED = replace(TRIED, state="halted", why="a run of one ended with exit code 2: invalid")
FAILS = replace(READY, failures=2, last=replace(LAST, code=5, run=None, reason="the org refuses the login"))
BUSY = replace(READY, member=Member("busy", 60, 48, canary=True), started=NOW, worker=WORKER.name, job=1, is_live=True)


def status(*states: MemberState, rollout: Rollout | None = TRIED) -> FleetStatus:
    seen = tuple(org_seen(one, rollout or Rollout(), [WORKER], NOW) for one in states)
    return FleetStatus(NOW, "postgresql://here/db", seen, (WORKER,), rollout)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (READY, "ok"),
        (BUSY, "running"),
        (replace(BUSY, worker="gone", started=NOW - timedelta(seconds=100)), "ok"),
        (replace(BUSY, worker="gone", started=NOW - timedelta(seconds=121)), "behind"),
        (replace(READY, due=NOW - timedelta(seconds=301)), "behind"),
        (replace(READY, due=NOW - timedelta(seconds=300)), "ok"),
        (FAILS, "failing"),
        (replace(BUSY, failures=1), "failing"),
        (replace(FAILS, paused=True), "paused"),
    ],
)
def test_each_org_is_in_one_state(state: MemberState, expected: str) -> None:
    assert condition(state, [WORKER], NOW) == expected


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        (status(READY, BUSY), False),
        (status(FAILS), True),
        (status(replace(READY, due=NOW - timedelta(hours=1))), True),
        (status(READY, rollout=HALTED), True),
        (status(replace(FAILS, paused=True), rollout=None), False),
    ],
)
def test_a_person_is_needed_while_an_org_fails_or_is_behind_or_a_rollout_is_halted(
    found: FleetStatus, needed: bool
) -> None:
    assert found.needs_a_person is needed


def test_json_has_the_documented_members() -> None:
    assert fleet_json(status(READY, BUSY)) == {
        "orgs": [
            {
                "org": "acme", "every": "5m", "state": "ok",
                "last": {
                    "run": "run-1", "started": "2026-03-02T14:58:50Z", "ended": "2026-03-02T14:59:00Z", "exit": 0
                },
                "next_at": "2026-03-02T15:01:00Z", "failures": 0, "policies": OLD, "canary": False,
            },
            {
                "org": "busy", "every": "1m", "state": "running",
                "last": {
                    "run": "run-1", "started": "2026-03-02T14:58:50Z", "ended": "2026-03-02T14:59:00Z", "exit": 0
                },
                "next_at": "2026-03-02T15:01:06Z", "failures": 0, "policies": NEW, "canary": True,
            },
        ],
        "workers": [{"name": "host-7-ab", "host": "host", "pid": 7, "seen": "2026-03-02T15:00:00Z", "jobs": ["busy"]}],
        "rollout": {
            "digest": NEW, "state": "canary", "since": "2026-03-02T15:00:00Z", "why": None, "runs": {"one": 2}
        },
    }  # fmt: skip
    assert fleet_json(status(rollout=None))["rollout"] is None


@pytest.mark.parametrize(("seconds", "text"), [(10, "10s"), (90, "90s"), (300, "5m"), (5400, "90m"), (7200, "2h")])
def test_an_interval_is_written_as_in_the_file(seconds: int, text: str) -> None:
    assert interval(seconds) == text


def test_the_text_says_why_a_rollout_is_halted_and_what_to_do() -> None:
    text = fleet_text(status(FAILS, rollout=HALTED))
    assert "! Policies bbbbbbbbbbbb are halted: a run of one ended with exit code 2: invalid" in text
    assert "Next: fleet rollback bbbbbbbbbbbb, or fleet promote bbbbbbbbbbbb" in text
    assert "acme: ! failing, every 5m" in text
    assert "exit code 5, 2 failures in a row: the org refuses the login" in text


def test_a_quiet_page_has_only_what_needs_a_person() -> None:
    quiet = Page(detail=Detail.QUIET)
    assert fleet_text(status(READY, BUSY), quiet) == ""
    assert [line[:7] for line in fleet_text(status(READY, FAILS), quiet).splitlines()] == ["acme: !", "  last "]


def test_texts_of_orgs_cannot_reach_the_terminal() -> None:
    hostile = replace(FAILS, last=replace(LAST, code=5, reason="no\x1b[2J\nentry"))
    assert "\x1b" not in fleet_text(status(hostile))
    assert len(fleet_text(status(hostile)).splitlines()) == len(fleet_text(status(FAILS)).splitlines())


def test_metrics_have_each_state_and_the_failures(tmp_path: Path) -> None:
    write_fleet_metrics(tmp_path / "m.prom", status(FAILS, rollout=HALTED), 1_772_463_600.0)
    text = (tmp_path / "m.prom").read_text()
    assert 'sfdc_escalator_fleet_org_state{org="acme",state="failing"} 1' in text
    assert 'sfdc_escalator_fleet_org_state{org="acme",state="ok"} 0' in text
    assert 'sfdc_escalator_fleet_org_failures{org="acme"} 2' in text
    assert 'sfdc_escalator_fleet_org_last_run_exit_code{org="acme"} 5' in text
    assert 'sfdc_escalator_fleet_rollout_state{state="halted"} 1' in text
    assert "sfdc_escalator_fleet_timestamp_seconds 1772463600" in text
