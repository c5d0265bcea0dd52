"""The ladders of the shipped policies, over days and weeks of an org's time: people act, act late, or do not act.

All times are UTC. New York, Chicago and Los Angeles move their clocks on 2026-03-08 and 2026-11-01.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.stories.stopped_org import act, at, notes
from tests.stories.test_procedures import AGENT, case, queues, said, started, where
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
    assert at(stopped, "2026-03-08T00:45Z") == []  # turn 0 of the next day's reminder is 15 minutes away
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


def test_member_support_asks_again_until_somebody_takes_the_case(stopped: World) -> None:
    """From a Friday evening in Chicago, where support is open on Saturday, over the change of the clock, to Tuesday."""
    contacts = [{"LastName": "One", "Name": "One"}]
    created = "2026-03-06T22:00:00Z"
    cases = [
        case(1, created, Description="Smoke came out of it"),
        case(2, created, Description="It hurt my hand, I was in hospital"),
        case(3, created, Subject="I want to speak to a manager"),
        case(4, created, Subject="I want to speak to a manager"),
        case(5, created, Reason="Return", ContactId="One"),
        case(6, "2026-02-01T15:00:00Z", Reason="Return", ContactId="One", Status="Closed", IsClosed="true"),
        case(7, created, IsEscalated="true"),
    ]
    names = ("Support_Staff", "Support_Supervisors", "Health_Safety_Legal", "Logistics_Returns")
    org = begun(stopped, "member-support", "2026-03-07T01:45Z", names, cases, Contact=contacts)
    safety, asked = "health-safety-legal", "supervisor-request"
    assert len(at(stopped, "2026-03-07T01:45Z", "--backlog", "escalate")) == 6  # Friday, 19:45
    assert at(stopped, "2026-03-07T01:50Z") == []
    every = "every-quarter-hour"
    both = [f"{number} {safety} {every}/1 applied 2026-03-07T02:00Z" for number in (1, 2)]
    assert at(stopped, "2026-03-07T02:00Z") == both
    take(org, 2)
    # no run for an hour: the latest of the missed turns is carried out, the others are skipped
    assert at(stopped, "2026-03-07T03:05Z") == [f"1 {safety} {every}/5 applied 2026-03-07T03:00Z"]
    assert at(stopped, "2026-03-07T03:45Z") == [f"1 {safety} two-hours/1 applied 2026-03-07T03:45Z"]
    assert at(stopped, "2026-03-07T03:50Z") == [f"1 {safety} {every}/7 applied 2026-03-07T03:30Z"]
