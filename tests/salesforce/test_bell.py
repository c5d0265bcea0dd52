"""The bell: a custom notification to a user, a queue or a group, which opens the case."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Refused
from sfdc_escalator.salesforce.telling.delivering import units
from tests.channels.hostile import TEXTS, hostile
from tests.salesforce.channels import (
    ANN,
    CASE,
    OTTO,
    QUEUE,
    STAFF,
    an_org,
    channel_in,
    message,
    requests_to,
    scripted,
)
from tests.salesforce.conftest import Stage, error, page
from tests.salesforce.test_channels import DONE, PATHS, TYPE, failed

BELL = PATHS["salesforce"]


@pytest.fixture
def org(tmp_path: Path) -> Iterator[EmbeddedOrg]:
    with an_org(tmp_path / "org") as made:
        yield made


def rung(org: EmbeddedOrg, *messages: Message) -> list[dict[str, Any]]:
    """The notifications that the org got for these messages, all of which are delivered."""
    with channel_in(org, "salesforce") as bell:
        for one in messages:
            assert bell.deliver(one) == Delivered()
    return [notification for body in requests_to(org, BELL) for notification in body["inputs"]]


def type_of(org: EmbeddedOrg, name: str = "SFDC_Escalator") -> str:
    with channel_in(org, "salesforce"):
        rows = org._database.query("SELECT Id FROM CustomNotificationType WHERE DeveloperName = ?", (name,))
    return str(rows[0][0])


def test_a_notification_names_its_recipient_and_opens_the_case(org: EmbeddedOrg) -> None:
    assert rung(org, message()) == [
        {
            "customNotifTypeId": type_of(org),
            "recipientIds": [ANN],
            "title": "ESCALATION 00001042: supervisor-request",
            "body": "Account: Acme\n"
            "Reason: The customer lost 4711 euros.\n"
            "Case: https://acme.my.salesforce.com/lightning/r/Case/500000000000001AAA/view\n"
            "ESC-7Q4M-2K9D-X3TR",
            "targetId": CASE,
        }
    ]


@pytest.mark.parametrize("to", [ANN, QUEUE, STAFF])
def test_users_queues_and_groups_are_recipients(org: EmbeddedOrg, to: str) -> None:
    assert [one["recipientIds"] for one in rung(org, message(to=to))] == [[to]]


def test_an_urgent_message_and_a_repeat_say_so(org: EmbeddedOrg) -> None:
    (one,) = rung(org, message(urgent=True, is_repeat=True))
    assert one["title"].startswith(f"{SIREN} ESCALATION")
    assert one["body"].startswith(REPEAT)


def test_a_message_about_several_cases_opens_the_page_of_cases(org: EmbeddedOrg) -> None:
    (one,) = rung(org, message(case_id="", links=(), key=""))
    assert "targetId" not in one
    assert json.loads(one["targetPageRef"])["attributes"] == {"objectApiName": "Case", "actionName": "home"}


def test_a_message_of_its_title_alone_has_it_as_its_body(org: EmbeddedOrg) -> None:
    (one,) = rung(org, message(lines=(), links=(), key=""))
    assert one["body"] == one["title"]


@pytest.mark.parametrize("urgent", [False, True])
def test_a_long_title_is_cut_at_a_word_and_stands_whole_in_the_body(org: EmbeddedOrg, urgent: bool) -> None:
    title = "ESCALATION 00001042: " + "very " * 60 + "late"
    (one,) = rung(org, message(title=title, urgent=urgent, lines=()))
    assert units(one["title"]) <= 250
    assert one["title"].endswith("very ...")
    assert one["body"].startswith(title)


def test_what_must_be_said_is_spread_over_several_notifications(org: EmbeddedOrg) -> None:
    kept = tuple(Line(f"Part {number}", "word " * 60, kept=True) for number in range(4))
    sent = rung(org, message(lines=(*kept, Line("Rest", "more " * 200)), title="T" * 200))
    assert len(sent) > 1
    assert all(units(one["title"]) <= 250 and units(one["body"]) <= 750 for one in sent)
    whole = " ".join(one["body"] for one in sent)
    assert whole.count("word") == 240
    assert sent[-1]["body"].endswith("ESC-7Q4M-2K9D-X3TR")
    assert {one["targetId"] for one in sent} == {CASE}


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_of_a_customer_arrives_as_it_is(tmp_path: Path, name: str) -> None:
    """Both texts are plain: the org gives no meaning to any sign in them."""
    of = hostile(name, to=ANN)
    with an_org(tmp_path / "org") as org:
        sent = rung(org, of)
    bodies = "\n".join(one["body"] for one in sent)
    account = of.lines[0]
    if account.kept:
        assert " ".join(account.text.split()) in " ".join(bodies.split())
    assert "Reason: The customer asks for a supervisor." in bodies
    assert (of.key in bodies, of.links[0].url in bodies) == (True, True)
    assert {one["title"].removesuffix(" (continued)") for one in sent} == {of.title}
    assert all(units(one["body"]) <= 750 for one in sent)


def test_the_type_is_asked_for_once(org: EmbeddedOrg) -> None:
    rung(org, message(), message(), message())
    assert [one["path"].rpartition("/")[2] for one in org.requests()] == [
        "composite",
        *["customNotificationAction"] * 3,
    ]


def test_another_type_of_the_org_can_be_named(tmp_path: Path) -> None:
    types = [{"DeveloperName": name, "MasterLabel": name} for name in ("First", "Second")]
    with an_org(tmp_path / "org", CustomNotificationType=types) as org:
        with channel_in(org, "salesforce", {"type": "Second"}) as bell:
            assert bell.deliver(message()) == Delivered()
        (body,) = requests_to(org, BELL)
        assert body["inputs"][0]["customNotifTypeId"] == type_of(org, "Second")


def test_an_org_without_the_type_is_a_broken_channel_that_says_where_to_make_it(tmp_path: Path) -> None:
    with an_org(tmp_path / "org", CustomNotificationType=[{"DeveloperName": "Other"}]) as org:
        with channel_in(org, "salesforce") as bell:
            answer = bell.deliver(message())
        assert requests_to(org, BELL) == []
    assert isinstance(answer, Broken)
    assert answer.reason == (
        "the org has no custom notification type SFDC_Escalator that this login can see: make it in Setup, Custom "
        "Notifications"
    )


def test_a_type_that_only_the_tooling_api_shows_is_found(stage: Stage) -> None:
    bell = scripted(stage, "salesforce")
    stage.composite((400, error("INVALID_TYPE", "sObject type 'CustomNotificationType' is not supported.")))
    stage.answers("GET", "tooling/query", {"size": 1, "totalSize": 1, "done": True, "records": [{"Id": TYPE}]})
    stage.answers("POST", BELL, DONE["salesforce"])
    assert bell.deliver(message()) == Delivered()
    assert stage.sent()["inputs"][0]["customNotifTypeId"] == TYPE


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Delayed),
        (429, "", Delayed),
        (503, "", Delayed),
        (504, "", Delayed),
        (401, error("INVALID_SESSION_ID"), Broken),
        (200, "<html>Log in</html>", Broken),
    ],
)
def test_nothing_is_sent_while_the_type_cannot_be_asked_for(stage: Stage, status: int, body: Any, kind: type) -> None:
    bell = scripted(stage, "salesforce")
    stage.answers("POST", "composite", body, status, {"Retry-After": "60"} if status == 429 else None)
    answer = bell.deliver(message())
    assert isinstance(answer, kind)
    assert len(stage.mock.calls) == 1
    if isinstance(answer, Delayed) and status == 429:
        assert answer.after == timedelta(minutes=1)


def test_a_user_without_the_permission_is_a_broken_channel_that_names_it(tmp_path: Path) -> None:
    with an_org(tmp_path / "org", [{"kind": "no_notifications"}]) as org, channel_in(org, "salesforce") as bell:
        answer = bell.deliver(message())
    assert isinstance(answer, Broken)
    assert answer.reason.endswith("give the user of the login the permission Send Custom Notifications")


@pytest.mark.parametrize(
    ("body", "kind", "part"),
    [
        (failed("INSUFFICIENT_ACCESS_OR_READONLY"), Broken, "Send Custom Notifications"),
        (
            failed("INVALID_ARGUMENT_TYPE", "Invalid parameter value for: customNotifTypeId"),
            Broken,
            "customNotifTypeId",
        ),
        (failed("INVALID_ARGUMENT_TYPE", "Invalid parameter value for: recipientIds"), Refused, "recipientIds"),
        (failed("INVALID_ARGUMENT_TYPE", "Invalid parameter value for: targetId"), Refused, "targetId"),
        (failed("INACTIVE_OWNER_OR_USER"), Refused, "INACTIVE_OWNER_OR_USER"),
        (failed("LIMIT_EXCEEDED"), Delayed, "LIMIT_EXCEEDED"),
        (
            [{"actionName": "x", "errors": None, "isSuccess": False, "outputValues": None}],
            Refused,
            "the org answered HTTP",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_errors_of_an_action_stand_in_its_answer(
    stage: Stage, status: int, body: Any, kind: type, part: str
) -> None:
    bell = scripted(stage, "salesforce")
    stage.composite(page({"Id": TYPE}))
    stage.answers("POST", BELL, body, status)
    answer = bell.deliver(message())
    assert isinstance(answer, kind)
    assert part in getattr(answer, "reason", "")


def test_an_unknown_recipient_is_refused(org: EmbeddedOrg) -> None:
    with channel_in(org, "salesforce") as bell:
        assert isinstance(bell.deliver(message(to="005000000000999AAA")), Refused)
        assert isinstance(bell.deliver(message(to="")), Refused)


def test_an_inactive_recipient_gets_nothing_and_the_org_does_not_say_so(org: EmbeddedOrg) -> None:
    """So notices ask the org who is active, before they are sent."""
    assert rung(org, message(to=OTTO))
