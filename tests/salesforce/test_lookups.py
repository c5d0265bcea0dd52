"""The facts of an org, and look-ups by id: few calls, all pages, without our own comments."""

from typing import Any
from urllib.parse import unquote

import pytest

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.needs import COMMENTS
from tests.builders import AGENT, ME, NOW, case, note, numbered, policy, route, values
from tests.salesforce.conftest import ORG, Stage, error, page

QUEUE, GROUP, DEEPER = long_id("00G000000000001"), long_id("00G000000000002"), long_id("00G000000000003")
WRITTEN = ("OwnerId", "Status", "Priority")
KEY_LINE = "ESC-0000-0000-0001 support/urgent/start/1/1"


def error_text(**fields: str) -> dict[str, Any]:
    def field(name: str, kind: str) -> dict[str, Any]:
        target = {"referenceTo": [kind[4:]], "relationshipName": name.removesuffix("Id").replace("__c", "__r")}
        base = {"name": name, "type": "reference" if kind.startswith("ref:") else kind, "filterable": True,
                "nillable": True, "updateable": True, "caseSensitive": False, "picklistValues": []}  # fmt: skip
        return base | (target if kind.startswith("ref:") else {})

    return {"fields": [field(name, kind) for name, kind in fields.items()]}


def member(group: str, user: str) -> dict[str, Any]:
    return {"GroupId": group, "UserOrGroupId": user}


QUEUES = page({"QueueId": QUEUE, "Queue": {"Name": "Supervisors", "DeveloperName": "Support_Supervisors"}})
MEMBERS = page(
    member(QUEUE, numbered("005", 1)), member(QUEUE, GROUP), member(GROUP, numbered("005", 2)[:15]),
    member(GROUP, DEEPER), member(DEEPER, GROUP), member(DEEPER, numbered("005", 3)),
)  # fmt: skip
NO_KEYS = (404, error("NOT_FOUND"))
COUNT = {"totalSize": 846, "done": True, "records": []}
CASE = error_text(Id="id", Subject="string", AccountId="ref:Account", Thing__c="ref:Thing__c")
ACCOUNT = error_text(Name="string")


def test_the_facts_of_an_org_are_one_call(stage: Stage) -> None:
    stage.identified()
    stage.composite(
        {"Name": "Acme", "IsSandbox": True}, QUEUES, MEMBERS, COUNT, NO_KEYS, CASE, error_text(Type="picklist"),
        headers={"Sforce-Limit-Info": "api-usage=10/100"},
    )  # fmt: skip
    needs = policy(route(when=Field("Account.Type", "is", "Gold")))
    found = stage.org.facts(stage.org.identify(), [needs])
    assert (found.name, found.is_sandbox, found.open_cases, found.api_left) == ("Acme", True, 846, 90)
    queue = found.queues["Support_Supervisors"]
    assert (queue.id, queue.name) == (QUEUE, "Supervisors")
    assert queue.members == {numbered("005", number) for number in (1, 2, 3)}
    assert found.describe.field_at("Account.Type") is not None
    assert found.describe.field_at("Owner.Name") is None
    assert [unquote(url).removeprefix("/services/data/v67.0/") for url in stage.urls()] == [
        f"sobjects/Organization/{ORG}?fields=Name,IsSandbox",
        "query?q=SELECT QueueId, Queue.Name, Queue.DeveloperName FROM QueueSobject WHERE SobjectType = 'Case'",
        "query?q=SELECT GroupId, UserOrGroupId FROM GroupMember WHERE Group.Type IN ('Queue','Regular')",
        "query?q=SELECT COUNT() FROM Case WHERE IsClosed = false",
        "sobjects/Escalation_Key__c/describe",
        "sobjects/Case/describe",
        "sobjects/Account/describe",
    ]


