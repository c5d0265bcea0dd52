"""The answers of an org to the bell and to Chatter, and what each of them means for a message."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.http.faults import FaultOnDemand, Faults
from sfdc_escalator.errors import EscalatorError, Invalid, LoginRefused
from sfdc_escalator.escalation.notices.message import Line
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Refused, Unanswered
from sfdc_escalator.salesforce.line.token import Grant
from sfdc_escalator.salesforce.telling import delivering
from sfdc_escalator.salesforce.telling.delivering import in_parts, units
from tests.answers.tampering import VALUES, Place, Tampering, places, written
from tests.salesforce.channels import SECRET, an_org, channel_in, message, requests_to, scripted
from tests.salesforce.conftest import TOKEN, URL, Stage, error, page
from tests.sampling import some

TYPE = long_id("0ML000000000001")
PATHS = {"salesforce": "actions/standard/customNotificationAction", "chatter": "sobjects/FeedItem"}
DONE: dict[str, Any] = {
    "salesforce": [{"actionName": "customNotificationAction", "errors": None, "isSuccess": True, "outputValues": {}}],
    "chatter": {"id": "0D5000000000001AAA", "success": True, "errors": []},
}
LONG = message(lines=tuple(Line(f"Part {number}", "word " * 1200, kept=True) for number in range(2)))
"""A message of several parts in each channel."""


def failed(code: str, text: str = "no") -> list[dict[str, Any]]:
    """The answer of an action that failed."""
    errors = [{"statusCode": code, "message": text, "fields": []}]
    return [{"actionName": "customNotificationAction", "errors": errors, "isSuccess": False, "outputValues": None}]


class Site:
    """One channel over scripted HTTP."""

    def __init__(self, stage: Stage, kind: str) -> None:
        self.stage, self.kind, self.channel = stage, kind, scripted(stage, kind)
        if kind == "salesforce":
            stage.composite(page({"Id": TYPE}))

    def answers(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.stage.answers("POST", PATHS[self.kind], body, status, headers)

    @property
    def sent(self) -> int:
        return sum(str(call.request.url).endswith(PATHS[self.kind]) for call in self.stage.mock.calls)


@pytest.fixture(params=PATHS)
def site(request: pytest.FixtureRequest, stage: Stage) -> Site:
    return Site(stage, request.param)


def test_a_success_is_a_delivery(site: Site) -> None:
    site.answers(DONE[site.kind], 200 if site.kind == "salesforce" else 201)
    reference = "" if site.kind == "salesforce" else "0D5000000000001AAA"
    assert site.channel.deliver(message()) == Delivered(reference)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED"),
        (400, "UNABLE_TO_LOCK_ROW"),
        (503, "SERVER_UNAVAILABLE"),
        (500, "UNKNOWN_EXCEPTION"),
        (400, "LIMIT_EXCEEDED"),
        (429, "ANY"),
        (500, ""),
        (503, ""),
    ],
)
def test_load_and_maintenance_of_the_org_are_a_delay(site: Site, status: int, code: str) -> None:
    site.answers(error(code) if code else "", status)
    answer = site.channel.deliver(message())
    assert isinstance(answer, Delayed)
    assert (answer.after, code in answer.reason) == (None, True)


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 02 Mar 2026 15:05:00 GMT", timedelta(minutes=5)),
        ("soon", None),
        ("1e99", timedelta.max),
    ],
)
def test_the_time_that_the_org_asks_to_wait_is_kept(site: Site, asked: str, after: timedelta | None) -> None:
    site.answers(error("ANY"), 429, {"Retry-After": asked})
    answer = site.channel.deliver(message())
    assert isinstance(answer, Delayed)
    assert answer.after == after


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, error("INVALID_SESSION_ID")),
        (403, error("API_DISABLED_FOR_ORG")),
        (403, error("INSUFFICIENT_ACCESS")),
        (403, "<html>Forbidden</html>"),
        (400, error("STORAGE_LIMIT_EXCEEDED")),
        (404, error("NOT_FOUND")),
        (302, "<html>Log in</html>"),
    ],
)
def test_a_login_that_may_not_send_is_a_broken_channel(site: Site, status: int, body: Any) -> None:
    site.answers(body, status)
    assert isinstance(site.channel.deliver(message()), Broken)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("INACTIVE_OWNER_OR_USER")),
        (400, error("INVALID_CROSS_REFERENCE_KEY")),
        (404, error("ENTITY_IS_DELETED")),
        (400, error("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not on Sundays")),
        (400, error("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")),
        (400, {"errorCode": "MALFORMED_ID", "message": "no"}),
        (410, ""),
        (404, "<html>Not found</html>"),
    ],
)
def test_an_error_of_this_message_alone_is_a_refusal(site: Site, status: int, body: Any) -> None:
    site.answers(body, status)
    answer = site.channel.deliver(message())
    assert isinstance(answer, Refused)
    assert answer.reason.startswith(f"the org answered HTTP {status}")


@pytest.mark.parametrize(
    "body", ["<html>Log in</html>", '[{"actionName":"customNotif', "", "{}", "[]", '{"success":"yes"}', "5", "[5]"]
)
def test_a_success_with_another_body_may_be_a_delivery_or_not(site: Site, body: str) -> None:
    site.answers(body, 200)
    answer = site.channel.deliver(message())
    assert answer == Unanswered("HTTP 200 with an answer that is not the org's")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (requests.ReadTimeout("slow"), Unanswered),
        (requests.ConnectionError("reset"), Unanswered),
        (502, Unanswered),
        (504, Unanswered),
    ],
)
def test_without_an_answer_of_the_org_it_may_be_delivered(site: Site, failure: Any, kind: type) -> None:
    site.answers("" if isinstance(failure, int) else failure, failure if isinstance(failure, int) else 200)
    assert isinstance(site.channel.deliver(message()), kind)
    assert site.sent == 1


def test_no_reason_holds_the_text_of_the_message_or_the_token(site: Site) -> None:
    for status, body in (
        (400, error("STRING_TOO_LONG", f"Body: data value too large: {SECRET} (max length=10000)")),
        (400, error("JSON_PARSER_ERROR", f"Unexpected character in {SECRET}")),
        (401, error("INVALID_SESSION_ID", f"Session {TOKEN} expired")),
        (400, failed("STRING_TOO_LONG", f"body: data value too large: {SECRET}")),
    ):
        site.answers(body, status)
        answer = site.channel.deliver(message())
        assert not isinstance(answer, Delivered)
        assert "4711" not in answer.reason
        assert TOKEN.partition("!")[2] not in answer.reason
        assert "\n" not in answer.reason


def test_a_token_that_ended_is_renewed_and_the_message_is_sent_once_more(stage: Stage) -> None:
    """A refused token means that nothing was done."""
    chatter = scripted(stage, "chatter", lambda: Grant(URL, "00D000000000001!another.token"))
    stage.answers("POST", PATHS["chatter"], error("INVALID_SESSION_ID"), 401)
    stage.answers("POST", PATHS["chatter"], DONE["chatter"], 201)
    assert isinstance(chatter.deliver(message()), Delivered)


@pytest.mark.parametrize(
    "failure",
    [LoginRefused("the org does not accept\nthe login"), Invalid("the file of the secret is gone")],
)
def test_a_login_that_fails_is_a_broken_channel(stage: Stage, failure: EscalatorError) -> None:
    def login() -> Grant:
        raise failure

    chatter = scripted(stage, "chatter", login)
    stage.answers("POST", PATHS["chatter"], error("INVALID_SESSION_ID"), 401)
    assert chatter.deliver(message()) == Broken(failure.message.replace("\n", " "))


def test_a_long_message_is_delivered_when_all_its_parts_are(site: Site) -> None:
    site.answers(DONE[site.kind])
    assert isinstance(site.channel.deliver(LONG), Delivered)
    assert site.sent > 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(503, "SERVER_UNAVAILABLE", Unanswered), (403, "INSUFFICIENT_ACCESS", Broken), (400, "MALFORMED_ID", Refused)],
)
def test_after_the_first_part_a_delay_means_that_the_next_try_is_a_repeat(
    site: Site, status: int, code: str, kind: type
) -> None:
    site.answers(DONE[site.kind])
    site.answers(error(code), status)
    answer = site.channel.deliver(LONG)
    assert isinstance(answer, kind)
    assert site.sent == 2
    if isinstance(answer, Unanswered):
        assert answer.reason.startswith("only the first part was delivered: the org answered HTTP 503")


def test_a_message_without_parts_is_refused() -> None:
    assert isinstance(in_parts([], lambda _: Delivered()), Refused)


@pytest.mark.parametrize(
    ("text", "size"), [("abc", 3), ("\N{POLICE CARS REVOLVING LIGHT}", 2), ("\ud83d", 1), ("é", 1)]
)
def test_a_text_is_as_long_as_salesforce_counts_it(text: str, size: int) -> None:
    assert units(text) == size


# -- over real HTTP ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=PATHS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def org(tmp_path: Path) -> Iterator[EmbeddedOrg]:
    with an_org(tmp_path / "org") as made:
        yield made


@pytest.fixture
def channel(org: EmbeddedOrg, kind: str) -> Iterator[Channel]:
    with channel_in(org, kind) as made:
        yield made


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("refuse", Unanswered),  # the connection was made: the line cannot say that nothing was read
        ("lose", Unanswered),
        ("cut", Unanswered),
        ("late", Unanswered),
        ("html", Unanswered),
        ("garbage", Unanswered),
        ("500", Delayed),
        ("503", Delayed),
        ("limit", Delayed),
        ("session", Broken),
    ],
)
def test_a_fault_is_a_value_and_the_next_message_is_delivered(
    org: EmbeddedOrg, channel: Channel, kind: str, fault: str, expected: type
) -> None:
    org._server.faults = Faults([FaultOnDemand(fault, "POST", re.compile(PATHS[kind]))])
    assert isinstance(channel.deliver(message()), expected)
    assert isinstance(channel.deliver(message()), Delivered)


def test_a_lost_answer_was_a_delivery(org: EmbeddedOrg, channel: Channel, kind: str) -> None:
    org._server.faults = Faults([FaultOnDemand("lose", "POST", re.compile(PATHS[kind]))])
    channel.deliver(message())
    assert len(requests_to(org, PATHS[kind])) == 1


def test_an_org_that_cannot_be_reached_is_a_delay(org: EmbeddedOrg, channel: Channel) -> None:
    org.close()
    assert isinstance(channel.deliver(message()), Delayed)


def test_a_slow_org_is_not_waited_for(org: EmbeddedOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("bell", "chatter"):
        monkeypatch.setattr(f"sfdc_escalator.salesforce.telling.{module}.PATIENCE", 0.5)
    assert delivering.PATIENCE == 10
    org._server.faults = Faults([FaultOnDemand("slow", "POST", re.compile(PATHS["chatter"]), seconds=60)])
    with channel_in(org, "chatter") as made:
        assert isinstance(made.deliver(message()), Unanswered)


# -- a wrong value at every place of every answer ----------------------------------------------------------------------


def places_of(org: EmbeddedOrg, kind: str) -> list[Place]:
    """The places of the answers to one message."""
    with pytest.MonkeyPatch.context() as patch, channel_in(org, kind) as made:
        watched = Tampering()
        watched.installed(patch)
        assert isinstance(made.deliver(message()), Delivered)
    return places(watched.answers)


def test_whatever_the_org_answers_is_a_value_with_a_reason_in_one_line(org: EmbeddedOrg, kind: str) -> None:
    tries = [(place, name) for place in places_of(org, kind) for name in VALUES]
    for place, name in some(tries, 150):
        with pytest.MonkeyPatch.context() as patch, channel_in(org, kind) as made:
            Tampering(place, VALUES[name]).installed(patch)
            answer = made.deliver(message())
        if not isinstance(answer, Delivered):
            assert 0 < len(answer.reason) < 700, (place, name)
            assert "\n" not in answer.reason, (place, name)


@pytest.mark.parametrize("name", [name for name in VALUES if name not in ("true", "missing")])
def test_only_a_success_that_says_so_is_a_delivery(site: Site, name: str) -> None:
    (row,) = DONE["salesforce"]
    changed = [row | {"isSuccess": VALUES[name]}] if site.kind == "salesforce" else {"id": "x", "success": VALUES[name]}
    site.answers(written(changed))
    assert not isinstance(site.channel.deliver(message()), Delivered)
