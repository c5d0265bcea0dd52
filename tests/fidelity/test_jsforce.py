"""jsforce, unmodified, works on the embedded org as it does on Salesforce: one story in a real Node process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import NOW

STORY = Path(__file__).with_name("jsforce_story.cjs")
JSFORCE = Path(sys.prefix) / "node" / "node_modules" / "jsforce"
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not JSFORCE.is_dir(), reason="scripts/test sets jsforce up where Node is present"
)
CASES = 2_501


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The result of each step of the story."""
    folder = tmp_path_factory.mktemp("data")
    rows = [f"{number:08},Case {number},{'Acme' if number == 1 else ''}" for number in range(1, CASES + 1)]
    (folder / "Case.csv").write_text("\n".join(["CaseNumber,Subject,AccountId", *rows]) + "\n", encoding="utf-8")
    (folder / "Account.csv").write_text("Name\nAcme\n", encoding="utf-8")
    (folder / "CaseComment.csv").write_text("ParentId,CommentBody\n00000001,Hello\n", encoding="utf-8")
    with EmbeddedOrg(data=folder, now=NOW) as org:
        environ = {**os.environ, "INSTANCE_URL": org.instance_url, "ACCESS_TOKEN": org.access_token}
        ran = subprocess.run(
            ["node", str(STORY), str(JSFORCE)], env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert ran.returncode == 0, ran.stderr
        loaded: dict[str, Any] = json.loads(ran.stdout)
        return loaded


def test_it_finds_the_versions_and_its_user(results: Mapping[str, Any]) -> None:
    assert results["versions"][-1] == "67.0"
    assert results["identity"]["username"] == "integration@embedded.example"


def test_it_describes_the_org_and_an_object(results: Mapping[str, Any]) -> None:
    assert {"Case", "Account", "CaseComment"} <= set(results["global"])
    assert (results["describe"]["name"], results["describe"]["keyPrefix"]) == ("Case", "500")
    assert {"Subject", "Status", "OwnerId"} <= set(results["describe"]["fields"])


def test_a_query_follows_relationships_up_and_down(results: Mapping[str, Any]) -> None:
    found = results["query"]
    assert (found["Account"]["Name"], found["Owner"]["attributes"]["type"]) == ("Acme", "Name")
    assert [one["CommentBody"] for one in found["CaseComments"]["records"]] == ["Hello"]


def test_more_than_two_thousand_rows_come_page_by_page(results: Mapping[str, Any]) -> None:
    assert results["pages"] == {"total": CASES, "sizes": [2_000, 501]}
    assert results["stream"] == CASES


def test_it_creates_reads_and_updates(results: Mapping[str, Any]) -> None:
    assert results["create"]["success"] is True
    assert (results["retrieve"], results["updated"]) == ("made by jsforce", "Working")
    assert all(one["success"] for name in ("createMany", "updateMany", "destroy") for one in results[name])
    assert results["upsert"] == [True, False, True]


def test_its_query_builder_finds_counts_and_updates(results: Mapping[str, Any]) -> None:
    assert results["find"] == [["00000010", "Integration User", 0], ["00000001", "Integration User", 1]]
    assert results["count"] == CASES + 1  # without the first, with two created since
    assert (results["upsertById"], results["updateFound"][0]["success"]) == (False, True)
    assert results["retrieveMany"] == [250, "00000250"]


def test_a_collection_saves_all_rows_or_none(results: Mapping[str, Any]) -> None:
    codes = [each["errors"][0]["statusCode"] for each in results["tooMany"]]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_FIELD"]


def test_a_composite_runs_in_order_with_references(results: Mapping[str, Any]) -> None:
    assert results["composite"] == [["note", 201], ["status", 204], ["read", 200]]


def test_limits_are_reported_by_the_resource_and_with_each_answer(results: Mapping[str, Any]) -> None:
    assert results["limits"] == 15_000
    assert 0 < results["limitInfo"]["used"] < results["limitInfo"]["limit"] == 15_000


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("malformed", "MALFORMED_QUERY"),
        ("noColumn", "INVALID_FIELD"),
        ("noObject", "NOT_FOUND"),
        ("noRecord", "NOT_FOUND"),
        ("noTooling", "NOT_FOUND"),
        ("stranger", "INVALID_SESSION_ID"),
        ("partly", "INVALID_ID_FIELD"),
    ],
)
def test_errors_come_in_the_shape_that_it_reads(results: Mapping[str, Any], step: str, code: str) -> None:
    assert results[step]["errorCode"] == code
    assert results[step]["message"]


def test_it_logs_in_by_client_credentials(results: Mapping[str, Any]) -> None:
    assert results["login"]["user"] == results["identity"]["user_id"]
    assert results["login"]["rows"] >= 1
