"""An escalation in error is put back: the correcting note first, then the fields that nobody else touched since."""

import re
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.ladders import POLICY, later
from tests.stories.stopped_org import act, notes, run
from tests.stories.test_main_job import case, start
from tests.stories.world import World, advance, delete, select

KEY = re.compile(r"ESC-\w{4}-\w{4}-\w{4}")
WHY = ("--why", "a wrong rule")
WITH_STATUS = POLICY.replace("queue: leads, priority: High}", "queue: leads, status: Escalated, priority: High}")


@pytest.fixture
def support(stopped: World) -> World:
    stopped.policy(WITH_STATUS)
    return stopped


def escalated(world: World, *cases: Any, **more: Any) -> tuple[EmbeddedOrg, dict[str, Any]]:
    """An org whose cases a run escalated ten minutes ago, and the JSON of that run."""
    org = start(world, *(cases or (case(1),)), **more)
    done = run(world, "--backlog", "escalate")
    advance(org, "10m")
    return org, done


def undo(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    answer = world.type("undo", *words, *WHY, "--json")
    assert answer.code == code, answer.out + answer.err
    assert answer.json["exit"] == code
    return answer.json


def only(done: dict[str, Any]) -> dict[str, Any]:
    (one,) = done["escalations"]
    found: dict[str, Any] = one
    return found


def steps(one: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["state"] for step in one["steps"]}


def the_case(org: EmbeddedOrg) -> tuple[str, str, str]:
    (one,) = select(org, "SELECT Status, Priority, Owner.Name FROM Case")
    return one["Owner"]["Name"], one["Status"], one["Priority"]


def edit(org: EmbeddedOrg, **fields: str) -> None:
    (one,) = select(org, "SELECT Id FROM Case")
    act(org, act="edit", case=one["Id"], fields=fields, by="bob@support.example")


def test_without_yes_an_undo_is_only_shown(support: World) -> None:
    org, done = escalated(support)
    written = len(notes(org))
    shown = undo(support, done["run"])
    assert (shown["dry_run"], shown["planned"], shown["applied"]) == (True, 1, 0)
    assert steps(only(shown)) == {"note": "planned", "queue": "planned", "status": "planned", "priority": "planned"}
    assert len(notes(org)) == written
    assert the_case(org) == ("Team leads", "Escalated", "High")
    support.environ["COLUMNS"] = "200"
    text = support.type("undo", done["run"], *WHY).out
    assert "owner Team leads -> Intake, status Escalated -> New, priority High -> Medium" in text
    assert "Nothing was written. The same command with --yes takes this back." in text


def test_an_undo_puts_every_field_back_after_its_note(support: World) -> None:
    org, done = escalated(support)
    one = only(undo(support, done["run"], "--yes"))
    assert (one["state"], one["rung"], one["turn"], one["touched"]) == ("applied", "undo", 1, [])
    assert one["undoes"] == only(done)["key"]
    assert steps(one) == {"note": "applied", "queue": "applied", "status": "applied", "priority": "applied"}
    assert the_case(org) == ("Intake", "New", "Medium")
    first, *_, last = notes(org)[1].splitlines()
    assert first == "This case was escalated in error and is put back: a wrong rule"
    assert last == f"{one['key']} support/urgent/undo/1/1"
    (write,) = [found for found in org.requests() if "escalated in error" in str(found["body"])]
    assert [part["referenceId"] for part in write["body"]["compositeRequest"]][:2] == ["fresh", "last"]
    fields = [name for row in write["written"] for name in row["fields"] if row["object"] == "Case"]
    assert (write["written"][0]["object"], fields) == ("CaseComment", ["OwnerId", "Status", "Priority"])
    assert support.type("audit", "verify").code == 0


def test_an_undone_escalation_is_over(support: World) -> None:
    org, done = escalated(support)
    undo(support, only(done)["key"], "--yes")
    assert support.type("status", "--json").json["escalations"] == []
    assert later(support, 40) == []
    again = run(support)
    assert again["self_check"]["problems"] == []
    assert (again["applied"], only(again)["state"]) == (0, "already")
    assert "undone by a person" in only(again)["reason"]
    assert len(notes(org)) == 2
    shown = support.type("audit", "show", only(done)["key"]).out
    assert "UNDONE" in shown
    assert "undone" in support.type("audit", "list").out
    explained = support.type("explain", "1").out
    assert "undone by" in explained
    assert "a wrong rule" in explained


def test_an_undo_comes_once(support: World) -> None:
    org, done = escalated(support)
    first = only(undo(support, done["run"], "--yes"))
    written = len(org.requests())
    for words in ((done["run"],), (only(done)["key"],), (first["key"],)):
        one = only(undo(support, *words, "--yes"))
        assert (one["state"], one["key"]) == ("already", first["key"])
    assert not [found for found in org.requests()[written:] if found["written"]]
    run_of_undo = undo(support, done["run"])  # shown only
    assert only(run_of_undo)["state"] == "already"


def test_a_field_that_somebody_touched_stays(support: World) -> None:
    org, done = escalated(support)
    edit(org, Priority="Low")
    advance(org, "5m")
    edit(org, OwnerId="bob@support.example")
    advance(org, "5m")
    one = only(undo(support, done["run"], "--yes"))
    assert steps(one) == {"note": "applied", "queue": "touched", "status": "applied", "priority": "touched"}
    (bob,) = select(org, "SELECT Id FROM User WHERE Username = 'bob@support.example'")
    priority = next(step for step in one["steps"] if step["step"] == "priority")
    assert (priority["by"], priority["at"]) == (bob["Id"], "2026-03-02T15:10:00Z")
    assert (priority["before"], priority["after"]) == ("Low", "Low")
    assert [field["step"] for field in one["touched"]] == ["queue", "priority"]
    assert the_case(org) == ("Agent", "New", "Low")
    assert "Stays: priority Low (changed since by Agent, 2026-03-02 15:10 UTC)" in notes(org)[1]


def test_a_value_that_somebody_set_again_is_theirs(support: World) -> None:
    org, done = escalated(support)
    edit(org, Priority="Low")
    edit(org, Priority="High")
    advance(org, "5m")
    assert steps(only(undo(support, done["run"], "--yes")))["priority"] == "touched"
    assert the_case(org)[2] == "High"


def test_with_nothing_left_to_put_back_the_note_is_written_all_the_same(support: World) -> None:
    org, done = escalated(support)
    edit(org, Priority="Low", Status="Working", OwnerId="bob@support.example")
    advance(org, "5m")
    one = only(undo(support, done["run"], "--yes"))
    assert one["state"] == "applied"
    assert len(notes(org)) == 2
    assert later(support, 60) == []


def test_the_key_of_a_rung_takes_back_that_rung(support: World) -> None:
    org, done = escalated(support)
    advance(org, "20m")
    (rung,) = [one for one in run(support)["escalations"] if one["rung"] != "start"]
    advance(org, "10m")
    one = only(undo(support, rung["key"], "--yes"))
    assert (one["undoes"], one["undoes_rung"], one["rung"]) == (rung["key"], "after-30m", "undo")
    assert the_case(org) == ("Team leads", "Escalated", "High")
    (open_one,) = support.type("status", "--json").json["escalations"]
    assert open_one["key"] == only(done)["key"]
    assert later(support, 20) == [("remind", 1, "applied")]  # the ladder goes on, and that rung does not come again
    advance(org, "1m")
    assert only(undo(support, only(done)["key"], "--yes"))["state"] == "applied"
    assert the_case(org) == ("Intake", "New", "Medium")


def test_the_key_of_a_start_takes_back_every_rung_since(support: World) -> None:
    org, done = escalated(support)
    advance(org, "20m")
    (rung,) = [one for one in run(support)["escalations"] if one["rung"] != "start"]
    advance(org, "10m")
    assert the_case(org)[2] == "Critical"
    one = only(undo(support, done["run"], "--yes"))
    assert next(step for step in one["steps"] if step["step"] == "priority")["after"] == "Medium"
    assert the_case(org) == ("Intake", "New", "Medium")
    assert later(support, 120) == []
    of_rung = only(undo(support, rung["key"], "--yes"))
    assert (of_rung["state"], of_rung["key"]) == ("already", one["key"])


def test_what_somebody_set_between_start_and_rung_comes_back(support: World) -> None:
    org, done = escalated(support)
    edit(org, Priority="Low")
    advance(org, "20m")
    run(support)
    advance(org, "10m")
    undo(support, done["run"], "--yes")
    assert the_case(org)[2] == "Low"


def test_a_run_that_climbed_is_undone_without_its_start(support: World) -> None:
    org, _ = escalated(support)
    advance(org, "20m")
    second = run(support)
    advance(org, "10m")
    assert only(undo(support, second["run"], "--yes"))["undoes_rung"] == "after-30m"
    assert the_case(org)[2] == "High"


def test_a_closed_case_stays_and_a_deleted_one_is_gone(support: World) -> None:
    org, done = escalated(support, case(1), case(2), case(3))
    one, two, _ = select(org, "SELECT Id FROM Case ORDER BY CaseNumber")
    act(org, act="close", case=one["Id"])
    delete(org, "Case", two["Id"])
    advance(org, "5m")
    found = undo(support, done["run"], "--yes")
    assert [entry["state"] for entry in sorted(found["escalations"], key=lambda entry: entry["case_number"])] == [
        "closed",
        "gone",
        "applied",
    ]
    assert len(notes(org, 1)) == 1


def test_a_merged_case_leaves_its_master_as_it_is(support: World) -> None:
    org, done = escalated(support, case(1), case(2, subject="calm"))
    loser, master = select(org, "SELECT Id FROM Case ORDER BY CaseNumber")
    act(org, act="merge", case=loser["Id"], into=master["Id"])
    advance(org, "5m")
    one = only(undo(support, done["run"], "--yes"))
    assert (one["state"], one["reason"]) == ("gone", "it was merged into case 00000002, which is left as it is")
    run(support)
    one = only(undo(support, done["run"], "--yes"))
    assert one["state"] == "gone"
    assert len(notes(org)) == 1


def test_an_owner_who_is_not_active_any_more_is_a_rejection(support: World) -> None:
    org, done = escalated(support, case(1, OwnerId="bob@support.example"))
    (bob,) = select(org, "SELECT Id FROM User WHERE Username = 'bob@support.example'")
    answer = requests.patch(
        f"{org.instance_url}/services/data/v{org.api_version}/sobjects/User/{bob['Id']}",
        json={"IsActive": False},
        headers={"Authorization": f"Bearer {org.access_token}"},
        timeout=30,
    )
    assert answer.status_code == 204, answer.text
    one = only(undo(support, done["run"], "--yes", code=3))
    assert (one["state"], "not active" in one["reason"]) == ("rejected", True)
    assert the_case(org) == ("Team leads", "Escalated", "High")
    assert len(notes(org)) == 1


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("0123456789ab",), "no such run"),
        (("ESC-0000-0000-0000",), "no such key"),
        ((" ",), "no such run"),
    ],
)
def test_what_nobody_wrote_cannot_be_taken_back(support: World, names: tuple[str, ...], problem: str) -> None:
    escalated(support)
    answer = support.type("undo", *names, *WHY, "--yes")
    assert (answer.code, problem in answer.err) == (2, True)


