"""A saved plan is carried out exactly as it was approved, or refused with all that is different."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from sfdc_escalator.escalation.decisions.order_json import canonical
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.saved_plans import ANN, POLICY, act, apply, begin, case, file_of, forge, ident, save, whats
from tests.stories.world import World, advance, select, writes

ONE, TWO = ident(1), ident(2)
NEW = "New"


def test_a_plan_is_saved_applied_byte_for_byte_and_applied_only_once(stopped: World) -> None:
    plan = save(begin(stopped))
    org, text = stopped.orgs[0], file_of(stopped).read_bytes()
    assert text == canonical(plan).encode()
    assert file_of(stopped).stat().st_mode & 0o777 == 0o600
    body = {name: value for name, value in plan.items() if name != "sha256"}
    assert plan["sha256"] == hashlib.sha256(canonical(body).encode()).hexdigest()
    for order in plan["orders"]:
        assert text.decode().count(json.dumps(order["note"], ensure_ascii=False)[1:-1]) == 1
    assert writes(org) == []

    advance(org, "1h")
    answer = apply(stopped)
    assert (answer.code, answer.json["applied"], answer.json["refused"]) == (0, 2, []), answer.err
    assert answer.json["notices"] == {"sent": 2, "waiting": 0, "undelivered": 0, "dropped": 0}
    written = [one["fields"]["CommentBody"] for one in writes(org) if one["object"] == "CaseComment"]
    assert sorted(written) == sorted(one["note"] for one in plan["orders"])
    found = select(org, "SELECT Owner.Name, Status, Priority FROM Case")
    values = [(one["Owner"]["Name"], one["Status"], one["Priority"]) for one in found]
    assert values == [("Team leads", "Escalated", "High")] * 2

    again = apply(stopped)
    assert (again.code, again.json["applied"], again.json["already"]) == (0, 0, 2)
    assert len([one for one in writes(org) if one["object"] == "CaseComment"]) == 2

    status = stopped.type("status", "--json", "--check").json
    nexts = [(one["state"], one["next"]["at"]) for one in status["escalations"]]
    assert nexts == [("running", "2026-03-02T16:30:00Z")] * 2
    assert status["self_check"]["problems"] == []
    advance(org, "31m")
    run = stopped.run()
    assert (run.code, run.json["applied"], run.json["withheld"]) == (0, 2, 0), "the rungs; the routes have run live"
    assert run.json["self_check"]["problems"] == []
    key = plan["orders"][0]["key"]
    assert plan["sha256"] in stopped.type("audit", "show", key, "--json").out
    assert stopped.type("audit", "verify").code == 0


def test_the_file_has_the_documented_members(stopped: World) -> None:
    plan = save(begin(stopped))
    names = "format org organization_id polled_at now made_by policies plan_digest guards backlog orders notices"
    assert plan.keys() >= {*names.split(), "withheld", "sha256"}
    assert (plan["format"], plan["org"], plan["backlog"], plan["now"]) == (1, "env", "escalate", "2026-03-02T15:00:00Z")
    order = plan["orders"][0]
    names = "key case_id case_number policy route rung turn episode reasons before steps note due"
    assert order.keys() >= set(names.split())
    assert order["before"] == {"owner": order["steps"][1]["before"], "status": NEW, "priority": "Medium"}
    assert [one["step"] for one in order["steps"]] == ["note", "queue", "status", "priority"]
    assert (order["steps"][0]["after"], order["due"]) == (None, "2026-03-02T19:00:00Z")


def test_a_rung_of_a_plan_is_climbed_once_and_refused_once_its_escalation_has_ended(stopped: World) -> None:
    begin(stopped)
    org = stopped.orgs[0]
    stopped.run("--backlog", "escalate")
    advance(org, "31m")
    orders = save(stopped)["orders"]
    lost = apply(stopped, "--ledger", str(stopped.folder / "other.db"))
    assert (lost.code, "ledger rebuild" in lost.json["error"]["message"]) == (4, True)
    assert orders[0]["start_key"] in lost.json["error"]["message"]
    assert [(one["rung"], one["moment"]) for one in orders] == [("after-30m", "2026-03-02T15:30:00Z")] * 2
    act(stopped, "close", case=ONE)
    assert whats(apply(stopped)) == {"00000001": ["closed", "status"]}
    assert apply(stopped, "--partial").json["applied"] == 1
    assert select(org, f"SELECT Priority FROM Case WHERE Id = '{TWO}'") == [{"Priority": "Critical"}]
    assert stopped.type("status", "--json", "--check").json["self_check"]["problems"] == []
    advance(org, "1m")
    run = stopped.run().json
    assert (run["applied"], run["self_check"]["problems"]) == (0, [])


def test_a_plan_takes_few_calls(stopped: World) -> None:
    """Each further 200 orders take one call more: 1,000 take at most 14."""
    policy = POLICY.replace("max_cases: 10", "max_cases: 500").replace("    notify: [leads]\n", "")
    begin(stopped, *(case(number) for number in range(1, 202)), policy=policy)
    assert len(save(stopped)["orders"]) == 201
    advance(stopped.orgs[0], "1m")
    answer = apply(stopped).json
    writing = 2
    assert answer["applied"] == 201
    assert answer["api_calls"] <= 14 - 5 + writing


def at(world: World, url: str) -> World:
    world.environ["SFDC_INSTANCE_URL"] = url
    return world


def test_an_adopted_backlog_is_remembered_and_nothing_is_written(stopped: World) -> None:
    save(begin(stopped), backlog="adopt")
    answer = apply(stopped)
    assert (answer.code, answer.json["matched"]) == (0, 0)
    assert writes(stopped.orgs[0]) == []
    later = stopped.run("--dry-run").json
    assert (later["already"], later["withheld"]) == (2, 0)


CHANGES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("edit", {"fields": {"Status": "Working"}, "by": ANN}, ["status"]),
    ("edit", {"fields": {"OwnerId": ANN}, "by": ANN}, ["owner"]),
    ("edit", {"fields": {"Priority": "High"}, "by": ANN}, ["priority"]),
    ("close", {}, ["closed", "status"]),
    ("delete", {}, ["deleted"]),
    ("merge", {"into": ident(90)}, ["merged"]),
    ("comment", {"text": "I am on it.", "by": ANN}, ["comment"]),
    ("comment", {"text": "ESC-AAAA-AAAA-AAAA a/b/start/1/1", "by": ANN}, ["comment"]),
]
SAME: list[list[tuple[str, dict[str, Any]]]] = [
    [("edit", {"fields": {"Subject": "calm"}, "by": ANN})],
    [("edit", {"fields": {"Status": "Working"}, "by": ANN}), ("edit", {"fields": {"Status": NEW}, "by": ANN})],
    [("comment", {"text": "Please\n\nESC-AAAA-AAAA-AAAA a/b/start/1/1", "by": "us"})],
]


def test_a_case_that_is_not_as_it_was_refuses_the_plan_before_the_first_write(stopped: World) -> None:
    """Another field, a value that came back, a comment with a key of ours and another policy are no difference."""
    policy = POLICY.replace("max_cases: 10", "max_cases: 50")
    cases = [case(number) for number in range(1, len(CHANGES) + len(SAME) + 2)]
    begin(stopped, *cases, case(90, "calm"), policy=policy)
    held = len(cases)
    plan = save(stopped)
    us = select(stopped.orgs[0], "SELECT Id FROM User WHERE Username != 'ann@support.example'")[0]["Id"]
    for number, (what, more, _) in enumerate(CHANGES, 1):
        act(stopped, what, case=ident(number), **more)
    for number, acts in enumerate(SAME, len(CHANGES) + 1):
        for what, more in acts:
            act(stopped, what, case=ident(number), **{**more, **({"by": us} if more.get("by") == "us" else {})})
    stopped.environ["LOGNAME"] = "nora"
    assert stopped.type("hold", str(held), "--until", "2h", "--why", "legal").code == 0
    stopped.policy("policy: [")
    before = len(writes(stopped.orgs[0]))

    answer = apply(stopped)
    expected = {f"{number:08}": found for number, (_, _, found) in enumerate(CHANGES, 1)} | {f"{held:08}": ["hold"]}
    assert (answer.code, answer.json["exit"], answer.json["applied"]) == (4, 4, 0)
    assert answer.json["withheld"] == answer.json["matched"] == held
    assert whats(answer) == expected
    assert answer.json["error"]["code"] == "plan_refused"
    assert len(writes(stopped.orgs[0])) == before

    by_case = {one["case_number"]: one for one in answer.json["refused"]}
    assert by_case["00000001"]["key"] == next(one["key"] for one in plan["orders"] if one["case_id"] == ONE)
    [found] = by_case["00000001"]["differences"]
    assert {name: found[name] for name in ("what", "before", "now", "by", "at")} == {
        "what": "status", "before": "New", "now": "Working", "by": ANN, "at": "2026-03-02T15:01:00Z",
    }  # fmt: skip
    [hold] = by_case[f"{held:08}"]["differences"]
    assert (hold["by"], hold["now"].endswith("UTC: legal")) == ("nora", True)
    assert by_case["00000007"]["differences"][0]["by"] == ANN
    text = stopped.type("apply", str(file_of(stopped))).out
    assert "status was New, is Working (by Ann Agent, 2026-03-02 15:01:00 UTC)" in text

    rest = apply(stopped, "--partial")
    assert (rest.code, rest.json["applied"], whats(rest), "error" in rest.json) == (4, len(SAME), expected, False)
    again = apply(stopped, "--partial").json
    assert (again["applied"], again["already"], again["withheld"]) == (0, len(SAME), len(expected))


def test_a_key_that_a_run_applied_meanwhile_refuses(stopped: World) -> None:
    save(begin(stopped))
    advance(stopped.orgs[0], "1m")
    assert stopped.run("--backlog", "escalate").json["applied"] == 2
    advance(stopped.orgs[0], "1m")
    answer = apply(stopped)
    assert answer.code == 4
    assert all("key" in found for found in whats(answer).values())
    (stopped.folder / "other.db").unlink(missing_ok=True)
    lost = apply(stopped, "--ledger", str(stopped.folder / "other.db"))
    assert (lost.code, "ledger rebuild" in lost.json["error"]["message"]) == (4, True)
    assert len(select(stopped.orgs[0], "SELECT Id FROM CaseComment")) == 2


def test_a_plan_that_is_too_old_by_the_orgs_clock_is_refused(stopped: World) -> None:
    save(begin(stopped))
    advance(stopped.orgs[0], "25h")
    answer = apply(stopped)
    assert (answer.code, answer.json["error"]["code"]) == (4, "plan_refused")
    assert "more than 1 d" in answer.json["error"]["message"]
    assert apply(stopped, "--max-age", "2d").json["applied"] == 2


def test_a_plan_from_the_future_of_the_org_is_refused(stopped: World) -> None:
    """It would never be too old."""
    save(begin(stopped))
    forge(stopped, now="2026-03-04T15:00:00Z")
    answer = apply(stopped)
    assert (answer.code, "after the org's time of now" in answer.json["error"]["message"]) == (4, True)
    assert writes(stopped.orgs[0]) == []


def test_a_plan_of_another_org_is_refused_and_no_ledger_is_made(stopped: World) -> None:
    save(begin(stopped))
    begin(stopped)
    ledger = stopped.folder / "new.db"
    answer = apply(stopped, "--ledger", str(ledger))
    assert (answer.code, ledger.exists()) == (4, False)
    assert "the plan is for the org" in answer.json["error"]["message"]
    assert stopped.type("diff", str(file_of(stopped))).code == 4
    assert writes(stopped.orgs[1]) == []


def test_a_guard_that_is_broken_now_refuses(stopped: World) -> None:
    policy = POLICY.replace("max_share_of_open: 100%", "max_share_of_open: 60%, share_from: 1")
    save(begin(stopped, case(1), case(2), case(3, "calm"), case(4, "calm"), policy=policy))
    for number in (3, 4):
        act(stopped, "close", case=ident(number))
    answer = apply(stopped)
    assert (answer.code, answer.json["applied"]) == (4, 0)
    assert whats(answer) == {"00000001": ["guard"], "00000002": ["guard"]}


def test_a_case_that_changes_between_the_reading_and_the_write_is_not_written(stopped: World) -> None:
    save(begin(stopped))
    org = stopped.orgs[0]
    advance(org, "1m")

    def rule(request: Request, _: Any) -> None:
        if request.is_write and "New" in select(org, f"SELECT Status FROM Case WHERE Id = '{ONE}'")[0]["Status"]:
            org.act("edit", case=ONE, fields={"Status": "Working"}, by=ANN)

    with in_front_of(org, rule) as (_, url):
        answer = apply(at(stopped, url))
    assert (answer.code, answer.json["applied"], answer.json["deferred"]) == (3, 1, 1)
    later = apply(at(stopped, org.instance_url))
    assert (later.code, whats(later), later.json["already"]) == (4, {"00000001": ["status"]}, 1)


def test_a_case_that_is_deleted_right_after_the_write_has_no_ladder(stopped: World) -> None:
    save(begin(stopped))
    org = stopped.orgs[0]
    advance(org, "1m")

    def rule(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        answer = forward() if request.is_write else None
        if answer:
            org.act("delete", case=ONE)
        return answer

    with in_front_of(org, rule) as (_, url):
        answer = apply(at(stopped, url))
    assert (answer.code, answer.json.get("applied")) == (0, 2), answer.out
    (left,) = at(stopped, org.instance_url).type("status", "--json").json["escalations"]
    assert (left["case_number"], left["state"]) == ("00000002", "running")


def test_a_deadline_leaves_the_rest_to_the_same_command(stopped: World) -> None:
    save(begin(stopped))
    assert apply(stopped, "--deadline", "1ms").code in (3, 5)
    assert writes(stopped.orgs[0]) == []
    advance(stopped.orgs[0], "3m")
    assert apply(stopped).json["applied"] == 2


def test_diff_says_what_a_plan_of_now_adds_drops_and_changes(stopped: World) -> None:
    begin(stopped, case(1), case(2), case(3), case(4, "calm"))
    save(stopped)
    plan = str(file_of(stopped))
    same = stopped.type("diff", plan, "--exit-code")
    assert (same.code, same.out.splitlines()[-1]) == (0, "No difference: 3 orders")
    stopped.policy(POLICY.replace("Call back.", "Call now."))
    other = stopped.type("diff", plan, "--exit-code")
    assert (other.code, other.out.count(", with another note"), other.out.splitlines()[-1]) == (10, 3, "3 to change")
    stopped.policy(POLICY)
    act(stopped, "edit", case=ONE, fields={"Subject": "calm"}, by=ANN)
    act(stopped, "edit", case=TWO, fields={"Priority": "Low"}, by=ANN)
    act(stopped, "edit", case=ident(4), fields={"Subject": "urgent"}, by=ANN)
    answer = stopped.type("diff", plan, "--json")
    diff = answer.json["diff"]
    assert answer.code == 0
    numbers = [[one["case_number"] for one in diff[name]] for name in ("add", "drop", "change")]
    assert numbers == [["00000004"], ["00000001"], ["00000002"]]
    assert diff["change"][0]["now"][-1] == {"step": "priority", "before": "Low", "after": "High"}
    by_run = stopped.run("--dry-run", "--diff", plan, "--exit-code")
    assert (by_run.code, by_run.json["diff"]) == (10, diff)
    assert writes(stopped.orgs[0]) == []
    both = stopped.run("--dry-run", "--diff", plan, "--out", "new.json", "--html", "new.html")
    assert (both.code, both.json["diff"]) == (0, diff)
    assert (stopped.folder / "new.json").is_file()
    assert (stopped.folder / "new.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "plan.json"], "--out is for --dry-run only"),
        (["--diff", "plan.json"], "--diff is for --dry-run only"),
        (["--dry-run", "--out", "plan.json", "--now", "2026-03-02T15:00:00Z"], "--now"),
        (["--dry-run", "--out", "none/plan.json"], "its folder does not exist"),
        (["--dry-run", "--out", "."], "it is a folder"),
    ],
)
def test_options_that_do_not_go_together_ask_the_org_nothing(world: World, words: list[str], message: str) -> None:
    world.environ |= {"SFDC_INSTANCE_URL": "http://127.0.0.1:9", "SFDC_ACCESS_TOKEN": "00D!token-of-nobody"}
    world.go_home()
    answer = world.type("run", "--json", *words)
    assert (answer.code, message in answer.json["error"]["message"]) == (2, True), answer.out
    assert not (world.folder / "plan.json").exists()
