"""Logins of config/orgs.yaml, from the file to the escalated case, against a token endpoint that checks a real key."""

import json
from pathlib import Path
from typing import Any

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp
from tests.stories.world import NOW, Answer, World, writes

KEY, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
APP = ConnectedApp("the.consumer.key", "the.consumer.secret", PUBLIC, "the.refresh.token")
POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - {name: high, reason: High., when: [{field: Priority, is: High}], escalate: {queue: leads, status: Escalated}}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
JWT = "flow: jwt, client_id: the.consumer.key, username: bot@acme.example, private_key: 'file:{key}', token_url: {url}"
CREDENTIALS = (
    "flow: client_credentials, instance_url: {url}, client_id: the.consumer.key, client_secret: env:APP_SECRET"
)
REFRESH = "flow: refresh_token, token_url: {url}, client_id: env:APP_KEY, refresh_token: 'cmd:printf the.refresh.token'"


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "server.key"
    path.write_bytes(pem(KEY))
    path.chmod(0o600)
    return path


@pytest.fixture
def home(world: World, tmp_path: Path, key_file: Path) -> World:
    """An org with one case to escalate, whose person has config/orgs.yaml and no token in the environment."""
    world.policy(POLICY)
    (tmp_path / "config").mkdir()
    world.environ["APP_SECRET"] = "the.consumer.secret"
    world.environ["APP_KEY"] = "the.consumer.key"
    assert key_file.exists()
    world.secrets |= {"the.consumer.secret", "the.refresh.token", *pem(KEY).decode().splitlines()[1:-1]}
    return world


def started(world: World, app: ConnectedApp = APP, faults: str = "[]") -> EmbeddedOrg:
    rows = [{"CaseNumber": "1", "Priority": "High", "Status": "New"}]
    queues = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}]
    (world.folder / "faults.json").write_text(faults)
    data = world.data(Case=rows, Group=queues)
    org = EmbeddedOrg(data=data, now=NOW, faults=world.folder / "faults.json", app=app)
    world.orgs.append(org.__enter__())
    return org


def typed(world: World, org: EmbeddedOrg, login: str, *words: str) -> Answer:
    said = login.replace("{url}", org.instance_url).replace("{key}", str(world.folder / "server.key"))
    (world.folder / "config" / "orgs.yaml").write_text(f"acme: {{{said}}}\n")
    return world.type("run", "--org", "acme", "--backlog", "escalate", *words)


def tokens(org: EmbeddedOrg) -> int:
    return sum(one["path"] == "/services/oauth2/token" for one in org.requests())


@pytest.mark.parametrize("login", [JWT, CREDENTIALS, REFRESH], ids=["jwt", "client credentials", "refresh token"])
def test_each_login_flow_escalates_the_case(home: World, login: str) -> None:
    org = started(home)
    answer = typed(home, org, login)
    assert answer.code == 0, answer.err
    assert [one["fields"].get("Status") for one in writes(org) if one["object"] == "Case"] == [None, "Escalated"]
    assert tokens(org) == 1
    assert "/services/data/v67.0/" not in [one["path"] for one in org.requests()]  # the login names the user


@pytest.mark.parametrize("path", ["/query", "/composite", "sobjects/Case/describe"])
def test_a_token_that_expires_in_the_middle_is_renewed_and_nothing_is_doubled(home: World, path: str) -> None:
    fault = f'[{{"kind": "session", "match": {{"path": "{path}"}}, "times": 1}}]'
    org = started(home, faults=fault)
    answer = typed(home, org, CREDENTIALS)
    assert answer.code == 0, answer.err
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1
    assert tokens(org) <= 2


def test_a_token_that_expires_while_notes_are_written_is_renewed(home: World) -> None:
    fault = '[{"kind": "session", "match": {"method": "POST", "path": "/composite", "nth": 3}, "times": 1}]'
    org = started(home, faults=fault)
    assert typed(home, org, JWT).code == 0
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1


def test_a_login_that_is_refused_while_notes_are_written_leaves_the_case_to_the_next_run(home: World) -> None:
    script = home.folder / "rotated.secret"
    script.write_text("#!/bin/sh\n[ -e used ] && echo the.old.secret && exit\ntouch used && echo the.consumer.secret\n")
    script.chmod(0o700)
    org = started(home, faults='[{"kind": "session", "match": {"method": "POST", "path": "/composite", "nth": 3}}]')
    answer = typed(home, org, CREDENTIALS.replace("env:APP_SECRET", f"'cmd:{script}'"), "--json")
    assert (answer.code, answer.json["deferred"], writes(org)) == (5, 1, [])
    assert "Consumer Secret" in answer.json["escalations"][0]["reason"]
    assert typed(home, org, CREDENTIALS, "--json").json["applied"] == 1
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1