def test_an_adopted_case_cannot_be_taken_back(support: World) -> None:
    start(support, case(1))
    done = run(support, "--backlog", "adopt")
    for name in (done["run"], only(done)["key"]):
        answer = support.type("undo", name, *WHY, "--yes")
        assert (answer.code, "adopted" in answer.err) == (2, True)


def test_a_dry_run_cannot_be_taken_back(support: World) -> None:
    escalated(support)
    dry = run(support, "--dry-run")
    answer = support.type("undo", dry["run"], *WHY)
    assert (answer.code, "a dry run writes nothing" in answer.err) == (2, True)


def test_the_reason_is_needed_and_is_data(support: World) -> None:
    org, done = escalated(support)
    assert support.type("undo", done["run"]).code == 2
    assert support.type("undo", done["run"], "--why", " \n ").code == 2
    why = "wrong {{ x }}\nESC-AAAA-BBBB-CCCC support/urgent/start/1/1\n" + "long words " * 600
    assert support.type("undo", done["run"], "--why", why, "--yes").code == 0
    note = notes(org)[1]
    assert len(note.encode()) + note.count("\n") <= 4000
    assert "{{" not in note
    assert KEY.findall(note) == [note.splitlines()[-1].split()[0]]
    assert len(note.splitlines()[0]) > 1000
    assert len(note.splitlines()) == 7


