"""Who acted on a case: only an active Standard user who is not one of ours counts as a person."""

from collections.abc import Sequence

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.world.case import Case, FieldChange
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, FieldChanges, Need
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.builders import policy
from tests.polls import whole
from tests.stories.world import Row, World, select

YESTERDAY = "2026-03-01T15:00:00Z"
AGENT, LEFT, CUSTOMER, BOT = "ann@x.example", "otto@x.example", "carl@x.example", "bot@x.example"
US = ""
"""Records without an author are by the user of the token."""
USERS = [
    {"Username": AGENT, "LastName": "Agent", "UserType": "Standard"},
    {"Username": LEFT, "LastName": "Left", "UserType": "Standard", "IsActive": "false"},
    {"Username": CUSTOMER, "LastName": "Customer", "UserType": "PowerCustomerSuccess"},
    {"Username": BOT, "LastName": "Bot", "UserType": "AutomatedProcess"},
]
PEOPLE = [(AGENT, True), (LEFT, False), (CUSTOMER, False), (BOT, False), (US, False)]
THE_CASE = {"CaseNumber": "00000001", "Subject": "Hello", "Status": "New", "OwnerId": AGENT}


def completed(org: EmbeddedOrg, *needs: Need) -> Case:
    """The case with what these needs read."""
    with SalesforceOrg(org.instance_url, org.access_token, sleep=lambda _: None) as door:
        caller = door.identify()
        poll = whole(door.poll([policy()], door.facts(caller, [policy()]), "00000001"))
        (one,) = door.complete(poll.cases, frozenset(needs), frozenset({caller.user_id}))
        return one


def ids_of(org: EmbeddedOrg) -> dict[str, str]:
    found = {row["Username"]: row["Id"] for row in select(org, "SELECT Id, Username FROM User")}
    return {**found, US: found["integration@embedded.example"]}


def test_a_change_of_a_field_names_its_author_and_tells_whether_it_is_a_person(world: World) -> None:
    """L14."""
    history = [
        {"CaseId": "00000001", "Field": "Status", "OldValue": "Open", "NewValue": "New", "CreatedById": name,
         "CreatedDate": f"2026-03-01T15:0{place}:00Z"}
        for place, (name, _) in enumerate(PEOPLE)
    ]  # fmt: skip
    org = world.org(Case=[THE_CASE], CaseHistory=history, User=USERS)
    changes = completed(org, FieldChanges("Status")).field_changes["Status"]
    known = ids_of(org)
    assert [(one.by, one.by_person) for one in changes] == [(known[name], person) for name, person in PEOPLE]


def test_a_change_of_the_owner_is_read_once_with_ids_and_its_author(world: World) -> None:
    """Its history has a row with the ids and a row with the names."""
    org = world.org(Case=[THE_CASE], User=USERS)
    done = org.act("edit", case="00000001", fields={"OwnerId": BOT}, by=AGENT)
    known = ids_of(org)
    (change,) = completed(org, FieldChanges("OwnerId")).field_changes["OwnerId"]
    assert change == FieldChange(change.at, known[AGENT], known[BOT], done["by"], by_person=True)
    assert done["by"] == known[AGENT]


@pytest.mark.parametrize(("name", "person"), [one for one in PEOPLE if one[0] != US])
def test_a_comment_tells_whether_a_person_wrote_it(world: World, name: str, person: bool) -> None:
    """L14."""
    said = {"ParentId": "00000001", "CommentBody": "x", "CreatedById": name, "CreatedDate": YESTERDAY}
    one = completed(world.org(Case=[THE_CASE], CaseComment=[said], User=USERS), COMMENTS)
    assert [comment.by_person for comment in one.comments] == [person]


def mails(*senders: tuple[str, str, str]) -> Sequence[Row]:
    return [
        {"ParentId": "00000001", "Incoming": incoming, "Subject": subject, "TextBody": "x", "CreatedById": name,
         "CreatedDate": f"2026-03-01T15:0{place}:00Z", "Status": "3"}
        for place, (name, incoming, subject) in enumerate(senders)
    ]  # fmt: skip


def test_an_email_is_a_persons_if_a_person_sent_it_from_the_org(world: World) -> None:
    """L14. An incoming mail is the customer's, whoever stored it; an automatic answer counts for nobody."""
    senders = [(name, "false", "Re: Hello") for name, _ in PEOPLE]
    org = world.org(
        Case=[THE_CASE],
        EmailMessage=mails(*senders, (AGENT, "true", "Hello"), (AGENT, "false", "Automatic reply: Hello")),
        User=USERS,
    )
    told = [comment.by_person for comment in completed(org, EMAILS).comments]
    assert told == [*(person for _, person in PEOPLE), False, False]
