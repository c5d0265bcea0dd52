"""Notices over the embedded org: from a policy file to what a program, a mailbox and the bell of a person get."""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from sfdc_escalator.pipeline import stop
from tests.channels.service import Answer, Call
from tests.stories.notices import PEOPLE, Told, case, services
from tests.stories.stopped_org import act, at
from tests.stories.world import World, advance, select

POLICY = """
policy: support
owner: {accountable: managers}
priorities: [Low, Medium, High, Critical]
calendars: {office: {timezone: Europe/Berlin, open: {mon-fri: "08:00-18:00"}}}
channels: {desk: webhook, mail: email, bell: salesforce}
notices:
  opens_with: ESCALATION
  must_say: [Subject, reason]
  links: [Project__c]
  people: bell
teams:
  leads: {queue: Leads, tell: [desk], facts: {Phone: "+49 30 1234"}}
  managers: {queue: Managers, tell: [mail], list: managers@example.com}
  intake: {queue: Intake, tell: [mail]}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    say: Call the customer.
    notify: [leads]
    due: 4h
    ladder:
      - {after: 30m, escalate: {priority: Critical}, notify: [leads], say: Take it over., until: acknowledged}
    notify_when: {acknowledged: [managers], closed: [leads]}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


@pytest.fixture
def told(stopped: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    stopped.policy(POLICY)
    with services(stopped, monkeypatch) as made:
        yield made
        if list((made.world.folder / "state").rglob("*.db")):  # some tests name other ledgers
            assert made.world.type("audit", "verify").code == 0


def policy(told: Told, *changes: tuple[str, str]) -> None:
    """The policy with each of these texts in place of another."""
    text = POLICY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    told.world.policy(text)


def counts(sent: int = 0, waiting: int = 0, undelivered: int = 0, dropped: int = 0) -> dict[str, int]:
    return {"sent": sent, "waiting": waiting, "undelivered": undelivered, "dropped": dropped}


START = """\
ESCALATION 00000001: urgent
Subject: urgent: broken
Reason: It is urgent.
Needed: Call the customer.
Due: Mon 2026-03-02 20:00 CET
Phone: +49 30 1234
Found: Subject is urgent: broken (starts with urgent)
Case: LINK
Project__c: https://projects.example.com/7
KEY"""
RUNG = """\
ESCALATION 00000001: urgent, after-30m
Subject: urgent: broken
Reason: It is urgent.
Needed: Take it over.
Due: Mon 2026-03-02 20:00 CET
Phone: +49 30 1234
Found: the rung after-30m was due at 2026-03-02 15:30 UTC
Case: LINK
KEY"""


def after(text: str, line: str, new: str) -> str:
    """The text with a new line after the line that begins like this."""
    return re.sub(rf"(^{re.escape(line)}.*$)", rf"\1\n{new}", text, count=1, flags=re.MULTILINE)


# -- what happened -----------------------------------------------------------------------------------------------------


def test_an_escalation_is_told_to_its_team_at_once(told: Told) -> None:
    """N1, N12"""
    told.start(case(1, Project__c="https://projects.example.com/7"))
    assert told.run()["notices"] == counts(sent=1)
    assert told.texts() == [START]
    assert (told.mails(), told.bells()) == ([], [])
    assert told.later(5)["notices"] == counts()


def test_a_mail_and_a_bell_say_the_same(told: Told) -> None:
    """N3"""
    policy(told, ("notify: [leads]\n    due", "notify: [intake, {person: Owner}]\n    due"))
    told.start(case(1, OwnerId="ann@example.com", Project__c="https://projects.example.com/7"))
    assert told.run()["notices"] == counts(sent=2)
    assert told.mails() == [("intake@queues.example.com", START)]
    assert told.bells() == [("Ann", START)]


def test_a_rung_is_told_with_what_it_asks_for(told: Told) -> None:
    told.start(case(1))
    told.run()
    told.posts()
    assert told.later(30)["notices"] == counts(sent=1)
    assert told.texts() == [RUNG]


def test_a_rung_that_comes_late_says_so(told: Told) -> None:
    """L9"""
    told.start(case(1))
    told.run()
    told.posts()
    told.later(55)
    (post,) = told.posts()
    late = after(RUNG, "Due", "This comes late by 25 min.").replace("15:30 UTC", "15:30 UTC, late by 25 min")
    assert told.plain(post["text"]) == late
    assert (post["late_by"], post["rung"], post["turn"]) == (25 * 60, "after-30m", 1)


def test_a_rung_whose_move_is_withheld_is_told_once_and_says_so(told: Told) -> None:
    """L11"""
    told.start(*(case(number) for number in (1, 2)))
    told.run()
    told.posts()
    policy(told, ("max_cases: 10", "max_cases: 1"))
    assert told.later(30, code=4)["notices"] == counts(sent=3)
    waits = after(RUNG, "Found", "This step waits: its move is withheld.")
    assert told.texts() == [waits, waits.replace("00000001", "00000002")]
    withheld = "ESCALATION: support/urgent is withheld\nReason: 2 cases at once is more than max_cases: 1"
    assert told.mails() == [("managers@example.com", withheld)]
    told.later(5, code=4)
    assert [text.splitlines()[0] for _, text in told.mails()] == [
        f"ESCALATION {number:08}: urgent: nobody acted, and no rung is left" for number in (1, 2)
    ]
    policy(told)
    assert told.later(5)["notices"] == counts()
    assert told.texts() == [], "that its move waits, and then that it moved, is not told again"


def test_a_ladder_that_is_exhausted_is_told_to_the_team_that_is_accountable(told: Told) -> None:
    """L16"""
    told.start(case(1))
    told.run()
    told.later(30)
    assert told.later(1)["notices"] == counts(sent=1)
    ((to, text),) = told.mails()
    assert to == "managers@example.com"
    assert (
        text
        == """\