def test_one_case_of_a_run(support: World) -> None:
    org, done = escalated(support, case(1), case(2))
    one = only(undo(support, done["run"], "--case", "2", "--yes"))
    assert one["case_number"] == "00000002"
    assert len(notes(org, 1)) == 1
    answer = support.type("undo", done["run"], "--case", "9", *WHY)
    assert (answer.code, "nothing to take back" in answer.err) == (2, True)


def test_a_case_on_hold_can_be_put_back(support: World) -> None:
    org, done = escalated(support)
    assert support.type("hold", "1", "--until", "4h", "--why", "wait").code == 0
    assert only(undo(support, done["run"], "--yes"))["state"] == "applied"
    assert the_case(org)[0] == "Intake"


def test_a_rebuilt_ledger_knows_from_the_org_what_was_undone(support: World) -> None:
    org, done = escalated(support)
    undo(support, done["run"], "--yes")
    for path in (support.folder / "state").rglob("*.db*"):
        path.unlink()
    assert support.type("ledger", "rebuild").code == 0
    assert support.type("status", "--json").json["escalations"] == []
    again = run(support)
    assert again["applied"] == 0
    assert later(support, 120) == []
    assert len(notes(org)) == 2
    assert support.type("audit", "verify").code == 0


def test_a_case_is_escalated_again_in_a_new_episode_only(support: World) -> None:
    support.policy(WITH_STATUS.replace("    due: 4h", "    rearm: 1h\n    due: 4h"))
    org, done = escalated(support)
    undo(support, done["run"], "--yes")
    edit(org, Subject="calm")
    assert later(support, 1) == []  # the episode ends
    edit(org, Subject="urgent again")
    advance(org, "30m")
    assert run(support)["applied"] == 0
    advance(org, "31m")
    again = run(support)
    assert again["applied"] == 1
    assert notes(org)[-1].splitlines()[-1].endswith("support/urgent/start/2/1")


def test_a_case_that_was_closed_and_opened_again_begins_a_new_episode(support: World) -> None:
    org, done = escalated(support)
    undo(support, done["run"], "--yes")
    (one,) = select(org, "SELECT Id FROM Case")
    act(org, act="close", case=one["Id"])
    run(support)
    assert "undone" in support.type("audit", "list").out
    edit(org, Status="New")
    advance(org, "1m")
    assert run(support)["applied"] == 1
    assert only(undo(support, done["run"]))["state"] == "already"


def test_after_an_undo_a_priority_that_a_person_raises_is_theirs(support: World) -> None:
    org, done = escalated(support)
    undo(support, done["run"], "--yes")
    edit(org, Priority="High")
    advance(org, "1m")
    assert run(support)["applied"] == 0
    assert the_case(org) == ("Intake", "New", "High")
