"""What is asked of an org before the first run: rights, record types, query plans, automation; each as it answers."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import gaps
from sfdc_escalator.escalation.readiness.inspection import OrgInspection, QueryPlan, Sample, Telling
from sfdc_escalator.escalation.readiness.sentences import message
from sfdc_escalator.escalation.world.org import Describe, OrgFacts, Queue
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.reports.json.org import remarks
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.retry import ATTEMPTS
from sfdc_escalator.salesforce.readiness.inspection import telling_of, telling_queries
from sfdc_escalator.salesforce.readiness.poll_cost import scans_here
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
    facts = org_facts(stage)
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
    text = answers.get("validation", page({"ValidationName": "Needs_Owner"}))
    stage.answers("GET", "tooling/query", text, status=400 if isinstance(text, list) else 200)
    plan = answers.get("plan", PLAN)
    stage.answers("GET", "query", plan, status=400 if isinstance(plan, list) else 200)
    return facts, stage.org.inspector().inspect(facts, [policy])


def messages(policy: Policy, facts: OrgFacts, found: OrgInspection) -> Mapping[str, str]:
    """The messages of all gaps but those of the poll, each with its severity."""
    return {message(gap): gap.severity for gap in gaps([policy], facts, replace(found, plans=()))}


def test_an_org_that_allows_everything_has_no_gap(stage: Stage, policy: Policy) -> None:
    facts, found = inspected(stage, policy)
    assert messages(policy, facts, found) == {}
    assert found.plans == (QueryPlan("TableScan", 2.4, 900, 450_000),)


def test_the_poll_is_tried_with_one_row_and_its_refusal_is_reported_at_the_route(stage: Stage, policy: Policy) -> None:
    facts, found = inspected(stage, policy, poll=(400, error("INVALID_FIELD", "No such column")))
    assert found.refused == {("support", "high"): "the org answered INVALID_FIELD: No such column"}
    assert "route high: the org refuses its part of the poll" in next(iter(messages(policy, facts, found)))
    urls = [url for call in range(len(stage.mock.calls)) if (b := stage.sent(call)) for url in stage.urls(call) if b]
    assert sum("Priority" in url and url.endswith("LIMIT%201") for url in urls) == 2  # together, then alone


def test_a_poll_that_is_refused_though_each_route_is_not_is_a_refusal_of_the_poll(stage: Stage, policy: Policy) -> None:
    _, found = inspected(stage, policy, poll=(400, error("QUERY_TOO_COMPLICATED", "no")), alone=page())
    assert (found.refused, found.poll_refusal) == ({}, "the org answered QUERY_TOO_COMPLICATED: no")


def test_the_values_of_each_record_type_are_read(stage: Stage, policy: Policy) -> None:
    facts, found = inspected(stage, policy, types=TYPES, offered=(offers("New"), offers("New", "escalated")))
    assert messages(policy, facts, found) == {
        "Status 'Escalated' is not offered by these record types: Retail. Their cases may be rejected": "warning"
    }


def test_only_the_record_types_of_this_user_are_asked_about(stage: Stage, policy: Policy) -> None:
    inspected(stage, policy, types=TYPES, offered=(offers("New"), offers("New")))
    assert sum("ui-api" in str(call.request.url) for call in stage.mock.calls) == 2


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"sharing": page({"InternalSharingModel": "Private"})}, {"sharing": "Private"}),
        ({"rights": page({"ParentId": "0PS000000000001AAA"})}, {"modifies_all": True}),
        ({"comment": {"createable": False}}, {"may_comment": False}),
        ({"post": (400, error("NOT_FOUND"))}, {"may_post": False}),
        (
            {"sample": page({"CaseNumber": "42", "UserRecordAccess": {"HasEditAccess": False}})},
            {"samples": {"Leads": Sample("42", editable=False)}},
        ),
        (
            {"sample": page({"CaseNumber": "42", "UserRecordAccess": {"HasEditAccess": True}})},
            {"samples": {"Leads": Sample("42", editable=True)}},
        ),
        ({"sample": page({"CaseNumber": "42", "UserRecordAccess": None})}, {"samples": {}}),
        ({"guard": (400, error("MALFORMED_QUERY"))}, {"guard": "weak"}),
        ({}, {"sharing": "ReadWrite", "modifies_all": False, "may_comment": True, "may_post": True, "guard": "full"}),
    ],
)
def test_a_right_is_what_the_org_answers(
    stage: Stage, policy: Policy, answers: dict[str, Any], expected: dict[str, Any]
) -> None:
    _, found = inspected(stage, policy, **answers)
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_route_that_only_this_org_cannot_filter_for_is_a_scan_here(stage: Stage, policy: Policy) -> None:
    facts, found = inspected(stage, policy)
    case = dict(facts.describe.objects["Case"])
    case["Priority"] = replace(case["Priority"], filterable=False)
    odd = Describe({**facts.describe.objects, "Case": case}, facts.describe.children)
    assert found.scans == frozenset()
    assert scans_here([policy], odd) == {("support", "high")}


def test_automation_and_the_cost_are_remarks_and_wrong_with_nothing(stage: Stage, policy: Policy) -> None:
    facts, found = inspected(stage, policy)
    text = "\n".join(remarks(found, facts, ()))
    for part in ("Standard", "Needs_Owner", "Case_Router", "about 3 API calls", "432 a day (9,000", "TableScan"):
        assert part in text


def test_a_refused_question_is_reported_and_stops_nothing(stage: Stage, policy: Policy) -> None:
    no = (400, error("INVALID_TYPE", "sObject type is not supported"))
    refused = dict.fromkeys(("comment", "sharing", "rights", "assignment", "flows"), no)
    facts, found = inspected(stage, policy, **refused, validation=error("INVALID_TYPE"), plan=error("NOT_FOUND"))
    assert messages(policy, facts, found) == {}
    text = "\n".join(remarks(found, facts, ()))
    assert "Active assignment rules and validation rules and record-triggered flows on Case cannot be read" in text
    assert "The sharing model of Case cannot be read" in text
    assert "does not say how it would run the poll" in text


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
    facts, found = inspected(stage, policy)
    assert (found.validation_rules, found.plans) == (None, (None,))
    assert messages(policy, facts, found) == {}


# -- notices -----------------------------------------------------------------------------------------------------------

NOTIFYING = """
policy: support
channels: {bell: salesforce, mail: email}
teams:
  leads: {queue: Leads, tell: [bell]}
  heads: {queue: Heads, tell: [mail]}
  all: {tell: [mail], list: a@b.example}
