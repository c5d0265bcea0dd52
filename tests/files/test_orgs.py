"""config/orgs.yaml is checked whole, every problem at its place, and never shows what may be a secret."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfdc_escalator.errors import Invalid, Problem, UnsafeAddress
from sfdc_escalator.escalation.world.expect import Expect
from sfdc_escalator.files.orgs.orgs import OrgEntry, org_entry, read_orgs
from sfdc_escalator.files.orgs.settings import OrgLogin

SECRET = "00D000000000001!AQEAQ.top.secret"
ID = "00D000000000001EAA"
GOOD = """
prod:
  instance_url: https://acme.my.salesforce.com/
  access_token: env:PROD_TOKEN
  expect: {organization_id: 00D000000000001, sandbox: false}
  ledger: state/prod.db
env:
  expect: {sandbox: true}
"""


LOGIN = OrgLogin("token", {"instance_url": "https://acme.my.salesforce.com", "access_token": SECRET})


def written(folder: Path, text: str) -> Path:
    path = folder / "orgs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(folder: Path, text: str) -> list[Problem]:
    """The problems, each with the file's name left out."""
    path = written(folder, text)
    found = read_orgs(path)[1]
    assert {problem.file for problem in found} <= {str(path)}
    return [
        Problem(one.message, None, one.line, one.column, one.found, one.expected, one.nearest, one.severity)
        for one in found
    ]


def test_an_entry_says_where_the_org_is_what_it_must_be_and_where_its_ledger_lies(tmp_path: Path) -> None:
    entry, warnings = org_entry("prod", written(tmp_path, GOOD))
    assert warnings == ()
    assert (entry.expect, entry.ledger) == (Expect(ID, False), "state/prod.db")
    assert entry.login({"PROD_TOKEN": SECRET}) == LOGIN


def test_env_may_say_what_the_org_in_the_environment_must_be(tmp_path: Path) -> None:
    entry, _ = org_entry("env", written(tmp_path, GOOD))
    assert entry.expect == Expect(sandbox=True)
    environ = {"SFDC_INSTANCE_URL": "https://acme.my.salesforce.com", "SFDC_ACCESS_TOKEN": SECRET}
    assert entry.login(environ) == LOGIN


def test_without_a_file_or_an_entry_env_expects_nothing(tmp_path: Path) -> None:
    assert org_entry("env", tmp_path / "orgs.yaml") == (OrgEntry("env"), ())
    path = written(tmp_path, "prod: {instance_url: https://a.com, access_token: env:T}")
    assert org_entry("env", path) == (OrgEntry("env"), ())


