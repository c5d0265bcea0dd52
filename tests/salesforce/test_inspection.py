"""What an org says before the first run: rights, record types, query plans, automation; each as the org answers it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.org import Describe, OrgFacts, Queue
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.salesforce.line.retry import ATTEMPTS
from sfdc_escalator.salesforce.readiness.inspection import OrgInspection, QueryPlan
from sfdc_escalator.salesforce.readiness.rights import lacks, of_the_poll, remarks
from sfdc_escalator.salesforce.schema.describe import standard_describe
from tests.builders import ME
from tests.salesforce.conftest import Stage, error, page

LEADS = Queue("00G000000000001AAA", "Leads")
POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - {name: high, reason: High., when: [{field: Priority, is: High}], escalate: {queue: leads, status: Escalated}}
"""
COMMENT = {"createable": True, "fields": []}
PLAN = {"plans": [{"leadingOperationType": "TableScan", "relativeCost": 2.4, "cardinality": 900,
                   "sobjectCardinality": 450_000, "sobjectType": "Case"}]}  # fmt: skip
TYPES = [
    {"name": name, "recordTypeId": f"01200000000000{place}AAA", "active": name != "Old", "available": name != "Theirs",
     "master": name == "Master"}
    for place, name in enumerate(["Retail", "Partner", "Old", "Theirs", "Master"])
]  # fmt: skip


def offers(*statuses: str) -> dict[str, Any]:
    return {"picklistFieldValues": {"Status": {"values": [{"label": one, "value": one} for one in statuses]}}}


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return load_policies([tmp_path / "policy.yaml"]).policies[0]


def org_facts(stage: Stage, describe: Describe | None = None, **queues: Queue) -> OrgFacts:
    stage.answers("GET", "", {"identity": f"https://x/id/00D000000000001EAA/{ME}"})
    found = stage.org.identify()
    return OrgFacts(
        found, "Acme", True, queues or {"Leads": LEADS}, 10, describe or standard_describe(), api_left=9_000
    )


def inspected(stage: Stage, policy: Policy, **answers: Any) -> tuple[OrgFacts, OrgInspection]:
    seen = org_facts(stage)
    stage.composite(
        answers.get("comment", COMMENT),
        answers.get("post", {"createable": True}),
        {"deletable": True, "recordTypeInfos": answers.get("types", [])},
        page({"Id": "500000000000001AAA", "CaseNumber": "1"}),
        page({"Username": "robot@acme.example"}),
        answers.get("guard", page()),
        answers.get("sharing", page({"InternalSharingModel": "ReadWrite"})),
        answers.get("rights", page()),
    )
    stage.composite(
        answers.get("assignment", page({"Name": "Standard"})),
        answers.get("flows", page({"ApiName": "Case_Router"})),
        answers.get("sample", page()),
        answers.get("poll", page()),
    )
    if "poll" in answers:
        stage.composite(answers.get("alone", answers["poll"]))
    for place, offered in enumerate(answers.get("offered", ())):
        stage.answers("GET", f"ui-api/object-info/Case/picklist-values/01200000000000{place}AAA", offered)
    told = answers.get("validation", page({"ValidationName": "Needs_Owner"}))
    stage.answers("GET", "tooling/query", told, status=400 if isinstance(told, list) else 200)
    plan = answers.get("plan", PLAN)
    stage.answers("GET", "query", plan, status=400 if isinstance(plan, list) else 200)
    return seen, stage.org.inspect(seen, [policy])


def messages(policy: Policy, seen: OrgFacts, found: OrgInspection) -> Mapping[str, str]:
    return {lack.message: lack.severity for lack in lacks(policy, seen, found)}


def test_an_org_with_all_rights_has_no_gaps(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy)
    assert messages(policy, seen, found) == {}
    assert found.plans == (QueryPlan("TableScan", 2.4, 900, 450_000),)


def test_the_poll_is_tried_with_one_row_and_a_refusal_is_reported_at_the_route(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy, poll=(400, error("INVALID_FIELD", "No such column")))
    assert found.refused == {("support", "high"): "the org answered INVALID_FIELD: No such column"}
    assert "route high: its part of the poll is refused" in next(iter(messages(policy, seen, found)))
    urls = [url for call in range(len(stage.mock.calls)) if (b := stage.sent(call)) for url in stage.urls(call) if b]
    assert sum("Priority" in url and url.endswith("LIMIT%201") for url in urls) == 2  # together, then alone


def test_a_poll_refused_only_as_a_whole_is_reported(stage: Stage, policy: Policy) -> None:
    _, found = inspected(stage, policy, poll=(400, error("QUERY_TOO_COMPLICATED", "no")), alone=page())
    assert found.refused == {}
    assert [one.message for one in of_the_poll(found) if one.severity == "error"] == [
        "the org refuses the poll: the org answered QUERY_TOO_COMPLICATED: no"
    ]


@pytest.mark.parametrize(("cost", "warned"), [(2.4, True), (1.0, False), (0.2, False)])
def test_a_poll_that_is_not_selective_is_a_warning_however_few_cases_there_are(
    stage: Stage, policy: Policy, cost: float, warned: bool
) -> None:
    _, found = inspected(stage, policy)
    few = replace(found, plans=(QueryPlan("TableScan", cost, 9, 450),))
    told = [(one.severity, "not selective" in one.message) for one in of_the_poll(few)]
    assert told == ([("warning", True)] if warned else [])


def test_a_record_type_without_the_value_is_reported(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy, types=TYPES, offered=(offers("New"), offers("New", "escalated")))
    assert messages(policy, seen, found) == {
        "Status 'Escalated' is not offered by the record type Retail: cases of it may be rejected": "warning"
    }


