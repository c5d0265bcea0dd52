"""Teams, by a webhook of Workflows: how a card is laid out, and each known answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.channels.teams import SIZE, channel, payload, runs
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN, pages
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused
from tests.channels.hostile import TEXTS, hostile
from tests.channels.service import HTML, Answer, Service


def posted(service: Service, answer: Answer, one: Message | None = None) -> Delivery:
    service.answers(answer)
    return channel({"url": f"{service.url}/workflows/1/triggers/manual/paths/invoke?sig=hidden"}).deliver(
        one or hostile("entities")
    )


def card_of(service: Service) -> dict[str, Any]:
    card: dict[str, Any] = service.call.json["attachments"][0]["content"]
    return card


def test_the_card_has_the_title_the_lines_the_key_and_buttons(service: Service) -> None:
    one = replace(hostile("entities"), is_repeat=True)
    assert posted(service, Answer(202), one) == Delivered()
    title, *lines, buttons = card_of(service)["body"]
    assert title["inlines"] == [{"type": "TextRun", "text": one.title, "size": "Large", "weight": "Bolder"}]
    labels = [[run["text"] for run in line["inlines"]] for line in lines]
    assert labels == [[REPEAT], *([f"{line.label}: ", line.text] for line in one.lines), [one.key]]
    assert buttons["actions"] == [{"type": "Action.OpenUrl", "title": "Case", "url": one.links[0].url}]


def test_an_urgent_card_has_a_red_title_with_a_sign(service: Service) -> None:
    posted(service, Answer(202), replace(hostile("entities"), urgent=True))
    run = card_of(service)["body"][0]["inlines"][0]
    assert run["text"].startswith(SIREN)
    assert run["color"] == "Attention"


def test_a_date_function_of_a_customer_is_not_carried_out() -> None:
    text = "{{DATE(2017-02-14T06:00:00Z, SHORT)}} {{{TIME(2017-02-14T06:00:00Z)}}}"
    parts = [run["text"] for run in runs(text, {})]
    assert "".join(parts) == text
    assert not [part for part in parts if "{{" in part]


def test_rows_of_buttons_are_short(service: Service) -> None:
    links = tuple(Link(f"Link {number}", f"https://acme.example.com/{number}") for number in range(12))
    posted(service, Answer(202), replace(hostile("entities"), links=links))
    rows = [len(block["actions"]) for block in card_of(service)["body"] if block["type"] == "ActionSet"]
    assert rows == [5, 5, 2]


@pytest.mark.parametrize("name", TEXTS)
def test_no_card_is_larger_than_its_measure(name: str, service: Service) -> None:
    lines = tuple(Line(f"Line {number}", TEXTS[name].encode(errors="ignore").decode()) for number in range(30))
    posted(service, Answer(202), replace(hostile(name), lines=lines))
    assert all(len(call.body) <= SIZE for call in service.calls)


def test_a_card_of_one_page_is_not_split() -> None:
    one = hostile("entities")
    assert pages(one, SIZE) == (one,)
    assert len(json.dumps(payload(one))) < 2000


ERRORS = [
    (400, {"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "... state 'Disabled' ..."}}, Broken),
    (400, {"error": {"code": "TriggerInputSchemaMismatch", "message": "..."}}, Refused),
    (401, {"error": {"code": "DirectApiAuthorizationRequired", "message": "..."}}, Broken),
    (403, {"error": {"code": "AuthorizationFailed", "message": "..."}}, Broken),
    (404, {"error": {"code": "WorkflowNotFound", "message": "..."}}, Refused),
    (413, {"error": {"code": "RequestEntityTooLarge", "message": "..."}}, Refused),
    (429, {"error": {"code": "WorkflowRunTriggerRequestsThrottled", "message": "..."}}, Delayed),
    (502, {"error": {"code": "NoResponse", "message": "..."}}, Delayed),
]


@pytest.mark.parametrize(("status", "body", "kind"), ERRORS)
def test_each_error_of_a_workflow_is_named(service: Service, status: int, body: Any, kind: type) -> None:
    result = posted(service, Answer(status, body))
    assert isinstance(result, kind)
    assert not isinstance(result, Delivered)
    assert body["error"]["code"] in result.reason


@pytest.mark.parametrize("body", ["{", [], {"error": "no"}, {"error": {"code": 7}}, {"error": {"code": "a b\nc"}}])
def test_an_error_without_a_code_is_named_by_its_status(service: Service, body: Any) -> None:
    assert posted(service, Answer(400, body)) == Refused("HTTP 400")


@pytest.mark.parametrize("answer", [Answer(202), Answer(200), Answer(200, "1"), Answer(201, {"id": "1"})])
def test_a_workflow_may_answer_in_its_own_way(service: Service, answer: Answer) -> None:
    assert posted(service, answer) == Delivered()


def test_a_page_of_a_login_is_not_a_workflow(service: Service) -> None:
    assert isinstance(posted(service, HTML), Refused)