PROD = "prod: {instance_url: https://a.com, access_token: env:T, "
MAPPING = "their login, `expect` and `ledger`"
REFERENCE = "a reference: env:NAME, file:PATH or cmd:COMMAND"
ORG_ID = "the 15 or 18 characters of the org's id, 00D... (Setup, Company Information)"
KEYS = (
    "one of flow, instance_url, access_token, client_id, username, private_key, token_url, audience, client_secret, "
    "refresh_token, password, security_token, alias, proxy, ca_file, expect, ledger, heartbeat, channels, sandbox_to, "
    "every, deadline, canary"
)
BAD = [
    ("", Problem("the file is empty", None, 1, 1, "an empty file", "a name with an org")),
    ("just words", Problem("the file must be a mapping", None, 1, 1, "a text")),
    (f"prod: {SECRET}", Problem("`prod` must be a mapping", None, 1, 7, "a text", MAPPING)),
    ("prod:", Problem("`prod` must be a mapping", None, 1, 6, "nothing", MAPPING)),
    ("prod: {instance_url: https://a.com}",
     Problem("`access_token` is missing", None, 1, 1, None, "`access_token:` in this mapping")),
    ("prod: {access_token: env:T}",
     Problem("`instance_url` is missing", None, 1, 1, None, "`instance_url:` in this mapping")),
    (PROD + "ledgr: x}", Problem("unknown key `ledgr`", None, 1, 58, "ledgr", KEYS, "ledger")),
    (PROD + "flow: jwtt}",
     Problem("unknown flow `jwtt`", None, 1, 64, "jwtt",
             "one of token, jwt, client_credentials, refresh_token, password, cli", "jwt")),
    (PROD + "username: me}",
     Problem("`username` is not part of `flow: token`", None, 1, 58, None, "`flow: jwt | password`, or no `username`")),
    ("prod: {flow: jwt, client_id: x, username: y}",
     Problem("`private_key` is missing", None, 1, 1, None, "`private_key:` in this mapping (`flow: jwt`)")),
    (PROD + "proxy: 'http://me:hush@proxy:3128'}",
     Problem("`proxy` holds a password", None, 1, 65, None,
             "env:NAME, with the whole address in that variable")),
    (PROD + "expect: {organization_id: 00D00000000001}}",
     Problem("`organization_id` is not an id of an organization", None, 1, 84, '"00D00000000001"', ORG_ID)),
    (PROD + "expect: {organization_id: 00D000000000001EAB}}",
     Problem("`organization_id` is not an id of an organization", None, 1, 84, '"00D000000000001EAB"', ORG_ID)),
    (PROD + "expect: {organization_id: 005000000000001}}",
     Problem("`organization_id` is not an id of an organization", None, 1, 84, "5000000000001", ORG_ID)),
    (PROD + "expect: {sandbox: yes}}",
     Problem("`sandbox` must be true or false", None, 1, 76, '"yes"', None, "true")),
    (PROD + "expect: {sandboxx: true}}",
     Problem("unknown key `sandboxx`", None, 1, 67, "sandboxx", "one of organization_id, sandbox", "sandbox")),
    (PROD + "expect: }",
     Problem("`expect` must be a mapping", None, 1, 66, "nothing", "`organization_id`, `sandbox`")),
    (PROD + "expect: {}}",
     Problem("`expect` must be a mapping", None, 1, 66, "an empty mapping", "`organization_id`, `sandbox`")),
    (PROD + "ledger: 7}",
     Problem("`ledger` must be a path or a URL", None, 1, 66, "7", "such as state/escalations.db")),
    (PROD + "ledger: 'postgresql://me:hush@db/x'}",
     Problem("`ledger` holds a password", None, 1, 66, None,
             "no password here: PostgreSQL takes it from PGPASSWORD or ~/.pgpass")),
    ("'a b': {instance_url: https://a.com, access_token: env:T}",
     Problem("`a b` cannot be the name of an org", None, 1, 1, None, "letters, digits, `_` and `-`, 63 at most")),
    ("env: {access_token: env:T}",
     Problem("`access_token` cannot be given for `env`, which takes its login from SFDC_INSTANCE_URL and "
             "SFDC_ACCESS_TOKEN", None, 1, 7, None, "another name for this org, or `expect` and `ledger` alone")),
    ("prod: {instance_url: a.com, access_token: env:T}",
     Problem("`instance_url` is not an address of an org", None, 1, 22, "a.com",
             "an address such as https://example.my.salesforce.com", "https://a.com")),
    ("prod: {instance_url: , access_token: env:T}",
     Problem("`instance_url` must be an address", None, 1, 22, "nothing",
             "an address such as https://example.my.salesforce.com")),
    ("prod: {instance_url: 'https://me:hush@a.com', access_token: env:T}",
     Problem("`instance_url` holds a user name or password", None, 1, 22, None,
             "the address alone; the token is in `access_token`", "https://a.com")),
    (PROD + "ledger: a}\nprod: {}",
     Problem("`prod` is given twice", None, 2, 1, "prod", "each key once; the first is on line 1")),
    (PROD + "ledger: a}\n---\nx: 1",
     Problem("the file holds more than one document", None, 2, 1, None, "one mapping of orgs per file")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), BAD, ids=[text for text, _ in BAD])
