"""Every kind of channel, in every situation of a service, and with every text of a stranger.

A kind has one row in `KINDS`: how it is made, what its service answers, and what a receiver sees of its messages.
"""

import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.channels import (
    apprise,
    basecamp,
    clickup,
    email,
    exchange,
    log,
    pagerduty,
    sharepoint,
    slack,
    teams,
    webhook,
)
from sfdc_escalator.escalation.notices.channel_kinds import KINDS as SETTINGS
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN, plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import TEXTS, hostile
from tests.channels.mail_server import MailServer
from tests.channels.receivers import (
    Shown,
    in_apprise,
    in_basecamp,
    in_clickup,
    in_mail,
    in_pagerduty,
    in_sharepoint,
    in_slack,
    in_teams,
    in_webhook,
)
from tests.channels.service import HTML, Answer, Call, Script, Service, in_order

SECRET = "5f1c9b7e0d2a4c6e8b1f3a5d7c9e0b2d"
"""Part of each address, token and key: it stands in no reason and in no log."""


@dataclass(frozen=True)
class Kind:
    """A kind of channel. `settings` of its row in orgs.yaml, for a service at an address; `good` is the answer of the
    service to a message that it takes; `shown` is what people see of the requests.

    `is_message` knows the request with the message, `before` answers the others. `any_2xx`: the service documents no
    body. `says_how_long`: Retry-After is known. `for_programs`: a program reads it, no person. `serve` makes the
    service.
    """

    make: Callable[[Mapping[str, Any]], Channel]
    settings: Callable[[str], Mapping[str, Any]]
    good: Answer
    shown: Callable[[Sequence[Any]], Shown]
    is_message: Callable[[Any], bool] = lambda call: True
    before: Script = lambda call: Answer()
    any_2xx: bool = False
    says_how_long: bool = True
    for_programs: bool = False
    serve: Callable[[], Any] = Service

    def script(self, script: Script) -> Script:
        """A service that answers the message by a script, and all else as it should."""
        return lambda call: script(call) if self.is_message(call) else self.before(call)

    def messages(self, service: Any) -> list[Any]:
        """The requests with messages."""
        return [call for call in service.calls if self.is_message(call)]


def in_microsoft(call: Call) -> Answer:
    """The login of Microsoft, and the columns of the list."""
    if call.path.endswith("/oauth2/v2.0/token"):
        return Answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": f"eyJ0{SECRET}"})
    columns = [
        {"name": "Title", "enforceUniqueValues": False, "text": {"allowMultipleLines": False, "textType": "plain"}},
        {"name": "NoticeId", "enforceUniqueValues": True, "text": {"allowMultipleLines": False, "textType": "plain"}},
        {"name": "Body", "enforceUniqueValues": False, "text": {"allowMultipleLines": True, "textType": "plain"}},
    ]
    return Answer(200, {"value": columns})


KINDS = {
    "slack webhook": Kind(
        slack.channel, lambda url: {"url": f"{url}/services/T0/B0/{SECRET}"}, Answer(200, "ok"), in_slack
    ),
    "slack token": Kind(
        slack.channel,
        lambda url: {"url": f"{url}/api", "token": f"xoxb-{SECRET}", "to": "C024BE91L"},
        Answer(200, {"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247", "message": {}}),
        in_slack,
    ),
    "teams": Kind(teams.channel, lambda url: {"url": f"{url}/workflows/1?sig={SECRET}"}, Answer(202), in_teams),
    "pagerduty": Kind(
        pagerduty.channel,
        lambda url: {"url": f"{url}/v2/enqueue", "routing_key": SECRET},
        Answer(202, {"status": "success", "message": "Event processed", "dedup_key": "ESC-7Q4M-2K9D-X3TR"}),
        in_pagerduty,
    ),
    "webhook": Kind(
        webhook.channel,
        lambda url: {"url": f"{url}/{SECRET}", "headers": {"Authorization": f"Bearer {SECRET}"}},
        Answer(204),
        in_webhook,
        any_2xx=True,
        for_programs=True,
    ),
    "basecamp": Kind(
        basecamp.channel,
        lambda url: {"url": f"{url}/1/integrations/{SECRET}/buckets/2/chats/3/lines"},
        Answer(201),
        in_basecamp,
    ),
    "clickup": Kind(
        clickup.channel,
        lambda url: {"url": f"{url}/api/v2", "list": "901100", "token": f"pk_{SECRET}"},
        Answer(200, {"id": "9hx", "name": "ESCALATION 00001042"}),
        in_clickup,
        is_message=lambda call: bool(call.method == "POST"),
        before=in_order(Answer(200, {"tasks": [], "last_page": True})),
    ),
    "sharepoint": Kind(
        sharepoint.channel,
        lambda url: {
            "url": f"{url}/v1.0",
            "login": url,
            "tenant": "11111111-2222-3333-4444-555555555555",
            "client_id": "66666666-7777-8888-9999-000000000000",
            "client_secret": SECRET,
            "site": "acme.sharepoint.com,1,2",
            "list": "Escalations",
        },
        Answer(201, {"id": "20", "createdDateTime": "2026-11-29T08:26:00Z"}),
        in_sharepoint,
        is_message=lambda call: bool(call.path.endswith("/items")),
        before=in_microsoft,
    ),
    "apprise": Kind(
        apprise.channel,
        lambda url: {"url": f"{url.replace('http://', 'json://')}/{SECRET}"},
        Answer(200),
        in_apprise,
        any_2xx=True,
        says_how_long=False,
    ),
}
NOT_BY_HTTP = {
    "email": Kind(
        email.channel,
        lambda url: {"server": url, "from": "desk@example.com", "to": "team@example.com"},
        Answer(),
        in_mail,
        serve=MailServer,
    )
}
EVERY = {**KINDS, **NOT_BY_HTTP}
SITUATIONS: Mapping[str, tuple[Answer, type]] = {
    "too many": (Answer(429), Delayed),
    "a time-out of the service": (Answer(408), Delayed),
    "an error of the service": (Answer(500), Delayed),
    "a bad gateway": (Answer(502, "<html>Bad Gateway</html>", {"Content-Type": "text/html"}), Delayed),
    "no service": (Answer(503, headers={"Retry-After": "7"}), Delayed),
    "not known": (Answer(401), Broken),
    "forbidden": (Answer(403), Broken),
    "not understood": (Answer(400), Refused),
    "not found": (Answer(404), Refused),
    "gone": (Answer(410), Refused),
    "moved": (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), Refused),
    "read and lost": (Answer(ends="lost"), Unanswered),
    "read and silent": (Answer(ends="silent"), Unanswered),
    "read and slow": (Answer(200, "ok" * 20, ends="drips"), Unanswered),
    "an answer that is cut": (Answer(200, "ok" * 20, ends="cut"), Unanswered),
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_kind = pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY)
each_text = pytest.mark.parametrize("name", TEXTS)


