"""What waits for a person: told when it begins, when it changes and once a day, and shown by `status`."""

import json
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.watched import cron, env_file
from tests.stories.world import Answer, Row, World, advance, patch, select

HELD = """
policy: support
routes:
  - name: high
    reason: High.
    when: [{field: Priority, is: High}]
    escalate: {status: Escalated, note: {requires: [Subject]}}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
GUARDED = HELD.replace("max_cases: 10", "max_cases: 1").replace("[Subject]", "[CaseNumber]")
FAR = ("--expect-every", "100000h")


def case(number: int, **fields: str) -> Row:
    return {"CaseNumber": f"0000000{number}", "Priority": "High", "Status": "New", "Subject": "", **fields}


def started(world: World, policy: str = HELD, cases: int = 1) -> EmbeddedOrg:
    world.policy(policy)
    (world.folder / "config").mkdir()
    org = world.org(Case=[case(1), *(case(number, Subject="Help") for number in range(2, cases + 1))])
    env_file(world, org)
    return org


def change(org: EmbeddedOrg, number: int, **fields: str) -> None:
    (one,) = select(org, f"SELECT Id FROM Case WHERE CaseNumber = '0000000{number}'")
    patch(org, one["Id"], **fields)


def run(world: World, *words: str) -> Answer:
    return cron(world, "--log", "run.log", *words)


def decided(world: World) -> None:
    """The first run by hand, which decides about the backlog; nobody reads a mail of it."""
    world.run("--backlog", "escalate", "--ledger", "state.db")


def status(world: World, *words: str) -> Answer:
    return world.type("status", *FAR, "--ledger", "state.db", *words)


def test_a_held_case_is_told_when_it_begins_and_once_a_day(world: World) -> None:
    org = started(world)
    decided(world)
    first = run(world)
    (line,) = (world.folder / "run.log").read_text().splitlines()
    assert first.code == 3
    assert first.err.splitlines() == [
        "sfdc-escalator, org env: something needs a person (exit code 3)",
        "",
        "case 00000001, route support/high: held, missing 'subject'",
        "  the note's part 'subject' is missing: nothing in Subject",
        "  To do: fill in what is missing; the next run escalates the case.",
        "",
        "All that waits at the moment: sfdc-escalator status --org env",
        "This is reported when it begins, when it changes, and once a day.",
        f"Run {json.loads(line)['run']} in the log {world.folder}/run.log",
    ]
    for _ in range(3):
        advance(org, "10m")
        assert (run(world).code, run(world).err) == (3, "")
    advance(org, "23h")
    assert run(world).err == ""
    advance(org, "30m")
    assert run(world).err == first.err.replace(json.loads(line)["run"], last_run(world))
    assert run(world).err == ""


def last_run(world: World) -> str:
    return str(json.loads((world.folder / "run.log").read_text().splitlines()[-1])["run"])


def test_a_change_of_what_waits_is_told(world: World) -> None:
    org = started(world, cases=2)
    change(org, 2, Priority="Low")
    decided(world)
    assert "00000001" in run(world).err
    change(org, 2, Priority="High", Subject="")
    more = run(world).err
    assert "case 00000001" in more
    assert "case 00000002" in more
    assert run(world).err == ""
    change(org, 1, Subject="Help")
    fewer = run(world)
    assert fewer.code == 3
    assert "case 00000001" not in fewer.err
    assert "case 00000002" in fewer.err
    world.policy(HELD.replace("[Subject]", "[Subject, Type]"))
    assert "missing 'subject', 'type'" in run(world).err
    assert run(world).err == ""


def test_what_ended_and_begins_again_is_told_again(world: World) -> None:
    org = started(world)
    decided(world)
    assert run(world).err
    change(org, 1, Priority="Low")
    assert (run(world).code, run(world).err) == (0, "")
    change(org, 1, Priority="High")
    assert "case 00000001" in run(world).err


def test_a_withheld_route_is_told_once_although_the_number_of_its_cases_grows(world: World) -> None:
    org = started(world, GUARDED, cases=4)
    change(org, 4, Priority="Low")
    assert run(world, "--backlog", "escalate").code == 4
    change(org, 4, Priority="High")
    again = run(world, "--backlog", "escalate")
    assert (again.code, again.err) == (4, "")
    told = status(world)
    assert told.code == 3
    assert "1 route withheld:" in told.out
    assert "route support/high: withheld, 4 cases (4 cases at once is more than max_cases: 1)" in told.out
    assert status(world, "--json").json["withheld"] == [
        {"policy": "support", "route": "high", "count": 4, "reason": "4 cases at once is more than max_cases: 1"}
    ]
    advance(org, "1d")
    daily = run(world, "--backlog", "escalate")
    assert "route support/high: withheld, 4 cases\n  4 cases at once is more than max_cases: 1\n" in daily.err
    assert "run --org env --dry-run --route high" in daily.err


def test_an_undecided_backlog_is_told_once(world: World) -> None:
    started(world, cases=2)
    first = run(world)
    assert first.code == 4
    assert "route support/high: withheld, 1 case\n  its backlog is not decided yet: choose with --backlog" in first.err
    assert (run(world).code, run(world).err) == (4, "")


def test_a_rejected_case_is_told_once_although_it_is_tried_again(world: World) -> None:
    world.policy(HELD.replace("[Subject]", "[CaseNumber]"))
    (world.folder / "config").mkdir()
    rule = {"kind": "validation_rule", "when": [{"field": "Status", "is": "Escalated"}], "message": "Ask first."}
    (world.data(Case=[case(1)]) / "automation.json").write_text(json.dumps([rule]))
    org = world.org(Case=[case(1)])
    env_file(world, org)
    first = run(world, "--backlog", "escalate")
    assert "case 00000001, route support/high: rejected" in first.err
    assert "Ask first." in first.err
    for time in ("5m", "20m", "2h"):
        advance(org, time)
        assert (run(world).code, run(world).err) == (3, ""), time
    found = status(world)
    assert found.code == 3
    assert "1 rejected:" in found.out
    assert "waiting for a person:" not in found.out  # it is listed once
    (one,) = status(world, "--json").json["waiting_for_people"]
    assert (one["case_number"], one["route"], one["state"]) == ("00000001", "high", "rejected")


def test_a_failed_run_is_told_each_time_and_what_waits_is_not_told_anew(world: World) -> None:
    org = started(world)
    path = env_file(world, org)
    decided(world)
    assert run(world).err
    kept = path.read_text()
    path.write_text(kept.replace(org.access_token, "00D000000000001!stale.token"))
    for _ in range(2):
        failed = run(world)
        assert failed.code == 5
        assert failed.err.startswith("sfdc-escalator: the run failed (exit code 5)\n  ")
        assert failed.err.endswith(f"The log: {world.folder}/run.log\n")
    path.write_text(kept)
    assert (run(world).code, run(world).err) == (3, "")


def test_an_invalid_policy_is_told_with_file_and_line(world: World) -> None:
    started(world)
    world.policy("policy: support\nroutes:\n  - {nam: x}\n")
    found = run(world)
    assert found.code == 2
    assert "policy.yaml:3" in found.err
    assert run(world).err == found.err


def test_a_rehearsal_always_tells_and_is_not_remembered(world: World) -> None:
    started(world)
    decided(world)
    for _ in range(2):
        rehearsal = run(world, "--dry-run")
        assert rehearsal.code == 3
        assert "case 00000001" in rehearsal.err
        assert "once a day" not in rehearsal.err
    assert "case 00000001" in run(world).err
    assert "case 00000001" in run(world, "--dry-run").err


def test_a_run_by_hand_tells_nobody_else(world: World) -> None:
    """Its report is on the screen of the person who typed it; the mail goes to others."""
    started(world)
    decided(world)
    by_hand = world.run("--ledger", "state.db")
    assert (by_hand.code, by_hand.err) == (3, "")
    assert "case 00000001" in run(world).err
    assert world.run("--ledger", "state.db").code == 3
    assert run(world).err == ""


def test_a_lost_ledger_tells_again(world: World) -> None:
    started(world)
    decided(world)
    assert run(world).err
    for path in world.folder.glob("state.db*"):
        path.unlink()
    assert run(world, "--backlog", "escalate").err


def test_two_hosts_with_one_ledger_tell_once(world: World) -> None:
    started(world)
    decided(world)
    other = world.folder / "other"
    other.mkdir()
    there = cron(world, "--env", str(world.folder / ".env"), "--log", str(other / "run.log"))
    assert f"in the log {other}/run.log" in there.err
    assert (run(world).code, run(world).err) == (3, "")


def test_status_names_the_held_case_its_route_and_the_missing_part(world: World) -> None:
    org = started(world, cases=2)
    decided(world)
    asked = len(org.requests())
    found, report = status(world), status(world, "--json")
    assert (found.code, report.code, report.json["exit"]) == (3, 3, 3)
    assert (
        "1 waiting for a person:\n  case 00000001, route support/high: held, missing 'subject' (the note's" in found.out
    )
    (one,) = report.json["waiting_for_people"]
    assert one.pop("key").startswith("ESC-")
    assert one == {
        "case_number": "00000001",
        "policy": "support",
        "route": "high",
        "state": "held",
        "reason": "the note's part 'subject' is missing: nothing in Subject",
        "missing": ["subject"],
    }
    assert report.json["withheld"] == []
    assert len(org.requests()) == asked
    change(org, 1, Subject="Help")
    world.run("--ledger", "state.db")
    assert status(world).code == 0
    assert status(world, "--json").json["waiting_for_people"] == []


@pytest.mark.parametrize("part", [("--case", "2"), ("--route", "low"), ("--limit", "1")])
def test_a_run_of_a_part_does_not_forget_the_rest(world: World, part: tuple[str, str]) -> None:
    low = "\n  - {name: low, reason: Low., when: [{field: Priority, is: Low}], escalate: {status: Escalated}}\nguards"
    org = started(world, HELD.replace("\nguards", low), cases=2)
    decided(world)
    assert run(world).err
    change(org, 2, Priority="Low", Status="New")
    run(world, *part)
    assert [one["case_number"] for one in waiting(world)] == ["00000001"]
    assert run(world, *part).err == ""
    change(org, 1, Subject="Help")
    run(world, "--case", "1")
    assert waiting(world) == []


def test_two_lines_of_cron_with_a_policy_each_tell_once(world: World) -> None:
    org = started(world)
    world.policy(HELD.replace("policy: support", "policy: other"), "other.yaml")
    names = ("policy.yaml", "other.yaml")
    first = [run(world, "--backlog", "escalate", "--policy", name) for name in names]
    assert ["1" in found.err for found in first] == [True, True]
    for _ in range(2):
        assert [run(world, "--policy", name).err for name in names] == ["", ""]
    assert [one["policy"] for one in waiting(world)] == ["other", "support"]
    advance(org, "1d")
    run(world, "--policy", "policy.yaml")
    assert [one["policy"] for one in waiting(world)] == ["support"]  # nobody runs the other one any more


def waiting(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = status(world, "--json").json["waiting_for_people"]
    return found


def test_a_trial_of_one_case_leaves_the_route_withheld(world: World) -> None:
    started(world, cases=3)
    assert run(world).code == 4
    assert run(world, "--case", "2").code == 0
    (one,) = status(world, "--json").json["withheld"]
    assert one["route"] == "high"


def test_many_held_cases_are_one_screen(world: World) -> None:
    world.policy(HELD.replace("max_cases: 10", "max_cases: 1000"))
    (world.folder / "config").mkdir()
    org = world.org(Case=[{**case(1), "CaseNumber": f"{number:08}"} for number in range(1, 251)])
    env_file(world, org)
    found = run(world, "--backlog", "escalate")
    assert len(found.err.splitlines()) <= 45
    assert "... and 242 more." in found.err
    assert run(world).err == ""
    shown = status(world)
    assert "250 waiting for a person:" in shown.out
    assert "... and 230 more" in shown.out
    assert len(waiting(world)) == 200
    assert world.type("audit", "verify", "--ledger", "state.db").code == 0


def test_a_killed_run_is_told_by_the_script(world: World, tmp_path: Path) -> None:
    """The program cannot say so itself."""
    started(world)
    root = tmp_path / "checkout"
    (root / "scripts").mkdir(parents=True)
    (root / ".venv" / "bin").mkdir(parents=True)
    script = root / "scripts" / "cron-run"
    script.write_bytes((Path(__file__).parents[2] / "scripts" / "cron-run").read_bytes())
    program = root / ".venv" / "bin" / "sfdc-escalator"
    program.write_text("#!/bin/sh\nkill -KILL $$\n")
    for path in (script, program):
        path.chmod(0o755)
    found = world.spawn(script, "--home", world.folder, "--log", "run.log", env={"PATH": "/usr/bin:/bin"})
    assert found.code == 137
    assert "cron-run: exit code 137: the run was killed" in found.err
    assert f"{world.folder}/run.log" in found.err
