"""A mail says what must be said, holds the words of strangers as text, and its server's answer is understood."""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.channels import email, exchange
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN, plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from tests.channels.hostile import TEXTS, hostile
from tests.channels.mail_server import HOST, MailServer, Rules, certificate

PASSWORD = "correct horse battery"
Serve = Callable[..., MailServer]


@pytest.fixture(autouse=True)
def host_of_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is this machine."""
    real = socket.create_connection

    def create_connection(address: tuple[str, int], *more: Any, **others: Any) -> socket.socket:
        return real(("127.0.0.1", address[1]) if address[0] == HOST else address, *more, **others)

    monkeypatch.setattr(socket, "create_connection", create_connection)


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[MailServer] = []

    def start(replies: dict[str, str] | None = None, **more: Any) -> MailServer:
        servers.append(MailServer(Rules(replies or {}, **more)))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def settings(server: MailServer, scheme: str = "smtp", host: str = "127.0.0.1", **more: str) -> dict[str, str]:
    return {"server": f"{scheme}://{host}:{server.port}", "from": "desk@example.com", "to": "team@example.com", **more}


def delivered(message: Message, server: MailServer, **more: str) -> Delivery:
    return email.channel(settings(server, **more)).deliver(message)


def test_a_mail_has_a_text_and_a_page_with_the_same_words(serve: Serve) -> None:
    server = serve()
    message = hostile("scripts")
    assert delivered(message, server) == Delivered()
    mail = server.mail
    assert mail.part("plain") == plain_text(message)
    assert list(mail.parsed.iter_parts())[1].get_content_type() == "text/html"
    assert "<strong>Account:</strong> " + TEXTS["scripts"] in mail.part("html")


def test_the_headers_are_those_of_an_automatic_mail(serve: Serve) -> None:
    server = serve()
    delivered(hostile("html"), server)
    headers = server.mail.parsed
    assert (headers["From"], headers["To"]) == ("desk@example.com", "team@example.com")
    assert headers["Subject"] == "ESCALATION 00001042: supervisor-request"
    assert headers["Message-ID"] == f"<{'5f' * 16}@example.com>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Date"].datetime.tzinfo
    assert headers["Importance"] is None
    assert (server.mail.sender, server.mail.recipient) == ("FROM:<desk@example.com>", "TO:<team@example.com>")


def test_an_urgent_mail_is_marked_as_important(serve: Serve) -> None:
    server = serve()
    delivered(hostile("html", urgent=True), server)
    headers = server.mail.parsed
    assert (headers["Importance"], headers["X-Priority"]) == ("high", "1")
    assert headers["Subject"] == f"{SIREN} ESCALATION 00001042: supervisor-request"


def test_a_repeat_says_so_and_has_the_same_id(serve: Serve) -> None:
    server = serve()
    delivered(hostile("html"), server)
    delivered(hostile("html", is_repeat=True), server)
    first, second = server.mails
    assert first.parsed["Message-ID"] == second.parsed["Message-ID"]
    assert REPEAT in second.part("plain")
    assert REPEAT in second.part("html")


def test_the_recipient_of_the_message_comes_before_that_of_the_channel(serve: Serve) -> None:
    server = serve()
    delivered(hostile("html", to="ann@example.org"), server)
    assert server.mail.recipient == "TO:<ann@example.org>"


@pytest.mark.parametrize("sender", ["Hilfe, größer <desk@example.com>", '"Hilfe, größer" <desk@example.com>'])
def test_a_sender_may_have_a_name(serve: Serve, sender: str) -> None:
    server = serve()
    assert delivered(hostile("html"), server, **{"from": sender}) == Delivered()
    assert server.mail.parsed["From"].addresses[0].display_name == "Hilfe, größer"
    assert server.mail.sender == "FROM:<desk@example.com>"


def test_a_sender_that_is_not_an_address_breaks_the_channel(serve: Serve) -> None:
    result = delivered(hostile("html"), serve(), **{"from": "desk"})
    assert result == Broken("the sender is not an e-mail address: check `from`")


@pytest.mark.parametrize("name", TEXTS)
def test_words_of_strangers_make_no_header(serve: Serve, name: str) -> None:
    """N12. The contract of all channels looks at the text; this at the headers."""
    server = serve()
    assert delivered(hostile(name), server) == Delivered()
    assert set(server.mail.parsed.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert server.mail.parsed["Subject"] == "ESCALATION 00001042: supervisor-request"


@pytest.mark.parametrize(
    "to",
    ["", "nobody", "ann@example.com, bob@example.com", "ann@example.com\r\nBcc: all@evil.example", "@example.com",
     "ann@example.com\nRCPT TO:<x@evil.example>", "ann@", "<ann@example.com", "grüße@example.com", "a b@example.com",
     "group: a@example.com;", "\u202eann@example.com", "ann@example.com>x"],
)  # fmt: skip
def test_what_is_not_one_address_gets_no_mail(serve: Serve, to: str) -> None:
    server = serve()
    result = delivered(hostile("html", to=to), server, to="")
    assert result == Refused("the recipient is not an e-mail address")
    assert server.commands == []


def test_a_title_with_line_ends_is_one_line(serve: Serve) -> None:
    server = serve()
    delivered(replace(hostile("html"), title="Case\r\nBcc: all@evil.example"), server)
    assert server.mail.parsed["Subject"] == "Case Bcc: all@evil.example"
    assert server.mail.parsed["Bcc"] is None


def large() -> Message:
    lines = tuple(Line(f"Field {number}", "<&\u4e2d> " * 2000, kept=True) for number in range(5))
    return replace(hostile("html"), id="5f" * 32, lines=lines)


def test_a_message_too_large_comes_as_several_mails_of_a_size_that_every_server_takes(serve: Serve) -> None:
    server = serve()
    message = large()
    assert delivered(message, server) == Delivered()
    assert len(server.mails) > 1
    assert all(len(mail.content) < 64_000 for mail in server.mails)
    names = [mail.parsed["Message-ID"] for mail in server.mails]
    assert names[:2] == [f"<{message.id}@example.com>", f"<{message.id}.2@example.com>"]
    whole = "".join(mail.part("plain") for mail in server.mails)
    assert whole.count("\u4e2d") == 5 * 2000
    assert [message.key in mail.part("plain") for mail in server.mails] == [False] * (len(names) - 1) + [True]


@pytest.mark.parametrize("length", [32, 64, 200])
def test_a_long_id_stands_in_one_line(serve: Serve, length: int) -> None:
    server = serve()
    delivered(replace(hostile("html"), id="a" * length), server)
    assert f"Message-ID: <{'a' * length}@example.com>".encode() in server.mail.content.replace(b"\r\n ", b" ")


# -- the answers of the server -------------------------------------------------------------------------------------

ANSWERS = [
    ("CONNECT", "421 4.3.2 Service shutting down", Delayed),
    ("CONNECT", "554 5.3.2 No SMTP service here", Broken),
    ("CONNECT", "HTTP/1.1 400 Bad Request", Broken),
    ("CONNECT", "lost", Delayed),
    ("MAIL", "451 4.3.0 Try again later", Delayed),
    ("MAIL", "530 5.7.0 Authentication required", Broken),
    ("MAIL", "550 5.7.1 Sender not allowed", Broken),
    ("MAIL", "lost", Delayed),
    ("RCPT", "450 4.2.0 Greylisted", Delayed),
    ("RCPT", "452 4.2.2 Mailbox full", Delayed),
    ("RCPT", "421 4.7.0 Too many connections", Delayed),
    ("RCPT", "550 5.1.1 No such user here", Refused),
    ("RCPT", "554 5.7.1 Relay access denied", Refused),
    ("RCPT", "251 User not local; will forward", Delivered),
    ("RCPT", "lost", Delayed),
    ("DATA", "451 4.3.0 Try again later", Delayed),
    ("DATA", "554 5.5.1 No valid recipients", Refused),
    ("CONTENT", "452 4.3.1 Insufficient system storage", Delayed),
    ("CONTENT", "552 5.3.4 Message too big", Refused),
    ("CONTENT", "554 5.7.1 Spam message rejected", Refused),
    ("CONTENT", "lost", Unanswered),
    ("CONTENT", "nonsense", Unanswered),
    ("QUIT", "lost", Delivered),
    ("QUIT", "500 5.5.2 Error", Delivered),
]


@pytest.mark.parametrize(("command", "reply", "kind"), ANSWERS)
def test_each_answer_of_the_server_says_what_became_of_the_mail(
    serve: Serve, command: str, reply: str, kind: type
) -> None:
    result = delivered(hostile("html"), serve({command: reply}))
    assert isinstance(result, kind), result
    assert "@" not in str(result)


def test_a_reason_quotes_the_codes_of_the_server_and_not_its_words(serve: Serve) -> None:
    server = serve({"RCPT": "550 5.1.1 <ann@example.com>: Recipient address rejected"})
    assert delivered(hostile("html"), server) == Refused("the mail server answered 550 5.1.1 to the recipient")


@pytest.mark.parametrize("command", ["CONNECT", "MAIL", "RCPT"])
def test_a_server_that_says_no_word_before_the_mail_does_not_have_it(
    serve: Serve, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "TIMEOUT", 0.2)
    assert isinstance(delivered(hostile("html"), serve({command: "silent"})), Delayed)


def test_a_server_that_never_answers_may_have_the_mail(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.2)
    assert isinstance(delivered(hostile("html"), serve({"CONTENT": "silent"})), Unanswered)


def test_a_server_that_never_says_goodbye_is_not_waited_for(serve: Serve) -> None:
    assert delivered(hostile("html"), serve({"QUIT": "silent"})) == Delivered()


def test_a_server_that_is_not_there_can_be_tried_again(serve: Serve) -> None:
    server = serve()
    server.close()
    assert delivered(hostile("html"), server) == Delayed("the mail server cannot be reached")


def test_a_host_that_is_not_found_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_: object, **__: object) -> None:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "create_connection", not_found)
    result = email.channel({"server": "smtps://nowhere.example.com", "from": "a@b.example", "to": "c@d.example"})
    assert result.deliver(hostile("html")) == Delayed("the mail server cannot be reached")


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [("RCPT 1", "451 4.3.0 Later", Unanswered), ("MAIL 1", "lost", Unanswered), ("RCPT 1", "550 5.1.1 No", Refused)],
)
def test_after_a_part_that_was_sent_the_next_try_may_be_a_repeat(
    serve: Serve, command: str, reply: str, kind: type
) -> None:
    server = serve({command: reply})
    assert isinstance(delivered(large(), server), kind)
    assert len(server.mails) == 1


@pytest.mark.parametrize("server", ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://x:99999",
                                    "smtp://[::1", "smtp://a..b", "smtp://" + "a" * 70 + ".example"])  # fmt: skip
def test_a_server_that_is_not_one_is_a_broken_channel(server: str) -> None:
    result = email.channel({"server": server, "from": "a@b.example", "to": "c@d.example"}).deliver(hostile("html"))
    assert isinstance(result, Broken)


# -- login and TLS -------------------------------------------------------------------------------------------------


def test_a_user_logs_in(serve: Serve) -> None:
    server = serve(login=("desk", PASSWORD))
    assert delivered(hostile("html"), server, user="desk", password=PASSWORD) == Delivered()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("", Broken), ("454 4.7.0 Temporary authentication failure", Delayed), ("534 5.7.9 Too weak", Broken),
     ("538 5.7.11 Encryption required", Broken), ("500 Unknown", Broken)],
)  # fmt: skip
def test_a_login_that_is_not_taken_breaks_the_channel(
    serve: Serve, reply: str, kind: type, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve({"AUTH": reply}, login=("desk", PASSWORD))
    with caplog.at_level(logging.DEBUG):
        result = delivered(hostile("html"), server, user="desk", password="wrong-secret")
    assert isinstance(result, kind)
    assert "wrong-secret" not in f"{result} {caplog.text}"
    assert server.mails == []


def test_a_server_without_a_login_breaks_a_channel_with_a_user(serve: Serve) -> None:
    result = delivered(hostile("html"), serve(), user="desk", password=PASSWORD)
    assert isinstance(result, Broken)
    assert "AUTH" in result.reason


def test_a_password_that_cannot_be_sent_breaks_the_channel(serve: Serve) -> None:
    server = serve(login=("desk", PASSWORD))
    result = delivered(hostile("html"), server, user="desk", password="pässwörd")
    assert isinstance(result, Broken)
    assert "pässwörd" not in result.reason


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The certificate of a server, which this machine trusts."""
    context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return context