ESCALATION 00000001: urgent: nobody acted, and no rung is left
Subject: urgent: broken
Reason: It is urgent.
Needed: Call the customer.
Due: Mon 2026-03-02 20:00 CET
Phone: +49 30 1234
Case: LINK
KEY"""
    )
    assert told.later(1)["notices"] == counts()


def test_who_acted_is_told_and_that_the_case_is_closed(told: Told) -> None:
    """`notify_when`"""
    told.start(case(1))
    told.run()
    told.posts()
    advance(told.org, "10m")
    (one,) = select(told.org, "SELECT Id FROM Case")
    act(told.org, act="edit", case=one["Id"], fields={"OwnerId": "ann@example.com"}, by="ann@example.com")
    assert told.later(5)["notices"] == counts(sent=1)
    ((to, text),) = told.mails()
    assert to == "managers@example.com"
    assert text.startswith("ESCALATION 00000001: urgent is acknowledged\nSubject: urgent: broken\n")
    assert re.search(r"^Acknowledged: owner( by Ann Lee)?, 2026-03-02 15:10 UTC$", text, re.MULTILINE)
    act(told.org, act="close", case=one["Id"], by="ann@example.com")
    assert told.later(5)["notices"] == counts(sent=1)
    (text,) = told.texts()
    assert text.startswith("ESCALATION 00000001: urgent: the case is closed\nSubject: urgent: broken\n")
    assert told.later(60)["notices"] == counts()


def test_the_owner_from_before_is_told_once_which_part_is_missing(told: Told) -> None:
    """N1: `tell_owner`"""
    parts = "{parts: {reason: {from: [route.reason]}, steps_taken: {from: [Steps__c], if_missing: tell_owner}}}"
    policy(told, ("{help_needed: Call back.}", parts))
    told.start(case(1, OwnerId="ann@example.com", Steps__c=""), case(2, OwnerId="ann@example.com", Steps__c="I asked."))
    assert told.run()["notices"] == counts(sent=3)
    ((name, text),) = told.bells()
    assert (name, text.splitlines()[0]) == ("Ann", "ESCALATION 00000001: urgent: the note is incomplete")
    assert "Missing in the note: steps taken" in text.splitlines()
    assert told.later(30)["notices"] == counts(sent=2)  # the rungs write a note as well: nothing is missing twice
    assert told.bells() == []


def test_a_route_that_is_withheld_is_told_once_until_a_run_in_which_it_was_not(told: Told) -> None:
    """N1"""
    policy(told, ("max_cases: 10", "max_cases: 1"))
    told.start(case(1), case(2))
    withheld = "ESCALATION: support/urgent is withheld\nReason: 2 cases at once is more than max_cases: 1"
    assert told.run(code=4)["notices"] == counts(sent=1)
    assert told.mails() == [("managers@example.com", withheld)]
    assert told.later(5, code=4)["notices"] == counts()
    told.later(5, "--limit", "1")
    assert told.titles() == ["ESCALATION 00000001: urgent"]
    told.later(5)
    for number in (3, 4):
        create(told, number)
    told.later(5, code=4)
    assert told.mails() == [("managers@example.com", withheld)]


def create(told: Told, number: int) -> None:
    """A person opens a case."""
    fields = {"Subject": "urgent: broken", "Status": "New", "Priority": "Medium", "Origin": f"Phone {number}"}
    answer = requests.post(
        f"{told.org.instance_url}/services/data/v{told.org.api_version}/sobjects/Case",
        json=fields,
        headers={"Authorization": f"Bearer {told.org.access_token}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text


WARN = (
    ("    when: [{field: Subject, starts_with: urgent}]", "    when: [{age: CreatedDate, at_least: 8h}]"),
    ("    due: 4h\n", "    due: 4h\n    warn: {before: 1h, tell: [{person: Owner}]}\n"),
)


def test_a_warning_comes_once_before_a_route_matches(told: Told) -> None:
    """N4"""
    policy(told, *WARN)
    told.start(case(1, OwnerId="ann@example.com"))
    assert told.run()["notices"] == counts()
    assert told.later(59)["notices"] == counts()
    assert told.later(1)["notices"] == counts(sent=1)
    assert told.bells() == [("Ann", """\
