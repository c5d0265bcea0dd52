"""`ledger prune`, as a person types it: what ended long ago goes, the org and later runs notice nothing."""

import json
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.ledger.store import open_ledger
from sfdc_escalator.pipeline.ports.ledger import RunStart
from tests.stories.test_audit_for_others import verified
from tests.stories.world import Row, World, advance, patch, select

POLICY = """
policy: support
priorities: [Low, Medium, High]
channels: {alarm: webhook}
teams: {leads: {queue: Leads, tell: [alarm]}}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    notify: [leads]
    ladder: [{name: late, after: 30m, escalate: {note: {help_needed: Call now.}}, until: acknowledged}]
guards: {max_cases: 10, max_share_of_open: 100%}
"""
QUEUES = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Team leads"}]


def case(number: int) -> Row:
    return {"CaseNumber": f"{number:08}", "Subject": f"urgent {number}", "Status": "New", "Priority": "Low"}


@pytest.fixture
def org(stopped: World) -> EmbeddedOrg:
    """Two cases were escalated and climbed. One was closed; three years later runs still watch the other."""
    stopped.policy(POLICY)
    stopped.environ |= {"SFDC_ESCALATOR_LEDGER": str(stopped.folder / "ledger.db"), "LOGNAME": "vera"}
    org = stopped.org(Case=[case(1), case(2), {**case(3), "Subject": "a question"}], Group=QUEUES)
    assert stopped.run("--backlog", "escalate").json["applied"] == 2
    advance(org, "40m")
    assert stopped.run().json["applied"] == 2
    patch(org, closed(org), Status="Closed")
    advance(org, "5m")
    assert stopped.run().code == 0
    advance(org, "26280h")
    for words in (["--accept-clock"], [], []):
        assert stopped.run(*words).code == 0
        advance(org, "5m")
    return org


def closed(org: EmbeddedOrg) -> str:
    (found,) = select(org, "SELECT Id FROM Case WHERE CaseNumber = '00000001'")
    return str(found["Id"])


def keys(world: World) -> list[str]:
    return sorted(one["key"] for one in world.type("audit", "list", "--json").json["escalations"])


def prune(world: World) -> str:
    done = world.type("ledger", "prune", "--older-than", "2y")
    assert done.code == 0
    return done.out + done.err


def test_what_ended_goes_and_the_trail_says_so(stopped: World, org: EmbeddedOrg) -> None:
    before = keys(stopped)
    said = prune(stopped)
    assert "of 2 escalations" in said
    assert "Pruned before " in said
    assert keys(stopped) == before
    verify = stopped.type("audit", "verify")
    assert verify.code == 0
    assert ", pruned before 20" in verify.out
    assert stopped.type("audit", "verify", "--json").json["pruned"][0]["escalations"] == 2
    assert "Nothing to prune" in prune(stopped)


def test_the_next_runs_go_on_and_nobody_is_escalated_again(stopped: World, org: EmbeddedOrg) -> None:
    prune(stopped)
    written = len(select(org, "SELECT Id FROM CaseComment"))
    for _ in range(3):
        advance(org, "5m")
        done = stopped.run()
        assert (done.code, done.json["applied"]) == (0, 0)
    assert len(select(org, "SELECT Id FROM CaseComment")) == written
    assert stopped.type("audit", "verify").code == 0


def test_a_closed_case_that_is_opened_again_gets_a_key_of_its_own(stopped: World, org: EmbeddedOrg) -> None:
    before = keys(stopped)
    prune(stopped)
    patch(org, closed(org), Status="New")
    advance(org, "5m")
    found = [one["key"] for one in stopped.run().json["escalations"] if one["state"] == "applied"]
    assert not set(found) & set(before)
    assert stopped.type("audit", "verify").code == 0


OWN_VALUES = """
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}, chiefs: {queue: Chiefs}}
routes:
  - name: serious
    reason: It is serious.
    when: [{field: Priority, is: High}]
    escalate: {note: {help_needed: Call back.}, queue: chiefs}
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


def test_what_our_steps_wrote_still_matches_nothing_when_the_case_is_opened_again(stopped: World) -> None:
    stopped.policy(OWN_VALUES)
    stopped.environ |= {"SFDC_ESCALATOR_LEDGER": str(stopped.folder / "ledger.db")}
    chiefs = {"Type": "Queue", "DeveloperName": "Chiefs", "Name": "Chiefs"}
    org = stopped.org(Case=[case(1), case(2), {**case(3), "Subject": "a question"}], Group=[*QUEUES, chiefs])
    assert stopped.run("--backlog", "escalate").json["applied"] == 2
    patch(org, closed(org), Status="Closed", Subject="a question")
    advance(org, "5m")
    assert stopped.run().code == 0
    advance(org, "26280h")
    assert stopped.run("--accept-clock").code == 0
    patch(org, closed(org), Status="New")
    advance(org, "5m")
    before = [stopped.run("--dry-run").json["plan_digest"], stopped.type("explain", "00000001").out]
    assert "of 1 escalation;" in prune(stopped)
    assert [stopped.run("--dry-run").json["plan_digest"], stopped.type("explain", "00000001").out] == before
    assert stopped.run().json["applied"] == 0


def test_everything_that_looks_at_the_ledger_still_works(stopped: World, org: EmbeddedOrg) -> None:
    key = next(one for one in keys(stopped))
    prune(stopped)
    for words in (
        ["status"],
        ["explain", "00000001"],
        ["audit", "show", key],
        ["audit", "list", "--case", "00000001"],
        ["report", "--from", "2020-01-01", "--to", "2030-01-01"],
        ["notices", "list"],
        ["ledger", "backup", "copy.db"],
        ["audit", "erase", "00000001", "--why", "request 7"],
        ["run", "--dry-run"],
    ):
        done = stopped.type(*words)
        assert done.code == 0, (words, done.out, done.err)
    assert stopped.type("audit", "verify", "--ledger", "copy.db").code == 0


def test_an_export_is_verified_by_others(stopped: World, org: EmbeddedOrg) -> None:
    prune(stopped)
    file = stopped.folder / "trail.jsonl"
    assert stopped.type("audit", "export", "--out", str(file)).code == 0
    code, said = verified(Path(file))
    assert (code, "no gap but what was pruned" in said) == (0, True)


def test_while_a_run_is_at_work_nothing_is_pruned(stopped: World, org: EmbeddedOrg) -> None:
    organization_id = select(org, "SELECT Id FROM Organization")[0]["Id"]
    start = RunStart("busy", organization_id, "005000000000001AAA", {"support": "digest"})
    with open_ledger(str(stopped.folder / "ledger.db"), create=False) as ledger, ledger.lease(start):
        refused = stopped.type("ledger", "prune", "--older-than", "2y")
    assert refused.code == 3
    assert "busy" in refused.out + refused.err


@pytest.mark.parametrize("age", ["2", "y", "2m", "0y", "-1y", "2 years", "99999y", "9999y", "2y "])
def test_an_age_that_is_none_is_a_usage_error(stopped: World, age: str) -> None:
    refused = stopped.type("ledger", "prune", f"--older-than={age}", "--ledger", "ledger.db")
    assert refused.code == 2
    assert "is not an age such as 2y, 26w or 90d" in refused.out + refused.err


def test_a_missing_ledger_and_a_missing_age_are_usage_errors(stopped: World) -> None:
    assert stopped.type("ledger", "prune", "--older-than", "2y", "--ledger", "none.db").code == 2
    assert stopped.type("ledger", "prune", "--ledger", "none.db").code == 2
    assert json.dumps(sorted(path.name for path in stopped.folder.glob("*.db*"))) == "[]"
