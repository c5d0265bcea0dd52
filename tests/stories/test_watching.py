"""Monitoring of runs: cron's script, the heartbeat, the metrics, the status."""

import json
import subprocess
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp
from tests.stories.moments import SigtermWitness, held_answers, wait_for
from tests.stories.watched import CASE, POLICY, cron, env_file, listener, orgs
from tests.stories.world import World, writes
from tests.warm import ROOT, cron_run


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    world.policy(POLICY)
    (world.folder / "config").mkdir()
    return world.org(Case=[CASE])


def test_a_live_run_sends_a_heartbeat_at_its_start_and_end(world: World, org: EmbeddedOrg) -> None:
    with listener() as (url, heard):
        orgs(world, url)
        assert world.run().code == 4  # the backlog choice is open
        assert world.run("--backlog", "escalate").code == 0
        assert world.run("--exit-code").code == 0
        world.policy("policy: support\nroutes: []\n")
        assert world.run().code == 2
    assert heard == [
        "/ping/start", "/ping/4", "/ping/start", "/ping", "/ping/start", "/ping", "/ping/start", "/ping/2"
    ]  # fmt: skip


def test_a_rehearsal_sends_no_heartbeat(world: World, org: EmbeddedOrg) -> None:
    with listener() as (url, heard):
        orgs(world, url)
        world.run("--dry-run", "--metrics", "m.prom")
    assert heard == []
    assert not (world.folder / "m.prom").exists()


def test_a_failed_heartbeat_does_not_change_the_run(world: World, org: EmbeddedOrg) -> None:
    orgs(world, "http://127.0.0.1:9/ping/secret-place")
    answer = world.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"]) == (0, 1)
    assert "secret-place" not in answer.err + answer.out


def test_a_heartbeat_without_a_readable_address_is_reported_and_does_not_change_the_run(
    world: World, org: EmbeddedOrg
) -> None:
    orgs(world, "env:NO_SUCH_VARIABLE")
    answer = world.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"]) == (0, 1)


def test_metrics_are_written_for_every_live_run_failed_ones_too(world: World, org: EmbeddedOrg) -> None:
    world.run("--backlog", "escalate", "--metrics", "m.prom")
    text = (world.folder / "m.prom").read_text()
    assert 'sfdc_escalator_matches{org="env",outcome="applied"} 1\n' in text
    assert 'sfdc_escalator_open_escalations{org="env"} 1\n' in text
    assert 'sfdc_escalator_last_run_exit_code{org="env"} 0\n' in text
    world.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!stale.token"
    assert world.run("--metrics", "m.prom").code == 5
    text = (world.folder / "m.prom").read_text()
    assert 'sfdc_escalator_last_run_exit_code{org="env"} 5\n' in text
    assert "last_success_timestamp_seconds{" in text


def test_metrics_that_cannot_be_written_do_not_change_the_run(world: World, org: EmbeddedOrg) -> None:
    answer = world.run("--backlog", "escalate", "--metrics", "no/such/folder/m.prom")
    assert (answer.code, answer.json["applied"]) == (0, 1)
    assert "metrics.not_written" in answer.err


def test_status_says_what_the_last_run_did_and_what_is_open(world: World, org: EmbeddedOrg) -> None:
    world.run("--backlog", "escalate")
    actual = world.type("status", "--json", "--expect-every", "100000h").json
    assert (actual["open"], actual["last_run"]["exit"], actual["last_run"]["applied"], actual["exit"]) == (1, 0, 1, 0)
    assert actual["last_success"]["run"] == actual["last_run"]["run"]
    assert "exit 0, 1 applied" in world.type("status", "--expect-every", "100000h").out


def test_status_reports_that_the_last_run_is_too_old(world: World, org: EmbeddedOrg) -> None:
    world.run("--backlog", "escalate")
    asked = len(org.requests())
    ledger = next(Path(world.environ["XDG_STATE_HOME"]).rglob("*.db"))
    answer = world.type("status", "--ledger", str(ledger), "--expect-every", "0s")
    assert answer.code == 3
    assert "! no run since " in answer.out
    assert len(org.requests()) == asked


