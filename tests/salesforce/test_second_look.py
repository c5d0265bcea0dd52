"""Second looks over the embedded org: the data of conditions besides fields, read by id and grouped."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.milestone import Milestone
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.soql import Soql
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.builders import policy, route
from tests.polls import whole
from tests.stories.world import NOW, Row, World, advance, patch

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EARLY, YESTERDAY = "2026-02-20T15:00:00Z", "2026-03-01T15:00:00Z"
AGENT, CUSTOMER = "ann@support.example", "carl@portal.example"
USERS = [
    {"Username": AGENT, "LastName": "Agent", "UserType": "Standard"},
    {"Username": CUSTOMER, "LastName": "Customer", "UserType": "PowerCustomerSuccess"},
    {"Username": "bot@support.example", "LastName": "Bot", "UserType": "AutomatedProcess"},
]
QUEUES = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}]
MEMBERS = [{"GroupId": "Leads", "UserOrGroupId": AGENT}]


def case(number: int, **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": "Hello", "Status": "New", "OwnerId": AGENT, "CreatedDate": EARLY}
    return {**row, "LastModifiedDate": EARLY, **more}


class Sight:
    """The view of one run: every case with all that a policy reads."""

    def __init__(self, org: EmbeddedOrg, of: Policy) -> None:
        with SalesforceOrg(org.instance_url, org.access_token, sleep=lambda _: None) as door:
            caller = door.identify()
            self.org_facts: OrgFacts = door.facts(caller, [of])
            poll = whole(door.poll([of], self.org_facts, None))
            self.broken, before = poll.broken, door.api_calls
            sound = [one for one in of.routes if (of.name, one.name) not in poll.broken]
            complete = door.complete(poll.cases, of.needs(sound), frozenset({caller.user_id}))
            self.calls = door.api_calls - before
        self.cases = {one.number.lstrip("0"): one for one in complete}
        self.circumstances = Circumstances(caller.now, self.org_facts.queues, self.org_facts.calendars)

    def matching(self, condition: Condition) -> list[str]:
        return sorted(number for number, one in self.cases.items() if condition.holds(one, self.circumstances))


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    comments = [
        {"ParentId": "00000001", "CommentBody": "please call", "CreatedById": CUSTOMER, "CreatedDate": YESTERDAY,
         "IsPublished": "true"},
        {"ParentId": "00000002", "CommentBody": "please call", "CreatedById": AGENT, "CreatedDate": YESTERDAY},
        {"ParentId": "00000003", "CommentBody": "please call", "CreatedById": "bot@support.example",
         "CreatedDate": YESTERDAY, "IsPublished": "true"},
    ]  # fmt: skip
    mails = [
        {"ParentId": "00000003", "Incoming": "true", "Subject": "Hi", "TextBody": "I wait.\n\n> please call",
         "MessageDate": YESTERDAY, "Status": "0"},
        {"ParentId": "00000004", "Incoming": "false", "Subject": "Re", "HtmlBody": "<p>please <b>call</b></p>",
         "MessageDate": YESTERDAY, "Status": "3"},
        {"ParentId": "00000005", "Incoming": "false", "Subject": "Draft", "TextBody": "please call", "Status": "5"},
    ]  # fmt: skip
    history = [
        {"CaseId": "00000001", "Field": "Status", "OldValue": "Open", "NewValue": "New", "CreatedDate": YESTERDAY}
    ]
    return world.org(
        Case=[
            case(1, ContactId="One"), case(2, ContactId="One"), case(3, OwnerId="Leads"), case(4, Reason="Leak"),
            case(5, Reason="leak "),
        ],
        Contact=[{"LastName": "One", "Name": "One"}],
        CaseComment=comments,
        EmailMessage=mails,
        CaseHistory=history,
        Task=[{"WhatId": "00000002", "TaskSubtype": "Call", "Subject": "Call", "CreatedDate": YESTERDAY}],
        User=USERS,
        Group=QUEUES,
        GroupMember=MEMBERS,
        CaseMilestone=[
            {"CaseId": "00000001", "TargetDate": "2026-03-02T15:30:00Z", "IsCompleted": "false"},
            {"CaseId": "00000002", "TargetDate": "2026-03-02T15:30:00Z", "IsCompleted": "true"},
        ],
    )  # fmt: skip


CALL = (parse_phrase("please call"),)
CONDITIONS: dict[str, tuple[Condition, list[str]]] = {
    "a customer's comment": (Text(("comments.customer",), CALL), ["1"]),
    "an agent's comment": (Text(("comments.agent",), CALL), ["2"]),
    "an agent's e-mail, its tags removed": (Text(("emails.agent",), CALL), ["4"]),
    "what an e-mail quotes is not its own word": (Text(("emails",), CALL), ["4"]),
    "who spoke": (Spoke("customer"), ["1", "3"]),
    "idle since the last word": (Idle("less_than", 2 * DAY, who="anyone"), ["1", "2", "3", "4"]),
    "in state since the last change": (InState("less_than", 2 * DAY, paths=("Status",)), ["1"]),
    "in state since the beginning": (InState("at_least", 2 * DAY, paths=("Status",)), ["2", "3", "4", "5"]),
    "related tasks": (
        Related(Records("Tasks", ("TaskSubtype",)), "at_least", 1, Field("TaskSubtype", "is", "Call")), ["2"]),
    "through the contact": (Related(Records("Cases", (), "Contact"), "at_least", 2), ["1", "2"]),
    "the same reason, any case": (Related(Records("Cases", (), "", ("Reason",)), "at_least", 2), ["4", "5"]),
    "a milestone that is due": (Milestone("due", HOUR), ["1"]),
    "in a queue": (Owner("in_queue", ("Leads",)), ["3"]),
    "with a member": (Owner("member_of", ("Leads",)), ["1", "2", "4", "5"]),
    "a raw filter": (Soql("Reason LIKE 'le%' AND CaseNumber != '00000004'"), ["5"]),
    "business hours of the org": (
        Age("at_least", 10 * DAY, BusinessHours("Default"), path="CreatedDate"), ["1", "2", "3", "4", "5"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_data_of_a_condition_is_read_from_the_org(org: EmbeddedOrg, name: str) -> None:
    condition, expected = CONDITIONS[name]
    # The second route keeps the query from narrowing, so that the decision is made here.
    cases_now = Sight(org, policy(route("a", condition), route("b")))
    assert cases_now.broken == {}
    assert cases_now.matching(condition) == expected


def test_the_calls_grow_with_the_cases_and_not_with_the_routes(org: EmbeddedOrg) -> None:
    every = AnyOf(tuple(condition for condition, _ in CONDITIONS.values()))
    many = policy(
        *(route(f"r{number}", All((every, Field("Subject", "is_not", f"x{number}")))) for number in range(20))
    )
    one = policy(route("r", every))
    assert Sight(org, many).calls == Sight(org, one).calls <= 4


def test_a_change_through_the_api_begins_a_new_state(org: EmbeddedOrg) -> None:
    held = InState("at_least", 2 * HOUR, paths=("Status",))
    of = policy(route("a", held), route("b"))
    cases_now = Sight(org, of)
    assert "2" in cases_now.matching(held)
    patch(org, cases_now.cases["2"].id, Status="Working")
    advance(org, "1h")
    assert "2" not in Sight(org, of).matching(held)
    advance(org, "1h")
    assert "2" in Sight(org, of).matching(held)


def test_an_untracked_field_is_in_no_state(org: EmbeddedOrg) -> None:
    held = InState("at_least", HOUR, paths=("Subject",))
    cases_now = Sight(org, policy(route("a", held), route("b")))
    assert cases_now.matching(held) == []
    assert cases_now.org_facts.tracked == frozenset({"OwnerId", "Priority", "Reason", "Status", "Type"})


def test_a_field_with_a_history_in_the_data_is_tracked(world: World) -> None:
    turn = {"CaseId": "00000001", "Field": "Blocked__c", "OldValue": "", "NewValue": "Sales", "CreatedDate": YESTERDAY}
    org = world.org(Case=[case(1, Blocked__c="Sales"), case(2, Blocked__c="CS")], CaseHistory=[turn], User=USERS)
    held = InState("less_than", 2 * DAY, paths=("Blocked__c",))
    of = policy(route("a", held), route("b"))
    cases_now = Sight(org, of)
    assert cases_now.matching(held) == ["1"]
    patch(org, cases_now.cases["2"].id, Blocked__c="Sales")
    assert Sight(org, of).matching(held) == ["1", "2"]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Related(Records("Taks"), "at_least", 1), "Case has no such child relationship .* did you mean Tasks?"),
        (Related(Records("Tasks", ("Subtype",)), "at_least", 1), "Task has no Subtype"),
        (Soql("No_Such__c = 1"), "No_Such__c"),
        (AnyOf((Soql("No_Such__c = 1"), Owner("user"))), "No_Such__c"),
    ],
)
def test_data_missing_in_the_org_breaks_only_its_route(org: EmbeddedOrg, condition: Condition, reason: str) -> None:
    cases_now = Sight(org, policy(route("a", condition), route("b")))
    assert list(cases_now.broken) == [("support", "a")]
    assert re.search(reason.replace("?", r"\?"), cases_now.broken["support", "a"])


def test_a_route_with_a_subquery_runs_beside_any_other_route(org: EmbeddedOrg) -> None:
    """A semi-join is not allowed under OR: the org would reject the query of all routes."""
    called = Soql("Id IN (SELECT ParentId FROM EmailMessage WHERE Incoming = true)")
    leak = Field("Reason", "is", "Leak")
    of = policy(
        route("called", called),
        route("leak", leak),
        route("either", AnyOf((called, leak))),
        route("neither", All((Field("Reason", "is_empty", True), Not(called)))),
    )
    cases_now = Sight(org, of)
    assert cases_now.broken == {}
    found = {one.name: cases_now.matching(of.condition(one)) for one in of.routes}
    assert found == {"called": ["3"], "leak": ["4", "5"], "either": ["3", "4", "5"], "neither": ["1", "2"]}


def test_a_route_that_only_a_subquery_narrows_does_not_widen_the_query_of_the_others(org: EmbeddedOrg) -> None:
    called = Soql("Id IN (SELECT ParentId FROM EmailMessage WHERE Incoming = true)")
    cases_now = Sight(org, policy(route("called", called), route("leak", Field("Reason", "is", "Leak"))))
    assert sorted(cases_now.cases) == ["3", "4", "5"]


def test_a_note_with_a_key_is_not_a_comment_but_an_answer_that_quotes_it_is(world: World) -> None:
    key = "ESC-7K2M-90QD-XW4T support/a/start/1/1"
    quoted = f"From: Desk\nSent: Monday\nTo: Carl\nSubject: Re\n\nnoted\n\n{key}"
    org = world.org(
        Case=[case(number) for number in range(1, 4)],
        CaseComment=[
            {"ParentId": "00000001", "CommentBody": f"please call\n-- \nx\n{key}", "CreatedById": AGENT},
            {"ParentId": "00000002", "CommentBody": f"{key}\nplease call", "CreatedById": AGENT},
        ],
        EmailMessage=[{"ParentId": "00000003", "Incoming": "true", "TextBody": f"Please call\n\n{quoted}"}],
        User=USERS,
        Group=QUEUES,
    )
    cases_now = Sight(org, policy(route("a", AnyOf((Text(("comments",), CALL), Text(("emails",), CALL)))), route("b")))
    assert cases_now.matching(Text(("comments", "emails"), CALL)) == ["2", "3"]
    assert cases_now.matching(Spoke("customer")) == ["3"]


@pytest.mark.parametrize(
    ("mail", "spoke"),
    [
        ({"Headers": "Received: x\nAuto-Submitted: auto-replied\nTo: us"}, False),
        ({"Headers": "auto-submitted:auto-generated (vacation)"}, False),
        ({"Headers": "X-Autoreply: yes"}, False),
        ({"Headers": "Auto-Submitted: no"}, True),
        ({"Headers": "Subject: about Auto-Submitted: auto-replied"}, True),
        ({"Subject": "Automatic reply: your case"}, False),
        ({"Subject": "Out of Office: Ann"}, False),
        ({"Subject": "Out of office printers are broken"}, True),
        ({"Subject": "Automatic doors: reply wanted"}, True),
        ({"Subject": "Absence du bureau : your case"}, False),
        ({"Subject": "Re: your case", "Headers": "Precedence: junk"}, False),
        ({"Subject": "Re: your case", "Headers": "Received: x\r\nReturn-Path:\r\n <>"}, False),
        ({"Headers": "X-Auto-Response-Suppress: All"}, True),
        ({}, True),
    ],
)
def test_an_automatic_answer_counts_for_nobody(world: World, mail: Row, spoke: bool) -> None:
    sent = {"ParentId": "00000001", "Incoming": "true", "TextBody": "I am away.", "MessageDate": YESTERDAY, **mail}
    org = world.org(Case=[case(1)], EmailMessage=[sent], User=USERS)
    cases_now = Sight(org, policy(route("a", Spoke("customer")), route("b")))
    assert bool(cases_now.matching(Spoke("customer"))) is spoke
    assert cases_now.matching(Text(("emails",), (parse_phrase("i am away"),))) == ["1"]


def test_a_mail_from_a_clock_that_is_ahead_counts_from_its_record(world: World) -> None:
    sent = {"ParentId": "00000001", "Incoming": "true", "TextBody": "x", "CreatedDate": YESTERDAY}
    org = world.org(Case=[case(1)], EmailMessage=[{**sent, "MessageDate": "2031-01-01T00:00:00Z"}], User=USERS)
    cases_now = Sight(org, policy(route("a", Idle("at_least", HOUR, who="customer")), route("b")))
    (one,) = cases_now.cases["1"].comments
    assert f"{one.at:%Y-%m-%dT%H:%M:%SZ}" == YESTERDAY
    assert cases_now.matching(Idle("at_least", HOUR, who="customer")) == ["1"]


def test_business_hours_are_a_calendar_of_the_org(org: EmbeddedOrg) -> None:
    hours = Age("at_least", HOUR, BusinessHours("Default"), path="CreatedDate")
    found = Sight(org, policy(route("a", hours))).org_facts.calendars
    assert list(found) == ["Default"]
    calendar: Calendar = found["Default"]
    assert calendar.open_between(NOW - DAY, NOW) == DAY


def test_without_such_conditions_there_are_no_further_queries(world: World, tmp_path: Path) -> None:
    plain = world.org(Case=[case(1)], User=USERS, Group=QUEUES)
    cases_now = Sight(plain, policy(route("a", Field("Subject", "is", "Hello"))))
    assert cases_now.calls == 0
    assert isinstance(cases_now.cases["1"], Case)
    assert isinstance(cases_now.circumstances.now, datetime)
