"""The automation of orgs: assignment and validation rules, triggers, bouncing owners, merges, lost rights."""

import json
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.test_faults import notes
from tests.stories.test_main_job import POLICY, QUEUES, case
from tests.stories.world import World, advance, patch, select


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY.replace("max_cases: 10", "max_cases: 100"))
    return world


def start(world: World, *rules: Any, cases: int = 3) -> EmbeddedOrg:
    world.data()
    (world.folder / "org" / "automation.json").write_text(json.dumps(rules))
    return world.org(Case=[case(number) for number in range(1, cases + 1)], Group=QUEUES)


def owners(org: EmbeddedOrg) -> set[str]:
    return {row["Owner"]["Name"] for row in select(org, "SELECT Owner.Name FROM Case")}


def test_assignment_rules_do_not_undo_the_queue_step(support: World) -> None:
    org = start(support, {"kind": "assignment_rule", "to": "Intake"})
    assert support.run("--backlog", "escalate").json["applied"] == 3
    assert owners(org) == {"Team leads"}


def test_an_owner_that_automation_moved_on_is_reported_as_bounced(support: World) -> None:
    org = start(support, {"kind": "owner_bounce", "from": "Leads", "to": "Intake"})
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["bounced"]) == (3, 3, 3)
    assert owners(org) == {"Intake"}
    again = support.run()
    assert (again.code, again.json["already"], notes(org)) == (0, 3, 3)


def test_a_case_that_a_validation_rule_rejects_is_tried_again_later_and_the_rest_is_escalated(support: World) -> None:
    rule = {"kind": "validation_rule", "when": {"field": "Type", "is": "Frozen"}, "message": "Frozen cases stay."}
    org = start(support, rule)
    case_id = select(org, "SELECT Id FROM Case WHERE CaseNumber = '00000002'")[0]["Id"]
    org.act("edit", case="00000002", fields={"Type": "Frozen"})
    advance(org, "1m")
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["rejected"], notes(org)) == (3, 2, 1, 2)
    (rejected,) = [one for one in answer.json["escalations"] if one["state"] == "rejected"]
    assert "Frozen cases stay." in rejected["reason"]
    org.act("edit", case="00000002", fields={"Type": None})
    advance(org, "10m")
    early = support.run("--backlog", "escalate")
    assert (early.code, early.json["rejected"], notes(org)) == (3, 1, 2)
    advance(org, "6m")
    later = support.run("--backlog", "escalate")
    assert (later.code, later.json["applied"], notes(org)) == (0, 1, 3)
    assert case_id == next(one["case_id"] for one in later.json["escalations"] if one["state"] == "applied")


def test_a_rule_that_rejects_every_case_is_reported_without_a_call_for_each(support: World) -> None:
    rule = {"kind": "validation_rule", "when": {"field": "Status", "is": "Escalated"}, "message": "Not this status."}
    org = start(support, rule, cases=60)
    before = len(org.requests())
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["rejected"], notes(org)) == (3, 60, 0)
    assert len(org.requests()) - before <= 10


def test_a_trigger_that_breaks_on_large_batches_gets_smaller_ones(support: World) -> None:
    org = start(support, {"kind": "trigger_error", "batch_over": 10, "limit": True}, cases=40)
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], notes(org)) == (0, 40, 40), answer.out


def test_a_move_that_removes_the_edit_right_is_saved_together_and_recorded(support: World) -> None:
    org = start(support, {"kind": "lose_edit_right", "queue": "Leads"})
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], notes(org)) == (0, 3, 3), answer.out
    events = support.type("audit", "show", answer.json["escalations"][0]["key"], "--json").json["events"]
    actual = [(event["event"], event["body"]["facts"].get("together")) for event in events]
    assert actual == [("intended", False), ("returned", None), ("intended", True), ("applied", None)]


def test_a_policy_may_ask_for_one_save_from_the_start(support: World) -> None:
    text = POLICY.replace("defaults: {status: Escalated}", "defaults: {status: Escalated, fields: together}")
    support.policy(text)
    org = start(support, {"kind": "lose_edit_right", "queue": "Leads"})
    calls = support.run("--backlog", "escalate").json
    assert (calls["applied"], calls["retries"], owners(org)) == (3, 0, {"Team leads"})


def test_a_case_locked_for_approval_waits_and_the_others_go(support: World) -> None:
    org = start(support, {"kind": "locked", "cases": ["00000002"]})
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["rejected"], notes(org)) == (3, 2, 1, 2)


def test_a_merged_case_is_not_escalated_again_as_its_master(support: World) -> None:
    org = start(support, cases=2)
    support.run("--case", "00000001")
    org.act("merge", case="00000001", into="00000002")
    advance(org, "1m")
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["already"], answer.json["applied"], notes(org)) == (0, 1, 0, 1), answer.out
    assert support.run().json["already"] == 1
    assert support.type("audit", "verify").code == 0


def test_a_merged_case_is_recognised_even_by_a_ledger_that_never_saw_it(support: World) -> None:
    org = start(support, cases=3)
    support.run("--case", "00000001")
    org.act("merge", case="00000001", into="00000002")
    advance(org, "1m")
    elsewhere = ["--ledger", str(support.folder / "elsewhere.db")]
    support.run("--case", "00000003", *elsewhere)
    advance(org, "1m")
    answer = support.run("--backlog", "escalate", *elsewhere)
    assert (answer.json["already"], answer.json["applied"], notes(org)) == (2, 0, 2), answer.out


def test_a_case_that_its_agent_closed_meanwhile_is_not_changed(support: World) -> None:
    org = start(support, cases=2)
    org.act("close", case="00000001")
    advance(org, "1m")
    answer = support.run("--backlog", "escalate")
    assert (answer.json["matched"], answer.json["applied"], notes(org)) == (1, 1, 1)


def test_later_changes_of_an_agent_are_not_overwritten(support: World) -> None:
    org = start(support, cases=1)
    support.run("--backlog", "escalate")
    case_id = select(org, "SELECT Id FROM Case")[0]["Id"]
    patch(org, case_id, Priority="Low", Status="Waiting")
    advance(org, "1m")
    assert support.run().json["already"] == 1
    assert select(org, "SELECT Priority, Status FROM Case") == [{"Priority": "Low", "Status": "Waiting"}]