def test_status_lists_what_the_org_rejected_and_when_it_is_tried_again(world: World) -> None:
    world.policy(POLICY)
    rule = {"kind": "validation_rule", "when": [{"field": "Status", "is": "Escalated"}], "message": "Ask first."}
    (world.data(Case=[CASE]) / "automation.json").write_text(json.dumps([rule]))
    world.org(Case=[CASE])
    assert world.run("--backlog", "escalate").code == 3
    (one,) = world.type("status", "--json", "--expect-every", "100000h").json["rejected"]
    assert "Ask first." in one["message"]
    assert one["try_again_at"].startswith("2026-03-02T15:15")


def test_a_missing_ledger_is_reported(world: World) -> None:
    answer = world.type("status", "--ledger", str(world.folder / "none.db"))
    assert answer.code == 2
    assert "none.db does not exist" in answer.err


def test_cron_runs_with_an_empty_environment_and_adds_a_line_to_the_log(world: World, org: EmbeddedOrg) -> None:
    env_file(world, org)
    first = cron(world, "--log", "run.log", "--backlog", "escalate")
    assert (first.code, first.out) == (0, ""), first.err
    (world.folder / "run.log").rename(world.folder / "run.log.1")
    second = cron(world, "--log", "run.log")
    assert second.code == 0, second.err
    lines = [(world.folder / name).read_text().splitlines() for name in ("run.log.1", "run.log")]
    assert [len(one) for one in lines] == [1, 1]
    assert [json.loads(one[0])["applied"] for one in lines] == [1, 0]
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1
    assert not list(Path(world.folder).rglob("pwned"))
    assert org.access_token not in first.err + second.err + str(lines)


def test_the_exit_code_of_the_run_is_that_of_the_script(world: World, org: EmbeddedOrg) -> None:
    env_file(world, org)
    assert cron(world, "--log", "run.log").code == 4
    assert json.loads(cron(world).out)["exit"] == 4


def test_secrets_that_others_may_read_are_refused(world: World, org: EmbeddedOrg) -> None:
    env_file(world, org, 0o640)
    found = cron(world)
    assert found.code == 2
    assert "chmod 600 .env" in found.out


def test_a_line_that_is_not_a_setting_is_reported_without_its_text(world: World, org: EmbeddedOrg) -> None:
    path = env_file(world, org)
    path.write_text("A=1\nhush hush\n")
    found = cron(world)
    assert found.code == 2
    assert ".env:2: this is not NAME=VALUE" in found.out
    assert "hush" not in found.out + found.err


def test_cron_mails_only_failures(world: World, org: EmbeddedOrg) -> None:
    """Cron mails the output on stderr."""
    path = env_file(world, org)
    assert "something needs a person (exit code 4)" in cron(world, "--log", "run.log").err
    assert cron(world, "--log", "run.log", "--backlog", "adopt").err == ""
    assert cron(world, "--log", "run.log").err == ""
    path.write_text(path.read_text().replace(org.access_token, "00D000000000001!stale.token"))
    found = cron(world, "--log", "run.log")
    assert (found.code, found.out) == (5, "")
    last = json.loads((world.folder / "run.log").read_text().splitlines()[-1])
    assert found.err.splitlines() == [
        "sfdc-escalator: the run failed (exit code 5)",
        f"  {last['error']['message']}",
        f"The log: {world.folder}/run.log",
    ]
    assert (last["exit"], last["error"]["code"]) == (5, "login_refused")


def test_a_log_that_cannot_be_written_is_reported_before_anything_is_done(world: World, org: EmbeddedOrg) -> None:
    env_file(world, org)
    found = cron(world, "--log", "no such folder/run.log", "--backlog", "escalate")
    assert (found.code, found.err) == (2, "cron-run: no such folder/run.log cannot be written\n")
    assert org.requests() == []


@pytest.mark.parametrize("option", ["--home", "--env", "--log"])
def test_an_empty_value_of_the_script_is_refused(world: World, org: EmbeddedOrg, option: str) -> None:
    """A crontab with `--log "$LOG"` and no LOG is a mistake, not a run without a log."""
    env_file(world, org)
    found = cron(world, option, "", "--backlog", "escalate")
    assert (found.code, found.out, found.err) == (2, "", f"cron-run: {option} needs a value\n")
    assert org.requests() == []


