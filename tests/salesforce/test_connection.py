"""Failed connections to an org, with real certificates and proxies: messages say what to check, without secrets."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.salesforce.line.failures import Unanswered
from sfdc_escalator.salesforce.line.session import DEFAULT_LINE, Line
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.loopback import serving
from tests.salesforce.conftest import TOKEN, error

PASSWORD = "hush.hush.hush"


class Refuses(BaseHTTPRequestHandler):
    """An org that refuses every token; a proxy that refuses everybody."""

    def do_GET(self) -> None:
        body = str(error("INVALID_SESSION_ID")).replace("'", '"').encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "org")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )  # fmt: skip
    (folder / "org.crt").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "org.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "org.crt", folder / "org.key"


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> Iterator[str]:
    """The address of an org that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(Refuses, lambda plain: context.wrap_socket(plain, server_side=True)) as port:
        yield f"https://127.0.0.1:{port}"


def refused(url: str, line: Line = DEFAULT_LINE) -> OrgUnavailable:
    with SalesforceOrg(url, TOKEN, line=line, sleep=lambda _: None) as org, pytest.raises(OrgUnavailable) as caught:
        org.identify()
    assert TOKEN not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    return caught.value


def never_sent(refusal: OrgUnavailable) -> str:
    assert isinstance(refusal, Unanswered)
    assert not refusal.sent
    return str(refusal)


def test_an_untrusted_certificate_is_refused_with_the_next_step(tls: str) -> None:
    message = never_sent(refused(tls))
    assert "certificate is refused (self-signed certificate)" in message
    assert "`ca_file`" in message


def test_a_private_certificate_is_trusted_when_the_org_names_it(tls: str, certificate: tuple[Path, Path]) -> None:
    assert isinstance(refused(tls, Line(ca_file=str(certificate[0]))), LoginRefused)


def test_a_private_certificate_is_trusted_when_the_environment_names_it(
    tls: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    assert isinstance(refused(tls), LoginRefused)


@pytest.mark.parametrize("content", [None, "words"])
def test_trusted_certificates_that_cannot_be_read_are_reported(
    content: str | None, tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert "REQUESTS_CA_BUNDLE" in never_sent(refused(tls))


def test_an_address_without_tls_is_reported() -> None:
    with serving(Refuses) as port:
        assert "does not answer with TLS" in never_sent(refused(f"https://127.0.0.1:{port}"))


def test_a_refusal_of_the_proxy_is_reported_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Refuses) as port:
        proxy = f"http://ann:{PASSWORD}@127.0.0.1:{port}"
        message = never_sent(refused("https://acme.my.salesforce.com", Line(proxy=proxy)))
        assert "the proxy does not let us through (407 Proxy Authentication Required)" in message
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert "HTTPS_PROXY" in never_sent(refused("https://acme.my.salesforce.com"))


def test_a_missing_proxy_is_reported_as_the_proxy() -> None:
    message = never_sent(refused("https://acme.my.salesforce.com", Line(proxy=f"http://ann:{PASSWORD}@127.0.0.1:9")))
    assert "the proxy does not let us through (Connection refused)" in message


@pytest.mark.parametrize("proxy", [f"socks9://ann:{PASSWORD}@127.0.0.1:1", f"http://ann:{PASSWORD}@127.0.0.1:99999"])
def test_a_proxy_of_the_environment_without_valid_address_is_reported(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert "the address of the proxy is not valid" in never_sent(refused("https://acme.my.salesforce.com"))


def test_an_org_on_this_machine_is_called_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(Refuses) as port:
        assert isinstance(refused(f"http://127.0.0.1:{port}"), LoginRefused)
