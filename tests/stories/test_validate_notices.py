"""Stories of `validate` and notices: the channels of an org, its bell and its mail, and addresses of two orgs."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.test_expected_org import orgs
from tests.stories.world import Row, World, select

POLICY = """\
policy: support
channels: {alarm: slack, mail: email, bell: salesforce}
teams:
  leads: {queue: Leads, tell: [alarm]}
  heads: {queue: Heads, tell: [mail]}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {queue: leads, status: Working, priority: High}
    notify: [leads]
"""
HOOK = "https://hooks.slack.example/services/T0/B0/geheim"
CASE = {"CaseNumber": "00000001", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Leads"}


def queues(**mails: str) -> list[Row]:
    return [{"Type": "Queue", "DeveloperName": name, "Name": name, "Email": mail} for name, mail in mails.items()]


def started(world: World, policy: str = POLICY, *, production: bool = True, **more: Any) -> EmbeddedOrg:
    world.policy(policy)
    groups = more.pop("Group", queues(Leads="leads@example.com", Heads="heads@example.com"))
    return world.org(production=production, Case=[CASE], Group=groups, **more)


def entry(world: World, org: EmbeddedOrg, **more: object) -> dict[str, object]:
    world.environ["PROD_TOKEN"] = org.access_token
    return {"instance_url": org.instance_url, "access_token": "env:PROD_TOKEN", **more}


def problems(world: World, *words: str, code: int = 0) -> list[tuple[int | None, str, str]]:
    answer = world.type("validate", "--format", "json", *words)
    assert answer.code == code, answer.out + answer.err
    assert "geheim" not in answer.out + answer.err
    found: list[dict[str, Any]] = answer.json["problems"]
    return [(one["line"], one["severity"], one["message"]) for one in found]


# -- the channels of an org --------------------------------------------------------------------------------------------


def test_the_settings_of_channels_are_checked_when_an_org_is_named(world: World) -> None:
    org = started(world)
    world.environ["ALARM_URL"] = HOOK
    orgs(world, prod=entry(world, org, channels={"alarm": {"url": "env:ALARM_URL"}}))
    assert problems(world, "--org", "prod") == []
    orgs(world, prod=entry(world, org, channels={"alarm": {"ulr": "env:ALARM_URL"}}))
    answer = world.type("validate", "--org", "prod")
    assert (answer.code, "unknown setting `ulr`" in answer.err + answer.out) == (2, True)
    orgs(world, prod=entry(world, org, channels={"alarm": {"routing_key": "env:ALARM_URL"}}))
    file = world.folder / "config" / "orgs.yaml"
    found = world.type("validate", "--org", "prod", "--format", "json").json["problems"]
    assert {one["file"] for one in found} == {str(file)}
    assert [one["message"] for one in found] == [
        "the channel `alarm` of kind slack is not complete",
        "unknown setting of the kind slack `routing_key`",
    ]


@pytest.mark.parametrize(("production", "severity", "code"), [(True, "error", 2), (False, "warning", 0)])
def test_an_extra_that_is_not_installed_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch, production: bool, severity: str, code: int
) -> None:
    """A sandbox is often asked by a machine that sends nothing, such as one of CI."""
    org = started(world, production=production)
    world.environ["ALARM_URL"] = HOOK
    orgs(world, prod=entry(world, org, channels={"alarm": "env:ALARM_URL"}))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "slack_sdk" else name)
    message = "the channel `alarm` of kind slack needs the extra slack, which is not installed here"
    assert [one[1:] for one in problems(world, "--org", "prod", code=code)] == [(severity, message)]


def test_a_secret_of_a_channel_that_cannot_be_read_is_reported_at_its_place(world: World) -> None:
    org = started(world)
    orgs(world, prod=entry(world, org, channels={"alarm": "env:ALARM_URL"}))
    assert problems(world, "--org", "prod", code=2) == [(1, "error", "the variable ALARM_URL is not set")]


def test_a_channel_without_settings_is_an_error_in_production_and_none_in_a_sandbox(world: World) -> None:
    org = started(world)
    orgs(world, prod=entry(world, org))
    assert problems(world, "--org", "prod", code=2) == [
        (1, "error", "the channel `alarm` of kind slack has no settings in the org prod")
    ]
    org = started(world, production=False)
    orgs(world, box=entry(world, org))
    assert problems(world, "--org", "box") == []


def test_an_org_without_an_entry_writes_its_notices_to_the_log_and_validate_says_so(world: World) -> None:
    started(world)
    message = "the org env has no entry in orgs.yaml: every notice goes to the log"
    assert problems(world, "--org", "env") == [(None, "warning", message)]


# -- one address for two orgs (N13) ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--org", "box")])
def test_an_address_of_a_sandbox_and_of_production_is_an_error_with_and_without_an_org(
    world: World, words: tuple[str, ...]
) -> None:
    org = started(world, production=False)
    world.environ |= {"ALARM_URL": HOOK, "OTHER_URL": f"{HOOK}2"}
    box = entry(world, org, expect={"sandbox": True}, channels={"alarm": "env:ALARM_URL"})
    prod = entry(world, org, expect={"sandbox": False}, channels={"alarm": "env:ALARM_URL"})
    orgs(world, box=box, prod=prod)
    assert problems(world, *words, code=2) == [
        (1, "error", "`channels.alarm` of the sandbox box has an address of the org prod")
    ]
    orgs(world, box=box, prod={**prod, "channels": {"alarm": "env:OTHER_URL"}})
    assert problems(world, *words) == []


def test_a_run_goes_on_although_two_orgs_share_an_address(world: World) -> None:
    org = started(world, production=False)
    world.environ["ALARM_URL"] = HOOK
    shared = {"channels": {"alarm": "env:ALARM_URL"}}
    orgs(world, box=entry(world, org, expect={"sandbox": True}, **shared), prod=entry(world, org, **shared))
    assert world.type("run", "--org", "box", "--dry-run", "--backlog", "escalate").code == 0


# -- the bell, and mail ------------------------------------------------------------------------------------------------

BELL = POLICY.replace("tell: [alarm]", "tell: [bell]")
OTHER_TYPE = [{"DeveloperName": "SFDC_Escalators", "MasterLabel": "x", "CustomNotifTypeName": "SFDC_Escalators"}]


def test_a_bell_whose_type_the_org_has_is_valid(world: World) -> None:
    org = started(world, BELL)
    orgs(world, prod=entry(world, org))
    assert problems(world, "--org", "prod") == []


def test_a_bell_without_its_type_is_an_error_with_the_nearest_name(world: World) -> None:
    org = started(world, BELL, CustomNotificationType=OTHER_TYPE)
    orgs(world, prod=entry(world, org))
    answer = world.type("validate", "--org", "prod", "--format", "json")
    (one,) = answer.json["problems"]
    assert (answer.code, one["line"], one["found"], one["nearest"]) == (2, 2, "salesforce", "SFDC_Escalators")
    assert one["message"].startswith("the channel bell needs the custom notification type SFDC_Escalator, which")
    orgs(world, prod=entry(world, org, channels={"bell": {"type": "SFDC_Escalators"}}))
    assert problems(world, "--org", "prod") == []


def test_in_a_sandbox_a_bell_without_its_type_is_a_warning(world: World) -> None:
    org = started(world, BELL, production=False, CustomNotificationType=OTHER_TYPE)
    orgs(world, box=entry(world, org))
    ((_, severity, _),) = problems(world, "--org", "box")
    assert severity == "warning"


def test_a_queue_that_is_notified_by_mail_needs_an_e_mail_address(world: World) -> None:
    text = POLICY.replace("notify: [leads]", "notify: [heads]")
    org = started(world, text, Group=queues(Leads="", Heads=""))
    mail = {"server": "smtp://127.0.0.1:2525", "from": "desk@example.com"}
    orgs(world, prod=entry(world, org, channels={"mail": mail}))
    ((line, severity, message),) = problems(world, "--org", "prod", code=2)
    assert (line, severity) == (5, "error")
    assert message.startswith("the queue 'Heads' has no e-mail address, by which the channel mail notifies the team")


# -- fields that only notices read -------------------------------------------------------------------------------------


def test_a_field_that_only_notices_read_is_a_warning_and_a_run_escalates_without_it(world: World) -> None:
    text = BELL.replace("notify: [leads]", "notify: [leads, {person: Leed__r}]")
    text += "notices: {must_say: [Nowhere__c], links: [Link__c]}\n"
    org = started(world, text, production=False)
    orgs(world, box=entry(world, org))
    found = problems(world, "--org", "box")
    assert [(line, severity) for line, severity, _ in found] == [(11, "warning"), (12, "warning"), (12, "warning")]
    answer = world.type("run", "--org", "box", "--backlog", "escalate", "--json")
    assert (answer.code, answer.json["applied"]) == (3, 1)  # the person is reached by nobody
    assert select(org, "SELECT Status FROM Case")[0]["Status"] == "Working"


def test_the_template_of_notices_is_the_place_of_a_field_that_it_reads(world: World, tmp_path: Path) -> None:
    started(world, POLICY + "notices: {template: notice.j2}\n", production=False)
    (world.folder / "notice.j2").write_text("{{ case.Nowhere__c }}", encoding="utf-8")
    orgs(world, env={"expect": {"sandbox": True}})
    assert problems(world, "--org", "env") == [
        (12, "warning", "Nowhere__c: Case has no Nowhere__c that the user may read (read by route old)")
    ]
