"""E-mail by SMTP (RFC 5321), with TLS except on loopback.

The headers are made by `email.message.EmailMessage`: it encodes them and takes no line end inside one. The content
stays below 64 KB, which every server takes (RFC 5321, 4.5.3.1.7). `Auto-Submitted` (RFC 3834) keeps other programs from
answering; `Importance` (RFC 4021) and `X-Priority` mark an urgent message.
"""

import re
import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Any
from urllib.parse import urlsplit

from sfdc_escalator.channels.exchange import all_delivered, bounded, loopback
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.foreign import one_line
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import body_lines, numbered, pages, plain_text, title_of
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered

TIMEOUT = 8.0  # seconds for each answer of the server
MOST_BYTES = KINDS["email"].size
"""The most of a text, as plain text and as HTML together; base64 makes a third more of it."""
PORTS = {"smtp": 587, "smtps": 465}
LOGIN_CODES = (530, 534, 535, 538)
"""The server wants a login, or another one (RFC 4954, 6)."""
NOT_ONE = "the answer is not one of a mail server"
MAILBOX = re.compile(
    r"((?P<name>[^<>@]*)<)?(?P<user>[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+)@(?P<domain>[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*)(?(1)>)"
)
"""An address as HTML defines a valid e-mail address (HTML Standard, 4.10.5.1.5), with or without a name."""
SEVEN_BITS = SMTP.clone(cte_type="7bit")  # not every server takes eight


def channel(settings: Mapping[str, Any]) -> "Email":
    return Email(settings)


class Email:
    """Mails from one address by one server."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def deliver(self, message: Message) -> Delivery:
        sender, recipient = mailbox(self._settings["from"]), mailbox(message.to or self._settings.get("to", ""))
        if sender is None:
            return Broken("the sender is not an e-mail address: check `from`")
        if recipient is None:
            return Refused("the recipient is not an e-mail address")
        mails = mails_of(message, sender, recipient)
        return bounded(lambda: self._sent(mails))

    def _sent(self, mails: list[EmailMessage]) -> Delivery:
        try:
            server = connected(self._settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            return not_sent(error)
        try:
            return all_delivered(mails, lambda mail: handed_over(server, mail))
        finally:
            leave(server)


def mailbox(text: str) -> Address | None:
    """The one address in the text, such as `ann@example.com` or `Desk <desk@example.com>`; None where it is not one."""
    found = MAILBOX.fullmatch(text.strip()) if text.isprintable() else None
    return found and Address((found["name"] or "").strip(' "'), found["user"], found["domain"])


# -- the mail ------------------------------------------------------------------------------------------------------


def mails_of(message: Message, sender: Address, recipient: Address) -> list[EmailMessage]:
    """The message as one mail, or as several where what must be said is too large for one."""
    return [mail_of(page, sender, recipient) for page in numbered(pages(message, MOST_BYTES, size))]


def size(text: str) -> int:
    """The bytes of a text as plain text and as HTML, with the tags of each line."""
    return len(text.encode(errors="replace")) + len(escape(text).encode(errors="replace")) + 30 * text.count("\n")


def mail_of(page: Message, sender: Address, recipient: Address) -> EmailMessage:
    mail = EmailMessage(SEVEN_BITS)
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, one_line(title_of(page))
    mail["Date"], mail["Message-ID"] = datetime.now(UTC), f"<{page.id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if page.urgent:
        mail["Importance"], mail["X-Priority"] = "high", "1"
    mail.set_content(encodable(plain_text(page)))
    mail.add_alternative(encodable(html_of(page)), subtype="html")
    return mail


def encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def html_of(page: Message) -> str:
    """The page as HTML: every text is escaped, and nothing is loaded from outside."""
    title = f"<strong>{escape(title_of(page))}</strong>"
    links = (f'<a href="{escape(one.url)}">{escape(one.label)}</a>' for one in page.links)
    body = map(paragraph, [title, *map(html_line, body_lines(page)), *links])
    return "\n".join(["<!DOCTYPE html>", "<html><body>", *body, "</body></html>"])


def html_line(line: Line) -> str:
    label = f"<strong>{escape(line.label)}:</strong> " if line.label else ""
    return label + escape(line.text)


def paragraph(html: str) -> str:
    return "<p>" + html.replace("\n", "<br>\n") + "</p>"


# -- the transfer --------------------------------------------------------------------------------------------------


def connected(settings: Mapping[str, Any]) -> smtplib.SMTP:
    """A connection with TLS, except smtp on loopback, and with a login where the settings name a user."""
    parts = urlsplit(settings["server"])
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    if not host or parts.scheme not in PORTS:
        raise ValueError("not the address of a mail server")
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        if parts.scheme == "smtp" and not loopback(host):
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if user := settings.get("user"):
            server.login(user, settings.get("password", ""))
    except BaseException:
        server.close()
        raise
    return server


def handed_over(server: smtplib.SMTP, mail: EmailMessage) -> Delivery:
    """The answer of the server to one mail."""
    content = mail.as_bytes()
    try:
        code, text = server.mail(mail["From"].addresses[0].addr_spec)
        if code // 100 != 2:
            return rejected("the sender", code, text, Broken)
        code, text = server.rcpt(mail["To"].addresses[0].addr_spec)
        if code // 100 != 2:
            return rejected("the recipient", code, text, Refused)
    except OSError as error:
        return not_sent(error)
    try:
        code, text = server.data(content)
    except smtplib.SMTPResponseException as error:
        return rejected("the mail", error.smtp_code, error.smtp_error, Refused)
    except OSError:
        return Unanswered("the connection to the mail server ended before it answered")
    if code // 100 == 2:
        return Delivered()
    return rejected("the mail", code, text, Refused) if code >= 400 else Unanswered(NOT_ONE)


def leave(server: smtplib.SMTP) -> None:
    """Says goodbye and waits for no answer: the mail is with the server, or it is not."""
    try:
        server.putcmd("QUIT")
    except OSError:
        pass
    finally:
        server.close()


def rejected(what: str, code: int, text: bytes | str, permanently: type[Refused] | type[Broken]) -> Delivery:
    """The answer in our words: the text of the server may hold addresses, so only its codes (RFC 3463) are quoted."""
    detail = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", text if isinstance(text, str) else text.decode(errors="replace"))
    reason = f"the mail server answered {code}{' ' + detail[0] if detail else ''} to {what}"
    match code // 100:
        case 4:
            return Delayed(reason)
        case 5:
            return Broken(f"{reason}: check `user` and `password`") if code in LOGIN_CODES else permanently(reason)
        case _:
            return Broken(f"{NOT_ONE}: check `server`")


def not_sent(error: Exception) -> Delivery:
    """The meaning of an error before a mail was sent."""
    match error:
        case smtplib.SMTPResponseException():
            what = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the connection"
            return rejected(what, error.smtp_code, error.smtp_error, Broken)
        case smtplib.SMTPServerDisconnected():
            return Delayed("the mail server ended the connection")
        case smtplib.SMTPException():
            return Broken(f"the mail server does not offer what is needed: {error}")
        case ssl.SSLCertVerificationError():
            return Broken("the certificate of the mail server is not valid")
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Delayed("the mail server ended the connection")
        case ssl.SSLError():
            return Broken("no TLS with the mail server: check scheme and port of `server`")
        case ValueError():
            return Broken("`server`, `user` or `password` cannot be used: check how they are written")
        case OSError():
            return Delayed("the mail server cannot be reached")
        case _:
            return Delayed(f"the mail was not sent: {type(error).__name__}")
