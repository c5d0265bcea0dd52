"""The shipped policies, each from `init` to the org, over real HTTP."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from sfdc_escalator.files.first_hour.scaffold import procedures
from tests.stories.world import Row, World, select

AGENT, CUSTOMER = "ann@support.example", "carl@portal.example"
USERS = [
    {"Username": AGENT, "LastName": "Agent", "UserType": "Standard"},
    {"Username": CUSTOMER, "LastName": "Customer", "UserType": "PowerCustomerSuccess"},
]
YOUNG, DAYS_AGO, WEEKS_AGO = "2026-03-02T14:30:00Z", "2026-02-25T15:00:00Z", "2026-02-10T15:00:00Z"
A_MONTH_AGO = "2026-01-30T15:00:00Z"


def case(number: int, created: str = YOUNG, **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": "Hello", "Status": "New", "Priority": "Medium", "OwnerId": AGENT}
    return {**row, "CreatedDate": created, "LastModifiedDate": created, **more}


def queues(*names: str) -> list[Row]:
    return [{"Type": "Queue", "DeveloperName": name, "Name": name.replace("_", " ")} for name in names]


def said(number: int, body: str, at: str, who: str = CUSTOMER) -> Row:
    return {
        "ParentId": f"{number:08}",
        "CommentBody": body,
        "CreatedById": who,
        "CreatedDate": at,
        "IsPublished": "true",
    }


def picked(policy: str) -> list[Row]:
    """An org whose picklists have the values of the policy: those of its cases, also its closed status."""
    said = yaml.safe_load(policy)
    closed = {"Status": "Closed", "IsClosed": "true"}
    priorities = [case(900 + place, Priority=value, **closed) for place, value in enumerate(said["priorities"])]
    return [*priorities, case(990, Status=said["defaults"].get("status", "New"))]


def started(world: World, procedure: str, groups: Sequence[Row], cases: Sequence[Row], **more: Any) -> Any:
    """The first hour: init, validate, and the org."""
    made = world.type("init", str(world.folder / "mine"), "--procedure", procedure)
    assert made.code == 0, made.err
    policy = world.folder / "mine" / "config" / "policies" / f"{procedure}.yaml"
    lines = policy.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("guards:"))
    world.policy(text)
    org = world.org(Case=[*cases, *picked(text)], Group=groups, User=USERS, **more)
    checked = world.type("validate", "--org", "env")
    assert checked.code == 0, checked.out
    return org


def routes(world: World) -> dict[str, str]:
    answer = world.run("--backlog", "escalate")
    assert answer.code == 0, (answer.out, answer.err)
    return {one["case_number"].lstrip("0"): one["route"] for one in answer.json["escalations"]}


def where(org: Any) -> dict[str, tuple[str, str, str]]:
    rows = select(org, "SELECT CaseNumber, Owner.Name, Status, Priority FROM Case")
    return {row["CaseNumber"].lstrip("0"): (row["Owner"]["Name"], row["Status"], row["Priority"]) for row in rows}


def test_member_support(world: World) -> None:
    contacts = [{"LastName": "One", "Name": "One"}, {"LastName": "Two", "Name": "Two"}]
    cases = [
        case(1, Subject="I want to speak to a manager"),
        case(2, Description="Smoke came out of it"),
        case(3, Reason="Return", ContactId="One"),
        case(4, Reason="Return", ContactId="One", Status="Closed", IsClosed="true", CreatedDate=DAYS_AGO),
        case(5, IsEscalated="true"),
        case(6, Reason="Return", ContactId="Two"),
        case(7),
        case(8, Description="I spoke with a manager yesterday, thank you"),
    ]
    groups = queues("Support_Staff", "Support_Supervisors", "Health_Safety_Legal", "Logistics_Returns")
    words = [said(7, "Let me speak to your supervisor!", YOUNG), said(8, "speak to a manager", YOUNG, AGENT)]
    org = started(world, "member-support", groups, cases, Contact=contacts, CaseComment=words[:1])
    found = routes(world)
    assert found == {
        "1": "supervisor-request", "2": "health-safety-legal", "3": "repeated-returns", "5": "agent-flagged",
        "7": "supervisor-request",
    }  # fmt: skip
    now = where(org)
    assert now["2"] == ("Health Safety Legal", "Open", "Critical Escalation")
    assert now["1"] == ("Support Supervisors", "Open", "Urgent")
    assert now["6"] == ("Agent", "New", "Medium")


def test_a_second_run_escalates_nothing_again(world: World) -> None:
    groups = queues("Support_Staff", "Support_Supervisors", "Health_Safety_Legal", "Logistics_Returns")
    started(world, "member-support", groups, [case(1, Subject="I want to speak to a manager")])
    assert routes(world) == {"1": "supervisor-request"}
    again = world.run()
    assert (again.json["applied"], again.json["already"]) == (0, 1)


def test_supervisor_callback(world: World) -> None:
    accounts = [
        {"Name": "West", "BillingState": "CA", "AccountNumber": "77"},
        {"Name": "East", "BillingState": "KS"},
    ]
    supervisor, lead = "Supervisor Call Back", "Lead Call Back"
    cases = [
        case(1, Type=supervisor, AccountId="West", SuppliedPhone="555-0100"),
        case(2, Type=lead, AccountId="East"),
        case(3, DAYS_AGO, Type=lead, AccountId="West"),
        case(4, Type="Question"),
    ]
    org = started(
        world,
        "supervisor-callback",
        queues("East_Leads", "West_Leads", "East_Supervisors", "West_Supervisors"),
        cases,
        Account=accounts,
    )
    assert routes(world) == {"1": "supervisor-demanded", "2": "lead-callback", "3": "lead-callback"}
    now = where(org)
    assert [now[number][0] for number in "123"] == ["West Supervisors", "East Leads", "West Leads"]
    (note,) = select(org, "SELECT CommentBody FROM CaseComment WHERE Parent.CaseNumber = '00000001'")
    assert "555-0100" in note["CommentBody"]
    assert "Account:\n77" in note["CommentBody"]


def test_tiered_support(world: World) -> None:
    accounts = [{"Name": "Hot", "Rating": "Hot"}, {"Name": "Cold", "Rating": "Cold"}]
    cases = [
        case(1, Type="Outage", AccountId="Hot"),
        case(2, "2026-02-27T16:00:00Z", Priority="High", OwnerId="Tier_1_Support", Type="Outage", AccountId="Cold"),
        case(3, DAYS_AGO, Priority="High", Type="Outage", AccountId="Cold"),
        case(4, OwnerId="Tier_1_Support"),
        *(case(number, Type="Problem", Reason="Breakdown") for number in range(5, 10)),
        case(10, DAYS_AGO, Priority="High", OwnerId="Tier_2_Support"),
    ]
    groups = queues("Tier_1_Support", "Tier_2_Support", "Tier_3_Critical", "Support_Leadership")
    org = started(world, "tiered-support", groups, cases, Account=accounts)
    several = {str(number): "many-customers" for number in range(5, 10)}
    assert routes(world) == {"1": "severe", "2": "unresolved", "10": "unresolved-by-tier-2", **several}
    now = where(org)
    assert now["1"] == ("Tier 3 Critical", "Escalated", "Critical")
    assert now["2"] == ("Tier 2 Support", "Escalated", "High")  # never lowered


def test_customer_success(world: World) -> None:
    accounts = [{"Name": "Hot", "Rating": "Hot"}, {"Name": "Cold", "Rating": "Cold"}]
    cases = [
        case(1, "2026-03-02T10:00:00Z", AccountId="Hot"),
        case(2, "2026-03-02T10:00:00Z", AccountId="Cold"),
        case(3, OwnerId="Unsorted", Type="Mechanical"),
        case(4, DAYS_AGO, AccountId="Cold", IsEscalated="true"),
        case(5, "2026-03-02T10:00:00Z", AccountId="Hot"),
        case(6, DAYS_AGO, AccountId="Hot"),
        case(7, DAYS_AGO, ParentId="00000006", AccountId="Hot"),
        case(8, A_MONTH_AGO, IsEscalated="true", OwnerId="Senior_Agents", AccountId="Hot"),
    ]
    groups = queues("Unsorted", "Senior_Agents", "Customer_Success", "Field_Service", "Directors")
    answered = [said(5, "We look into it.", "2026-03-02T14:55:00Z", AGENT), said(7, "ok", YOUNG, AGENT)]
    org = started(world, "customer-success", groups, cases, Account=accounts, CaseComment=answered)
    assert routes(world) == {
        "1": "customer-waiting", "3": "wrong-start", "4": "raised-by-anyone", "6": "escalation-point",
        "8": "raised-by-anyone",
    }  # fmt: skip
    assert where(org)["8"] == ("Customer Success", "Working", "High")  # a month old, and not escalated for a month
    assert where(org)["3"][0] == "Field Service"


def test_onboarding(world: World) -> None:
    cases = [
        case(1, Type="Onboarding", IsEscalated="true"),
        case(2, WEEKS_AGO, Type="Onboarding"),
        case(3, WEEKS_AGO, Type="Onboarding"),
        case(4, WEEKS_AGO, Type="Onboarding", Status="On Hold"),
        case(5, WEEKS_AGO, Type="Question"),
        case(6, A_MONTH_AGO, Type="Onboarding"),
        case(7, WEEKS_AGO, Type="Onboarding", Status="Blocked"),
    ]
    quiet = [said(4, "Still thinking", "2026-03-01T15:00:00Z")]
    calls = [{"WhatId": "00000002", "TaskSubtype": "Call", "Subject": "Call", "CreatedDate": DAYS_AGO}]
    mails = [{"ParentId": "00000002", "Incoming": "false", "Status": "3", "Subject": "Hello?", "CreatedDate": DAYS_AGO}]
    history = [
        {"CaseId": "00000004", "Field": "Status", "OldValue": "New", "NewValue": "On Hold", "CreatedDate": DAYS_AGO},
        {"CaseId": "00000007", "Field": "Status", "OldValue": "New", "NewValue": "Blocked", "CreatedDate": WEEKS_AGO},
    ]
    org = started(
        world,
        "onboarding",
        queues("Onboarding", "Sales_Contacts", "Onboarding_Managers", "Head_of_Onboarding"),
        cases,
        Task=calls,
        EmailMessage=mails,
        CaseComment=quiet,
        CaseHistory=history,
    )
    assert routes(world) == {
        "1": "sensitive-issue", "2": "unresponsive", "3": "not-yet-tried", "4": "deadlock", "6": "not-yet-tried",
        "7": "deadlock",
    }  # fmt: skip
    now = where(org)
    assert [now[number][0] for number in "267"] == ["Sales Contacts", "Agent", "Agent"]
    assert now["3"] == ("Agent", "New", "Medium")


@pytest.mark.parametrize("procedure", sorted(procedures()))
def test_every_shipped_policy_is_valid_and_its_examples_pass(world: World, procedure: str) -> None:
    folder = world.folder / "mine"
    world.type("init", str(folder), "--procedure", procedure)
    answer = world.type("validate", str(folder / "config" / "policies" / f"{procedure}.yaml"))
    assert answer.code == 0, answer.out
    (only,) = answer.out.splitlines()
    assert only.startswith("ok (")


def test_a_second_init_overwrites_no_changed_file(world: World) -> None:
    folder = world.folder / "mine"
    first = world.type("init", str(folder), "--procedure", "onboarding")
    policy: Path = folder / "config" / "policies" / "onboarding.yaml"
    assert first.code == 0
    assert policy.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../policy.schema.json\n")
    policy.write_text("mine", encoding="utf-8")
    again = world.type("init", str(folder), "--procedure", "onboarding")
    assert policy.read_text(encoding="utf-8") == "mine"
    assert "kept: it differs" in again.out
    assert "as it was" in again.out


def test_an_unknown_procedure_is_reported_with_the_nearest(world: World) -> None:
    answer = world.type("init", str(world.folder / "mine"), "--procedure", "onbording")
    assert answer.code == 2
    assert "did you mean onboarding?" in answer.err
    assert not (world.folder / "mine").exists()