def test_every_fault_is_reported_at_its_place(text: str, problem: Problem, tmp_path: Path) -> None:
    found = problems_of(tmp_path, text)
    assert found == ([*found[:1], problem] if problem.found == "5000000000001" else [problem])
    assert "hush" not in str(found)


NOT_SECRET = [
    (SECRET, None),
    ("files:x", "file:"),
    ("evn:TOKEN", "env:"),
    ("1234567890123456789012", None),
    ("0123456", None),
    ("!AQEAQ.top.secret x", None),
    ("*AQEAQ", None),
    ("[a]", None),
    ("true", None),
    ("''", None),
]


@pytest.mark.parametrize(("value", "near"), NOT_SECRET)
def test_a_secret_itself_is_refused_and_never_shown(value: str, near: str | None, tmp_path: Path) -> None:
    found = problems_of(tmp_path, f"prod:\n  instance_url: https://a.com\n  access_token: {value}\n")
    assert Problem("`access_token` is not a reference to a secret", None, 3, 17, None, REFERENCE, near) in found
    assert all(line == 3 for line in (problem.line for problem in found))
    assert not any(part in str(found) for part in ("AQEAQ", "12345", "TOKEN"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("'env:'", "`env:` names nothing"),
        (f"env:{SECRET}", "`env:` names no variable"),
        ("'file: '", "`file:` names nothing"),
        ("'cmd:vault \"read'", "`cmd:` cannot be split into words (No closing quotation)"),
    ],
)
def test_a_reference_that_leads_nowhere(value: str, message: str, tmp_path: Path) -> None:
    found = problems_of(tmp_path, f"prod: {{instance_url: https://a.com, access_token: {value}}}")
    assert [(problem.message, problem.found) for problem in found] == [(message, None)]


def test_every_problem_of_every_org_comes_at_once(tmp_path: Path) -> None:
    text = "a: {instance_url: x, access_token: y, flow: jwt}\nb: {expect: {sandbox: 1}, ledgr: z}\nc: 1\n"
    path = written(tmp_path, text)
    with pytest.raises(Invalid, match="11 problems") as error:
        org_entry("a", path)
    assert [problem.line for problem in error.value.problems] == [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    with pytest.raises(Invalid):
        org_entry("env", path)  # a guard that cannot be read cannot check


def test_an_unknown_name_is_reported_with_the_nearest_and_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(Invalid, match=str(path)) as error:
        org_entry("prd", path)
    reported = Problem("unknown org `prd`", str(path), found="prd", expected="one of env, prod", nearest="prod")
    assert (error.value.exit_code, error.value.problems) == (2, (reported,))


def test_without_the_file_the_message_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=f"{tmp_path / 'orgs.yaml'} does not exist") as error:
        org_entry("prod", tmp_path / "orgs.yaml")
    assert "env" in str(error.value.problems[0])


def test_a_file_that_may_not_be_looked_at_is_not_a_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it expects of the org cannot be checked."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", refuse)
    monkeypatch.setattr("sfdc_escalator.files.text.source_text.open_to_read", refuse)
    with pytest.raises(Invalid) as error:
        org_entry("env", tmp_path / "orgs.yaml")
    assert [problem.message for problem in error.value.problems] == ["the file cannot be read: permission denied"]


def test_a_link_that_leads_nowhere_is_not_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "orgs.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(Invalid):
        org_entry("env", tmp_path / "orgs.yaml")


def test_a_login_of_salesforces_own_cli_needs_no_entry(tmp_path: Path) -> None:
    entry, _ = org_entry("sf:prod", tmp_path / "orgs.yaml")
    assert entry.login({}) == OrgLogin("cli", {"alias": "prod"})


@pytest.mark.parametrize("name", ["sf:", "sf:--json", "sf:a b"])
def test_an_alias_that_names_nothing_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="expected sf:ALIAS"):
        org_entry(name, tmp_path / "orgs.yaml")


JWT = "p: {flow: jwt, client_id: key, username: bot@acme.com, private_key: env:K%s}"
LOGIN_URL = "https://login.salesforce.com"


