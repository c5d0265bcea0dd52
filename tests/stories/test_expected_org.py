"""Stories of orgs by name: the source of their secrets, the expected org, the place of their ledger."""

import json
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.files.values import secret
from tests.stories.world import Answer, World, writes

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - {name: old, reason: It is old., when: [{age: CreatedDate, at_least: 2d}], escalate: {queue: leads}}
"""
OTHER = long_id("00D000000000042")


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    """An org with one case that matches; the person is in a folder of her own."""
    world.go_home()
    world.policy(POLICY)
    return world.org(
        Case=[{"CaseNumber": "00000001", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Intake"}],
        Group=[
            {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake"},
            {"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"},
        ],
    )


def orgs(world: World, **entries: object) -> None:
    """Writes config/orgs.yaml; JSON is valid YAML."""
    file = world.folder / "config" / "orgs.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(f"{name}: {json.dumps(said)}" for name, said in entries.items()))


def named(org: EmbeddedOrg, world: World, token: str = "env:PROD_TOKEN", **more: object) -> None:
    """The org as `prod`, its token in a variable, and no login in the environment."""
    world.environ["PROD_TOKEN"] = org.access_token
    del world.environ["SFDC_ACCESS_TOKEN"]
    del world.environ["SFDC_INSTANCE_URL"]
    orgs(world, prod={"instance_url": org.instance_url, "access_token": token, **more})


def ledgers(world: World) -> list[Path]:
    return list(world.folder.glob("**/*.db"))


def live(world: World, *words: str) -> Answer:
    return world.run("--backlog", "escalate", *words)


def test_an_org_is_found_by_its_name(world: World, org: EmbeddedOrg) -> None:
    named(org, world, expect={"organization_id": org.organization_id[:15], "sandbox": True}, ledger="books/prod.db")
    (world.folder / "books").mkdir()
    answer = live(world, "--org", "prod")
    assert (answer.code, answer.json["applied"], answer.json["org"]) == (0, 1, "prod")
    assert ledgers(world) == [world.folder / "books" / "prod.db"]
    assert world.run("--org", "prod", "--dry-run").json["already"] == 1
    assert len(world.type("audit", "list", "--json", "--org", "prod").json["escalations"]) == 1
    assert org.access_token not in answer.out + answer.err


def test_a_typed_ledger_goes_before_the_orgs_own(world: World, org: EmbeddedOrg) -> None:
    orgs(world, env={"ledger": "theirs.db"})
    assert live(world, "--ledger", "mine.db").code == 0
    assert ledgers(world) == [world.folder / "mine.db"]
    assert live(world).code == 4  # the org has keys that this new ledger does not know
    assert world.type("audit", "list", "--json").json["ledger"].endswith("theirs.db")


def test_an_expected_id_gives_the_ledger_without_a_call(world: World, org: EmbeddedOrg) -> None:
    named(org, world, expect={"organization_id": org.organization_id})
    assert live(world, "--org", "prod").code == 0
    asked = len(org.requests())
    assert world.type("audit", "verify", "--org", "prod").code == 0
    assert len(org.requests()) == asked


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_another_organization_is_refused_before_anything_else_is_asked(
    words: tuple[str, ...], world: World, org: EmbeddedOrg
) -> None:
    orgs(world, env={"expect": {"organization_id": OTHER}})
    answer = live(world, *words)
    assert (answer.code, answer.json["error"]["code"]) == (2, "wrong_org")
    assert f"expected organization {OTHER}, this is {org.organization_id}" in answer.json["error"]["message"]
    assert answer.json["error"]["problems"][0]["file"] == "config/orgs.yaml"
    assert [request["path"] for request in org.requests()] == ["/services/data/v67.0/"]
    assert (writes(org), ledgers(world)) == ([], [])


def test_a_sandbox_in_place_of_production_is_refused_before_anything_is_written(world: World, org: EmbeddedOrg) -> None:
    orgs(world, env={"expect": {"organization_id": org.organization_id, "sandbox": False}})
    answer = live(world)
    assert (answer.code, answer.json["error"]["code"]) == (2, "wrong_org")
    assert "expected a production org, this is a sandbox" in answer.json["error"]["message"]
    assert len(org.requests()) == 2
    assert (writes(org), ledgers(world)) == ([], [])


def test_the_expected_org_runs(world: World, org: EmbeddedOrg) -> None:
    orgs(world, env={"expect": {"organization_id": org.organization_id, "sandbox": True}})
    assert live(world).json["applied"] == 1


def test_expectations_of_env_do_not_apply_to_the_demo(world: World, org: EmbeddedOrg) -> None:
    orgs(world, env={"expect": {"organization_id": OTHER}})
    del world.environ["SFDC_ESCALATOR_POLICY"]
    assert world.type("demo").code == 0


def test_an_orgs_file_that_cannot_be_read_stops_env_too(world: World, org: EmbeddedOrg) -> None:
    orgs(world, env={"expcet": {"organization_id": OTHER}})
    answer = live(world)
    assert (answer.code, answer.json["error"]["problems"][0]["nearest"]) == (2, "expect")
    assert (org.requests(), ledgers(world)) == ([], [])


def test_an_unknown_org_is_reported_with_the_nearest(world: World, org: EmbeddedOrg) -> None:
    named(org, world)
    answer = live(world, "--org", "prd")
    assert (answer.code, answer.json["error"]["problems"][0]["nearest"]) == (2, "prod")
    assert str(world.folder / "config" / "orgs.yaml") in answer.json["error"]["message"]


def test_parts_not_carried_out_yet_are_a_warning_on_stderr(world: World, org: EmbeddedOrg) -> None:
    named(org, world, heartbeat="https://example.com/beat")
    answer = live(world, "--org", "prod")
    assert answer.json["applied"] == 1
    assert "heartbeat" in answer.err


def test_secrets_of_every_kind_are_accepted_and_never_shown(world: World, org: EmbeddedOrg) -> None:
    file = world.folder / "token"
    file.write_text(org.access_token + "\n")
    file.chmod(0o600)
    for token in ("env:PROD_TOKEN", f"file:{file}", f"cmd:cat {file}"):
        world.environ["SFDC_ACCESS_TOKEN"] = ""
        world.environ["SFDC_INSTANCE_URL"] = ""
        named(org, world, token)
        answer = world.run("--org", "prod", "--dry-run")
        assert (answer.code, answer.json["matched"]) == (4, 1), token
        assert org.access_token not in answer.out + answer.err


def test_a_token_of_any_form_is_removed_from_messages_of_the_org(world: World, org: EmbeddedOrg) -> None:
    """Also tokens that do not have the form of Salesforce's."""
    odd = "an-odd-token-of-another-kind"
    named(org, world)
    world.environ["PROD_TOKEN"] = odd
    here = world.surroundings()
    answer = world.type("run", "--org", "prod", "--route", odd, surroundings=here)
    assert answer.code == 5
    world.environ["PROD_TOKEN"] = org.access_token
    refused = world.type("run", "--org", "prod", "--route", odd, surroundings=here)
    assert refused.code == 2
    assert odd not in refused.out + refused.err


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("env:NOT_SET", "the variable NOT_SET is not set"),
        ("file:token", "others may read or write token"),
        ("file:missing", "missing cannot be read: no such file or directory"),
        ("cmd:false", "the command `false` failed"),
        ("cmd:sleep 600", "the command `sleep` did not end within 0.2 seconds"),
        ("cmd:no-such-vault", "the command `no-such-vault` cannot be started"),
    ],
)
def test_a_secret_that_cannot_be_read_is_reported(token: str, expected: str, world: World, org: EmbeddedOrg) -> None:
    if "sleep" in token:
        world.monkeypatch.setattr(secret, "TIMEOUT", 0.2)
    (world.folder / "token").write_text(org.access_token)
    (world.folder / "token").chmod(0o644)
    named(org, world, token)
    answer = live(world, "--org", "prod")
    assert answer.code == 2
    problem = answer.json["error"]["problems"][0]
    assert expected in problem["message"]
    assert (problem["file"], problem["line"]) == ("config/orgs.yaml", 1)
    assert (org.requests(), ledgers(world)) == ([], [])
