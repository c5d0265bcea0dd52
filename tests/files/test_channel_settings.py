"""`channels:` and `sandbox_to:` of config/orgs.yaml: each fault at its place, and never an address or a secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.files.orgs.channel_checks import MAIL_SERVER, Used, channel_problems, shared_addresses
from sfdc_escalator.files.orgs.channel_settings import FORMS
from sfdc_escalator.files.orgs.orgs import OrgEntry, read_orgs

LOGIN = "  instance_url: https://acme.my.salesforce.com\n  access_token: env:TOKEN\n"
HOOK = "https://hooks.slack.example/services/T0/B0/geheim"
Found = list[tuple[int | None, int | None, str, str | None, str | None]]
REFERENCE = "a reference: env:NAME, file:PATH or cmd:COMMAND"
ADDRESS = "https://..., or a reference to it such as env:ALARM_URL"


def entries(folder: Path, text: str) -> Mapping[str, OrgEntry]:
    found, problems = read_orgs(written(folder, text))
    assert problems == []
    return found


def written(folder: Path, text: str) -> Path:
    path = folder / "orgs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def org(folder: Path, channels: str, more: str = "") -> OrgEntry:
    """The entry `prod`; its channels stand from line 5 on."""
    lines = "".join(f"    {line}\n" for line in channels.splitlines())
    return entries(folder, f"prod:\n{LOGIN}  channels:\n{lines}{more}")["prod"]


# -- the form of the file ----------------------------------------------------------------------------------------------

BAD = [
    ("channels: []", 4, 13, "`channels` must be a mapping",
     "names of channels with their addresses, such as `{alarm: {url: env:ALARM_URL}}`"),
    ("channels: {alarm: 5}", 4, 21, "`alarm` must be an address, or a mapping", ADDRESS),
    ("channels: {alarm: {}}", 4, 21, "`alarm` must be an address, or a mapping", ADDRESS),
    ("channels: {alarm: geheim}", 4, 21, "`alarm` is not an address", ADDRESS),
    ("channels: {alarm: 'http://hooks.example/geheim'}", 4, 21, "plain http is not safe over a network", ADDRESS),
    ("channels: {alarm: {url: 'https://[geheim'}}", 4, 27, "`url` is not an address", ADDRESS),
    ("channels: {alarm: {token: xoxb-geheim}}", 4, 29, "`token` is not a reference to a secret", REFERENCE),
    ("channels: {alarm: {token: 'evn:GEHEIM'}}", 4, 29, "`token` is not a reference to a secret", REFERENCE),
    ("channels: {desk: {headers: geheim}}", 4, 30, "`headers` must be a mapping",
     "names of headers with their values"),
    ("channels: {desk: {headers: {Authorization: 5}}}", 4, 46, "`Authorization` must be a text",
     "a text, or a reference such as env:NAME"),
    ("channels: {alarm: {ulr: env:X}}", 4, 22, "unknown setting `ulr`", f"one of {', '.join(sorted(FORMS))}"),
    ("channels: {'a b': env:X}", 4, 14, "`a b` cannot be the name of a channel", "the policy's name"),
    ("sandbox_to: me@example.com", 4, 15, "`sandbox_to` must be a mapping",
     "names of channels with the addresses that stand for every person and list of a sandbox"),
    ("sandbox_to: {mail: 5}", 4, 22, "`mail` is not an address", "an e-mail address, or the id of a user"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "row", "column", "message", "expected"), BAD, ids=[line for line, *_ in BAD])
def test_every_fault_of_the_form_is_reported_at_its_place(
    tmp_path: Path, line: str, row: int, column: int, message: str, expected: str
) -> None:
    _, (problem,) = read_orgs(written(tmp_path, f"prod:\n{LOGIN}  {line}\n"))
    assert (problem.line, problem.column, problem.message, problem.expected) == (row, column, message, expected)
    assert "geheim" not in str(problem).lower()


def test_a_value_that_is_not_plain_yaml_is_not_shown(tmp_path: Path) -> None:
    _, problems = read_orgs(written(tmp_path, f"prod:\n{LOGIN}  channels: {{alarm: !geheim https://a.example}}\n"))
    assert "value is not plain YAML" in str(problems[0])
    assert "geheim" not in str(problems)


def test_an_address_does_not_show_in_the_value_of_an_entry(tmp_path: Path) -> None:
    entry = org(tmp_path, f"alarm: {HOOK}")
    assert entry.channels == {"alarm": {"url": HOOK}}
    assert "geheim" not in repr(entry)


# -- with the kinds that policies say ----------------------------------------------------------------------------------


def found(
    entry: OrgEntry, *used: tuple[str, str], sandbox: bool = False, environ: Mapping[str, str] | None = None
) -> Found:
    problems = list(channel_problems(entry, [Used(*one) for one in used], environ or {}, sandbox=sandbox))
    assert not any("geheim" in str(one) for one in problems)
    return [(one.line, one.column, one.message, one.expected, one.nearest) for one in problems]


WHOLE: list[tuple[str, str, dict[str, str]]] = [
    ("slack", "{url: env:HOOK}", {"HOOK": HOOK}),
    ("slack", "{token: env:SLACK, to: C024BE91L}", {"SLACK": "xoxb-geheim"}),
    ("teams", "env:HOOK", {"HOOK": HOOK}),
    ("email", "{server: 'smtp://127.0.0.1:2525', from: desk@example.com}", {}),
    ("clickup", "{list: '901', token: env:CLICKUP}", {"CLICKUP": "pk_geheim"}),
    ("webhook", "{url: 'https://desk.example.com', headers: {Authorization: env:DESK}}", {"DESK": "geheim"}),
    ("pagerduty", "{routing_key: env:KEY}", {"KEY": "geheim"}),
    ("salesforce", "{type: My_Type}", {}),
]


@pytest.mark.parametrize(("kind", "given", "environ"), WHOLE, ids=[given for _, given, _ in WHOLE])
def test_the_settings_that_a_kind_needs_are_enough(
    tmp_path: Path, kind: str, given: str, environ: dict[str, str]
) -> None:
    assert found(org(tmp_path, f"desk: {given}"), ("desk", kind), environ=environ) == []


INCOMPLETE: list[tuple[str, str, Any]] = [
    ("slack", "{token: env:HOOK}",
     (5, 11, "the channel `desk` of kind slack is not complete", "`url`, or `token` and `to`", None)),
    ("email", "{from: desk@example.com}",
     (5, 11, "the channel `desk` of kind email is not complete", "`server` and `from`", None)),
    ("teams", "{url: env:HOOK, to: x}", (5, 31, "unknown setting of the kind teams `to`", "url", None)),
    ("log", "{url: env:HOOK}",
     (5, 17, "unknown setting of the kind log `url`", "no settings: the kind log has none", None)),
    ("teams", "env:HOK",
     (5, 11, "the variable HOK is not set", "the secret in it, in the environment or in .env", "HOOK")),
    ("teams", "{url: env:HOK}",
     (5, 17, "the variable HOK is not set", "the secret in it, in the environment or in .env", "HOOK")),
    ("teams", "env:WORD", (5, 11, "the value of `url` is not an address", ADDRESS, None)),
    ("teams", "env:PLAIN", (5, 11, "plain http is not safe over a network", ADDRESS, None)),
    ("pagerduty", "{routing_key: 'file:nowhere/geheim'}", None),
    *(("email", f"{{server: '{server}', from: desk@example.com}}",
       (5, 20, "the value of `server` is not the address of a mail server", MAIL_SERVER, None))
      for server in ("mail.example", "mail.example:25", "https://mail.example", "smtp://", "smtp://m.example:x",
                     "smtp://me:geheim@mail.example")),
    *(("email", f"{{server: 'smtp://m.example', from: {sender}}}",
       (5, 46, "the value of `from` is not an e-mail address", "such as Desk <desk@example.com>", None))
      for sender in ("desk", "env:WORD")),
]  # fmt: skip
ENVIRON = {"HOOK": HOOK, "WORD": "geheim", "PLAIN": "http://hooks.example/geheim"}


@pytest.mark.parametrize(("kind", "given", "fault"), INCOMPLETE, ids=[given for _, given, _ in INCOMPLETE])
def test_settings_that_a_kind_lacks_does_not_have_or_that_cannot_be_read_are_one_message_at_their_place(
    tmp_path: Path, kind: str, given: str, fault: Any
) -> None:
    entry = org(tmp_path, f"desk: {given}")
    if fault is None:  # its message names the file
        (problem,) = channel_problems(entry, [Used("desk", kind)], ENVIRON, tmp_path, sandbox=False)
        assert problem.message.endswith("cannot be read: no such file or directory")
    else:
        assert found(entry, ("desk", kind), environ=ENVIRON) == [fault]


def test_a_channel_without_settings_is_missing_in_production_and_goes_to_the_log_in_a_sandbox(tmp_path: Path) -> None:
    entry = org(tmp_path, "alrm: env:HOOK")
    assert found(entry, ("alarm", "slack"), sandbox=True, environ=ENVIRON) == []
    assert found(entry, ("alarm", "slack"), ("bell", "salesforce"), ("journal", "log"), environ=ENVIRON) == [
        (5, 5, "the channel `alarm` of kind slack has no settings in the org prod",
         "`alarm: {...}` with `url`, or `token` and `to`, below `channels:` of this org", "alrm"),
    ]  # fmt: skip


def test_a_channel_that_no_policy_uses_is_not_read(tmp_path: Path) -> None:
    assert found(org(tmp_path, "alarm: env:NOT_SET")) == []


INSTEAD = [
    ("mail: me@example.com", None),
    ("bell: '005000000000001'", None),
    ("mail: me", (7, 11, "`sandbox_to` cannot send the channel `mail` there", "an e-mail address", None)),
    ("bell: me@example.com", (7, 11, "`sandbox_to` cannot send the channel `bell` there",
                              "the id of a user (005...) or a queue (00G...)", None)),
    ("alarm: me@example.com", (7, 12, "unknown channel for persons `alarm`", "one of bell, mail", None)),
    ("mial: me@example.com", (7, 11, "unknown channel for persons `mial`", "one of bell, mail", "mail")),
]  # fmt: skip


@pytest.mark.parametrize(("line", "fault"), INSTEAD, ids=[line for line, _ in INSTEAD])
def test_the_addresses_in_place_of_persons_belong_to_a_channel_for_persons(
    tmp_path: Path, line: str, fault: Any
) -> None:
    mail = "mail: {server: 'smtp://127.0.0.1:25', from: a@b.example}"
    entry = org(tmp_path, mail, f"  sandbox_to:\n    {line}\n")
    used = ("mail", "email"), ("bell", "salesforce"), ("alarm", "slack")
    assert found(entry, *used, sandbox=True) == ([fault] if fault else [])
    assert [one for one in found(entry, *used[:2]) if "sandbox_to" in one[2]] == []


def test_mail_in_place_of_persons_needs_a_mail_server(tmp_path: Path) -> None:
    entry = entries(tmp_path, f"prod:\n{LOGIN}  sandbox_to: {{mail: me@example.com}}\n")["prod"]
    ((_, _, message, *_),) = found(entry, ("mail", "email"), sandbox=True)
    assert message == "the channel `mail` of kind email has no settings in the org prod"


# -- one address for two orgs ------------------------------------------------------------------------------------------


def shared(folder: Path, sandbox: str, production: str, expect: str = "{sandbox: true}", **environ: str) -> list[Any]:
    text = (
        f"box:\n{LOGIN}  expect: {expect}\n  channels: {sandbox}\n"
        f"prod:\n{LOGIN}  expect: {{sandbox: false}}\n  channels: {production}\n"
    )
    return [(one.line, one.message) for one in shared_addresses(entries(folder, text).values(), environ)]


SHARED = [
    ("{a: env:HOOK}", "{a: env:HOOK}", "channels.a"),
    ("{a: env:HOOK}", "{other: {url: env:HOOK}}", "channels.a"),
    (f"{{a: {HOOK}/}}", f"{{b: {{url: '{HOOK}'}}}}", "channels.a"),
    ("{a: env:ONE}", "{a: env:TWO}", "channels.a"),
    ("{a: {token: env:X, to: C1}}", "{a: {token: env:Y, to: C1}}", "channels.a.to"),
    ("{a: {list: '9', token: env:X}}", "{a: {list: '9', token: env:Y}}", "channels.a.list"),
    ("{a: {routing_key: env:X}}", "{a: {routing_key: env:X}}", "channels.a.routing_key"),
    ("{m: {server: 'smtp://s:25', from: a@b.example, to: T@b.example}}",
     "{m: {server: 'smtp://s:25', from: a@b.example, to: t@b.example}}", "channels.m.to"),
]  # fmt: skip


@pytest.mark.parametrize(("sandbox", "production", "key"), SHARED)
def test_an_address_of_a_sandbox_that_production_has_too_is_an_error(
    tmp_path: Path, sandbox: str, production: str, key: str
) -> None:
    environ = {"HOOK": HOOK, "ONE": HOOK, "TWO": HOOK}
    assert shared(tmp_path, sandbox, production, **environ) == [
        (5, f"`{key}` of the sandbox box has an address of the org prod")
    ]
    (problem,) = shared_addresses(read_orgs(tmp_path / "orgs.yaml")[0].values(), environ)
    assert (problem.severity, str(problem.expected).rpartition(" ")[2]) == ("error", "10")
    assert "geheim" not in str(problem)


APART = [
    ("{a: env:ONE}", "{a: env:TWO}"),
    ("{m: {server: 'smtp://s:25', from: a@b.example}}", "{m: {server: 'smtp://s:25', from: a@b.example}}"),
    (
        "{a: {token: env:X, to: C1, url: 'https://api.example'}}",
        "{a: {token: env:X, to: C2, url: 'https://api.example'}}",
    ),
    ("{b: {type: Mine}}", "{b: {type: Mine}}"),
]


@pytest.mark.parametrize(("sandbox", "production"), APART)
def test_servers_and_apis_may_be_the_same_for_every_org(tmp_path: Path, sandbox: str, production: str) -> None:
    assert shared(tmp_path, sandbox, production, ONE=HOOK, TWO=f"{HOOK}2") == []


def test_a_sandbox_by_its_address_shares_no_address_of_production_either(tmp_path: Path) -> None:
    box = "  instance_url: https://acme--dev.sandbox.my.salesforce.com\n  access_token: env:T\n"
    text = f"box:\n{box}  channels: {{a: env:HOOK}}\nprod:\n{LOGIN}  channels: {{a: env:HOOK}}\n"
    (problem,) = shared_addresses(entries(tmp_path, text).values(), {"HOOK": HOOK})
    assert (problem.line, problem.message) == (4, "`channels.a` of the sandbox box has an address of the org prod")


def test_two_orgs_of_one_sort_may_share_an_address(tmp_path: Path) -> None:
    assert shared(tmp_path, "{a: env:HOOK}", "{a: env:HOOK}", "{sandbox: false}") == []


def test_the_address_in_place_of_persons_is_not_one_of_production(tmp_path: Path) -> None:
    mail = "{server: 'smtp://s:25', from: a@b.example, to: desk@b.example}"
    text = (
        f"box:\n{LOGIN}  expect: {{sandbox: true}}\n  sandbox_to: {{mail: desk@b.example}}\n"
        f"prod:\n{LOGIN}  channels: {{mail: {mail}}}\n"
    )
    (problem,) = shared_addresses(entries(tmp_path, text).values(), {})
    assert (problem.line, problem.message) == (
        5, "`sandbox_to.mail` of the sandbox box has an address of the org prod"
    )  # fmt: skip
