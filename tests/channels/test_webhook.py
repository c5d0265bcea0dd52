"""A webhook: the facts of a message as JSON, by POST, with the id of the message."""

from typing import Any

import pytest

from sfdc_escalator.channels.webhook import channel
from sfdc_escalator.pipeline.ports.channel import Delivered, Refused
from tests.channels.hostile import TEXTS, hostile
from tests.channels.service import HTML, Answer, Service


def test_a_program_gets_the_facts_and_the_id(service: Service) -> None:
    facts: dict[str, Any] = {
        "id": "5f" * 16,
        "kind": "start",
        "say": {"Subject": TEXTS["emoji"]},
        "due": None,
        "links": [],
    }
    one = hostile("emoji", facts=facts, is_repeat=True)
    said = facts | {"id": one.id, "repeat": True}
    assert channel({"url": f"{service.url}/desk"}).deliver(one) == Delivered()
    assert (service.call.method, service.call.path, service.call.json) == ("POST", "/desk", said)
    assert service.call.headers["idempotency-key"] == one.id
    assert service.call.headers["content-type"] == "application/json"


def test_own_headers_are_sent_and_cannot_change_the_id(service: Service) -> None:
    headers = {"Authorization": "Bearer hidden", "X-Desk": "1", "Idempotency-Key": "mine"}
    channel({"url": service.url, "headers": headers}).deliver(hostile("emoji"))
    assert service.call.headers["authorization"] == "Bearer hidden"
    assert service.call.headers["x-desk"] == "1"
    assert service.call.headers["idempotency-key"] == "5f" * 16


@pytest.mark.parametrize("answer", [Answer(200), Answer(201, {"id": 1}), Answer(204), Answer(299, "x"), HTML])
def test_any_2xx_is_delivery(service: Service, answer: Answer) -> None:
    service.answers(answer)
    assert channel({"url": service.url}).deliver(hostile("emoji")) == Delivered()


@pytest.mark.parametrize("status", [300, 301, 302, 307, 400, 404, 405, 409, 410, 422])
def test_anything_that_cannot_succeed_later_is_refused(service: Service, status: int) -> None:
    service.answers(Answer(status, headers={"Location": service.url}))
    assert channel({"url": service.url}).deliver(hostile("emoji")) == Refused(f"HTTP {status}")
    assert len(service.calls) == 1