def test_a_mail_leaves_this_machine_in_tls(serve: Serve, trusted: ssl.SSLContext) -> None:
    server = serve(tls=trusted, login=("desk", PASSWORD))
    assert delivered(hostile("html"), server, host=HOST, user="desk", password=PASSWORD) == Delivered()
    assert server.mail.in_tls
    assert server.commands[1] == "STARTTLS"


def test_smtps_is_tls_from_the_first_byte(serve: Serve, trusted: ssl.SSLContext) -> None:
    server = serve(tls=trusted, wrapped=True)
    assert delivered(hostile("html"), server, scheme="smtps", host=HOST) == Delivered()
    assert server.mail.in_tls


def test_nothing_is_sent_without_tls(serve: Serve) -> None:
    server = serve(login=("desk", PASSWORD))
    result = delivered(hostile("html"), server, host=HOST, user="desk", password=PASSWORD)
    assert isinstance(result, Broken)
    assert "STARTTLS" in result.reason
    assert server.commands == ["EHLO"]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_is_not_trusted_breaks_the_channel(serve: Serve, tmp_path: Path, scheme: str) -> None:
    server = serve(tls=certificate(tmp_path), wrapped=scheme == "smtps")
    result = delivered(hostile("html"), server, scheme=scheme, host=HOST)
    assert result == Broken("the certificate of the mail server is not valid")
    assert server.mails == []


def test_a_certificate_for_another_host_breaks_the_channel(serve: Serve, trusted: ssl.SSLContext) -> None:
    server = serve(tls=trusted, wrapped=True)
    result = delivered(hostile("html"), server, scheme="smtps", host="127.0.0.1")
    assert result == Broken("the certificate of the mail server is not valid")


def test_a_port_without_tls_breaks_a_channel_with_smtps(serve: Serve) -> None:
    result = delivered(hostile("html"), serve(), scheme="smtps", host=HOST)
    assert result == Broken("no TLS with the mail server: check scheme and port of `server`")


def test_a_server_that_ends_the_connection_in_the_handshake_can_be_tried_again(
    serve: Serve, trusted: ssl.SSLContext
) -> None:
    server = serve({"STARTTLS": "lost"}, tls=trusted)
    assert isinstance(delivered(hostile("html"), server, host=HOST), Delayed)
