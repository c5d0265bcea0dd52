"""The ladders of the shipped policies, over days and weeks of an org's time: people act, act late, or do not act.

All times are UTC. New York, Chicago and Los Angeles move their clocks on 2026-03-08 and 2026-11-01.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.stories.stopped_org import act, at, notes
from tests.stories.test_procedures import AGENT, case, queues, started, where
from tests.stories.world import Row, World


def begun(world: World, procedure: str, time: str, names: Sequence[str], cases: Sequence[Row], **more: Any) -> Any:
    """The org of a procedure at this time, with these queues and cases."""
    now = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return started(world, procedure, queues(*names), cases, now=now, **more)


def help_needed(org: Any, number: int) -> list[str]:
    """The help that each note of the case asks for."""
    return [note.partition("Help needed:\n")[2].partition("\n")[0] for note in notes(org, number)]


def due(org: Any, number: int) -> str:
    """The due time as the first note prints it."""
    return notes(org, number)[0].partition("Due: ")[2].partition("\n")[0]


def call(org: Any, number: int) -> None:
    act(org, act="create", object="Task", by=AGENT,
        fields={"WhatId": f"{number:08}", "TaskSubtype": "Call", "Subject": "Called"})  # fmt: skip


def write(org: Any, number: int) -> None:
    act(org, act="create", object="EmailMessage", by=AGENT,
        fields={"ParentId": f"{number:08}", "Incoming": False, "Status": "3", "Subject": "Hello?"})  # fmt: skip


def take(org: Any, number: int) -> None:
    act(org, act="edit", case=f"{number:08}", fields={"OwnerId": AGENT}, by=AGENT)


def test_a_lead_calls_back_before_the_business_day_ends_or_a_supervisor_does(stopped: World) -> None:
    """Friday and Saturday; on the Sunday between them and Monday the clock moves."""
    accounts = [{"Name": "West", "BillingState": "CA"}, {"Name": "East", "BillingState": "NY"}]
    created = "2026-03-06T19:30:00Z"
    cases = [
        case(1, created, Type="Lead Call Back", AccountId="East"),
        case(2, created, Type="Lead Call Back", AccountId="West"),
        case(3, created, Type="Question", AccountId="East"),
    ]
    names = ("East_Leads", "West_Leads", "East_Supervisors", "West_Supervisors")
    org = begun(stopped, "supervisor-callback", "2026-03-06T20:00Z", names, cases, Account=accounts)
    first = at(stopped, "2026-03-06T20:00Z", "--backlog", "escalate")  # 15:00 in New York, 12:00 in Los Angeles
    assert first == ["1 lead-callback start applied", "2 lead-callback start applied"]
    assert (due(org, 1), due(org, 2)) == ("Fri 2026-03-06 20:00 EST", "Fri 2026-03-06 20:00 PST")
    take(org, 1)  # a claim is not a call
    assert at(stopped, "2026-03-06T23:50Z") == []
    assert at(stopped, "2026-03-07T00:00Z") == ["1 lead-callback before-due-1h/1 applied 2026-03-07T00:00Z"]
    assert where(org)["1"] == ("Agent", "Open", "Urgent")
    call(org, 2)
    assert at(stopped, "2026-03-07T00:50Z") == []
    assert at(stopped, "2026-03-07T01:00Z") == ["1 lead-callback overdue/1 applied 2026-03-07T01:00Z"]
    assert where(org)["1"] == ("East Supervisors", "Open", "Urgent")
    assert help_needed(org, 1) == [
        "Call back before the due time of this note: the end of the business day was promised.",
        "Call back before the due time of this note: the end of the business day was promised.",
        "No Lead called in time: call now, say that it is late.",
    ]
    # Saturday, 19:45 in New York: the business day closes in 15 minutes, and Sunday is none.
    assert at(stopped, "2026-03-08T00:45Z") == []
    act(org, act="edit", case="00000003", fields={"Type": "Lead Call Back"}, by=AGENT)
    assert at(stopped, "2026-03-08T00:46Z") == ["3 lead-callback start applied"]
    assert due(org, 3) == "Mon 2026-03-09 20:00 EDT"
    assert at(stopped, "2026-03-08T01:00Z") == ["1 lead-callback still-overdue/1 applied 2026-03-08T01:00Z"]
    call(org, 1)
    assert at(stopped, "2026-03-09T22:50Z") == []
    assert at(stopped, "2026-03-09T23:10Z") == ["3 lead-callback before-due-1h/1 applied 2026-03-09T23:00Z"]
    call(org, 3)
    assert at(stopped, "2026-03-10T00:00Z") == []
    assert [len(notes(org, number)) for number in (1, 2, 3)] == [3, 1, 2]
    assert where(org)["2"] == ("West Leads", "Open", "High")


def test_a_supervisor_calls_back_within_24_hours_also_at_the_weekend(stopped: World) -> None:
    cases = [case(number, "2026-03-06T19:30:00Z", Type="Supervisor Call Back", AccountId="West") for number in (1, 2)]
    names = ("East_Leads", "West_Leads", "East_Supervisors", "West_Supervisors")
    west = [{"Name": "West", "BillingState": "CA"}]
    org = begun(stopped, "supervisor-callback", "2026-03-07T20:00Z", names, cases, Account=west)
    at(stopped, "2026-03-07T20:00Z", "--backlog", "escalate")
    assert due(org, 1) == "Sun 2026-03-08 16:00 EDT"  # 24 hours after 15:00 EST
    assert at(stopped, "2026-03-08T15:50Z") == []
    call(org, 2)
    assert at(stopped, "2026-03-08T16:00Z") == ["1 supervisor-demanded before-due-4h/1 applied 2026-03-08T16:00Z"]
    assert at(stopped, "2026-03-08T19:50Z") == []
    assert at(stopped, "2026-03-08T20:20Z") == ["1 supervisor-demanded late/1 applied 2026-03-08T20:00Z"]
    assert help_needed(org, 1) == [
        "Call back before the due time of this note, inside the preferred time frame.",
        "The 24 hours are over, and no call is logged: call now, say that it is late.",
    ]
    assert "late by 20 min" in notes(org, 1)[1]
    assert at(stopped, "2026-03-09T19:50Z") == []
    assert at(stopped, "2026-03-09T20:00Z") == ["1 supervisor-demanded still-late/1 applied 2026-03-09T20:00Z"]
    assert at(stopped, "2026-03-10T20:00Z") == ["1 supervisor-demanded still-late/2 applied 2026-03-10T20:00Z"]
    call(org, 1)
    assert at(stopped, "2026-03-11T20:00Z") == []
    assert [len(notes(org, number)) for number in (1, 2)] == [2, 1]
    assert where(org)["1"] == ("West Supervisors", "Open", "Urgent")


def test_a_case_of_safety_is_called_out_every_quarter_of_an_hour_until_somebody_takes_it(stopped: World) -> None:
    """On a Friday night in Chicago, after support has closed."""
    created = "2026-03-06T22:00:00Z"
    cases = [
        case(1, created, Description="Smoke came out of it"),
        case(2, created, Description="It hurt my hand, I was in hospital"),
    ]
    names = ("Support_Staff", "Support_Supervisors", "Health_Safety_Legal", "Logistics_Returns")
    org = begun(stopped, "member-support", "2026-03-07T01:45Z", names, cases)
    safety = "health-safety-legal"
    first = at(stopped, "2026-03-07T01:45Z", "--backlog", "escalate")
    assert first == [f"{number} {safety} start applied" for number in (1, 2)]
    assert at(stopped, "2026-03-07T01:55Z") == []
    both = [f"{number} {safety} every-quarter-hour/1 applied 2026-03-07T02:00Z" for number in (1, 2)]
    assert at(stopped, "2026-03-07T02:00Z") == both
    take(org, 2)
    # No run for an hour: the latest of the missed turns is carried out, the others are skipped.
    assert at(stopped, "2026-03-07T03:05Z") == [f"1 {safety} every-quarter-hour/5 applied 2026-03-07T03:00Z"]
    assert at(stopped, "2026-03-07T03:45Z") == [f"1 {safety} every-quarter-hour/7 applied 2026-03-07T03:30Z"]
    assert at(stopped, "2026-03-07T03:55Z") == [f"1 {safety} two-hours/1 applied 2026-03-07T03:45Z"]
    assert help_needed(org, 1) == [
        "Take over now. Keep the customer informed.",
        "Nobody has taken this case for two hours. Supervisors: find somebody now.",
    ]
    assert at(stopped, "2026-03-08T01:35Z") == []
    act(org, act="close", case="00000001", by=AGENT)
    # It was taken, and nobody closed it.
    assert at(stopped, "2026-03-08T01:45Z") == [f"2 {safety} next-day/1 applied 2026-03-08T01:45Z"]
    assert at(stopped, "2026-03-15T01:45Z") == []
    assert [len(notes(org, number)) for number in (1, 2)] == [2, 1]
    assert where(org)["2"] == ("Agent", "Open", "Critical Escalation")


def test_member_support_raises_in_opening_hours_what_nobody_takes(stopped: World) -> None:
    """A quarter of an hour on Friday, Saturday until 17:00, and Monday after the change of the clock."""
    created = "2026-03-06T22:00:00Z"
    cases = [
        case(3, created, Subject="I want to speak to a manager"),
        case(4, created, Subject="I want to speak to a manager"),
        case(5, created, Reason="Return", ContactId="One"),
        case(6, "2026-02-01T15:00:00Z", Reason="Return", ContactId="One", Status="Closed", IsClosed="true"),
        case(7, created, IsEscalated="true"),
    ]
    names = ("Support_Staff", "Support_Supervisors", "Health_Safety_Legal", "Logistics_Returns")
    contacts = [{"LastName": "One", "Name": "One"}]
    org = begun(stopped, "member-support", "2026-03-07T01:45Z", names, cases, Contact=contacts)
    asked, returns = "supervisor-request", "repeated-returns"
    assert len(at(stopped, "2026-03-07T01:45Z", "--backlog", "escalate")) == 4  # 19:45 in Chicago
    assert at(stopped, "2026-03-07T15:05Z") == []
    both = [f"{number} {asked} after-30m/1 applied 2026-03-07T15:15Z" for number in (3, 4)]
    assert at(stopped, "2026-03-07T15:15Z") == both  # 9:15
    assert where(org)["3"] == ("Support Supervisors", "Open", "Critical Escalation")
    act(org, act="comment", case="00000004", text="I called, all is well.", by=AGENT)
    late = [f"3 {asked} after-2h/1 applied 2026-03-07T16:45Z", "7 agent-flagged after-2h/1 applied 2026-03-07T16:45Z"]
    assert at(stopped, "2026-03-07T16:45Z") == late
    assert at(stopped, "2026-03-07T22:45Z") == ["7 agent-flagged after-8h/1 applied 2026-03-07T22:45Z"]
    assert at(stopped, "2026-03-07T23:00Z") == [f"5 {returns} after-1-business-day/1 applied 2026-03-07T23:00Z"]
    assert at(stopped, "2026-03-10T00:35Z") == []
    assert at(stopped, "2026-03-10T00:45Z") == [f"5 {returns} after-2-business-days/1 applied 2026-03-10T00:45Z"]
    assert help_needed(org, 3)[-1] == "No supervisor has spoken with the customer: support staff, find one now."
    assert help_needed(org, 5) == [
        "Decide on replacement or refund; a third return is not an answer.",
        "Nobody has decided for two business days: decide today.",
    ]
    assert help_needed(org, 7) == [
        "Read the last comments and decide on the next step.",
        "Read the last comments and decide on the next step.",
        "Support staff has not taken the case: decide on the next step.",
    ]
    now = where(org)
    assert [now[number][0] for number in "357"] == ["Support Supervisors", "Logistics Returns", "Support Supervisors"]
    assert [now[number][2] for number in "357"] == ["Critical Escalation", "Urgent", "Urgent"]


def test_tiers_of_support_hand_on_what_stays_unresolved(stopped: World) -> None:
    """From a Friday before the clock moves in New York, in opening hours of weekdays from 8:00 to 18:00."""
    created = "2026-10-30T13:00:00Z"
    cases = [
        case(2, created, Priority="High", OwnerId="Tier_1_Support"),
        case(3, created, Priority="High", OwnerId="Tier_1_Support"),
        case(4, "2026-10-28T13:00:00Z", Priority="High", OwnerId="Tier_2_Support"),
    ]
    names = ("Tier_1_Support", "Tier_2_Support", "Tier_3_Critical", "Support_Leadership")
    org = begun(stopped, "tiered-support", "2026-10-30T15:00Z", names, cases)
    assert at(stopped, "2026-10-30T15:00Z", "--backlog", "escalate") == [
        "2 unresolved start applied", "3 unresolved start applied", "4 unresolved-by-tier-2 start applied",
    ]  # fmt: skip
    assert where(org)["2"] == ("Tier 2 Support", "Escalated", "High")
    assert at(stopped, "2026-10-30T15:20Z") == []
    take(org, 3)
    assert at(stopped, "2026-10-30T19:00Z") == ["2 unresolved after-4h/1 applied 2026-10-30T19:00Z"]
    # Seven hours on Friday, nine on Monday: somebody took the case, and could not resolve it.
    assert at(stopped, "2026-11-02T21:50Z") == []
    both = [f"{number} unresolved tier-3/1 applied 2026-11-02T22:00Z" for number in (2, 3)]
    assert at(stopped, "2026-11-02T22:00Z") == both
    assert [where(org)[number] for number in "23"] == [("Tier 3 Critical", "Escalated", "High")] * 2
    assert at(stopped, "2026-11-03T20:00Z") == ["4 unresolved-by-tier-2 after-24h/1 applied 2026-11-03T20:00Z"]
    act(org, act="close", case="00000003", by=AGENT)
    assert at(stopped, "2026-11-05T15:50Z") == []
    assert at(stopped, "2026-11-05T16:00Z") == ["2 unresolved leadership/1 applied 2026-11-05T16:00Z"]
    assert help_needed(org, 2) == [
        "Specialised knowledge needed.",
        "Tier 2 could not resolve it either: take over, tell the other tiers what you find.",
    ]
    assert len(notes(org, 4)) == 1


def test_a_severe_fault_is_reported_every_hour_until_it_is_closed(stopped: World) -> None:
    """Over the night in which the clock moves back in New York."""
    created = "2026-10-31T21:00:00Z"
    cases = [case(number, created, Type="Outage", AccountId="Hot") for number in (1, 2)]
    names = ("Tier_1_Support", "Tier_2_Support", "Tier_3_Critical", "Support_Leadership")
    hot = [{"Name": "Hot", "Rating": "Hot"}]
    org = begun(stopped, "tiered-support", "2026-11-01T03:00Z", names, cases, Account=hot)
    assert len(at(stopped, "2026-11-01T03:00Z", "--backlog", "escalate")) == 2  # 23:00 EDT
    assert at(stopped, "2026-11-01T03:20Z") == []
    take(org, 1)
    assert at(stopped, "2026-11-01T03:30Z") == ["2 severe nobody-leads/1 applied 2026-11-01T03:30Z"]
    both = [f"{number} severe hourly-report/1 applied 2026-11-01T04:00Z" for number in (1, 2)]
    assert at(stopped, "2026-11-01T04:00Z") == both
    act(org, act="close", case="00000002", by=AGENT)
    assert at(stopped, "2026-11-01T05:00Z") == ["1 severe hourly-report/2 applied 2026-11-01T05:00Z"]
    # Two rungs at the same time come in two runs.
    assert at(stopped, "2026-11-01T07:00Z") == ["1 severe hourly-report/4 applied 2026-11-01T07:00Z"]
    assert at(stopped, "2026-11-01T07:10Z") == ["1 severe after-4h/1 applied 2026-11-01T07:00Z"]
    assert at(stopped, "2026-11-01T12:00Z") == ["1 severe hourly-report/9 applied 2026-11-01T12:00Z"]  # 7:00 EST
    assert at(stopped, "2026-11-01T13:00Z") == []
    assert [len(notes(org, number)) for number in (1, 2)] == [1, 2]
    assert where(org)["1"] == ("Agent", "Escalated", "Critical")


def test_every_escalation_is_closed_within_thirty_days_of_its_start(stopped: World) -> None:
    """On 2026-03-29 the clock moves in London. The first case is two months older than its escalation."""
    created = "2026-03-09T16:00:00Z"
    cases = [
        case(1, "2026-01-05T16:00:00Z", IsEscalated="true"),
        case(2, created, IsEscalated="true"),
        case(3, created, IsEscalated="true"),
    ]
    names = ("Unsorted", "Senior_Agents", "Customer_Success", "Field_Service", "Directors")
    org = begun(stopped, "customer-success", "2026-03-10T16:00Z", names, cases)
    raised = "raised-by-anyone"
    act(org, act="close", case="00000990")  # made for its status alone
    first = at(stopped, "2026-03-10T16:00Z", "--backlog", "escalate")
    assert first == [f"{number} {raised} start applied" for number in (1, 2, 3)]
    assert where(org)["1"] == ("Customer Success", "Working", "High")
    assert due(org, 1) == "Thu 2026-04-09 17:00 BST"
    assert at(stopped, "2026-03-24T15:50Z") == []
    take(org, 2)  # who takes a case has not closed it
    three = [f"{number} {raised} after-14d/1 applied 2026-03-24T16:00Z" for number in (1, 2, 3)]
    assert at(stopped, "2026-03-24T16:00Z") == three
    act(org, act="close", case="00000003", by=AGENT)
    assert at(stopped, "2026-04-04T15:50Z") == []
    two = [f"{number} {raised} five-days-left/1 applied 2026-04-04T16:00Z" for number in (1, 2)]
    assert at(stopped, "2026-04-04T16:00Z") == two
    assert [where(org)[number] for number in "12"] == [
        ("Customer Success", "Working", "Urgent"), ("Agent", "Working", "Urgent"),
    ]  # fmt: skip
    act(org, act="close", case="00000002", by=AGENT)
    assert at(stopped, "2026-04-09T15:50Z") == []
    assert at(stopped, "2026-04-09T16:00Z") == [f"1 {raised} thirty-days/1 applied 2026-04-09T16:00Z"]
    assert help_needed(org, 1) == [
        "Review, then agree the next step with the customer.",
        "Five days are left: agree with the customer on what closes this case.",
        "The 30 days are over: close the case, or tell the directors what is missing.",
    ]
    assert at(stopped, "2026-04-16T16:10Z") == [f"1 {raised} every-week/1 applied 2026-04-16T16:00Z"]
    assert at(stopped, "2026-05-07T16:00Z") == [f"1 {raised} every-week/4 applied 2026-05-07T16:00Z"]
    assert at(stopped, "2026-05-14T16:00Z") == []
    assert [len(notes(org, number)) for number in (1, 2, 3)] == [3, 2, 1]


def test_onboarding_asks_sales_then_the_managers_until_the_customer_answers(stopped: World) -> None:
    """Two more weeks count from the step before, not from the customer's last word."""
    cases = [case(number, "2026-02-10T15:00:00Z", Type="Onboarding") for number in (1, 2, 3)]
    names = ("Onboarding", "Sales_Contacts", "Onboarding_Managers", "Head_of_Onboarding")
    made = {"CreatedDate": "2026-02-20T15:00:00Z"}
    tried = ("00000001", "00000002")
    calls = [{"WhatId": one, "TaskSubtype": "Call", "Subject": "Call", **made} for one in tried]
    mails = [{"ParentId": one, "Incoming": "false", "Status": "3", "Subject": "Hello?", **made} for one in tried]
    org = begun(stopped, "onboarding", "2026-03-02T15:00Z", names, cases, Task=calls, EmailMessage=mails)
    assert at(stopped, "2026-03-02T15:00Z", "--backlog", "escalate") == [
        "1 unresponsive start applied", "2 unresponsive start applied", "3 not-yet-tried start applied",
    ]  # fmt: skip
    assert at(stopped, "2026-03-05T14:50Z") == []
    assert at(stopped, "2026-03-05T15:00Z") == ["3 not-yet-tried after-3d/1 applied 2026-03-05T15:00Z"]
    assert at(stopped, "2026-03-08T15:00Z") == ["3 not-yet-tried after-3d/2 applied 2026-03-08T15:00Z"]
    act(org, act="comment", case="00000002", text="Sorry, I was away.", **{"as": "customer"})
    call(org, 3)
    write(org, 3)
    assert at(stopped, "2026-03-08T15:10Z") == ["3 unresponsive start applied"]  # it takes the lower ladder's place
    assert at(stopped, "2026-03-16T14:50Z") == []
    assert at(stopped, "2026-03-16T15:00Z") == ["1 unresponsive managers/1 applied 2026-03-16T15:00Z"]
    assert [where(org)[number][::2] for number in "12"] == [
        ("Onboarding Managers", "High"),
        ("Sales Contacts", "Medium"),
    ]
    assert help_needed(org, 1) == [
        "Sales contact: please reach the customer.",
        "Manager: please step in, together with the sales contact.",
    ]
    # The second customer answered, and falls silent again: all begins anew, with two weeks of its own.
    assert at(stopped, "2026-03-22T15:00Z") == ["2 not-yet-tried start applied"]
    call(org, 2)
    write(org, 2)
    assert at(stopped, "2026-03-22T15:10Z") == [
        "2 unresponsive start applied", "3 unresponsive managers/1 applied 2026-03-22T15:10Z",
    ]  # fmt: skip
    assert at(stopped, "2026-04-05T15:00Z") == []
    assert at(stopped, "2026-04-05T15:10Z") == ["2 unresponsive managers/1 applied 2026-04-05T15:10Z"]


