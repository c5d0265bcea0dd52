"""Logins: the exact form of each flow, the use of the answer, and the message for a refusal."""

import time
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sfdc_escalator.errors import Invalid, LoginRefused, OrgUnavailable, UnsafeAddress
from sfdc_escalator.salesforce.line.failures import Unanswered
from sfdc_escalator.salesforce.line.token import Grant
from sfdc_escalator.salesforce.login.login import login

HOST = "https://acme.my.salesforce.com"
URL = f"{HOST}/services/oauth2/token"
GRANTED = {"access_token": "00D!fresh.token.of.the.org", "instance_url": HOST + "/", "token_type": "Bearer"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = "hush.hush.hush"


def pem(key: Any, encryption: KeySerializationEncryption = NoEncryption()) -> str:  # noqa: B008 - a constant
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return data.decode()


PEM = pem(KEY)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
JWT = {
    "client_id": "consumer.key", "username": "bot@acme.com", "private_key": PEM,
    "audience": "https://login.salesforce.com", "token_url": URL,
}  # fmt: skip


def answered(flow: str, values: dict[str, str], body: Any = GRANTED, status: int = 200, **more: Any) -> dict[str, str]:
    """The form that was sent."""
    with responses.RequestsMock() as mock:
        mock.add("POST", URL, json=body, status=status, **more)
        assert login(flow, values | {"token_url": URL}, {})() == Grant(HOST, GRANTED["access_token"])
        request = mock.calls[0].request
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in request.headers
    return {name: values[0] for name, values in parse_qs(str(request.body)).items()}


def test_a_jwt_login_sends_an_assertion_valid_for_at_most_three_minutes() -> None:
    form = answered("jwt", JWT)
    assert list(form) == ["grant_type", "assertion"]
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], PUBLIC, algorithms=["RS256"], audience="https://login.salesforce.com")
    assert (claims["iss"], claims["sub"]) == ("consumer.key", "bot@acme.com")
    assert 120 < claims["exp"] - time.time() <= 180


PKCS1 = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.mark.parametrize(
    "key",
    [
        PKCS1,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", "\\r\\n"),
        f'"{PEM}"',
        f"a word\n{PEM}",
    ],
    ids=["PKCS#1", "CRLF", "one line", "one line with CRLF", "in quotes", "with words before it"],
)
def test_a_key_is_read_in_every_common_notation(key: str) -> None:
    assert answered("jwt", JWT | {"private_key": key})


def test_a_key_of_4096_bits_signs_too() -> None:
    assert answered("jwt", JWT | {"private_key": pem(rsa.generate_private_key(public_exponent=65537, key_size=4096))})


@pytest.mark.parametrize(
    ("flow", "values", "form"),
    [
        ("client_credentials", {"client_id": "k", "client_secret": SECRET},
         {"grant_type": "client_credentials", "client_id": "k", "client_secret": SECRET}),
        ("refresh_token", {"client_id": "k", "refresh_token": SECRET},
         {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "k"}),
        ("refresh_token", {"client_id": "k", "refresh_token": SECRET, "client_secret": "s"},
         {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "k", "client_secret": "s"}),
        ("password", {"client_id": "k", "client_secret": "s", "username": "u", "password": "p", "security_token": "t"},
         {"grant_type": "password", "client_id": "k", "client_secret": "s", "username": "u", "password": "pt"}),
    ],
)  # fmt: skip
def test_each_flow_sends_exactly_the_fields_of_its_form(
    flow: str, values: dict[str, str], form: dict[str, str]
) -> None:
    assert answered(flow, values) == form


def refused(body: Any, flow: str = "jwt", status: int = 400, error: type[Exception] = LoginRefused, **more: Any) -> str:
    values = JWT if flow == "jwt" else {"client_id": "k", "client_secret": SECRET, "refresh_token": SECRET}
    with responses.RequestsMock() as mock:
        if isinstance(body, (str, Exception)):
            mock.add("POST", URL, body=body, status=status, **more)
        else:
            mock.add("POST", URL, json=body, status=status, **more)
        with pytest.raises(error) as expected:
            login(flow, values | {"token_url": URL}, {})()
    message = str(expected.value)
    assert SECRET not in message
    assert "PRIVATE" not in message
    return message