@pytest.mark.parametrize(
    ("more", "token_url", "audience"),
    [
        ("", LOGIN_URL, LOGIN_URL),
        (", expect: {sandbox: true}", "https://test.salesforce.com", "https://test.salesforce.com"),
        (", instance_url: https://acme.my.salesforce.com/", "https://acme.my.salesforce.com", LOGIN_URL),
        (", instance_url: https://acme--dev.sandbox.my.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com",
         "https://test.salesforce.com"),
        (", instance_url: https://a-b.scratch.my.salesforce.com", "https://a-b.scratch.my.salesforce.com",
         "https://test.salesforce.com"),
        (", token_url: https://acme.my.salesforce.com/services/oauth2/token", "https://acme.my.salesforce.com",
         LOGIN_URL),
        (", audience: https://acme.my.salesforce.com", LOGIN_URL, "https://acme.my.salesforce.com"),
    ],
)  # fmt: skip
def test_where_a_login_is_asked_for_and_for_whom_follows_from_the_org(
    tmp_path: Path, more: str, token_url: str, audience: str
) -> None:
    found = org_entry("p", written(tmp_path, JWT % more))[0].login({"K": "the key"})
    assert (found.flow, found.values["private_key"]) == ("jwt", "the key")
    assert found.values["token_url"] == f"{token_url}/services/oauth2/token"
    assert found.values["audience"] == audience


def test_what_is_not_a_secret_may_stand_in_the_file_or_behind_a_reference(tmp_path: Path) -> None:
    text = JWT.replace("client_id: key", "client_id: env:ID") % ""
    assert org_entry("p", written(tmp_path, text))[0].login({"K": "k", "ID": "i"}).values["client_id"] == "i"


def test_a_login_that_is_being_retired_says_so(tmp_path: Path) -> None:
    text = "p: {flow: password, client_id: a, client_secret: env:S, username: u, password: env:P}"
    (reported,) = problems_of(tmp_path, text)
    assert reported.severity == "warning"
    assert "being retired" in reported.message


def test_every_secret_that_cannot_be_had_is_reported_at_once(tmp_path: Path) -> None:
    text = "p: {flow: password, client_id: a, client_secret: env:S, username: u, password: env:P}"
    with pytest.raises(Invalid) as error:
        org_entry("p", written(tmp_path, text))[0].login({})
    assert [one.message for one in error.value.problems] == [f"the variable {name} is not set" for name in "SP"]


@pytest.mark.parametrize("key", ["instance_url", "token_url", "audience"])
def test_an_address_stands_in_the_file_itself(key: str, tmp_path: Path) -> None:
    said = {"instance_url": "https://a.com", "client_id": "x", "username": "u", "private_key": "env:K", key: "env:URL"}
    text = "prod:\n  flow: jwt\n" + "".join(f"  {name}: {value}\n" for name, value in said.items())
    (problem,) = problems_of(tmp_path, text)
    assert (problem.line, problem.message) == (
        text[: text.index("env:URL")].count("\n") + 1,
        "an address is not a secret: write it here itself",
    )


@pytest.mark.parametrize(
    "login", ["access_token: env:T", "flow: client_credentials, client_id: x, client_secret: env:T"]
)
def test_the_page_where_people_log_in_is_not_an_org(login: str, tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, f"prod: {{instance_url: https://test.salesforce.com, {login}}}")
    assert problem.message == "`instance_url` is where people log in, not an org"
    assert "My Domain" in str(problem.expected)


def test_the_address_of_the_pages_is_reported_with_the_address_of_the_api(tmp_path: Path) -> None:
    (problem,) = problems_of(
        tmp_path, "prod: {instance_url: https://acme--dev.sandbox.lightning.force.com, access_token: env:T}"
    )
    assert problem.nearest == "https://acme--dev.sandbox.my.salesforce.com"


CLIENT = "prod: {flow: client_credentials, instance_url: https://a.com, client_id: x, client_secret: env:S"


