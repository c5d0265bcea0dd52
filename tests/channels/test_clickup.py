"""A task in ClickUp. What every channel does is in `test_contract.py`."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sfdc_escalator.channels import clickup
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import REPEAT
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import hostile
from tests.channels.service import HTML, Answer, Call, Service

MADE = Answer(200, {"id": "9hx"})
NOW = 1_795_942_800.0


def delivered(service: Service, message: Message) -> Delivery:
    return clickup.channel({"url": f"{service.url}/api/v2", "list": "901100", "token": "pk_1"}).deliver(message)


def tasks(*descriptions: str) -> Answer:
    return Answer(200, {"tasks": [{"id": f"t{n}", "description": text} for n, text in enumerate(descriptions)]})


def finding(*answers: Answer) -> Any:
    """A list that answers the look-ups in order, and takes each task."""
    found = list(answers)
    return lambda call: found.pop(0) if call.method == "GET" else MADE


def test_a_task_has_the_title_as_its_name_and_plain_text_as_its_description(service: Service) -> None:
    service.answers(MADE)
    message = hostile("markdown", urgent=True, facts={"due": "2026-11-30T10:00:00Z"})
    assert delivered(service, message) == Delivered("9hx")
    assert service.call.path == "/api/v2/list/901100/task"
    assert service.call.headers["authorization"] == "pk_1"
    task = service.call.json
    assert set(task) == {"name", "description", "priority", "due_date", "due_date_time"}
    assert task["name"].endswith("ESCALATION 00001042: supervisor-request")
    assert (task["priority"], task["due_date"], task["due_date_time"]) == (1, 1_796_032_800_000, True)
    assert task["description"].startswith("Account: **bold** _it_ `code`")
    assert task["description"].endswith(f"ESC-7Q4M-2K9D-X3TR\nNotice: {message.id}")


@pytest.mark.parametrize("due", [None, ""])
def test_a_task_that_is_not_urgent_and_not_due_has_no_priority_and_no_date(service: Service, due: str | None) -> None:
    service.answers(MADE)
    delivered(service, hostile("html", facts={"due": due}))
    assert set(service.call.json) == {"name", "description"}


def test_a_first_try_asks_for_no_task(service: Service) -> None:
    service.answers(MADE)
    delivered(service, hostile("html"))
    assert [call.method for call in service.calls] == ["POST"]


def test_a_repeat_whose_task_is_there_makes_no_second_one(service: Service) -> None:
    """N9: ClickUp looks first."""
    message = hostile("html", is_repeat=True)
    service.script = finding(tasks("another", f"{REPEAT}\nNotice: {message.id}\n"))
    assert delivered(service, message) == Delivered("t1")
    assert [call.method for call in service.calls] == ["GET"]


def test_a_repeat_whose_task_is_not_there_makes_it(service: Service) -> None:
    message = hostile("html", is_repeat=True)
    service.script = finding(tasks(f"Notice: {message.id}.2", f"Notice: {message.id}, quoted by somebody"))
    assert delivered(service, message) == Delivered("9hx")
    assert REPEAT in service.calls[-1].json["description"]


def test_the_look_up_goes_through_the_tasks_of_two_days_closed_ones_too(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    message = hostile("html", is_repeat=True)
    service.script = finding(tasks(*["another"] * 100), tasks(*["another"] * 99, f"Notice: {message.id}"))
    assert delivered(service, message) == Delivered("t99")
    asked = [parse_qs(urlsplit(call.path).query) for call in service.calls]
    since = str(int((NOW - 48 * 3600) * 1000))
    assert [one["page"] for one in asked] == [["0"], ["1"]]
    assert all((one["include_closed"], one["date_created_gt"]) == (["true"], [since]) for one in asked)


def test_the_look_up_ends_after_five_answers(service: Service) -> None:
    service.script = finding(*[tasks(*["another"] * 100)] * 5)
    assert delivered(service, hostile("html", is_repeat=True)) == Delivered("9hx")
    assert [call.method for call in service.calls] == ["GET"] * 5 + ["POST"]


def test_a_large_answer_of_the_look_up_is_read_whole(service: Service) -> None:
    message = hostile("html", is_repeat=True)
    service.script = finding(tasks(*["word " * 4_000] * 99, f"Notice: {message.id}"))
    assert delivered(service, message) == Delivered("t99")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(Answer(500), Delayed), (Answer(401, {"err": "x", "ECODE": "OAUTH_025"}), Broken), (HTML, Refused),
     (Answer(200, {"tasks": None}), Unanswered), (Answer(ends="lost"), Unanswered)],
)  # fmt: skip
def test_nothing_is_made_where_the_look_up_fails(service: Service, answer: Answer, kind: type) -> None:
    service.script = finding(answer)
    assert isinstance(delivered(service, hostile("html", is_repeat=True)), kind)
    assert [call.method for call in service.calls] == ["GET"]


def test_each_part_of_a_large_message_is_looked_for_by_itself(service: Service) -> None:
    lines = tuple(Line("Needed", "word " * 3_000, kept=True) for _ in range(3))
    message = replace(hostile("html", is_repeat=True), lines=lines)
    answers = {0: tasks(f"Notice: {message.id}"), 1: tasks(), 2: tasks()}
    looked: list[Call] = []

    def script(call: Call) -> Answer:
        if call.method == "POST":
            return MADE
        looked.append(call)
        return answers[len(looked) - 1]

    service.script = script
    assert isinstance(delivered(service, message), Delivered)
    made = [call.json["description"].splitlines()[-1] for call in service.calls if call.method == "POST"]
    assert made == [f"Notice: {message.id}.2", f"Notice: {message.id}.3"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(401, {"err": "Token invalid", "ECODE": "OAUTH_025"}),
         Broken("HTTP 401 OAUTH_025: the token is not valid, or has no access to the list")),
        (Answer(400, {"err": "Authorization Header Required", "ECODE": "OAUTH_017"}),
         Broken("HTTP 400 OAUTH_017: the token is not valid, or has no access to the list")),
        (Answer(404, {"err": "List not found", "ECODE": "ITEM_015"}), Refused("HTTP 404 ITEM_015")),
        (Answer(400, {"err": "Task name required", "ECODE": "not one, 500"}), Refused("HTTP 400")),
        (Answer(429, {"err": "Rate limit reached", "ECODE": "APP_002"}, {"X-RateLimit-Reset": str(int(NOW) + 42)}),
         Delayed("HTTP 429 APP_002", timedelta(seconds=42))),
        (Answer(429, headers={"X-RateLimit-Reset": "soon"}), Delayed("HTTP 429")),
        (Answer(429, headers={"X-RateLimit-Reset": "1"}), Delayed("HTTP 429", timedelta(0))),
        (Answer(200, {"err": "no"}), Unanswered("HTTP 200 with an answer that is not one of the service")),
        (Answer(200, "[1]"), Unanswered("HTTP 200 with an answer that is not one of the service")),
    ],
)  # fmt: skip
def test_each_documented_answer_is_understood(
    service: Service, answer: Answer, result: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    service.answers(answer)
    assert delivered(service, hostile("html")) == result