@pytest.mark.parametrize(
    ("keys", "level"),
    [
        ({"createable": True, "fields": [{"name": "Key__c", "unique": True, "createable": True}]}, "proved"),
        ({"createable": True, "fields": [{"name": "Key__c", "unique": False, "createable": True}]}, "guarded"),
        ({"createable": True, "fields": [{"name": "Key__c", "unique": True, "createable": False}]}, "guarded"),
        ({"createable": False, "fields": [{"name": "Key__c", "unique": True, "createable": True}]}, "guarded"),
        ({"createable": True, "fields": []}, "guarded"),
        (NO_KEYS, "guarded"),
    ],
)
def test_the_level_is_proved_only_if_the_org_refuses_a_second_key(stage: Stage, keys: Any, level: str) -> None:
    stage.identified()
    stage.composite({"Name": "Acme", "IsSandbox": False}, QUEUES, MEMBERS, COUNT, keys, CASE, ACCOUNT)
    assert stage.org.facts(stage.org.identify(), [policy()]).level == level


def test_custom_relationships_are_described_as_far_as_the_policies_read(stage: Stage) -> None:
    stage.identified()
    stage.composite({"Name": "Acme", "IsSandbox": False}, QUEUES, MEMBERS, COUNT, NO_KEYS, CASE, ACCOUNT)
    stage.composite(error_text(OwnerId="ref:User", Part__c="ref:Part__c"))
    stage.composite((404, error("NOT_FOUND")), error_text(Name="string"))
    when = Field("Thing__r.Owner.Name", "is", "Ann")
    parts = note(NotePart("facts", ("Thing__r.Part__r.Name",)))
    found = stage.org.facts(stage.org.identify(), [policy(route(when=when, note_spec=parts))])
    assert found.describe.field_at("Thing__r.Owner.Name") is not None
    assert found.describe.field_at("Thing__r.Part__r.Name") is None


def test_members_on_a_second_page_count(stage: Stage) -> None:
    stage.identified()
    more = page(member(QUEUE, numbered("005", 1)), more="/services/data/v67.0/query/01g-2000", total=2)
    stage.composite({"Name": "Acme", "IsSandbox": False}, QUEUES, more, COUNT, NO_KEYS, CASE, ACCOUNT)
    stage.answers("GET", "query/01g-2000", page(member(QUEUE, numbered("005", 2))))
    found = stage.org.facts(stage.org.identify(), [policy()])
    assert len(found.queues["Support_Supervisors"].members) == 2


@pytest.mark.parametrize(
    ("part", "kind", "message"),
    [
        ((403, error("INSUFFICIENT_ACCESS", "no")), OrgUnavailable, "INSUFFICIENT_ACCESS"),
        ((401, error("INVALID_SESSION_ID", "gone")), LoginRefused, "log in again"),
        ({"no": "records"}, OrgUnavailable, "without records"),
    ],
)
def test_facts_with_a_missing_part_are_an_error(stage: Stage, part: Any, kind: type[Exception], message: str) -> None:
    stage.identified()
    stage.composite({"Name": "Acme", "IsSandbox": False}, part, MEMBERS, COUNT, NO_KEYS, CASE, ACCOUNT)
    with pytest.raises(kind, match=message):
        stage.org.facts(stage.org.identify(), [policy()])


def test_a_read_that_fails_temporarily_is_repeated(stage: Stage) -> None:
    stage.composite((503, error("SERVER_UNAVAILABLE")))
    stage.composite(page({"Id": numbered("500", 1), "OwnerId": ME, "Status": "New", "Priority": None}))
    assert stage.org.read_back([numbered("500", 1)], WRITTEN) == {numbered("500", 1): values(ME, "New", None)}
    assert len(stage.slept) == 1


def test_2000_ids_are_one_call_and_one_more_is_two(stage: Stage) -> None:
    stage.composite(*[page()] * 5)
    stage.org.read_back([numbered("500", number) for number in range(2000)], WRITTEN)
    assert len(stage.mock.calls) == 1
    stage.composite(*[page()] * 5)
    stage.composite(page())
    assert stage.org.read_back([numbered("500", number) for number in range(2001)], WRITTEN) == {}
    assert len(stage.mock.calls) == 3
    assert all(len(url) < 12_000 for url in stage.urls(0))


