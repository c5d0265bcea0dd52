"""Slack, by an incoming webhook and by a token: how a message is laid out, and each documented answer."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.channels.slack import channel, sections, units
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import hostile
from tests.channels.service import Answer, Service

TOKEN = "xoxb-17653672481-hidden"
POSTED = {"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247", "message": {"type": "message"}}


def by_webhook(service: Service, answer: Answer, one: Message | None = None) -> Delivery:
    service.answers(answer)
    return channel({"url": f"{service.url}/services/T0/B0/hidden"}).deliver(one or hostile("entities"))


def by_token(service: Service, answer: Answer, one: Message | None = None) -> Delivery:
    service.answers(answer)
    settings = {"url": f"{service.url}/api/", "token": TOKEN, "to": "C024BE91L"}
    return channel(settings).deliver(one or hostile("entities"))


# -- requests ------------------------------------------------------------------------------------------------------


def test_a_webhook_gets_the_message_at_its_address(service: Service) -> None:
    assert by_webhook(service, Answer(200, "ok")) == Delivered()
    assert (service.call.method, service.call.path) == ("POST", "/services/T0/B0/hidden")
    assert "authorization" not in service.call.headers
    assert "channel" not in service.call.json


def test_a_token_posts_to_its_channel_and_keeps_the_time_stamp(service: Service) -> None:
    assert by_token(service, Answer(200, POSTED)) == Delivered("1503435956.000247")
    assert (service.call.path, service.call.json["channel"]) == ("/api/chat.postMessage", "C024BE91L")
    assert service.call.headers["authorization"] == f"Bearer {TOKEN}"


def test_the_title_is_a_header_the_lines_are_plain_text_and_the_links_stand_below(service: Service) -> None:
    one = replace(hostile("entities"), urgent=True, is_repeat=True)
    by_webhook(service, Answer(200, "ok"), one)
    header, section, links = service.call.json["blocks"]
    assert header == {"type": "header", "text": plain(f"{SIREN} {one.title}")}
    lines = [REPEAT, *(f"{line.label}: {line.text}" for line in one.lines), one.key]
    assert section == {"type": "section", "text": plain("\n".join(lines))}
    assert links["elements"][0]["elements"] == [{"type": "link", "url": one.links[0].url, "text": "Case"}]


def plain(text: str) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def test_the_text_of_a_notification_has_its_signs_as_entities(service: Service) -> None:
    by_webhook(service, Answer(200, "ok"), hostile("a mention of Slack"))
    text = service.call.json["text"]
    assert "&lt;!channel&gt; &lt;!here&gt;" in text
    assert "<" not in text


def test_a_title_that_is_too_long_for_a_header_is_the_first_line(service: Service) -> None:
    title = "ESCALATION 00001042: " + "a very long route " * 10
    by_webhook(service, Answer(200, "ok"), replace(hostile("entities"), title=title))
    assert [block["type"] for block in service.call.json["blocks"]] == ["section", "rich_text"]
    assert service.call.json["blocks"][0]["text"]["text"].startswith(title)


def test_a_long_text_is_cut_into_sections_at_a_line_or_a_word() -> None:
    lines = [f"line {number}" for number in range(900)]
    cut = list(sections("\n".join(lines)))
    assert [line for part in cut for line in part.splitlines()] == lines
    assert list(sections("x" * 7000)) == ["x" * 3000, "x" * 3000, "x" * 1000]
    assert all(units(part) <= 3000 for part in sections("\U0001f6a8" * 4000))
    assert list(sections(" \n ")) == []


def test_a_message_is_split_before_slack_refuses_its_size(service: Service) -> None:
    lines = tuple(Line(f"Line {number}", "&" * 500, kept=True) for number in range(40))
    assert isinstance(by_webhook(service, Answer(200, "ok"), replace(hostile("entities"), lines=lines)), Delivered)
    assert len(service.calls) > 1
    assert all(len(call.json["text"]) < 12_000 for call in service.calls)


def test_without_its_library_the_channel_says_what_to_install(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "slack_sdk.models.blocks", None)
    result = by_webhook(service, Answer(200, "ok"))
    assert result == Broken("the library of Slack is not installed: pip install 'sfdc-escalator[slack]'")
    assert service.calls == []


# -- answers -------------------------------------------------------------------------------------------------------

WEBHOOK_ERRORS = [
    (400, "invalid_payload", Refused),
    (400, "no_text", Refused),
    (400, "user_not_found", Refused),
    (400, "too_many_attachments", Refused),
    (400, "invalid_blocks", Refused),
    (400, "invalid_token", Broken),
    (403, "invalid_token", Broken),
    (403, "action_prohibited", Broken),
    (403, "team_disabled", Broken),
    (400, "posting_to_general_channel_denied", Broken),
    (404, "no_active_hooks", Broken),
    (404, "channel_not_found", Refused),
    (404, "no_service", Refused),
    (404, "no_team", Refused),
    (410, "channel_is_archived", Refused),
    (429, "rate_limited", Delayed),
    (500, "rollup_error", Delayed),
    (503, "service_unavailable", Delayed),
]


@pytest.mark.parametrize(("status", "word", "kind"), WEBHOOK_ERRORS)
def test_each_error_of_a_webhook(service: Service, status: int, word: str, kind: type) -> None:
    result = by_webhook(service, Answer(status, word))
    assert isinstance(result, kind)
    assert not isinstance(result, Delivered)
    assert word in result.reason


@pytest.mark.parametrize("body", ["", "no", "OK, but not quite", '{"ok": true}'])
def test_a_webhook_that_does_not_say_ok_may_have_the_message(service: Service, body: str) -> None:
    assert isinstance(by_webhook(service, Answer(200, body)), Unanswered)


API_ERRORS = {
    Broken: """
        not_authed invalid_auth account_inactive token_revoked token_expired no_permission missing_scope
        not_allowed_token_type team_access_not_granted ekm_access_denied access_denied accesslimited
        enterprise_is_restricted two_factor_setup_required app_access_restricted not_in_channel restricted_action
        restricted_action_read_only_channel restricted_action_thread_only_channel""",
    Delayed: """
        ratelimited rate_limited message_limit_exceeded service_unavailable request_timeout org_login_required
        team_added_to_org""",
    Unanswered: "fatal_error internal_error",
    Refused: """
        channel_not_found is_archived msg_too_long msg_blocks_too_long no_text invalid_blocks invalid_blocks_format
        too_many_attachments team_not_found messages_tab_disabled invalid_arguments invalid_arg_name
        invalid_charset invalid_form_data invalid_post_type missing_post_type method_deprecated deprecated_endpoint
        an_error_of_tomorrow""",
}


@pytest.mark.parametrize(
    ("word", "kind"), [(word, kind) for kind, words in API_ERRORS.items() for word in words.split()]
)
def test_each_error_of_the_api_comes_with_http_200(service: Service, word: str, kind: type) -> None:
    result = by_token(service, Answer(200, {"ok": False, "error": word}))
    assert type(result) is kind
    assert not isinstance(result, Delivered)
    assert result.reason == f"Slack says {word}"


def test_the_time_to_wait_is_read_where_the_error_comes_with_http_200(service: Service) -> None:
    answer = Answer(200, {"ok": False, "error": "ratelimited"}, {"Retry-After": "30"})
    assert by_token(service, answer) == Delayed("Slack says ratelimited", timedelta(seconds=30))


@pytest.mark.parametrize("error", [None, 7, {"a": TOKEN}, "two words\nand lines", "x" * 500])
def test_an_error_that_is_not_a_code_is_not_repeated(service: Service, error: Any) -> None:
    result = by_token(service, Answer(200, {"ok": False, "error": error}))
    assert result == Refused("Slack refuses it without an error code")


@pytest.mark.parametrize("body", ['{"ok": tr', "ok", "[]", '{"ok": "yes"}', "{}"])
def test_an_answer_that_is_not_one_of_the_api_may_be_a_delivery(service: Service, body: str) -> None:
    assert isinstance(by_token(service, Answer(200, body)), Unanswered)