def test_onboarding_ends_a_deadlock_with_the_head_and_answers_before_48_hours(stopped: World) -> None:
    cases = [
        case(1, "2026-03-01T15:00:00Z", Type="Onboarding", Status="Blocked"),
        case(2, "2026-03-01T15:00:00Z", Type="Onboarding", Status="Blocked"),
        case(3, "2026-03-06T15:00:00Z", Type="Onboarding", IsEscalated="true"),
        case(4, "2026-03-06T15:00:00Z", Type="Onboarding", IsEscalated="true"),
    ]
    names = ("Onboarding", "Sales_Contacts", "Onboarding_Managers", "Head_of_Onboarding")
    org = begun(stopped, "onboarding", "2026-03-07T15:00Z", names, cases)
    sensitive = "sensitive-issue"
    assert at(stopped, "2026-03-07T15:00Z", "--backlog", "escalate") == [
        f"3 {sensitive} start applied", f"4 {sensitive} start applied",
        "1 deadlock start applied", "2 deadlock start applied",
    ]  # fmt: skip
    assert due(org, 3) == "Sun 2026-03-08 15:00 UTC"
    assert at(stopped, "2026-03-08T02:50Z") == []
    both = [f"{number} {sensitive} before-due-12h/1 applied 2026-03-08T03:00Z" for number in (3, 4)]
    assert at(stopped, "2026-03-08T03:00Z") == both
    take(org, 4)
    assert at(stopped, "2026-03-08T15:00Z") == [f"3 {sensitive} a-day/1 applied 2026-03-08T15:00Z"]
    assert where(org)["3"][0] == "Onboarding Managers"
    assert at(stopped, "2026-03-09T03:20Z") == [f"3 {sensitive} before-48-hours/1 applied 2026-03-09T03:00Z"]
    assert where(org)["3"][0] == "Head of Onboarding"
    assert at(stopped, "2026-03-14T14:50Z") == []
    two = [f"{number} deadlock managers/1 applied 2026-03-14T15:00Z" for number in (1, 2)]
    assert at(stopped, "2026-03-14T15:00Z") == two
    act(org, act="edit", case="00000002", fields={"Status": "Working"}, by=AGENT)  # they agreed
    assert at(stopped, "2026-03-21T15:00Z") == ["1 deadlock head/1 applied 2026-03-21T15:00Z"]
    assert help_needed(org, 1) == [
        "Settle it directly; the managers are next.",
        "Settle it between the two managers; the head of onboarding is next.",
        "The two managers have not agreed either: decide.",
    ]
    now = where(org)
    assert (now["1"][0], now["2"][0], now["4"][0]) == ("Head of Onboarding", "Onboarding Managers", "Agent")
    assert len(notes(org, 2)) == 2