ESCALATION 00000001: urgent comes soon
Subject: urgent: broken
Reason: It is urgent.
Needed: Call the customer.
Comes: within 1 h, unless something changes
Phone: +49 30 1234
Case: LINK
KEY""")]  # fmt: skip
    assert told.later(30)["notices"] == counts()
    assert told.later(30)["applied"] == 1
    assert told.titles() == ["ESCALATION 00000001: urgent"]


def test_nothing_is_warned_of_when_the_first_run_finds_it_due(told: Told) -> None:
    """N4"""
    policy(told, *WARN)
    told.start(case(1, OwnerId="ann@example.com", CreatedDate="2026-03-01T09:00:00Z"))
    told.run()
    assert (told.titles(), told.bells()) == (["ESCALATION 00000001: urgent"], [])


# -- when --------------------------------------------------------------------------------------------------------------

PERSON = ("notify: [leads]\n    due", "notify: [{person: Owner}]\n    due")


def test_quiet_hours_are_those_of_the_person_and_end_with_one_message(told: Told) -> None:
    """N6"""
    policy(told, PERSON, ("  people: bell\n", '  people: bell\n  quiet: {from: "20:00", to: "08:00"}\n'))
    told.start(*(case(number, OwnerId=f"{name}@example.com") for number, name in enumerate(("ann", "max", "max"), 1)))
    at(told.world, "2026-03-02T19:30Z", "--backlog", "escalate")  # 14:30 in New York, 20:30 in Berlin
    assert [(name, text.splitlines()[0]) for name, text in told.bells()] == [("Ann", "ESCALATION 00000001: urgent")]
    assert at(told.world, "2026-03-03T06:59Z") == ["1 urgent after-30m/1 applied 2026-03-02T20:00Z",
        "2 urgent after-30m/1 applied 2026-03-02T20:00Z", "3 urgent after-30m/1 applied 2026-03-02T20:00Z"]  # fmt: skip
    assert told.bells() == []
    at(told.world, "2026-03-03T07:00Z")
    ((name, text),) = told.bells()
    assert (name, text) == ("Max", """\
ESCALATION: 2 notices
ESCALATION 00000002: urgent | Subject: urgent: broken | Reason: It is urgent. | Needed: Call the customer. | \
Due: Tue 2026-03-03 00:30 CET | LINK | KEY
ESCALATION 00000003: urgent | Subject: urgent: broken | Reason: It is urgent. | Needed: Call the customer. | \
Due: Tue 2026-03-03 00:30 CET | LINK | KEY""")  # fmt: skip


def test_an_urgent_notice_does_not_wait_for_the_end_of_quiet_hours(told: Told) -> None:
    """N6"""
    policy(told, ("notify: [leads]\n    due", "notify: [{person: Owner, urgent: true}]\n    due"),
           ("  people: bell\n", '  people: bell\n  quiet: {from: "20:00", to: "08:00"}\n'))  # fmt: skip
    told.start(case(1, OwnerId="max@example.com"))
    at(told.world, "2026-03-02T19:30Z", "--backlog", "escalate")
    ((name, text),) = told.bells()
    assert (name, text.splitlines()[0]) == ("Max", "\N{POLICE CARS REVOLVING LIGHT} ESCALATION 00000001: urgent")


def test_what_is_not_true_any_more_after_quiet_hours_is_dropped(told: Told) -> None:
    """N5"""
    policy(told, PERSON, ("  people: bell\n", '  people: bell\n  quiet: {from: "15:00", to: "16:30"}\n'))
    told.start(*(case(number, OwnerId="max@example.com") for number in (1, 2)))
    assert told.run()["notices"] == counts(waiting=2)
    found = select(told.org, "SELECT Id, CaseNumber FROM Case ORDER BY CaseNumber")
    act(told.org, act="close", case=found[0]["Id"], by="ann@example.com")
    assert told.later(30)["notices"] == counts(sent=3, dropped=1)
    assert [text.splitlines()[0] for _, text in told.bells()] == ["ESCALATION 00000002: urgent"]


def test_a_digest_comes_once_at_its_time_with_all_of_them(told: Told) -> None:
    """N4, N7"""
    policy(told, ("notify: [leads]\n    due", "notify: {now: [leads], digest: [managers]}\n    due"),
           ("  people: bell\n", '  people: bell\n  digest: {at: "09:00", on: mon-fri}\n'))  # fmt: skip
    told.start(case(1), case(2))
    assert told.run()["notices"] == counts(sent=2, waiting=2)
    at(told.world, "2026-03-03T07:59Z")
    assert told.mails() == []
    at(told.world, "2026-03-03T08:00Z")
    assert told.mails()[-1] == ("managers@example.com", """\