def message(name: str = "entities", **more: Any) -> Message:
    """A message with a text of a stranger; a program gets the same text in its facts."""
    made: Message = hostile(name, **more)
    url = made.links[0].url
    facts = {"id": made.id, "key": made.key, "text": plain_text(made), "case_url": url, "repeat": made.is_repeat}
    return replace(made, facts=facts)


def delivered(kind: Kind, service: Any, one: Message, answer: Answer | None = None) -> Delivery:
    service.script = kind.script(in_order(answer or kind.good))
    return kind.make(kind.settings(service.url)).deliver(one)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The service of the kind."""
    kind = request.node.callspec.params.get("kind")
    with (kind.serve if kind else Service)() as made:
        yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that does not answer is not waited for; one that answers late by chance counts as that too."""
    monkeypatch.setattr(exchange, "PATIENCE", 30.0)


# -- answers -------------------------------------------------------------------------------------------------------


@every_kind
def test_a_message_that_the_service_takes_is_delivered(kind: Kind, service: Any) -> None:
    assert isinstance(delivered(kind, service, message()), Delivered)
    assert service.calls


@each_kind
@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_answer_of_a_service_is_said_for_what_it_is(
    kind: Kind, situation: str, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer, outcome = SITUATIONS[situation]
    if answer.ends in ("silent", "drips"):
        monkeypatch.setattr(exchange, "PATIENCE", 0.3)
    with caplog.at_level(logging.DEBUG, "sfdc_escalator"):
        result = delivered(kind, service, message(), answer)
    assert isinstance(result, outcome)
    assert not isinstance(result, Delivered)
    assert SECRET not in result.reason
    assert "\n" not in result.reason
    assert SECRET not in str([vars(record) for record in caplog.records])


@each_kind
def test_the_service_says_how_long_to_wait(kind: Kind, service: Service) -> None:
    result = delivered(kind, service, message(), Answer(429, headers={"Retry-After": "7"}))
    assert isinstance(result, Delayed)
    assert result.after == (timedelta(seconds=7) if kind.says_how_long else None)


@each_kind
def test_a_web_page_in_place_of_the_service_delivers_nothing(kind: Kind, service: Service) -> None:
    """The page of a login or of a proxy comes with HTTP 200."""
    result = delivered(kind, service, message(), HTML)
    assert isinstance(result, Delivered if kind.any_2xx else Refused)


@each_kind
def test_a_service_that_is_not_there_can_be_tried_again(kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = kind.make(kind.settings(f"http://127.0.0.1:{port}")).deliver(message())
    assert isinstance(result, Delayed)
    assert SECRET not in result.reason


@each_kind
def test_a_secret_goes_to_no_other_host(kind: Kind, service: Service) -> None:
    with Service(kind.good) as elsewhere:
        delivered(kind, service, message(), Answer(307, headers={"Location": elsewhere.url}))
        assert elsewhere.calls == []


@every_kind
def test_a_channel_does_not_show_its_secrets(kind: Kind) -> None:
    made = kind.make(kind.settings("http://127.0.0.1:1"))
    assert SECRET not in f"{made!r} {made!s}"


@each_kind
def test_plain_http_is_for_this_machine_alone(kind: Kind) -> None:
    made = kind.make(kind.settings("http://hooks.example.com"))
    assert isinstance(made.deliver(message()), Broken)


# -- texts ---------------------------------------------------------------------------------------------------------


def words(text: str) -> str:
    """The text as one line, as channels may lay it out in lines of their own."""
    return " ".join(text.split())


@every_kind
@each_text
def test_a_text_of_a_customer_is_shown_as_plain_text(kind: Kind, name: str, service: Any) -> None:
    """N12: no mention, no link, no markup; all of it, or its beginning where it is long."""
    one = message(name)
    assert isinstance(delivered(kind, service, one), Delivered)
    shown = kind.shown(kind.messages(service))
    assert set(shown.links) == {link.url for link in one.links}
    assert (shown.mentions, shown.marked) == ([], [])
    for line in one.lines:
        text = words(line.text)
        assert (text if line.kept else text[:40]) in words(shown.text)
    assert words(one.title) in words(shown.text)


@every_kind
@each_text
def test_a_text_that_must_be_said_is_never_cut(kind: Kind, name: str, service: Any) -> None:
    """N12: what must be said is split over several messages; each has the title, the last one links and key."""
    one = message(name)
    needed = " ".join([TEXTS["scripts"], *(str(number) for number in range(12_000))])
    one = replace(one, lines=(*one.lines, Line("Needed", needed, kept=True)))
    one = replace(one, facts={**one.facts, "text": plain_text(one)})
    assert isinstance(delivered(kind, service, one), Delivered)
    shown = kind.shown(kind.messages(service))
    found = iter(shown.text.split())
    assert all(word in found for word in needed.split())
    assert one.key in kind.shown(kind.messages(service)[-1:]).text
    assert kind.shown(kind.messages(service)[-1:]).links == [link.url for link in one.links]
    assert all(words(one.title) in words(kind.shown([call]).text) for call in kind.messages(service))


@every_kind
def test_a_message_may_have_many_lines_and_links(kind: Kind, service: Any) -> None:
    lines = tuple(Line(f"Case {number}", f"text {number}", kept=True) for number in range(300))
    links = tuple(Link(f"Link {number}", f"https://acme.example.com/{number}?a=1&b=<2>") for number in range(12))
    one = replace(message(), lines=lines, links=links)
    one = replace(one, facts={**one.facts, "text": plain_text(one)})
    assert isinstance(delivered(kind, service, one), Delivered)
    shown = kind.shown(kind.messages(service))
    assert all(f"Case {number}: text {number}" in shown.text for number in range(300))
    assert kind.for_programs or shown.links == [link.url for link in links]


@every_kind
def test_a_repeat_says_so_and_an_urgent_message_has_its_sign(kind: Kind, service: Any) -> None:
    delivered(kind, service, message(urgent=True, is_repeat=True))
    shown = kind.shown(kind.messages(service))
    assert REPEAT in shown.text
    assert SIREN in shown.text


@every_kind
def test_a_message_without_lines_links_and_key_is_delivered(kind: Kind, service: Any) -> None:
    """Such as one that is sent to try a channel."""
    one = replace(message(), lines=(), links=(), key="", title="A try of this channel")
    one = replace(one, facts={**one.facts, "text": one.title})
    assert isinstance(delivered(kind, service, one), Delivered)
    assert one.title in kind.shown(kind.messages(service)).text


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if not kind.for_programs])
def test_a_message_in_parts_of_which_one_does_not_arrive_is_not_delivered(kind: Kind, service: Service) -> None:
    """The next try begins with the first part again, so it may be a repeat."""
    one = replace(message(), lines=tuple(Line("Needed", "word " * 20_000, kept=True) for _ in range(10)))
    delivered(kind, service, one)
    parts = len(kind.messages(service))
    assert parts > 1
    service.script = kind.script(in_order(*[kind.good] * (parts - 1), Answer(500)))
    assert isinstance(kind.make(kind.settings(service.url)).deliver(one), Unanswered)


# -- the log, which is not a service -------------------------------------------------------------------------------


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    with caplog.at_level(logging.INFO, "sfdc_escalator"):
        yield caplog.records


@each_text
def test_the_log_has_no_text_of_a_customer(name: str, caplog: pytest.LogCaptureFixture) -> None:
    one = message(name)
    with logged(caplog) as records:
        assert isinstance(log.channel({}).deliver(one), Delivered)
    (record,) = records
    said = {name: value for name, value in vars(record).items() if isinstance(value, str)}
    assert (said["title"], said["key"], said["case_number"]) == (one.title, one.key, one.case_number)
    assert not [text for text in said.values() if one.lines[0].text in text]


# -- all of them ---------------------------------------------------------------------------------------------------


def test_the_settings_of_a_kind_are_those_of_its_row() -> None:
    for name, kind in EVERY.items():
        row = SETTINGS[name.split()[0]]
        given = set(kind.settings("http://127.0.0.1:1"))
        assert given <= {setting.name for setting in row.settings}
        assert any(given >= set(needed) for needed in row.needed)
