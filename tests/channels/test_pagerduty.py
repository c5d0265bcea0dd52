"""PagerDuty, by Events API v2: the alert of an escalation, its end, and each documented answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.channels.pagerduty import API, channel
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import hostile
from tests.channels.service import Answer, Service

ROUTING_KEY = "5f1c9b7e0d2a4c6e8b1f3a5d7c9e0b2d"
ACCEPTED = Answer(202, {"status": "success", "message": "Event processed", "dedup_key": "ESC-7Q4M-2K9D-X3TR"})


def sent(service: Service, answer: Answer = ACCEPTED, one: Message | None = None) -> Delivery:
    service.answers(answer)
    settings = {"url": f"{service.url}/v2/enqueue", "routing_key": ROUTING_KEY}
    return channel(settings).deliver(one or hostile("entities"))


def test_an_escalation_is_one_alert_by_its_key(service: Service) -> None:
    one = hostile("entities", facts={"org": "prod"})
    assert sent(service, one=one) == Delivered("ESC-7Q4M-2K9D-X3TR")
    alert = service.call.json
    assert (service.call.method, service.call.path) == ("POST", "/v2/enqueue")
    assert (alert["routing_key"], alert["event_action"], alert["dedup_key"]) == (ROUTING_KEY, "trigger", one.key)
    payload = alert["payload"]
    assert (payload["summary"], payload["source"], payload["class"]) == (one.title, "prod", "start")
    assert payload["custom_details"] == {line.label: line.text for line in one.lines} | {"Notice": one.key}
    assert alert["links"] == [{"href": one.links[0].url, "text": "Case"}]


def test_a_bundle_has_the_id_of_the_message_as_its_key(service: Service) -> None:
    sent(service, one=replace(hostile("entities"), key=""))
    assert service.call.json["dedup_key"] == "5f" * 16


@pytest.mark.parametrize(("urgent", "severity"), [(True, "critical"), (False, "warning")])
def test_the_severity_says_how_urgent_it_is(service: Service, urgent: bool, severity: str) -> None:
    sent(service, one=replace(hostile("entities"), urgent=urgent))
    payload = service.call.json["payload"]
    assert payload["severity"] == severity
    assert payload["summary"].startswith(SIREN) is urgent


def test_an_escalation_that_ends_resolves_its_alert(service: Service) -> None:
    one = replace(hostile("entities"), kind="acknowledged", ends=True)
    assert isinstance(sent(service, one=one), Delivered)
    assert service.call.json == {"routing_key": ROUTING_KEY, "event_action": "resolve", "dedup_key": one.key}


def test_lines_of_one_label_are_one_detail(service: Service) -> None:
    lines = (Line("Case", "1", kept=True), Line("Case", "2", kept=True), Line("", "Help is needed.", kept=True))
    one = replace(hostile("entities"), lines=lines, is_repeat=True)
    sent(service, one=one)
    details = service.call.json["payload"]["custom_details"]
    assert details == {"Case": "1\n2", "Notice": f"{REPEAT}\nHelp is needed.\n{one.key}"}


def test_a_title_that_is_too_long_is_whole_in_the_details(service: Service) -> None:
    title = "ESCALATION 00001042: " + "word " * 400
    sent(service, one=replace(hostile("entities"), title=title))
    payload = service.call.json["payload"]
    assert len(payload["summary"]) <= 1024
    assert payload["custom_details"]["Title"] == title


INVALID = {"status": "invalid event", "message": "Event object is invalid"}
ANSWERS: list[tuple[int, Any, type]] = [
    (400, INVALID | {"errors": ["Length of 'routing_key' is incorrect (should be 32 characters)"]}, Broken),
    (400, INVALID | {"errors": ["'routing_key' cannot contain non-alphanumeric characters."]}, Broken),
    (400, INVALID | {"errors": ["Invalid routing key"]}, Broken),
    (400, INVALID | {"errors": ["'payload.severity' is invalid (must be one of the following: ...)"]}, Refused),
    (400, INVALID | {"errors": ["JSON cannot be parsed"]}, Refused),
    (400, "not JSON", Refused),
    (403, {"status": "forbidden"}, Broken),
    (413, {"status": "too large"}, Refused),
    (429, {"status": "throttle exceeded", "message": "Requests for this service are arriving too quickly."}, Delayed),
    (500, {"status": "error"}, Delayed),
    (502, "<html>Bad Gateway</html>", Delayed),
    (202, {"status": "invalid event"}, Unanswered),
    (202, "", Unanswered),
    (202, '{"status": "succ', Unanswered),
    (200, "<!DOCTYPE html>", Refused),
]


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS)
def test_each_answer_of_the_events_api(service: Service, status: int, body: Any, kind: type) -> None:
    result = sent(service, Answer(status, body))
    assert type(result) is kind
    assert ROUTING_KEY not in repr(result)


def test_the_time_to_wait_is_that_of_the_header(service: Service) -> None:
    assert sent(service, Answer(429, headers={"Retry-After": "30"})) == Delayed("HTTP 429", timedelta(seconds=30))


def test_without_an_address_the_events_api_of_pagerduty_is_used() -> None:
    assert API == "https://events.pagerduty.com/v2/enqueue"
    assert vars(channel({"routing_key": ROUTING_KEY}))["_url"] == API
