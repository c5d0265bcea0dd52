"""Recipes of config/policies/README.md that look at the history of a case, tried on an org."""

import json

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.files.test_policy_page import BLOCKS, policies_of
from tests.stories.world import World, ask

LEADS = {"Type": "Queue", "DeveloperName": "Support_Leads", "Name": "Leads"}
AGENTS = {"Type": "Queue", "DeveloperName": "Support_Agents", "Name": "Agents"}
BILLING = {"Type": "Queue", "DeveloperName": "Billing", "Name": "Billing"}


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    """Two open cases of the agents."""
    cases = [{"CaseNumber": number, "OwnerId": "Support_Agents", "Status": "New"} for number in ("1", "2")]
    return world.org(Case=cases, Group=[LEADS, AGENTS, BILLING])


def recipe(world: World, section: str) -> None:
    """Puts the first block of the recipe into the policy of the page."""
    block = next(block for block in BLOCKS if block.section == section)
    (policy,) = policies_of(block.value)
    world.policy(json.dumps(policy))


def change(org: EmbeddedOrg, **fields: str) -> None:
    """Somebody changes the first case."""
    case = ask(org, "query", q="SELECT Id FROM Case WHERE CaseNumber = '1'")["records"][0]
    url = f"{org.instance_url}{case['attributes']['url']}"
    headers = {"Authorization": f"Bearer {org.access_token}"}
    assert requests.patch(url, json=fields, headers=headers, timeout=30).status_code == 204


def matched(world: World) -> list[str]:
    return [one["case_number"] for one in world.run("--dry-run").json["escalations"]]


def test_a_case_that_was_closed_and_opened_again_matches_the_recipe(world: World, org: EmbeddedOrg) -> None:
    recipe(world, "Re-opened cases")
    change(org, Status="Working")
    assert matched(world) == []
    change(org, Status="Closed")
    change(org, Status="Working")
    assert matched(world) == ["1"]


def test_a_case_whose_owner_changed_three_times_matches_the_recipe(world: World, org: EmbeddedOrg) -> None:
    recipe(world, "Bounced between queues three times")
    queues = {one["Name"]: one["Id"] for one in ask(org, "query", q="SELECT Id, Name FROM Group")["records"]}
    for queue in ("Billing", "Agents"):
        change(org, OwnerId=queues[queue])
    assert matched(world) == []
    change(org, OwnerId=queues["Billing"])
    assert matched(world) == ["1"]
