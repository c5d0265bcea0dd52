"""A mail server on loopback that records every mail and answers by the rules of a test."""

import base64
import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "mail.example.com"
"""The name in the certificate."""
USUAL = {
    "CONNECT": f"220 {HOST} ESMTP",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "CONTENT": "250 2.0.0 Ok: queued as 4F9D195432",
    "STARTTLS": "220 2.0.0 Ready to start TLS",
    "QUIT": "221 2.0.0 Bye",
}
"""The answers of Postfix."""


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived, without the dots of the transfer."""

    sender: str
    recipient: str
    content: bytes
    in_tls: bool

    @property
    def parsed(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    def part(self, kind: str) -> str:
        """The text of the part of this type."""
        body = self.parsed.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n").removesuffix("\n")


@dataclass(frozen=True)
class Rules:
    """The replies that are not the usual ones, by command; `RCPT 1` is the reply after one mail.

    In place of a reply: `lost` ends the connection, `silent` never answers. `login` is the user and password of AUTH
    PLAIN; `tls` a certificate; `wrapped`: TLS from the first byte.
    """

    replies: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    wrapped: bool = False


class MailServer:
    """The server."""

    def __init__(self, rules: Rules = Rules()) -> None:
        self.rules = rules
        self.mails: list[Mail] = []
        self.commands: list[str] = []
        self.closing = threading.Event()
        self._server = Server(("127.0.0.1", 0), Session)
        self._server.mail_server = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[Mail]:
        """The mails; for a service of the web these are requests."""
        return self.mails

    @property
    def mail(self) -> Mail:
        """The only mail."""
        (mail,) = self.mails
        return mail

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Server(socketserver.ThreadingTCPServer):
    mail_server: MailServer
    daemon_threads = False  # closing waits for the sessions under way


class Session(socketserver.BaseRequestHandler):
    """One connection. It ends when the client leaves, or when the script says so."""

    def handle(self) -> None:
        self.server_of_mails = cast(Server, self.server).mail_server
        self.rules = self.server_of_mails.rules
        self.line, self.in_tls = self.request, False
        self.line.settimeout(30)
        with suppress(OSError, EOFError):
            if self.rules.wrapped:
                self.start_tls()
            self.file = self.line.makefile("rb")
            self.say("CONNECT")
            self.sender = self.recipient = ""
            while command := self.file.readline().decode(errors="replace").rstrip("\r\n"):
                self.server_of_mails.commands.append(command.partition(" ")[0].upper())
                self.carry_out(command)

    def finish(self) -> None:
        if self.in_tls:
            self.line.close()

    def start_tls(self) -> None:
        assert self.rules.tls
        self.line, self.in_tls = self.rules.tls.wrap_socket(self.line, server_side=True), True

    def say(self, verb: str) -> None:
        later = f"{verb} {len(self.server_of_mails.mails)}"
        reply = self.rules.replies.get(later) or self.rules.replies.get(verb) or USUAL[verb]
        if reply == "silent":
            self.server_of_mails.closing.wait(30)
        if reply in ("silent", "lost"):
            raise EOFError
        self.line.sendall(reply.encode() + b"\r\n")

    def carry_out(self, command: str) -> None:
        verb, _, rest = command.partition(" ")
        match verb.upper():
            case "EHLO":
                self.line.sendall("".join(f"250{sign}{one}\r\n" for sign, one in self.offers()).encode())
            case "STARTTLS":
                self.say("STARTTLS")
                self.start_tls()
                self.file = self.line.makefile("rb")
            case "AUTH":
                self.line.sendall(self.admission(rest) + b"\r\n")
            case "MAIL":
                self.sender = rest
                self.say("MAIL")
            case "RCPT":
                self.recipient = rest
                self.say("RCPT")
            case "DATA":
                self.say("DATA")
                self.take_mail()
            case "QUIT":
                self.say("QUIT")
                raise EOFError
            case _:
                self.line.sendall(b"502 5.5.2 Error: command not recognized\r\n")

    def offers(self) -> list[tuple[str, str]]:
        tls = ["STARTTLS"] if self.rules.tls and not self.in_tls else []
        login = ["AUTH PLAIN"] if self.rules.login else []
        names = [HOST, "PIPELINING", *tls, *login, "ENHANCEDSTATUSCODES", "8BITMIME"]
        return [("-", one) for one in names[:-1]] + [(" ", names[-1])]

    def admission(self, rest: str) -> bytes:
        if special := self.rules.replies.get("AUTH"):
            return special.encode()
        assert self.rules.login
        _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
        known = (user, password) == self.rules.login
        return b"235 2.7.0 Authentication successful" if known else b"535 5.7.8 Error: authentication failed"

    def take_mail(self) -> None:
        if not self.rules.replies.get("DATA", "354").startswith("354"):
            return
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line.removeprefix(b"."))
        mail = Mail(self.sender, self.recipient, b"".join(lines), self.in_tls)
        self.server_of_mails.mails.append(mail)
        self.say("CONTENT")


def certificate(folder: Path, host: str = HOST) -> ssl.SSLContext:
    """A certificate for this host that is its own authority, in `folder/certificate.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