routes:
  - {name: high, reason: High., when: [{field: Priority, is: High}], escalate: {queue: leads}, notify: [%s]}
"""


class Tooling:
    """A line to the Tooling API alone."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def try_read(self, path: str, parameters: Mapping[str, str]) -> Any:
        assert path == "tooling/query"
        return self._answer


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("leads", {"types", "right", "rights", "new"}),
        ("heads", {"mails"}),
        ("all", set()),
        ("leads, heads", {"types", "right", "rights", "new", "mails"}),
    ],
)
def test_the_org_is_asked_for_what_the_channels_in_use_need(
    stage: Stage, tmp_path: Path, told: str, asked: set[str]
) -> None:
    (tmp_path / "policy.yaml").write_text(NOTIFYING % told, encoding="utf-8")
    queries = telling_queries(org_facts(stage), load_policies([tmp_path / "policy.yaml"]).policies)
    assert queries.keys() == asked
    assert "mails" not in asked or queries["mails"].endswith("DeveloperName IN ('Heads')")


REFUSED = Rejected("no", status=400, error_code="INVALID_TYPE")
BOTH, NONE = page({"DeveloperName": "One"}, {"DeveloperName": "Two"}), page()
ONE = page({"Id": "0Pa000000000001AAA"})


@pytest.mark.parametrize(
    ("found", "tooling", "expected"),
    [
        ({}, NONE, Telling()),
        ({"types": BOTH, "right": page({"Id": "0Pa000000000001AAA"})}, NONE,
         Telling(frozenset({"One", "Two"}), may_ring=True)),
        ({"types": NONE, "right": NONE}, NONE, Telling(frozenset())),
        ({"types": NONE, "right": NONE, "rights": NONE}, NONE, Telling(frozenset())),
        ({"types": NONE, "right": NONE, "rights": ONE, "new": NONE}, NONE, Telling(frozenset(), may_ring=False)),
        ({"types": NONE, "right": NONE, "rights": ONE, "new": ONE}, NONE,
         Telling(frozenset(), may_ring=False, asks_right=True)),
        ({"types": NONE, "right": REFUSED}, BOTH, Telling(frozenset({"One", "Two"}))),
        ({"types": REFUSED, "right": REFUSED}, BOTH, Telling(frozenset({"One", "Two"}))),
        ({"types": REFUSED, "right": REFUSED}, REFUSED, Telling()),
        ({"mails": page({"DeveloperName": "A", "Email": "a@b.example"}, {"DeveloperName": "B", "Email": None})}, NONE,
         Telling(mails={"A": "a@b.example", "B": ""})),
        ({"mails": REFUSED}, NONE, Telling()),
    ],
)  # fmt: skip
def test_what_the_org_does_not_answer_is_not_known(found: dict[str, Any], tooling: Any, expected: Telling) -> None:
    assert telling_of(Tooling(tooling), found) == expected  # type: ignore[arg-type]