def test_only_the_record_types_of_this_user_are_asked_about(stage: Stage, policy: Policy) -> None:
    inspected(stage, policy, types=TYPES, offered=(offers("New"), offers("New")))
    assert sum("ui-api" in str(call.request.url) for call in stage.mock.calls) == 2


def test_a_private_org_may_take_the_case_out_of_our_hands_with_the_move(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy, sharing=page({"InternalSharingModel": "Private"}))
    [(message, severity)] = messages(policy, seen, found).items()
    assert message.startswith("the move to Leads may cost the right to edit the case before route high can go on")
    assert severity == "warning"


def test_a_case_of_the_queue_that_we_may_not_edit_proves_that_the_move_costs_the_right(
    stage: Stage, policy: Policy
) -> None:
    sample = {"CaseNumber": "00000042", "UserRecordAccess": {"HasEditAccess": False}}
    seen, found = inspected(stage, policy, sample=page(sample))
    [(message, severity)] = messages(policy, seen, found).items()
    assert "costs the right" in message
    assert "its case 00000042" in message
    assert "`fields: together`" in message
    assert severity == "error"


@pytest.mark.parametrize("way", ["modify all", "a member", "together", "a case of the queue"])
def test_who_keeps_the_right_or_needs_it_once_is_not_warned(stage: Stage, policy: Policy, way: str) -> None:
    rights = page({"ParentId": "0PS000000000001AAA"}) if way == "modify all" else page()
    may = {"CaseNumber": "00000042", "UserRecordAccess": {"HasEditAccess": True}}
    sample = page(may) if way == "a case of the queue" else page()
    private = page({"InternalSharingModel": "Private"})
    seen, found = inspected(stage, policy, sharing=private, rights=rights, sample=sample)
    if way == "a member":
        seen = replace(seen, queues={"Leads": Queue(LEADS.id, "Leads", frozenset({ME}))})
    if way == "together":
        policy = replace(policy, together=True)
    assert messages(policy, seen, found) == {}


def test_a_field_that_the_user_may_not_edit_is_an_error(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy)
    case = dict(seen.describe.objects["Case"])
    case["Status"] = replace(case["Status"], updateable=False)
    locked = replace(seen, describe=Describe({**seen.describe.objects, "Case": case}, seen.describe.children))
    assert list(messages(policy, locked, found)) == [
        "this user may not edit Case.Status, which route high would set: give it edit access to the field in a "
        "permission set"
    ]


def test_a_user_who_may_not_comment_can_leave_no_note(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy, comment={"createable": False})
    assert "may not create case comments" in next(iter(messages(policy, seen, found)))


def test_a_missing_right_to_post_in_feeds_is_reported_if_the_policy_needs_it(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy, post=(400, error("NOT_FOUND")))
    assert messages(policy, seen, found) == {}
    (route,) = policy.routes
    assert route.escalate is not None
    note = replace(route.escalate.note, also_on="Account")
    posting = replace(policy, routes=(replace(route, escalate=replace(route.escalate, note=note)),))
    assert "Chatter is off" in next(iter(messages(posting, seen, found)))


def test_a_route_that_this_org_cannot_filter_for_is_a_warning(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy)
    case = dict(seen.describe.objects["Case"])
    case["Priority"] = replace(case["Priority"], filterable=False)
    odd = replace(seen, describe=Describe({**seen.describe.objects, "Case": case}, seen.describe.children))
    assert list(messages(policy, odd, found).values()) == ["warning"]
    assert "reads every open case" in next(iter(messages(policy, odd, found)))


def test_automation_and_the_cost_are_remarks_only(stage: Stage, policy: Policy) -> None:
    seen, found = inspected(stage, policy)
    told = "\n".join(remarks(found, seen))
    for part in ("Standard", "Needs_Owner", "Case_Router", "about 3 API calls", "432 a day (9,000", "TableScan"):
        assert part in told


def test_a_refused_question_is_reported_and_stops_nothing(stage: Stage, policy: Policy) -> None:
    no = (400, error("INVALID_TYPE", "sObject type is not supported"))
    refused = dict.fromkeys(("comment", "sharing", "rights", "assignment", "flows"), no)
    seen, found = inspected(stage, policy, **refused, validation=error("INVALID_TYPE"), plan=error("NOT_FOUND"))
    assert messages(policy, seen, found) == {}
    told = "\n".join(remarks(found, seen))
    assert "Active assignment rules and validation rules and record-triggered flows on Case cannot be read" in told
    assert "The sharing model of Case cannot be read" in told
    assert "does not tell how it would run the poll" in told


@pytest.mark.parametrize(
    "plan", [{}, {"plans": []}, {"plans": None}, {"plans": ["x"]}, {"plans": [{"relativeCost": "?"}]}]
)
def test_a_plan_of_another_shape_is_none(stage: Stage, policy: Policy, plan: Any) -> None:
    _, found = inspected(stage, policy, plan=plan)
    assert found.plans == (None,)


@pytest.mark.parametrize("types", [None, [{}], [{"available": True}]])
def test_record_types_of_another_shape_are_none(stage: Stage, policy: Policy, types: Any) -> None:
    stage.answers("GET", "ui-api/object-info/Case/picklist-values/None", error("NOT_FOUND"), status=404)
    _, found = inspected(stage, policy, types=types)
    assert found.picklists == {}


def test_a_missing_optional_answer_stops_nothing(stage: Stage, policy: Policy) -> None:
    stage.answers("GET", "tooling/query", "<html>", status=404)
    for _ in range(ATTEMPTS):
        stage.answers("GET", "query", error("UNKNOWN_EXCEPTION"), status=500)
    seen, found = inspected(stage, policy)
    assert (found.validation_rules, found.plans) == (None, (None,))
    assert messages(policy, seen, found) == {}