ESCALATION: 2 in the digest
ESCALATION 00000001: urgent | Subject: urgent: broken | Reason: It is urgent. | Needed: Call the customer. | \
Due: Mon 2026-03-02 20:00 CET | LINK | KEY
ESCALATION 00000002: urgent | Subject: urgent: broken | Reason: It is urgent. | Needed: Call the customer. | \
Due: Mon 2026-03-02 20:00 CET | LINK | KEY""")  # fmt: skip
    at(told.world, "2026-03-04T08:00Z")
    assert told.mails() == []


def test_what_is_over_the_cap_comes_as_one_message_later(told: Told) -> None:
    """N7"""
    policy(told, ("  people: bell\n", "  people: bell\n  cap: {most: 2, within: 15m}\n"))
    told.start(*(case(number) for number in range(1, 6)))
    assert told.run()["notices"] == counts(sent=2, waiting=3)
    assert told.titles() == ["ESCALATION 00000001: urgent", "ESCALATION 00000002: urgent"]
    assert told.later(14)["notices"] == counts(waiting=3)
    assert told.later(1)["notices"] == counts(sent=3)
    assert told.titles() == ["ESCALATION: 3 notices"]


def test_cases_that_are_alike_are_told_together_after_the_first(told: Told) -> None:
    """N8"""
    policy(told, ("    due: 4h\n", "    due: 4h\n    one_notice_per: {fields: [Site__c], within: 2h}\n"))
    told.start(*(case(number, Site__c="Berlin") for number in (1, 2, 3)), case(4, Site__c="Paris"))
    assert told.run()["notices"] == counts(sent=2, waiting=2)
    assert told.titles() == ["ESCALATION 00000001: urgent", "ESCALATION 00000004: urgent"]
    assert told.later(14)["notices"] == counts(waiting=2)
    assert told.later(1)["notices"] == counts(sent=2)
    assert told.titles() == ["ESCALATION: and 2 more"]


def test_more_than_five_urgent_ones_in_a_run_are_one_message(told: Told) -> None:
    """N7"""
    policy(told, ("notify: [leads]\n    due", "notify: [{team: leads, urgent: true}]\n    due"))
    told.start(*(case(number) for number in range(1, 7)))
    assert told.run()["notices"] == counts(sent=6)
    (post,) = told.posts()
    assert post["text"].startswith("\N{POLICE CARS REVOLVING LIGHT} ESCALATION: 6 notices\n")
    assert (post["kind"], post["urgent"], len(post["of"])) == ("bundle", True, 6)


TEXTS = (
    ("must_say: [Subject, reason]", "must_say: [reason, Description, talk]"),
    ("routes:\n",
     "defaults: {note: {parts: {talk: {from: [comments]}, help: {from: [route.help_needed]}}}}\nroutes:\n"),
    ("until: acknowledged}", "until: acknowledged}\n      - {after: 40m, notify: [leads], until: closed}"),
)  # fmt: skip
SAID = ["Reason: It is urgent.", "Description: A long story.", "Talk: 2026-03-02 10:00 It smokes."]


def test_long_texts_and_messages_that_must_be_said_are_in_every_notice(told: Told) -> None:
    """N12: in those about a rung without a note, an act, the end of the ladder and a closed case, too."""
    policy(told, *TEXTS)
    said = {"ParentId": "00000001", "CommentBody": "It smokes.", "CreatedDate": "2026-03-02T10:00:00Z"}
    told.start(case(1, Description="A long story."), CaseComment=[{**said, "CreatedById": "ann@example.com"}])
    told.run()
    told.later(30)
    told.later(10)
    told.later(1)
    (one,) = select(told.org, "SELECT Id FROM Case")
    act(told.org, act="edit", case=one["Id"], fields={"OwnerId": "ann@example.com"}, by="ann@example.com")
    told.later(1)
    act(told.org, act="edit", case=one["Id"], fields={"Subject": "done"}, by="ann@example.com")
    act(told.org, act="close", case=one["Id"], by="ann@example.com")
    told.later(1)
    texts = [*told.texts(), *(text for _, text in told.mails())]
    assert [text.splitlines()[0].partition(": ")[2] for text in texts] == [
        "urgent", "urgent, after-30m", "urgent, after-40m", "urgent: the case is closed",
        "urgent is acknowledged", "urgent: nobody acted, and no rung is left",
    ]  # fmt: skip
    assert [text.splitlines()[1:4] for text in texts] == [SAID] * 6


def test_who_acted_before_a_message_could_be_sent_is_named(told: Told) -> None:
    """N5, N6"""
    policy(told, ("  people: bell\n", '  people: bell\n  quiet: {from: "15:00", to: "20:00"}\n'))
    told.start(case(1))
    told.run()
    (one,) = select(told.org, "SELECT Id FROM Case")
    advance(told.org, "10m")
    act(told.org, act="edit", case=one["Id"], fields={"OwnerId": "ann@example.com"}, by="ann@example.com")
    told.later(5)
    told.later(6 * 60)
    (text,) = told.texts()
    assert "Acknowledged: owner by Ann Lee, 2026-03-02 15:10 UTC" in text.splitlines()


WARNING = """
policy: second
channels: {desk: webhook}
teams: {leads: {queue: Leads, tell: [desk]}, managers: {queue: Managers, tell: [desk]}}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 8h}]
    escalate: {queue: managers, note: {help_needed: Look.}}
    warn: {before: 4h, tell: [leads]}