@pytest.mark.parametrize("users", [frozenset[str](), frozenset({ME})])
def test_the_state_of_5000_cases_and_their_keys_is_three_calls(stage: Stage, users: frozenset[str]) -> None:
    """L15."""
    for queries in (5, 5, 3):
        stage.composite(*[page()] * queries)
    many = [numbered("500", number) for number in range(5000)]
    assert stage.org.cases_now(many, frozenset({"Subject", "Account.Type", "Origin"}), users) == {}
    assert len(stage.mock.calls) == 3
    assert all(len(url) < 12_000 for number in range(3) for url in stage.urls(number))


def test_the_notes_of_1000_cases_are_one_call(stage: Stage) -> None:
    """L1: the start of each escalation is the CreatedDate of its note."""
    stage.composite(*[page()] * 3)
    assert stage.org.keyed_notes([numbered("500", number) for number in range(1000)], frozenset({ME})) == ()
    assert len(stage.mock.calls) == 1


def comment(number: int, body: str, author: str = AGENT, kind: str | None = "Standard") -> dict[str, Any]:
    user = {"attributes": {"type": "User"}, "UserType": kind}
    return {"ParentId": numbered("500", number), "CommentBody": body, "CreatedById": author,
            "CreatedBy": user if kind else None, "IsPublished": True,
            "CreatedDate": "2026-03-02T15:00:00.000+0000"}  # fmt: skip


def test_cases_get_their_long_text_and_the_comments_of_others(stage: Stage) -> None:
    texts = page(
        {"Id": numbered("500", 1), "Description": "It\nburns"}, {"Id": numbered("500", 2), "Description": None}
    )
    comments = page(
        comment(1, "first"), comment(1, "mine", ME), comment(1, f"a note\n\n{KEY_LINE}"),
        comment(1, "help!", kind="PowerCustomerSuccess"), comment(2, f"{KEY_LINE}\nquoted above"),
    )  # fmt: skip
    stage.composite(texts, comments)
    cases = [case(1), case(2), case(3)]
    one, two, three = stage.org.complete(cases, frozenset({"Description", COMMENTS, "Subject"}), frozenset({ME}))
    assert (one.fields["Description"], one.fields["Subject"]) == ("It\nburns", "It broke")
    assert [(comment.body, comment.speaker == "agent", comment.at) for comment in one.comments] == [
        ("first", True, NOW), ("help!", False, NOW),
    ]  # fmt: skip
    assert [comment.body for comment in two.comments] == [f"{KEY_LINE}\nquoted above"]
    assert (three.fields["Description"], three.comments) == (None, ())
    assert len(stage.mock.calls) == 1


def test_only_what_the_policies_read_is_queried(stage: Stage) -> None:
    cases = (case(1),)
    assert stage.org.complete(cases, frozenset({"Subject"}), frozenset({ME})) == cases
    assert stage.org.complete((), frozenset({"Description", COMMENTS}), frozenset({ME})) == ()
    assert len(stage.mock.calls) == 0


def test_notes_with_a_key_on_their_last_line_are_found(stage: Stage) -> None:
    stage.composite(
        page(comment(1, f"a\r\n\r\n{KEY_LINE}  \n", ME), comment(1, f"{KEY_LINE}\nmore", ME), comment(2, "none", ME))
    )
    (found,) = stage.org.keyed_notes([numbered("500", 1), numbered("500", 2)], frozenset({ME}))
    assert (found.key, found.line, found.case_id) == ("ESC-0000-0000-0001", KEY_LINE, numbered("500", 1))
    assert (found.author, found.at) == (ME, NOW)
    assert f"AND CreatedById IN ('{ME}')" in unquote(stage.urls()[0])


def test_no_cases_or_no_users_need_no_look_up(stage: Stage) -> None:
    assert stage.org.keyed_notes([], frozenset({ME})) == ()
    assert stage.org.keyed_notes([numbered("500", 1)], frozenset()) == ()
    assert stage.org.read_back([], WRITTEN) == {}
    assert len(stage.mock.calls) == 0
