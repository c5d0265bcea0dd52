"""One exchange with a web service is bounded in time and size, and says what became of it."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from sfdc_escalator.channels import exchange as module
from sfdc_escalator.channels.exchange import Reply, Request, all_delivered, answered, exchange, unexpected
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.service import HTML, Answer, Service

SECRET = "T0SECRET/B0SECRET"


def posted(service: Service) -> Reply | Delivery:
    return exchange(Request("POST", f"{service.url}/{SECRET}", json={"a": 1}, headers={"Authorization": SECRET}))


def test_a_request_arrives_whole_and_its_answer_comes_back(service: Service) -> None:
    service.answers(Answer(202, {"ok": True}, {"X-More": "yes"}))
    reply = posted(service)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.json(), reply.headers["x-more"]) == (202, {"ok": True}, "yes")
    assert (service.call.method, service.call.path, service.call.json) == ("POST", f"/{SECRET}", {"a": 1})
    assert service.call.headers["user-agent"].startswith("sfdc-escalator/")


@pytest.mark.parametrize("ends", ["lost", "silent", "drips"])
def test_a_service_that_read_the_request_and_does_not_answer_may_have_it(
    service: Service, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    service.answers(Answer(200, "ok" * 20, ends=ends))  # type: ignore[arg-type]
    assert isinstance(posted(service), Unanswered)


def test_an_error_in_a_channel_is_an_answer_that_did_not_come() -> None:
    """It does not stop the run, and its text is not quoted."""

    def broken(part: str) -> Delivery:
        raise RuntimeError(SECRET)

    assert all_delivered("a", broken) == Unanswered("no answer: RuntimeError")


def test_a_body_that_is_cut_is_not_an_answer(service: Service) -> None:
    service.answers(Answer(200, {"ok": True}, ends="cut"))
    assert isinstance(posted(service), Unanswered)


def test_a_service_that_is_not_there_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert isinstance(exchange(Request("POST", f"http://127.0.0.1:{port}/{SECRET}")), Delayed)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://example.com", "http://", "https://[::1", "http://exa mple/"])
def test_an_address_that_is_not_one_is_a_broken_channel(url: str) -> None:
    result = exchange(Request("POST", url))
    assert isinstance(result, Broken)


@pytest.mark.parametrize("value", ["two\nlines", "no latin \u4e2d"])
def test_a_header_that_cannot_be_sent_is_a_broken_channel(service: Service, value: str) -> None:
    result = exchange(Request("POST", service.url, headers={"Authorization": value}))
    assert result == Broken("a header of the channel is not valid")
    assert service.calls == []


def test_nothing_but_loopback_gets_plain_http() -> None:
    assert isinstance(exchange(Request("POST", f"http://hooks.example.com/{SECRET}")), Broken)


def test_a_redirect_is_not_followed(service: Service) -> None:
    with Service() as elsewhere:
        service.answers(Answer(302, headers={"Location": elsewhere.url}))
        assert isinstance(answered(posted(service)), Refused)
        assert elsewhere.calls == []


def test_the_secrets_of_a_request_are_not_in_its_repr() -> None:
    assert SECRET not in repr(Request("POST", f"https://example.com/{SECRET}", headers={"Authorization": SECRET}))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Delivered), (202, Delivered), (204, Delivered), (301, Refused), (400, Refused), (401, Broken), (403, Broken),
     (404, Refused), (408, Delayed), (410, Refused), (429, Delayed), (500, Delayed), (503, Delayed)],
)  # fmt: skip
def test_a_status_says_what_became_of_the_message(service: Service, status: int, kind: type) -> None:
    service.answers(Answer(status))
    assert isinstance(answered(posted(service)), kind)


@pytest.mark.parametrize("body", ["{", "[" * 90_000, "nonsense", b"\xff"])
def test_a_body_that_is_not_json_is_none(service: Service, body: str | bytes) -> None:
    service.answers(Answer(200, body))
    reply = posted(service)
    assert isinstance(reply, Reply)
    assert reply.json() is None
    assert isinstance(unexpected(reply), Unanswered)


@pytest.mark.parametrize("page", [HTML, Answer(200, "\n <html>", {"Content-Type": "application/json"})])
def test_a_web_page_in_place_of_an_answer_is_a_refusal(service: Service, page: Answer) -> None:
    service.answers(page)
    reply = posted(service)
    assert isinstance(reply, Reply)
    assert isinstance(unexpected(reply), Refused)


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([Answer(), Answer(), Answer()], Delivered()),
        ([Answer(429)], Delayed("HTTP 429")),
        ([Answer(), Answer(429)], Unanswered("part 2, after others were delivered: HTTP 429")),
        ([Answer(), Answer(400)], Refused("HTTP 400")),
        ([Answer(), Answer(401)], Broken("HTTP 401")),
    ],
)
def test_a_message_in_parts_is_delivered_when_all_of_them_are(
    service: Service, answers: list[Answer], result: Delivery
) -> None:
    """A delay after the first part means that the next try repeats it."""
    service.answers(*answers)
    assert all_delivered("abc", lambda part: answered(exchange(Request("POST", service.url, json=part)))) == result
    assert len(service.calls) == len(answers)


def test_the_word_of_the_service_is_part_of_the_reason(service: Service) -> None:
    service.answers(Answer(400))
    assert answered(posted(service), code="invalid_payload") == Refused("HTTP 400 invalid_payload")


NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "after"),
    [("30", 30), ("1.5", 1.5), ("-5", 0), ("Sun, 29 Nov 2026 09:02:00 GMT", 120), ("Sun, 29 Nov 2026 08:00:00 GMT", 0),
     ("soon", None), ("", None), ("nan", None), ("inf", None), ("1e300", None)],
)  # fmt: skip
def test_the_time_to_wait_is_seconds_or_a_date(service: Service, header: str, after: float | None) -> None:
    service.answers(Answer(429, headers={"Retry-After": header}))
    result = answered(posted(service), lambda: NOW)
    assert result == Delayed("HTTP 429", None if after is None else timedelta(seconds=after))


def test_a_service_that_asks_to_wait_for_ages_is_not_asked_at_once(service: Service) -> None:
    service.answers(Answer(429, headers={"Retry-After": "9" * 30}))
    assert answered(posted(service), lambda: NOW) == Delayed("HTTP 429", timedelta.max)


def test_a_proxy_does_not_get_what_is_for_this_machine(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with Service(Answer(502)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert isinstance(posted(service), Reply)
        assert (len(service.calls), proxy.calls) == (1, [])