@pytest.mark.parametrize(
    "environ",
    [
        {"TZ": "Nowhere/At all", "LC_ALL": "C"},
        {"TZ": "Asia/Kolkata", "PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_output_does_not_depend_on_locale_and_time_zone(
    world: World, org: EmbeddedOrg, environ: dict[str, str]
) -> None:
    """The output is UTF-8 for every environment, and its times are UTC."""
    env_file(world, org)
    world.policy(POLICY.replace("High.", "'Überfällig, 期限切れ.'"))
    plain = world.spawn(
        cron_run(), "--home", world.folder, "--dry-run", "--now", "2026-03-02T15:00:00Z",
        env={"PATH": "/usr/bin:/bin", **environ}, encoding="utf-8",
    )  # fmt: skip
    assert plain.code == 4, plain.err
    assert plain.json["now"] == "2026-03-02T15:00:00Z"
    assert "Überfällig, 期限切れ." in str(plain.json["escalations"][0])


SECRET = "se$cret #1 \\ `x` ~"


@pytest.mark.parametrize(
    "line",
    [
        f"APP_SECRET={SECRET}",
        f"export APP_SECRET={SECRET}\r",
        f"APP_SECRET='{SECRET}'",
        f"  APP_SECRET='{SECRET}'   # rotated in May",
        f'APP_SECRET="{SECRET}"  ',
        f"APP_SECRET={SECRET}   ",
    ],
)
def test_a_value_of_the_env_file_is_used_literally(world: World, line: str) -> None:
    world.secrets.add(SECRET)
    org = EmbeddedOrg(data=world.data(Case=[CASE]), app=ConnectedApp(client_secret=SECRET))
    world.orgs.append(org.__enter__())
    (world.folder / "config" / "policies").mkdir(parents=True)
    (world.folder / "config" / "policies" / "p.yaml").write_text(POLICY)
    (world.folder / "config" / "orgs.yaml").write_text(
        f"acme: {{flow: client_credentials, instance_url: '{org.instance_url}', client_id: x, "
        "client_secret: env:APP_SECRET}"
    )
    path = world.folder / ".env"
    path.write_text(f"\n# the app\r\n   \n{line}\nSFDC_ESCALATOR_ORG=acme\n")
    path.chmod(0o600)
    found = cron(world, "--dry-run")
    assert found.code == 4, found


def test_a_signal_to_the_script_ends_the_run_cleanly(world: World) -> None:
    world.policy(POLICY)
    org, witness = world.org(Case=[CASE]), SigtermWitness(world.folder)
    env_file(world, org)
    words = ["--log", "run.log", "--ledger", "state.db", "--backlog", "escalate"]
    environ = {"PATH": "/usr/bin:/bin", **witness.environ}
    with held_answers(org, lambda _: len(org.requests()) > 1) as opened:
        script = subprocess.Popen([ROOT / "scripts" / "cron-run", "--home", world.folder, *words], env=environ)
        wait_for(lambda: len(org.requests()) > 1)  # the run holds its lease
        script.terminate()
        wait_for(witness.handled)
        opened.set()
        assert script.wait(60) == 3
    assert json.loads((world.folder / "run.log").read_text())["stopped"]


def test_a_signal_while_the_script_starts_the_run_is_not_lost(world: World) -> None:
    world.policy(POLICY)
    org = world.org(Case=[CASE])
    env_file(world, org)
    once = world.folder / "once.sh"  # bash reads it before the script
    once.write_text("""trap 'case $BASH_COMMAND in "run=\\$!") trap - DEBUG; kill -TERM $$ ;; esac' DEBUG\n""")
    words = ["--log", "run.log", "--ledger", "state.db", "--backlog", "escalate"]
    environ = {"PATH": "/usr/bin:/bin", "BASH_ENV": str(once)}
    answer = world.spawn(cron_run(), "--home", str(world.folder), *words, env=environ)
    assert answer.code in (3, 143)  # 143: the run had not yet begun
    assert "killed, or did not start" in answer.err or json.loads((world.folder / "run.log").read_text())["stopped"]
    assert writes(org) == []