def refused(tmp_path: Path, more: str, **environ: str) -> Problem:
    """The one problem of a login with this beside it."""
    entry, _ = org_entry("prod", written(tmp_path, CLIENT + more + "}"))
    with pytest.raises(Invalid) as error:
        entry.login({"S": "a secret", **environ})
    (problem,) = error.value.problems
    return problem


def test_a_secret_of_several_lines_is_not_a_secret(tmp_path: Path) -> None:
    problem = refused(tmp_path, "", S="first line\nsecond line")
    assert problem.message == "the value that `client_secret` refers to has several lines"
    assert (problem.line, "line" in str(problem.found)) == (1, False)


@pytest.mark.parametrize("proxy", ["ftp://host:1", "http://ann:hush hush@host", "http://host:1/path", "http://"])
def test_what_is_not_a_proxy_is_reported_and_not_shown(proxy: str, tmp_path: Path) -> None:
    problem = refused(tmp_path, ", proxy: env:P", P=proxy)
    assert (problem.message, problem.expected) == (
        "the value that `proxy` refers to is not an address of a proxy",
        "http://HOST:PORT",
    )
    assert "hush" not in str(problem)


def test_the_login_of_a_proxy_is_a_secret(tmp_path: Path) -> None:
    entry, _ = org_entry("prod", written(tmp_path, CLIENT + ", proxy: env:P}"))
    secrets = entry.login({"S": "a secret", "P": "http://ann:hush.hush@proxy:3128"}).secrets
    assert {"hush.hush", "ann:hush.hush", "a secret"} <= secrets


@pytest.mark.parametrize(("content", "why"), [(None, "no such file"), ("words", "it holds no certificate")])
def test_certificates_that_cannot_be_read_are_reported_at_their_place(
    content: str | None, why: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    problem = refused(tmp_path, ", ca_file: ~/ca.pem", HOME=str(tmp_path))
    assert problem.message.startswith(f"{tmp_path}/ca.pem cannot be read: {why}")
    assert problem.line == 1


def test_plain_http_over_a_network_is_unsafe(tmp_path: Path) -> None:
    path = written(tmp_path, "prod: {instance_url: http://a.com, access_token: env:T}")
    with pytest.raises(UnsafeAddress) as error:
        org_entry("prod", path)[0].login({"T": SECRET})
    assert [(one.file, one.line, one.column) for one in error.value.problems] == [(str(path), 1, 22)]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "the variable PROD_TOKEN is not set"),
        ({"PROD_TOKEN": " "}, "the variable PROD_TOKEN is not set"),
        ({"PROD_TOKEN": "top secret"}, "the value that `access_token` refers to is not an access token"),
    ],
)
def test_a_token_that_cannot_be_had_is_reported_at_its_reference(
    environ: dict[str, str], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(Invalid, match="the login of org prod cannot be read") as error:
        org_entry("prod", path)[0].login(environ)
    assert [(one.message, one.file, one.line, one.column) for one in error.value.problems] == [
        (message, str(path), 4, 17)
    ]
    assert "top" not in str(error.value.problems)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_arbitrary_bytes_are_problems_and_never_a_traceback(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "orgs.yaml"
    path.write_bytes(data)
    _, problems = read_orgs(path)
    assert all(problem.file and problem.message for problem in problems)


VALUES = st.recursive(
    st.sampled_from(["", "x", "env:T", "https://a.com", "null", "true", "7", "00D000000000001", "'a b'"]),
    lambda inner: st.dictionaries(
        st.sampled_from(["instance_url", "access_token", "expect", "ledger", "sandbox", "organization_id", "flow"]),
        inner,
        max_size=4,
    ).map(lambda said: "{" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}"),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES, name=st.sampled_from(["env", "prod"]))
def test_an_org_of_any_shape_is_sound_or_has_a_problem(value: str, name: str, tmp_path: Path) -> None:
    entries, problems = read_orgs(written(tmp_path, f"{name}: {value}\n"))
    assert name in entries or problems