"""


def test_a_match_of_one_policy_hides_no_warning_of_another(told: Told) -> None:
    """N4"""
    files = [word for file in (told.world.policy(POLICY), told.world.policy(WARNING, name="second.yaml"))
             for word in ("--policy", str(file))]  # fmt: skip
    told.start(case(1))
    told.run(*files)
    assert told.titles() == ["ESCALATION 00000001: urgent"]
    told.later(1, *files)
    assert told.titles() == ["00000001: old comes soon"]


# -- to whom -----------------------------------------------------------------------------------------------------------


def test_a_person_who_is_not_active_is_replaced_by_the_accountable_team(told: Told) -> None:
    """N3"""
    policy(told, PERSON)
    told.start(case(1, OwnerId="bob@example.com"))
    told.run()
    ((to, text),) = told.mails()
    instead = "Instead of: Owner (Bob Ray), who is not active"
    plain = START.replace("\nProject__c: https://projects.example.com/7", "")
    assert (to, text) == ("managers@example.com", after(plain, "Found", instead))


def test_the_manager_of_the_owner_is_told(told: Told) -> None:
    """N3"""
    policy(told, ("notify: [leads]\n    due", "notify: [{person: Owner.Manager}]\n    due"))
    told.start(case(1, OwnerId="ann@example.com"))
    told.run()
    assert [name for name, _ in told.bells()] == ["Max"]


def test_a_manager_who_is_not_there_is_replaced_too(told: Told) -> None:
    """N3"""
    policy(told, ("notify: [leads]\n    due", "notify: [{person: Owner.Manager}]\n    due"))
    told.start(case(1, OwnerId="max@example.com"))
    told.run()
    ((_, text),) = told.mails()
    assert "Instead of: Owner.Manager, who is not there" in text.splitlines()


def test_an_owner_that_is_a_queue_means_the_team_of_that_queue(told: Told) -> None:
    """N3"""
    policy(told, PERSON)
    told.start(case(1))
    told.run()
    assert [to for to, _ in told.mails()] == ["intake@queues.example.com"]


def test_the_team_of_a_queue_that_owns_a_case_is_told_by_its_person(told: Told) -> None:
    """N3: the path of that person is read although only the owner is notified."""
    by_person = ("intake: {queue: Intake, tell: [mail]}", "intake: {queue: Intake, tell: [mail], person: Helper__r}")
    policy(told, PERSON, by_person)
    told.start(case(1, **{"Helper__c:reference(User)": "ann@example.com"}))
    assert told.run()["notices"] == counts(sent=1)
    assert [to for to, _ in told.mails()] == ["ann@example.com"]


def test_a_team_whose_person_is_not_active_is_replaced_by_the_accountable_one(told: Told) -> None:
    """N3"""
    policy(told, ("notify: [leads]\n    due", "notify: [intake, leads]\n    due"),
           ("intake: {queue: Intake, tell: [mail]}", "intake: {queue: Intake, tell: [mail], person: Owner}"),
    )  # fmt: skip
    told.start(case(1, OwnerId="bob@example.com"))
    assert told.run()["notices"] == counts(sent=2)
    ((to, text),) = told.mails()
    assert to == "managers@example.com"
    assert "Instead of: the team intake, which has no address for the channel mail" in text.splitlines()


def test_the_accountable_team_without_an_address_is_undelivered(told: Told) -> None:
    """N3: nobody is in its place."""
    policy(told, ("notify: [leads]\n    due", "notify: [intake]\n    due"),
           ("accountable: managers", "accountable: intake"),
           ("intake: {queue: Intake, tell: [mail]}", "intake: {queue: Intake, tell: [mail], person: Owner}"),
    )  # fmt: skip
    told.start(case(1, OwnerId="bob@example.com"))
    assert told.run(code=3)["notices"] == counts(undelivered=1)
    assert "the team intake has no address for the channel mail" in told.world.type("notices", "list", "--json").out


def test_the_name_of_a_person_changes_no_line_of_a_message(told: Told) -> None:
    """N12"""
    policy(told, PERSON)
    people = [{**one, "LastName": "Ray\u202e\nDue: never"} if one["FirstName"] == "Bob" else one for one in PEOPLE]
    told.start(case(1, OwnerId="bob@example.com"), User=people)
    told.run()
    ((_, text),) = told.mails()
    assert "Instead of: Owner (Bob Ray Due: never), who is not active" in text.splitlines()


def test_the_same_address_is_told_once(told: Told) -> None:
    """N2, N3"""
    policy(
        told, ("notify: [leads]\n    due", "notify: [intake, {person: Owner}, {team: intake, urgent: true}]\n    due")
    )
    told.start(case(1))
    assert told.run()["notices"] == counts(sent=1)
    ((_, text),) = told.mails()
    assert text.startswith("\N{POLICE CARS REVOLVING LIGHT}")


def test_who_cannot_be_reached_is_undelivered_and_every_run_exits_3(told: Told) -> None:
    """N3, N11"""
    policy(told, PERSON, ("owner: {accountable: managers}\n", ""))
    told.start(case(1, OwnerId="bob@example.com"))
    report = told.run(code=3)
    assert (report["applied"], report["notices"]) == (1, counts(undelivered=1))
    assert told.later(5, code=3)["notices"] == counts(undelivered=1)


@pytest.mark.parametrize(
    ("owner", "field", "bells", "mails"),
    [
        ("User", "ManagerId", ["Ann"], ["intake@queues.example.com", "managers@example.com"]),
        ("User", "TimeZoneSidKey", ["Ann", "Max"], ["intake@queues.example.com"]),
        ("Group", "Email", ["Ann", "Max"], ["managers@example.com"]),
    ],
)
def test_a_field_of_people_that_may_not_be_read_stops_no_escalation(
    told: Told, owner: str, field: str, bells: list[str], mails: list[str]
) -> None:
    """N10: whom it would have led to is replaced by the accountable team."""
    everybody = "[{person: Owner}, {person: Owner.Manager}, intake]"
    policy(told, ("notify: [leads]\n    due", f"notify: {everybody}\n    due"))
    folder = told.world.folder / "org"
    folder.mkdir()
    (folder / "automation.json").write_text(
        json.dumps([{"kind": "field_security", "object": owner, "hidden": [field]}])
    )
    told.start(case(1, OwnerId="ann@example.com"))
    report = told.run()
    assert (report["applied"], report["notices"]["undelivered"]) == (1, 0)
    assert sorted(name for name, _ in told.bells()) == bells
    assert [to for to, _ in told.mails()] == mails


# -- channels ----------------------------------------------------------------------------------------------------------


def test_a_program_that_is_down_gets_it_when_it_is_up_again(told: Told) -> None:
    """N11: a run whose notices merely wait exits 0."""
    told.fails(503)
    told.start(case(1, Project__c="https://projects.example.com/7"))
    assert told.run()["notices"] == counts(waiting=1)
    told.posts()
    told.fails(204)
    assert told.later(1)["notices"] == counts(sent=1)
    assert told.texts() == [START]


def test_a_program_that_asks_to_wait_is_not_asked_before(told: Told) -> None:
    """N11"""
    told.fails(429, **{"Retry-After": "600"})
    told.start(case(1))
    told.run()
    told.fails(204)
    assert told.later(9)["notices"] == counts(waiting=1)
    assert told.later(1)["notices"] == counts(sent=1)


def test_an_answer_that_did_not_come_leads_to_one_repeat_with_the_same_id(told: Told) -> None:
    """N9"""
    told.desk.answers(Answer(ends="lost"))
    told.start(case(1))
    assert told.run()["notices"] == counts(waiting=1)
    told.fails(204)
    told.later(1)
    first, again = told.posts()
    assert (first["id"], first["repeat"], again["repeat"]) == (again["id"], False, True)
    assert again["text"] == after(
        first["text"], "ESCALATION", "This may be a repeat of a message that you have already."
    )


def test_a_program_that_is_gone_is_undelivered(told: Told) -> None:
    """N11"""
    told.fails(410)
    told.start(case(1))
    assert told.run(code=3)["notices"] == counts(undelivered=1)
    assert told.later(20, code=3)["notices"] == counts(undelivered=1)


def test_what_waits_of_a_policy_that_is_gone_goes_by_its_own_channel_after_a_day(told: Told) -> None:
    """A run may have some of the policies only, and leaves the notices of the others to the runs that have them."""
    told.fails(503)
    told.start(case(1))
    told.run()
    told.posts()
    told.fails(204)
    other = (
        POLICY[: POLICY.index("channels:")] + "teams: {leads: {queue: Leads}, managers: {queue: Managers}}\nroutes:\n"
    )
    route = POLICY[POLICY.index("  - name: urgent") : POLICY.index("    say:")]
    told.world.policy(other.replace("policy: support", "policy: other") + route, name="other.yaml")
    assert told.later(5)["notices"] == counts(waiting=1)
    assert told.later(24 * 60)["notices"] == counts(sent=1)
    assert told.titles() == ["ESCALATION 00000001: urgent"]


def test_a_login_that_is_refused_holds_its_notices_and_one_is_tried_per_run(told: Told) -> None:
    """N11"""
    told.fails(401)
    told.start(case(1), case(2))
    assert told.run()["notices"] == counts(waiting=2)
    assert told.later(5)["notices"] == counts(waiting=2)
    assert len(told.posts()) == 2
    told.fails(204)
    assert told.later(5)["notices"] == counts(sent=2)


def test_no_secret_and_no_text_of_a_customer_is_in_a_log(told: Told) -> None:
    """N12"""
    told.fails(500)
    told.start(case(1, "urgent: my secret illness"))
    answer = told.world.run("--backlog", "escalate")
    assert "HTTP 500" in answer.err
    assert "illness" not in answer.err


def test_a_dry_run_shows_what_a_run_then_sends(told: Told) -> None:
    told.start(case(1), case(2))
    planned = told.run("--dry-run")
    assert told.posts() == []
    told.run()
    posts = told.posts()
    assert [(one["id"], one["text"]) for one in planned["notices_planned"]] == [
        (one["id"], one["text"]) for one in posts
    ]
    assert {one["channel"] for one in planned["notices_planned"]} == {"desk"}


def test_a_run_whose_deadline_has_come_delivers_what_waits(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.fails(503)
    told.start(case(1))
    told.run()
    told.fails(204)

    class AtOnce:
        """A timer that ends when it begins."""

        def __init__(self, _seconds: float, act: Any, given: Any) -> None:
            self.act, self.given = act, given

        def start(self) -> None:
            self.act(*self.given)

        def cancel(self) -> None:
            """It has ended."""

    monkeypatch.setattr(stop, "threading", SimpleNamespace(Timer=AtOnce))
    report = told.later(5, "--deadline", "1m", code=3)
    assert (report["stopped"], report["notices"]) == ("the deadline has passed", counts(sent=1))


def test_an_alarm_that_a_table_or_the_accountable_team_raised_ends_too(told: Told) -> None:
    """PagerDuty: by the first notices of the route, and by the one about its exhausted ladder."""
    table = "notify: [{table: {by: [Site__c], rows: [[Berlin, leads]], else: intake}}]"
    policy(told, ("desk: webhook", "desk: webhook, page: pagerduty, alarm: pagerduty"),
           ("notify: [leads]\n    due", f"{table}\n    due"), ("tell: [desk], facts", "tell: [page], facts"),
           ("    notify_when: {acknowledged: [managers], closed: [leads]}\n", ""),
           ("tell: [mail], list: managers@example.com", "tell: [alarm]"),
           ("notify: [leads], say", "notify: [intake], say"))  # fmt: skip
    key = {"url": f"{told.desk.url}/page", "routing_key": "env:PAGE_KEY"}
    told.world.environ["PAGE_KEY"] = "0123456789abcdef0123456789abcdef"
    told.entry(channels={**told.channels, "page": key, "alarm": {**key, "url": f"{told.desk.url}/alarm"}})
    told.desk.answers(Answer(202, {"status": "success", "dedup_key": "x"}))
    told.start(case(1, Site__c="Berlin"))
    told.run()
    told.later(30)
    told.later(1)
    (one,) = select(told.org, "SELECT Id FROM Case")
    act(told.org, act="edit", case=one["Id"], fields={"OwnerId": "ann@example.com"}, by="ann@example.com")
    told.later(1)
    events = [(call.path, call.json["event_action"]) for call in told.desk.calls]
    assert events[:2] == [("/page", "trigger"), ("/alarm", "trigger")]
    assert sorted(events[2:]) == [("/alarm", "resolve"), ("/page", "resolve")]
    assert len({call.json["dedup_key"] for call in told.desk.calls}) == 1


def test_a_route_that_is_withheld_in_two_orgs_is_told_for_each_of_them(told: Told) -> None:
    """N1: they share a ledger, and the policy has one name."""
    policy(told, ("managers: {queue: Managers, tell: [mail]", "managers: {queue: Managers, tell: [desk]"),
           ("max_cases: 10", "max_cases: 1"))  # fmt: skip
    for _ in range(2):
        told.start(case(1), case(2))
        told.run("--ledger", str(told.world.folder / "shared.db"), code=4)
    assert told.titles() == ["ESCALATION: support/urgent is withheld"] * 2


# -- a sandbox ---------------------------------------------------------------------------------------------------------

BOTH = ("notify: [leads]\n    due", "notify: [leads, {team: intake, urgent: true}, {person: Owner}]\n    due")


def test_in_a_sandbox_persons_and_lists_are_replaced_and_every_text_says_so(told: Told) -> None:
    """N13"""
    policy(told, BOTH)
    told.entry(sandbox_to={"mail": "tester@example.com"})
    told.start(case(1, OwnerId="ann@example.com", Project__c="https://projects.example.com/7"), production=False)
    assert told.run()["notices"] == counts(sent=3)
    assert told.texts() == [f"[SANDBOX env] {START}"]
    urgent = f"[SANDBOX env] \N{POLICE CARS REVOLVING LIGHT} {START}"
    assert (told.mails(), told.bells()) == ([("tester@example.com", urgent)], [])


def test_in_a_sandbox_a_bell_rings_for_the_person_who_tests(told: Told) -> None:
    """N13"""
    policy(told, PERSON)
    told.start(case(1, OwnerId="ann@example.com"), production=False)
    (max_id,) = [one["Id"] for one in select(told.org, "SELECT Id FROM User WHERE FirstName = 'Max'")]
    told.entry(sandbox_to={"bell": max_id})
    told.run()
    ((name, text),) = told.bells()
    assert (name, text.splitlines()[0]) == ("Max", "[SANDBOX env] ESCALATION 00000001: urgent")


@pytest.mark.parametrize("entry", [{"channels": {}}, {"channels": {"mail": {"server": "x", "from": "y"}}}, None])
def test_in_a_sandbox_what_has_no_address_goes_to_the_log(told: Told, entry: dict[str, Any] | None) -> None:
    """N13: also where `orgs.yaml` has no entry at all."""
    policy(told, BOTH)
    told.entry(**(entry or {}))
    if entry is None:
        (told.world.folder / "config" / "orgs.yaml").unlink()
    told.start(case(1, OwnerId="ann@example.com"), production=False)
    answer = told.world.run("--backlog", "escalate")
    assert answer.json["notices"] == counts(sent=3)
    assert answer.err.count('"notice"') == 3
    assert answer.err.count("[SANDBOX env] ESCALATION 00000001") == 3
    assert (told.posts(), told.mails(), told.bells()) == ([], [], [])


def test_in_production_an_org_without_an_entry_tells_the_log_alone(told: Told) -> None:
    """N13: nobody said where its messages may go."""
    policy(told, BOTH)
    (told.world.folder / "config" / "orgs.yaml").unlink()
    told.start(case(1, OwnerId="ann@example.com"))
    answer = told.world.run("--backlog", "escalate")
    assert (answer.json["notices"], answer.err.count('"notice"')) == (counts(sent=3), 3)
    assert (told.posts(), told.mails(), told.bells()) == ([], [], [])


def test_in_production_a_channel_without_an_address_is_broken_and_its_notices_wait(told: Told) -> None:
    """N11"""
    told.entry(channels={})
    told.start(case(1))
    answer = told.world.run("--backlog", "escalate")
    assert (answer.code, answer.json["notices"]) == (0, counts(waiting=1))
    assert "the channel desk is broken: the org env gives no `url` for it" in answer.err
    told.entry()
    assert told.later(5)["notices"] == counts(sent=1)


# -- the contract of a webhook -----------------------------------------------------------------------------------------

FACTS = {
    "id", "kind", "repeat", "org", "organization_id", "sandbox", "policy", "route", "rung", "turn", "key", "case_id",
    "case_number", "case_url", "recipient", "instead_of", "urgent", "opens_with", "reason", "needed", "due", "late_by",
    "links", "say", "text",
}  # fmt: skip
OF_ONE_CASE = {
    "policy", "route", "rung", "turn", "key", "case_id", "case_number", "case_url", "reason", "needed", "due",
    "late_by",
}  # fmt: skip


def test_a_program_gets_every_key_of_the_contract_and_no_other(told: Told) -> None:
    told.start(case(1, Project__c="https://projects.example.com/7"))
    told.run()
    call: Call = told.desk.call
    (post,) = told.posts()
    assert set(post) == FACTS
    assert call.headers["idempotency-key"] == post["id"]
    (one,) = select(told.org, "SELECT Id FROM Case")
    assert {name: post[name] for name in FACTS - {"id", "key", "organization_id", "text", "case_url"}} == {
        "kind": "start", "repeat": False, "org": "env", "sandbox": False, "policy": "support", "route": "urgent",
        "rung": "start", "turn": 1, "case_id": one["Id"], "case_number": "00000001", "recipient": "leads",
        "instead_of": None, "urgent": False, "opens_with": "ESCALATION", "reason": "It is urgent.",
        "needed": "Call the customer.", "due": "2026-03-02T19:00:00Z", "late_by": None,
        "links": ["https://projects.example.com/7"], "say": {"Subject": "urgent: broken", "reason": "It is urgent."},
    }  # fmt: skip
    assert post["case_url"] == f"{told.org.instance_url}/lightning/r/Case/{one['Id']}/view"
    assert post["text"].splitlines()[-1] == post["key"]


@pytest.mark.parametrize("kind", ["bundle", "digest"])
def test_a_program_gets_one_object_with_the_single_ones_inside(told: Told, kind: str) -> None:
    notify = "[{team: leads, urgent: true}]" if kind == "bundle" else "{digest: [leads]}"
    policy(told, ("notify: [leads]\n    due", f"notify: {notify}\n    due"))
    told.start(*(case(number) for number in range(1, 7)))
    told.run()
    if kind == "digest":
        advance(told.org, "17h")
        told.run()
    posts = [one for one in told.posts() if one["kind"] == kind]
    (post,) = posts
    assert set(post) == FACTS | {"of"}
    assert {name: post[name] for name in OF_ONE_CASE} == dict.fromkeys(OF_ONE_CASE)
    assert (post["links"], post["say"], post["recipient"], post["opens_with"]) == ([], {}, "leads", "ESCALATION")
    assert all(set(one) == FACTS - {"text"} for one in post["of"])
    assert [one["case_number"] for one in post["of"]] == [f"{number:08}" for number in range(1, 7)]
    assert all(one["case_number"] in post["text"] and one["key"] in post["text"] for one in post["of"])


def test_a_program_gets_a_route_that_is_withheld_without_a_case(told: Told) -> None:
    policy(told, ("managers: {queue: Managers, tell: [mail]", "managers: {queue: Managers, tell: [desk]"),
           ("max_cases: 10", "max_cases: 1"))  # fmt: skip
    told.start(case(1), case(2))
    told.run(code=4)
    (post,) = told.posts()
    assert (set(post), post["kind"]) == (FACTS, "guard")
    nothing = ("key", "case_id", "case_number", "case_url", "due", "late_by", "rung")
    assert {name: post[name] for name in nothing} == dict.fromkeys(nothing)
    assert (post["policy"], post["route"], post["recipient"]) == ("support", "urgent", "managers")
