"""config/logins: every message that a page quotes is one that the program prints today."""

import re
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from tests.stories.world import World

PAGES = Path(__file__).parents[2] / "config" / "logins"
HOST = "https://acme.my.salesforce.com"
TOKEN = "00D000000000001!a.token.of.it"
ID = f"{HOST}/id/00D000000000001EAA/005000000000001AAA"
CLIENT = f"flow: client_credentials, instance_url: {HOST}, client_id: x, client_secret: env:HUSH"
JWT = f"flow: jwt, client_id: x, username: u@acme.example, private_key: 'file:server.key', token_url: {HOST}"
BORROWED = f"flow: token, instance_url: {HOST}, access_token: env:HUSH"
SAID_BY_SALESFORCE = [
    ("invalid_client_id", "client identifier invalid"), ("invalid_grant", "inactive user"),
    ("invalid_grant", "user is locked"), ("invalid_grant", "ip restricted or invalid login hours"),
    ("invalid_grant", "login rate exceeded"), ("inactive_org", "organization is inactive"), ("invalid_grant", ""),
    ("invalid_grant", "request not supported on this domain"), ("invalid_grant", "no client credentials user enabled"),
    ("invalid_client", "invalid client credentials"), ("invalid_grant", "user hasn't approved this consumer"),
    ("invalid_grant", "invalid assertion"), ("invalid_grant", "audience is invalid"),
    ("invalid_grant", "expired authorization code"), ("invalid_grant", "authentication failure"),
    ("invalid_grant", "expired access/refresh token"),
]  # fmt: skip


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, secret: KeySerializationEncryption) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret).decode()


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NO_KEYS = [
    pem(KEY, BestAvailableEncryption(b"hush")),
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    pem(ec.generate_private_key(ec.SECP256R1()), NoEncryption()),
    pem(rsa.generate_private_key(public_exponent=65537, key_size=1024), NoEncryption()),
]


@pytest.fixture
def home(world: World) -> World:
    """The folder of the person; no waiting between tries."""
    world.policy("policy: p\nroutes: [{name: r, reason: R., when: [{field: Type, is: A}], escalate: {status: B}}]")
    world.environ["HUSH"] = TOKEN
    (world.folder / "config").mkdir()
    return world


def typed(home: World, login: str, org: str = "acme") -> str:
    (home.folder / "config" / "orgs.yaml").write_text(f"acme: {{{login}}}\n")
    answer = home.type("run", "--dry-run", "--org", org)
    assert answer.code in (2, 4, 5), answer
    return answer.err


def logins(home: World) -> Iterator[str]:
    """The output for this answer of the token endpoint."""
    url = f"{HOST}/services/oauth2/token"
    for code, description in SAID_BY_SALESFORCE:
        with responses.RequestsMock() as mock:
            mock.add("POST", url, json={"error": code, "error_description": description}, status=400)
            yield typed(home, CLIENT)
    with responses.RequestsMock() as mock:
        date = {"Date": formatdate(time.time() - 420, usegmt=True)}
        mock.add("POST", url, json={"error": "invalid_grant"}, status=400, headers=date)
        yield typed(home, CLIENT)
    for status, headers in (
        (200, {}),
        (302, {"Location": "/login"}),
        (302, {"Location": "https://new.my.salesforce.com"}),
    ):
        with responses.RequestsMock() as mock:
            mock.add("POST", url, "<html>", status=status, headers=headers, content_type="text/html")
            yield typed(home, CLIENT)


def orgs(home: World) -> Iterator[str]:
    """The output for this answer of the org itself."""
    url, versions = f"{HOST}/services/data/v67.0", {"Date": formatdate(time.time(), usegmt=True)}
    for status, code in (403, "API_DISABLED_FOR_ORG"), (403, "API_CURRENTLY_DISABLED"), (401, "INVALID_SESSION_ID"):
        with responses.RequestsMock() as mock:
            mock.add("GET", f"{url}/", json=[{"errorCode": code, "message": "no"}], status=status)
            yield typed(home, BORROWED)
    for expect in "organization_id: 00D000000000042", "sandbox: true":
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.add("GET", f"{url}/", json={"identity": ID}, headers=versions)
            body = {"records": [{"IsSandbox": False}], "done": True, "totalSize": 1}
            part = {"body": body, "httpStatusCode": 200, "httpHeaders": {}, "referenceId": "r0"}
            mock.add("POST", f"{url}/composite", json={"compositeResponse": [part]}, headers=versions)
            yield typed(home, f"{BORROWED}, expect: {{{expect}}}")
    yield typed(home, BORROWED.replace("https://acme.my.salesforce.com", "http://127.0.0.1:9"))
    yield typed(home, BORROWED.replace("https:", "http:"))
    yield typed(home, BORROWED.replace("my.salesforce.com", "lightning.force.com"))
    for token in f"{TOKEN} ", f"{TOKEN}\n":
        home.environ["SFDC_INSTANCE_URL"] = HOST
        home.environ["SFDC_ACCESS_TOKEN"] = token
        yield typed(home, BORROWED, "env")


def keys(home: World) -> Iterator[str]:
    path = home.folder / "server.key"
    for text in NO_KEYS:
        path.write_text(text)
        path.chmod(0o600)
        yield typed(home, JWT)
    path.chmod(0o644)
    yield typed(home, JWT)


def clis(home: World) -> Iterator[str]:
    """The output with each of these as Salesforce's CLI."""
    for text in (
        '{"name": "NamedOrgNotFoundError", "message": "none"}',
        '{"name": "RefreshTokenAuthError", "message": "expired"}',
        '{"status": 0, "result": {"instanceUrl": "https://a.com", "accessToken": "[REDACTED]"}}',
        '{"status": 0, "result": {"instanceUrl": "https://a.com", "connectedStatus": "RefreshTokenAuthError"}}',
    ):
        sf = home.folder / "sf"
        sf.write_text(f"#!/bin/sh\necho '{text}'\ncase '{text}' in *status*) ;; *) exit 1 ;; esac\n")
        sf.chmod(0o755)
        home.environ["PATH"] = f"{home.folder}:/usr/bin:/bin"
        yield typed(home, BORROWED, "sf:dev")
    home.environ["PATH"] = str(home.folder / "config")
    yield typed(home, BORROWED, "sf:dev")


def quoted() -> Iterator[tuple[str, str]]:
    """Each message of the tables `| message | next step |`, with its page."""
    for page in sorted(PAGES.glob("*.md")):
        table = page.read_text(encoding="utf-8").partition("| message | next step |\n| --- | --- |\n")[2]
        for row in table.splitlines():
            yield from ((page.name, message) for message in re.findall(r"`([^`]+)`", row.split(" | ")[0]))


# Told by real sockets in tests/salesforce/test_connection.py.
ELSEWHERE = ("the proxy does not let us through", "the org's certificate is refused")


def pattern(message: str) -> str:
    parts = re.split(r"\s*\.\.\.\s*|\d+ min", message)
    return ".*".join(map(re.escape, parts))


def test_every_message_of_the_login_pages_is_printed_today(home: World) -> None:
    printed = [*logins(home), *orgs(home), *keys(home), *clis(home)]
    rows = [(page, message) for page, message in quoted() if not message.startswith(ELSEWHERE)]
    assert len(rows) > 30
    assert [row for row in rows if not any(re.search(pattern(row[1]), text) for text in printed)] == []
    assert TOKEN not in "".join(printed)
