"""A message by Apprise, tried with its own JSON scheme. What every channel does is in `test_contract.py`."""

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.channels import apprise
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Unanswered
from tests.channels.hostile import hostile
from tests.channels.mail_server import MailServer, Rules, certificate
from tests.channels.service import Answer, Service

SECRET = "a5ecret0fThisAddress"


def address(service: Service, scheme: str = "json", more: str = "") -> str:
    return f"{service.url.replace('http', scheme)}/{SECRET}{more}"


def delivered(url: str, message: Message | None = None) -> Delivery:
    return apprise.channel({"url": url}).deliver(message or hostile("scripts"))


def test_a_message_has_its_title_and_its_text(service: Service) -> None:
    message = hostile("scripts")
    assert delivered(address(service), message) == Delivered()
    title, _, text = plain_text(message).partition("\n")
    assert service.call.json == {
        "version": "1.0", "title": title, "message": text, "attachments": [], "type": "warning",
    }  # fmt: skip
    assert service.call.headers["user-agent"] == "sfdc-escalator"


@pytest.mark.parametrize(
    ("more", "kind"), [({}, "warning"), ({"urgent": True}, "failure"), ({"urgent": True, "ends": True}, "success")]
)
def test_an_urgent_message_is_a_failure_and_the_end_of_an_escalation_a_success(
    service: Service, more: dict[str, Any], kind: str
) -> None:
    delivered(address(service), hostile("html", **more))
    assert service.call.json["type"] == kind


def test_the_options_of_an_address_change_neither_the_text_nor_the_outcome(service: Service) -> None:
    service.answers(Answer(500))
    message = replace(hostile("html"), lines=(Line("Subject", ":smile: \\n \\t"),))
    url = address(service, more="?retry=3&wait=5&optional=yes&emojis=yes&image=yes&overflow=truncate&redirect=yes")
    assert delivered(url, message) == Delayed("HTTP 500")
    assert "Subject: :smile: \\n \\t" in service.call.json["message"]


def test_nothing_of_an_address_or_a_message_is_logged(
    service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where it fails, and where the program logs everything."""
    with caplog.at_level(logging.DEBUG):
        for answer in (Answer(200), Answer(404), Answer(ends="lost")):
            service.answers(answer)
            assert SECRET not in str(delivered(address(service)))
        assert isinstance(delivered(f"nosuch://127.0.0.1/{SECRET}"), Broken)
    apprise_records = [record for record in caplog.records if record.name.startswith("apprise")]
    assert SECRET not in str([vars(record) for record in apprise_records])
    assert "日本語" not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize("url", ["", "nonsense", "nosuch://127.0.0.1/x", "json://", "slack://x", "://", "json"])
def test_an_address_that_apprise_does_not_take_is_a_broken_channel(url: str) -> None:
    assert delivered(url) == Broken("the address is not one that Apprise takes")


@pytest.mark.parametrize(
    "url",
    ["json://hooks.example.com/x", "xml://hooks.example.com", "mailto://a:b@example.com", "JSON://hooks.example.com",
     "mmost://chat.example.com/token1234567890abcdef"],
)  # fmt: skip
def test_nothing_leaves_this_machine_in_plain_text(url: str) -> None:
    result = delivered(url)
    assert isinstance(result, Broken)
    assert "plain text" in result.reason


def test_a_certificate_that_is_not_trusted_breaks_the_channel(tmp_path: Path) -> None:
    with MailServer(Rules(tls=certificate(tmp_path), wrapped=True)) as server:
        result = delivered(f"jsons://127.0.0.1:{server.port}/{SECRET}")
    assert result == Broken("the certificate of the service is not valid")


def test_a_library_that_is_not_installed_is_a_broken_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    result = delivered("json://127.0.0.1:1")
    assert result == Broken("the library of Apprise is not installed: pip install 'sfdc-escalator[apprise]'")


def test_an_error_inside_the_library_does_not_stop_the_run(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise import Apprise
    from apprise.plugins.custom_json import NotifyJSON

    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(NotifyJSON, "send", broken)
    assert delivered(address(service)) == Unanswered("Apprise did not deliver it, and reported no status")
    monkeypatch.setattr(Apprise, "notify", broken)
    assert delivered(address(service)) == Unanswered("Apprise ended with RuntimeError")


# -- services with other texts and sizes ---------------------------------------------------------------------------


def test_a_chat_that_reads_markdown_in_any_text_gets_the_words_of_strangers_as_text(service: Service) -> None:
    service.answers(Answer(200, "ok"))
    message = replace(hostile("markdown"), links=())
    assert delivered(address(service, "mmost", "0123456789"), message) == Delivered()
    text = service.call.json["text"]
    assert "\\*\\*bold\\*\\*" in text
    assert "\\[link\\]\\(https:" in text
    assert "\n\\- a\n\\> q" in text
    assert "icon_url" not in service.call.json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@channel and @everyone", "@|channel and @|everyone"),
        ("<@U012AB3CD> <!here>", "<@|U012AB3CD> <!here>"),
        ("x@everyone", "x@|everyone"),
        ("ann@example.com", "ann@example.com"),
        ("https://evil.example tel://1", "https:|//evil.example tel:|//1"),
    ],
)
def test_a_mention_and_an_address_of_a_stranger_are_not_alive(service: Service, text: str, shown: str) -> None:
    message = replace(hostile("html"), lines=(Line("Subject", text, kept=True),))
    delivered(address(service), message)
    said = service.call.json["message"]
    assert said.startswith(f"Subject: {shown}\n".replace("|", apprise.NO_WIDTH))
    assert f"Case: {message.links[0].url}" in said


def test_a_service_of_short_messages_gets_all_that_must_be_said_and_nothing_else(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    monkeypatch.setattr(NotifyJSON, "body_maxlen", 160)
    monkeypatch.setattr(NotifyJSON, "title_maxlen", 0)
    needed = " ".join(str(number) for number in range(300))
    lines = (Line("Needed", needed, kept=True), Line("Subject", "not needed"))
    message = replace(hostile("html"), lines=lines)
    assert delivered(address(service), message) == Delivered()
    assert len(service.calls) > 1
    assert all(len(call.json["message"]) <= 160 for call in service.calls)
    said = "".join(call.json["message"] for call in service.calls)
    plain = plain_text(replace(message, lines=lines[:1]))
    assert "".join(said.split()) == "".join(plain.split())


def test_a_title_that_is_too_long_for_the_service_stands_in_the_text(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    monkeypatch.setattr(NotifyJSON, "title_maxlen", 40)
    message = hostile("html")
    delivered(address(service), message)
    assert service.call.json["title"] == ""
    assert service.call.json["message"].startswith(message.title)
