"""No secret is shown. Every story checks its outputs, ledgers and logs at its end; here that check is tested."""

import base64
import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
import responses
from urllib3.exceptions import HeaderParsingError

from tests.stories.watched import listener
from tests.stories.world import World

POLICY = """
policy: support
routes: [{name: high, reason: High., when: [{field: Priority, is: High}], escalate: {status: Escalated}}]
guards: {max_share_of_open: 100%}
"""
CASE = {"CaseNumber": "1", "Priority": "High", "Status": "New"}
ECHO = "Bearer 00D000000000001!repeated.by.the.org.word.for.word may not"


TOLD = "hush.hush.hush/of+the=client"
GUISES = {
    "as it is": TOLD,
    "a piece of it": TOLD[3:27],
    "in an address": quote(TOLD, safe=""),
    "in base64": base64.b64encode(TOLD.encode()).decode(),
    "in hexadecimal digits": TOLD.encode().hex(),
}


@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("place", ["output", "state/run.db", "run.log", "m.prom", "plan.html", "crashes/crash.txt"])
def test_a_leaked_secret_is_found_everywhere(tmp_path: Path, world: World, place: str, guise: str) -> None:
    watched = World(tmp_path / "inner", world.monkeypatch, world.capsys)
    watched.folder.mkdir()
    watched.secrets.add(TOLD)
    assert watched.leaks() == []
    if place == "output":
        watched.reported.append(f"the secret is {GUISES[guise]}")
    else:
        path = watched.folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\x00\xff" + GUISES[guise].encode() + b"\x00")
    assert [leak.split(" in ")[0] for leak in watched.leaks()][:1] == ["hush..."]


def test_a_secret_in_the_output_of_a_subprocess_is_found(world: World) -> None:
    watched = World(world.folder, world.monkeypatch, world.capsys)
    watched.secrets.add(TOLD)
    watched.spawn("sh", "-c", f"echo '{TOLD}' >&2")
    assert watched.leaks() != []


def test_an_org_that_repeats_our_token_does_not_spread_it(world: World) -> None:
    """Neither the output nor the ledger, which keeps its message, shows the token."""
    world.policy(POLICY)
    rule = {"kind": "validation_rule", "when": [{"field": "Status", "is": "Escalated"}], "message": ECHO}
    (world.data(Case=[CASE]) / "automation.json").write_text(json.dumps([rule]))
    org = world.org(Case=[CASE])
    assert world.run("--backlog", "escalate").code == 3
    (one,) = world.run().json["escalations"]
    assert "Bearer [hidden] may not" in one["reason"]
    (world.folder / "org" / "automation.json").unlink()  # the one place that may hold it
    assert ECHO.split()[1] not in world.type("audit", "list", "--json").out
    world.secrets.add(ECHO.split()[1])
    org.close()
    world.orgs.clear()


def test_a_login_answer_that_repeats_our_secret_is_redacted(world: World) -> None:
    """The message of Salesforce is shown without the secret: plain, in JSON, in an address."""
    world.policy(POLICY)
    secret = 'hush "hush" & h\\ush'
    world.environ["HUSH"] = secret
    world.secrets.add(secret)
    (world.folder / "config").mkdir()
    (world.folder / "config" / "orgs.yaml").write_text(
        "acme: {flow: client_credentials, instance_url: https://acme.my.salesforce.com, client_id: x, "
        "client_secret: env:HUSH}"
    )
    for said in (secret, quote(secret, safe="")):
        with responses.RequestsMock() as mock:
            body = {"error": "invalid_client", "error_description": f"not {said} here"}
            mock.add("POST", "https://acme.my.salesforce.com/services/oauth2/token", json=body, status=400)
            assert "not [hidden] here" in world.run("--org", "acme").json["error"]["message"]


def test_with_every_log_turned_on_no_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The logs of the login, of each call and of the heartbeat, also those of libraries, as JSON lines."""
    usual = world.surroundings()

    def loud(run: str | None) -> None:
        usual.set_up_log(run)
        for name in (None, "urllib3", "requests", "simple_salesforce", "sfdc_escalator"):
            caplog.set_level(logging.DEBUG, logger=name)

    world.environ["HUSH"] = TOLD
    world.secrets |= {TOLD, "secret-place-of-the-heartbeat"}
    world.policy(POLICY)
    org = world.org(Case=[CASE])
    (world.folder / "config").mkdir()
    with listener() as (url, heard):
        (world.folder / "config" / "orgs.yaml").write_text(
            f"acme: {{flow: client_credentials, instance_url: '{org.instance_url}', client_id: x, "
            f"client_secret: env:HUSH, heartbeat: '{url}/secret-place-of-the-heartbeat'}}"
        )
        words = ["run", "--json", "--org", "acme", "--backlog", "escalate"]
        answer = world.type(*words, surroundings=replace(usual, set_up_log=loud))
    assert len(heard) == 2
    lines = [json.loads(line) for line in answer.err.splitlines()]
    assert answer.code == 0
    assert sum("/services/" in str(line["event"]) for line in lines) > 5
    assert any("[hidden]/start" in str(line["event"]) for line in lines)
    assert "Authorization" not in answer.err


def test_a_damaged_header_puts_no_address_into_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """urllib3 warns of it with the whole URL, with the query in it."""

    def damaged(_headers: object) -> None:
        raise HeaderParsingError([], "this is not a header")

    monkeypatch.setattr("urllib3.connection.assert_header_parsing", damaged)
    world.org(Case=[CASE])
    world.policy(POLICY)
    answer = world.run("--dry-run", "--backlog", "escalate")
    assert (answer.code, answer.json["matched"]) == (0, 1)
    assert "/services/data" not in answer.err


def test_the_process_list_shows_no_secret(world: World) -> None:
    """No option takes a secret: every user of the machine can read the arguments of a program."""
    from sfdc_escalator.cli.door import COMMANDS

    for name in COMMANDS:
        help_text = world.type(name, "--help").out.lower()
        assert "--password" not in help_text
        assert "--token" not in help_text
        assert "--secret" not in help_text


def test_no_command_line_holds_a_secret_while_a_run_is_at_work(world: World) -> None:
    """The command that gives the secret reads the arguments of every process."""
    world.policy(POLICY)
    org = world.org(Case=[CASE])
    del world.environ["SFDC_ACCESS_TOKEN"]
    look = world.folder / "look.secret"
    look.write_text(f"#!/bin/sh\ncat /proc/[0-9]*/cmdline >{world.folder}/processes.log 2>/dev/null\necho {TOLD}\n")
    look.chmod(0o700)
    (world.folder / "config").mkdir()
    (world.folder / "config" / "orgs.yaml").write_text(
        f"acme: {{flow: client_credentials, instance_url: '{org.instance_url}', client_id: 'env:KEY', "
        f"client_secret: 'cmd:{look}'}}"
    )
    world.secrets |= {TOLD, "consumer.key.in.a.variable"}
    environ = {**world.environ, "KEY": "consumer.key.in.a.variable"}
    program = [sys.executable, "-m", "sfdc_escalator", "run", "--org", "acme", "--backlog", "escalate"]
    assert world.spawn(*program, cwd=world.folder, env=environ).code == 0
    assert "sfdc_escalator" in (world.folder / "processes.log").read_text(errors="replace")
