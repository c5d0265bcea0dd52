"""The level `proved`: a small custom object takes each key once, so that the org itself refuses a second note."""

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.test_faults import notes
from tests.stories.test_main_job import POLICY, QUEUES, case
from tests.stories.world import World, advance, select, writes


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY.replace("max_cases: 10", "max_cases: 500"))
    world.data()
    (world.folder / "org" / "Escalation_Key__c.csv").write_text("Key__c:external_id\n")
    return world


def keys(org: EmbeddedOrg) -> list[str]:
    return [row["Key__c"] for row in select(org, "SELECT Key__c FROM Escalation_Key__c")]


def test_each_key_is_stored_in_the_transaction_of_its_note(support: World) -> None:
    org = support.org(Case=[case(1), case(2)], Group=QUEUES)
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["level"]) == (0, 2, "proved")
    assert set(keys(org)) == {one["key"] for one in answer.json["escalations"]}
    assert [one["object"] for one in writes(org)][:4] == ["Escalation_Key__c"] * 2 + ["CaseComment"] * 2


def test_a_chunk_holds_half_as_many_cases(support: World) -> None:
    org = support.org(Case=[case(number) for number in range(1, 231)], Group=QUEUES)
    assert support.run("--backlog", "escalate").json["applied"] == 230
    sent = [request["body"] for request in org.requests() if request["path"].endswith("/composite")]
    sizes = [len(body["compositeRequest"][2]["body"]["records"]) for body in sent if body["allOrNone"]]
    assert sorted(sizes) == [60, 200, 200]


def test_a_key_that_the_org_has_counts_as_done_and_the_rest_of_the_chunk_is_written(support: World) -> None:
    """Another runner with a ledger of its own wrote the key just before us."""
    org = support.org(Case=[case(1), case(2), case(3)], Group=QUEUES)
    insert_key(org, support.run("--dry-run", "--backlog", "escalate").json["escalations"][1]["key"])
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["already"], notes(org)) == (0, 2, 1, 2), answer.out
    advance(org, "1m")
    assert support.run().json["already"] == 3


def insert_key(org: EmbeddedOrg, key: str) -> None:
    answer = requests.post(
        f"{org.instance_url}/services/data/v{org.api_version}/sobjects/Escalation_Key__c",
        json={"Key__c": key},
        headers={"Authorization": f"Bearer {org.access_token}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
