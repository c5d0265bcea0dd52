"""An item of a list in SharePoint. What every channel does is in `test_contract.py`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from sfdc_escalator.channels import exchange, sharepoint
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import hostile
from tests.channels.service import HTML, Answer, Call, Service

SECRET = "a~secret~of~the~application"
TOKEN = Answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ0eXAi"})
MADE = Answer(201, {"id": "20"})
TITLE: dict[str, Any] = {"name": "Title", "enforceUniqueValues": False, "text": {"textType": "plain"}}
NOTICE_ID: dict[str, Any] = {"name": "NoticeId", "enforceUniqueValues": True, "text": {"textType": "plain"}}
BODY: dict[str, Any] = {"name": "Body", "text": {"allowMultipleLines": True, "textType": "plain"}}
COLUMNS = Answer(200, {"value": [TITLE, NOTICE_ID, BODY, {"name": "Modified", "dateTime": {}}]})


class Graph:
    """The login and the list; each answers as it is set."""

    def __init__(self, service: Service, answers: Mapping[str, Answer]) -> None:
        self.service, self.answers = service, {"token": TOKEN, "columns": COLUMNS, "items": MADE, **answers}
        service.script = lambda call: self.answers[self.part(call)]

    @staticmethod
    def part(call: Call) -> str:
        return call.path.partition("?")[0].rsplit("/", 1)[-1]

    @property
    def asked(self) -> list[str]:
        return [self.part(call) for call in self.service.calls]


def made(service: Service) -> Channel:
    return sharepoint.channel(
        {"url": f"{service.url}/v1.0", "login": service.url, "tenant": "T1", "client_id": "C1", "client_secret": SECRET,
         "site": "acme.sharepoint.com,S1,W1", "list": "My Escalations"}
    )  # fmt: skip


def delivered(service: Service, answers: Mapping[str, Answer], message: Message | None = None) -> Delivery:
    Graph(service, answers)
    return made(service).deliver(message or hostile("html"))


def test_an_item_has_the_title_the_id_and_the_text(service: Service) -> None:
    message = hostile("html")
    assert delivered(service, {}) == Delivered("20")
    login, columns, item = service.calls
    assert login.path == "/T1/oauth2/v2.0/token"
    assert parse_qs(login.body.decode()) == {
        "grant_type": ["client_credentials"], "client_id": ["C1"], "client_secret": [SECRET],
        "scope": [f"{service.url}/.default"],
    }  # fmt: skip
    assert columns.path.startswith("/v1.0/sites/acme.sharepoint.com,S1,W1/lists/My%20Escalations/columns?$select=")
    assert item.path == "/v1.0/sites/acme.sharepoint.com,S1,W1/lists/My%20Escalations/items"
    assert item.headers["authorization"] == "Bearer eyJ0eXAi"
    assert item.json == {
        "fields": {"Title": message.title, "NoticeId": message.id, "Body": plain_text(message)},
    }


def test_a_run_logs_in_once_and_looks_at_the_columns_once(service: Service) -> None:
    graph = Graph(service, {})
    channel = made(service)
    assert [channel.deliver(hostile("html")), channel.deliver(hostile("entities"))] == [Delivered("20")] * 2
    assert graph.asked == ["token", "columns", "items", "items"]


def test_a_message_that_is_there_already_is_delivered(service: Service) -> None:
    """N9: a unique column holds the id."""
    error = {"code": "invalidRequest", "message": "One or more fields with unique constraints already has the provided "
             "value.", "innerError": {"date": "2026-11-29T09:00:00"}}  # fmt: skip
    assert delivered(service, {"items": Answer(400, {"error": error})}) == Delivered()


def test_a_long_title_is_whole_in_the_text(service: Service) -> None:
    message = replace(hostile("html"), title="\N{POLICE CARS REVOLVING LIGHT}" * 300)
    delivered(service, {}, message)
    fields = service.calls[-1].json["fields"]
    assert len(fields["Title"].encode("utf-16-le")) // 2 <= 255
    assert fields["Body"].startswith(message.title)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ([TITLE, BODY], "the list has no column NoticeId"),
        ([TITLE, NOTICE_ID], "the list has no column Body"),
        ([], "the list has no column Title"),
        ([TITLE, {**NOTICE_ID, "enforceUniqueValues": False}, BODY],
         "the column NoticeId of the list does not enforce unique values"),
        ([{**TITLE, "enforceUniqueValues": True}, NOTICE_ID, BODY],
         "the column Title of the list enforces unique values: a second message about a case would be lost"),
        ([TITLE, NOTICE_ID, {"name": "Body", "text": {"allowMultipleLines": True, "textType": "richText"}}],
         "the column Body of the list is not several lines of plain text"),
        ([TITLE, NOTICE_ID, {"name": "Body", "number": {}}],
         "the column Body of the list is not several lines of plain text"),
    ],
)  # fmt: skip
def test_a_list_with_other_columns_is_a_broken_channel(service: Service, columns: list[Any], fault: str) -> None:
    graph = Graph(service, {"columns": Answer(200, {"value": columns})})
    channel = made(service)
    assert channel.deliver(hostile("html")) == Broken(fault)
    graph.answers["columns"] = COLUMNS
    assert channel.deliver(hostile("html")) == Delivered("20")
    assert graph.asked == ["token", "columns", "columns", "items"]


@pytest.mark.parametrize("part", ["columns", "items"])
@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(403, {"error": {"code": "accessDenied", "message": "Access denied"}}), Broken("HTTP 403 accessDenied")),
        (Answer(404, {"error": {"code": "itemNotFound", "message": "x"}}), Refused("HTTP 404 itemNotFound")),
        (Answer(400, {"error": {"code": "invalidRequest", "message": "x"}}), Refused("HTTP 400 invalidRequest")),
        (Answer(423, {"error": {"code": "notAllowed"}}), Delayed("HTTP 423: the list is locked")),
        (Answer(429, {"error": {"code": "activityLimitReached"}}, {"Retry-After": "12"}),
         Delayed("HTTP 429 activityLimitReached", timedelta(seconds=12))),
        (Answer(503, {"error": {"code": "serviceNotAvailable"}}), Delayed("HTTP 503 serviceNotAvailable")),
        (Answer(507, {"error": {"code": "quotaLimitReached"}}), Delayed("HTTP 507 quotaLimitReached")),
        (Answer(400, {"error": "a word, and more of them"}), Refused("HTTP 400")),
    ],
)  # fmt: skip
def test_each_documented_answer_is_understood(service: Service, part: str, answer: Answer, result: Delivery) -> None:
    assert delivered(service, {part: answer}) == result


@pytest.mark.parametrize("answer", [Answer(200, "{"), Answer(ends="lost"), Answer(200, {"value": None})])
def test_only_the_item_may_have_arrived_without_an_answer(service: Service, answer: Answer) -> None:
    assert isinstance(delivered(service, {"columns": answer}), Delayed)
    assert isinstance(delivered(service, {"items": answer}), Unanswered)


def test_a_token_that_is_not_taken_is_asked_for_again(service: Service) -> None:
    expired = Answer(401, {"error": {"code": "InvalidAuthenticationToken", "message": "Lifetime validation failed"}})
    graph = Graph(service, {"items": expired})
    channel = made(service)
    assert channel.deliver(hostile("html")) == Broken("HTTP 401 InvalidAuthenticationToken")
    graph.answers["items"] = MADE
    assert channel.deliver(hostile("html")) == Delivered("20")
    assert graph.asked == ["token", "columns", "items", "token", "items"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(401, {"error": "invalid_client", "error_description": SECRET, "error_codes": [7000215]}),
         Broken("the login answered HTTP 401 invalid_client AADSTS7000215")),
        (Answer(400, {"error": "unauthorized_client", "error_codes": []}),
         Broken("the login answered HTTP 400 unauthorized_client")),
        (Answer(404), Broken("the login answered HTTP 404")),
        (Answer(200, {"token_type": "Bearer"}), Broken("the login answered HTTP 200")),
        (HTML, Broken("the login answered HTTP 200")),
        (Answer(429, headers={"Retry-After": "3"}), Delayed("HTTP 429", timedelta(seconds=3))),
        (Answer(503, {"error": "temporarily_unavailable"}), Delayed("HTTP 503")),
    ],
)  # fmt: skip
def test_a_login_that_gives_no_token_is_a_broken_channel(service: Service, answer: Answer, result: Delivery) -> None:
    assert delivered(service, {"token": answer}) == result
    assert len(service.calls) == 1


def test_a_login_that_does_not_answer_has_sent_nothing(service: Service) -> None:
    assert isinstance(delivered(service, {"token": Answer(ends="lost")}), Delayed)


@pytest.mark.parametrize("wrong", [{"login": "https://[::1"}, {"url": "nonsense", "login": "nonsense"}, {"login": ""}])
def test_an_address_that_is_not_one_is_a_broken_channel(
    service: Service, wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharepoint, "LOGIN", "ftp://login.example.com")
    settings = {"url": service.url, "tenant": "T", "client_id": "C", "client_secret": "S", "site": "s", "list": "l"}
    assert isinstance(sharepoint.channel(settings | wrong).deliver(hostile("html")), Broken)


def test_the_whole_delivery_has_the_time_of_one_exchange(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.3)
    assert not isinstance(delivered(service, {"columns": Answer(ends="silent")}), Delivered)


@pytest.mark.parametrize(
    ("url", "scope"),
    [("https://graph.microsoft.us/v1.0/", "https://graph.microsoft.us/.default"),
     ("", "https://graph.microsoft.com/.default")],
)  # fmt: skip
def test_the_scope_is_that_of_the_cloud(
    service: Service, url: str, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.answers(Answer(400))
    settings = {
        "url": url,
        "login": service.url,
        "tenant": "T",
        "client_id": "C",
        "client_secret": "S",
        "site": "s",
        "list": "l",
    }
    sharepoint.channel(settings).deliver(hostile("html"))
    assert parse_qs(service.call.body.decode())["scope"] == [scope]