@pytest.mark.parametrize(
    ("code", "description", "step"),
    [
        ("invalid_grant", "user hasn't approved this consumer", "Admin approved users are pre-authorized"),
        ("invalid_grant", "audience is invalid", "https://test.salesforce.com for a sandbox"),
        ("invalid_grant", "expired authorization code", "clock"),
        ("invalid_grant", "invalid assertion", "certificate uploaded to the app"),
        ("invalid_grant", "request not supported on this domain", "My Domain"),
        ("invalid_grant", "no client credentials user enabled", "Run As user"),
        ("invalid_grant", "expired access/refresh token", "log in once more yourself"),
        ("invalid_grant", "inactive user", "activate it"),
        ("invalid_grant", "authentication failure", "use JWT or client credentials"),
        ("invalid_client_id", "client identifier invalid", "Consumer Key"),
        ("invalid_client", "invalid client credentials", "Consumer Secret"),
        ("unsupported_grant_type", "grant type not supported", "not enabled for the app"),
        ("inactive_user", "user is inactive", "activate it"),
        ("inactive_org", "organization is inactive", "locked or deleted"),
        ("invalid_grant", "ip restricted or invalid login hours", "Login IP Ranges and Login Hours"),
        ("invalid_grant", "login rate exceeded", "wait a while"),
        ("rate_limit_exceeded", "", "wait a while"),
        ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "blocked the app"),
        ("invalid_grant", "user is locked", "unlock it"),
        ("access_denied", "end-user denied authorization", "select its permission set"),
        ("invalid_grant", "operation failed: separate policy", "Login History"),
        ("invalid_grant", "", "Login History"),
        ("something_new", "", "the login was refused (something_new)"),
    ],
)
def test_a_refusal_is_reported_with_the_next_step(code: str, description: str, step: str) -> None:
    message = refused({"error": code, "error_description": description})
    assert step in message
    assert code in message


@pytest.mark.parametrize(("seconds", "expected"), [(-600, "10 min ahead of"), (600, "10 min behind")])
def test_a_wrong_clock_is_reported_when_a_login_is_refused(seconds: int, expected: str) -> None:
    date = formatdate(time.time() + seconds, usegmt=True)
    message = refused({"error": "invalid_grant", "error_description": "invalid assertion"}, headers={"Date": date})
    assert expected in message


def test_a_correct_clock_is_not_reported() -> None:
    date = formatdate(time.time(), usegmt=True)
    assert "this machine's clock is " not in refused({"error": "invalid_client"}, headers={"Date": date})


def test_a_login_page_instead_of_an_answer_is_reported() -> None:
    message = refused("<html>Login</html>", status=200, error=OrgUnavailable, content_type="text/html")
    assert "a web page" in message
    assert "login.salesforce.com" in message


def test_a_redirect_of_a_login_is_not_followed() -> None:
    moved = {"Location": "https://other.example.com/"}
    message = refused("", status=302, error=OrgUnavailable, headers=moved)
    assert message == "acme.my.salesforce.com redirects to other.example.com: give that as the login address"


@pytest.mark.parametrize("place", ["/login", "https://login.salesforce.com/?startURL=x"])
def test_a_redirect_to_a_login_page_is_reported(place: str) -> None:
    message = refused("", status=302, error=OrgUnavailable, headers={"Location": place})
    assert "acme.my.salesforce.com is not a login of Salesforce: HTTP 302 with a redirect to a login page" in message


def test_too_many_logins_are_reported_with_any_body() -> None:
    assert "wait a while" in refused("<html>slow down</html>", status=429)


@pytest.mark.parametrize(
    "granted",
    [
        {"access_token": "00D!fresh"},
        {"access_token": 5, "instance_url": HOST},
        {"access_token": "00D!fresh\nX-Forged: 1", "instance_url": HOST},
        {"access_token": "00D!fresh", "instance_url": "garbage"},
        ["00D!fresh"],
    ],
)
def test_an_answer_without_usable_token_is_not_a_login(granted: Any) -> None:
    assert "is not a login of Salesforce" in refused(granted, status=200, error=OrgUnavailable)


@pytest.mark.parametrize(("body", "status"), [("", 503), (ConnectionError("reset"), 200)])
def test_an_unanswered_login_may_be_tried_again(body: Any, status: int) -> None:
    with responses.RequestsMock() as mock:
        mock.add("POST", URL, body=body, status=status)
        with pytest.raises(Unanswered) as expected:
            login("jwt", JWT, {})()
    assert (expected.value.sent, expected.value.passing) == (False, True)


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (pem(KEY, BestAvailableEncryption(b"secret")), "passphrase"),
        (CERTIFICATE, "is a certificate"),
        ("just words", "is not a PEM"),
        (PUBLIC, "is a public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabcd\n-----END OPENSSH PRIVATE KEY-----\n", "of OpenSSH"),
        (PEM[:400] + "\n-----END PRIVATE KEY-----\n", "cannot be read"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not RSA"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "has 1024 bits.*2048 bits or more"),
    ],
)
def test_an_unusable_key_is_reported_without_showing_it(key: str, expected: str) -> None:
    with pytest.raises(Invalid, match=expected) as error:
        login("jwt", JWT | {"private_key": key}, {})()
    assert not any(line in str(error.value) for line in key.splitlines()[1:-1] if len(line) > 20)


def test_secrets_are_not_sent_over_plain_http() -> None:
    with pytest.raises(UnsafeAddress):
        login("jwt", JWT | {"token_url": "http://acme.my.salesforce.com/services/oauth2/token"}, {})


def test_a_grant_never_shows_its_token() -> None:
    assert "fresh" not in repr(Grant(HOST, GRANTED["access_token"]))