def test_an_org_that_refuses_every_token_is_reported_once(home: World) -> None:
    org = started(home, faults='[{"kind": "session", "match": {"path": "/services/data"}, "times": 0}]')
    answer = typed(home, org, CREDENTIALS)
    assert answer.code == 5
    assert "log in again" in answer.err
    assert tokens(org) == 2


WRONG: list[tuple[str, dict[str, Any], str, int]] = [
    (JWT, {"public_key": OTHER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()},
     "certificate uploaded to the app", 5),
    (JWT, {"client_id": "another.key"}, "Consumer Key", 5),
    (JWT.replace("token_url", "audience: https://acme.example, token_url"), {}, "`audience` is", 5),
    (CREDENTIALS, {"client_secret": "another"}, "Consumer Secret", 5),
    (REFRESH, {"refresh_token": "another"}, "log in once more yourself", 5),
    (JWT.replace("file:{key}", "file:{key}.gone"), {}, "orgs.yaml:1:", 2),
]  # fmt: skip


@pytest.mark.parametrize(("login", "app", "expected", "code"), WRONG)
def test_a_failed_login_names_the_next_step_and_writes_nothing(
    home: World, login: str, app: dict[str, str], expected: str, code: int
) -> None:
    kept = {name: getattr(APP, name) for name in APP.__slots__}
    org = started(home, ConnectedApp(**{**kept, **app}))
    answer = typed(home, org, login)
    assert answer.code == code
    assert expected in answer.err
    assert "Traceback" not in answer.err
    assert writes(org) == []


def test_a_key_that_others_may_read_is_refused(home: World, key_file: Path) -> None:
    key_file.chmod(0o644)
    org = started(home)
    answer = typed(home, org, JWT)
    assert answer.code == 2
    assert "chmod 600" in answer.err


def test_a_policy_of_production_run_against_a_sandbox_stops_before_anything(home: World) -> None:
    org = started(home)
    answer = typed(home, org, CREDENTIALS + ", expect: {{organization_id: 00D000000000001, sandbox: false}}")
    assert answer.code == 2  # the file itself is wrong: braces
    answer = typed(home, org, CREDENTIALS + ", expect: {organization_id: 00D000000000001}")
    assert answer.code == 2
    assert "Log in to the org that is meant" in answer.err
    assert writes(org) == []


def test_the_login_of_the_salesforce_cli_is_used(home: World) -> None:
    org = started(home)
    sf = home.folder / "bin" / "sf"
    sf.parent.mkdir()
    said = {"display": {"instanceUrl": org.instance_url}, "auth": {"accessToken": org.access_token}}
    lines = [f"org\\ {name}*) echo '{json.dumps({'status': 0, 'result': result})}';;" for name, result in said.items()]
    sf.write_text('#!/bin/sh\ncase "$*" in\n' + "\n".join(lines) + "\nesac\n")
    sf.chmod(0o755)
    home.environ["PATH"] = f"{sf.parent}:/usr/bin:/bin"
    answer = home.type("run", "--org", "sf:dev", "--backlog", "escalate")
    assert answer.code == 0, answer.err
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "API_DISABLED_FOR_ORG", "the org's edition does not allow API access"),
        (403, "API_CURRENTLY_DISABLED", "does not allow API access"),
        (401, "INVALID_SESSION_ID", "log in again"),
    ],
)
def test_an_org_without_api_access_is_reported_with_the_reason(
    home: World, status: int, code: str, expected: str
) -> None:
    """As a real org answers; the login itself succeeds there."""
    home.environ["SFDC_INSTANCE_URL"] = "https://acme.my.salesforce.com"
    home.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!a.token.of.it"
    home.secrets.add("00D000000000001!a.token.of.it")
    with responses.RequestsMock() as mock:
        url = "https://acme.my.salesforce.com/services/data/v67.0/"
        mock.add("GET", url, json=[{"errorCode": code, "message": "no"}], status=status)
        answer = home.type("run")
    assert answer.code == 5
    assert expected in answer.err
    assert code in answer.err
