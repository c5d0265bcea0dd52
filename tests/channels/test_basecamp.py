"""A line of a chatbot in Basecamp. What every channel does is in `test_contract.py`."""

from datetime import timedelta

import pytest

from sfdc_escalator.channels import basecamp
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import hostile
from tests.channels.service import Answer, Service


def delivered(service: Service, *answers: Answer) -> Delivery:
    service.answers(*answers)
    return basecamp.channel({"url": f"{service.url}/1/integrations/key/buckets/2/chats/3/lines"}).deliver(
        hostile("html")
    )


def test_a_line_is_html_with_the_words_of_strangers_as_text(service: Service) -> None:
    assert delivered(service, Answer(201)) == Delivered()
    content = service.call.json["content"]
    assert content.startswith(
        "<strong>ESCALATION 00001042: supervisor-request</strong><br><strong>Account:</strong> &lt;"
    )
    assert "<br>ESC-7Q4M-2K9D-X3TR<br><a href=" in content
    assert content.endswith('view?a=1&amp;b=2">Case</a>')
    assert service.call.headers["content-type"] == "application/json"
    assert service.call.headers["user-agent"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(429, "Retry later", {"Retry-After": "10"}), Delayed("HTTP 429", timedelta(seconds=10))),
        (Answer(404, headers={"Reason": "Account Inactive"}), Broken("HTTP 404: the account of Basecamp is inactive")),
        (Answer(404), Refused("HTTP 404")),
        (Answer(415), Refused("HTTP 415")),
        (Answer(400), Refused("HTTP 400")),
        (Answer(504), Delayed("HTTP 504")),
        (Answer(200, "ok"), Unanswered("HTTP 200 with an answer that is not one of the service")),
    ],
)
def test_each_documented_answer_is_understood(service: Service, answer: Answer, result: Delivery) -> None:
    assert delivered(service, answer) == result
