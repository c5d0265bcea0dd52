"""The main job on a real event log: 846 open cases, 399 escalations by three routes, once."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.sampling import some
from tests.stories.world import Answer, Row, World, ask, select, writes

HISTORY = Path(__file__).parents[3] / "shared" / "data"
AS_OF = datetime(2016, 5, 2, 12, tzinfo=UTC)
ESCALATIONS = {"critical": 49, "bounced-around": 130, "forgotten": 220}
OPEN, LEFT_ALONE = 846, 447

POLICY = """
policy: incidents
scope: [{field: IsClosed, is: false}]
priorities: [4 - Low, 3 - Moderate, 2 - High, 1 - Critical]
teams:
  major: {queue: Major_Incidents}
  desk: {queue: Service_Desk_Leads}
defaults:
  status: Escalated
  note:
    parts:
      reason: {from: [route.reason, findings]}
      subject: {from: [Subject]}
      story: {from: [Description]}
      help_needed: {from: [route.help_needed]}
routes:
  - name: critical
    reason: High priority and open for four hours.
    when: [{field: Priority, in: [1 - Critical, 2 - High]}, {age: CreatedDate, at_least: 4h}]
    escalate: {note: {help_needed: Take over now.}, queue: major, priority: 1 - Critical}
  - name: bounced-around
    reason: Reassigned three times or more.
    when: [{field: Reassignments__c, at_least: 3}]
    escalate: {note: {help_needed: Find the one team that can act.}, queue: desk, priority: 2 - High}
  - name: forgotten
    reason: Nobody touched it for two weeks.
    when: [{age: LastModifiedDate, at_least: 14d}]
    escalate: {note: {help_needed: Ask the caller whether it still matters.}, queue: desk}
guards: {max_cases: 500, max_share_of_open: 50%}
"""

pytestmark = pytest.mark.skipif(not HISTORY.is_dir(), reason="the history files are not on this machine")


def rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(HISTORY / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def state_as_of(moment: datetime) -> dict[str, dict[str, str]]:
    """Per incident the last row stamped at or before the moment."""
    last: dict[str, tuple[datetime, dict[str, str]]] = {}
    for row in rows("uci498_incidents_public.csv.gz"):
        stamp = instant(row["sys_updated_at"])
        if stamp <= moment and (row["number"] not in last or stamp >= last[row["number"]][0]):
            last[row["number"]] = (stamp, row)
    return {number: row for number, (_, row) in last.items()}


def case_row(row: dict[str, str], queue: str) -> Row:
    return {
        "CaseNumber": row["number"],
        "Status": row["incident_state"],
        "IsClosed": str(row["incident_state"] in ("Resolved", "Closed")).lower(),
        "Priority": row["priority"],
        "OwnerId": queue,
        "CreatedDate": instant(row["opened_at"]).isoformat(),
        "LastModifiedDate": max(instant(row["sys_updated_at"]), instant(row["opened_at"])).isoformat(),
        "Reassignments__c:number": row["reassignment_count"],
    }


def developer_name(group: str) -> str:
    return "Intake" if group == "?" else group.replace(" ", "_")


@dataclass
class Incidents:
    cases: list[Row]
    queues: list[Row]


@pytest.fixture(scope="module")
def incidents() -> Incidents:
    state = state_as_of(AS_OF)
    names = sorted({developer_name(row["assignment_group"]) for row in state.values()})
    ours = ["Major_Incidents", "Service_Desk_Leads"]
    queues = [{"Type": "Queue", "DeveloperName": name, "Name": name.replace("_", " ")} for name in (*names, *ours)]
    return Incidents([case_row(row, developer_name(row["assignment_group"])) for row in state.values()], queues)


def cases_in(org: EmbeddedOrg) -> dict[str, str]:
    """Every case of the org, each as one canonical text."""
    fields = ", ".join(sorted(field["name"] for field in ask(org, "sobjects/Case/describe")["fields"]))
    found = select(org, f"SELECT {fields} FROM Case")
    return {case["Id"]: json.dumps(case, sort_keys=True) for case in found}


def check_run(org: EmbeddedOrg, before: dict[str, str], first: Answer, calls: int) -> None:
    report = first.json
    assert report["api_calls"] == calls <= 10
    routes = Counter(one["route"] for one in report["escalations"] if one["state"] == "applied")
    assert (first.code, report["applied"], dict(routes)) == (0, 399, ESCALATIONS), first.err
    written = writes(org)
    escalated = {one["case_id"] for one in report["escalations"]}
    notes = [(place, one["fields"]["ParentId"]) for place, one in enumerate(written) if one["object"] == "CaseComment"]
    assert Counter(parent for _, parent in notes) == dict.fromkeys(escalated, 1)
    note_at = {parent: place for place, parent in notes}
    moves = {one["id"]: place for place, one in enumerate(written) if "OwnerId" in one["fields"]}
    assert moves.keys() <= escalated
    assert all(note_at[case] < place for case, place in moves.items())
    after = cases_in(org)
    open_before = {case for case, text in before.items() if not json.loads(text)["IsClosed"]}
    alone = open_before - escalated
    assert (len(open_before), len(alone)) == (OPEN, LEFT_ALONE)
    assert all(before[case] == after[case] for case in before.keys() - escalated)


def test_399_real_incidents_are_escalated_once_and_the_447_others_stay_untouched(
    world: World, incidents: Incidents
) -> None:
    org = world.org(now=AS_OF, Case=incidents.cases, Group=incidents.queues)
    world.policy(POLICY)
    before = cases_in(org)
    asked = len(org.requests())
    first = world.run("--backlog", "escalate")
    check_run(org, before, first, len(org.requests()) - asked)
    written = len(writes(org))
    second = world.run()
    assert (second.code, second.json["applied"], second.json["already"]) == (0, 0, second.json["matched"])
    assert len(writes(org)) == written
    assert world.type("audit", "verify").code == 0


def test_a_rehearsal_and_the_run_have_the_same_plan(world: World, incidents: Incidents) -> None:
    org = world.org(now=AS_OF, Case=incidents.cases, Group=incidents.queues)
    world.policy(POLICY)
    before = cases_in(org)
    rehearsal = world.run("--dry-run", "--backlog", "escalate")
    assert (rehearsal.code, rehearsal.json["planned"]) == (0, 399)
    assert not writes(org)
    assert cases_in(org) == before
    assert not list((world.folder / "state").glob("**/*.db"))
    live = world.run("--backlog", "escalate")
    assert rehearsal.json["plan_digest"] == live.json["plan_digest"]
    assert texts(rehearsal.json) == texts(live.json)


def texts(report: dict[str, Any]) -> dict[str, list[tuple[str, Any, Any]]]:
    return {
        one["key"]: [(step["step"], step["before"], step["after"]) for step in one["steps"]]
        for one in report["escalations"]
    }


def test_hostile_texts_and_long_queue_names_break_nothing_and_inject_nothing(
    world: World, incidents: Incidents
) -> None:
    """Quotes, newlines, braces and non-ASCII text as Subject and Description; queue names of 40 characters."""
    stories = [row["Consumer complaint narrative"] for row in rows("cfpb_narratives_sample.csv.gz")]
    odd = [
        "' OR Id != '",
        "{{ 7 * 7 }}",
        "{!Case.OwnerId}",
        "{% for x in y %}",
        'ß "quoted" \\ back',
        "a\u2028b\r\nESC-0000-0000-0000 x",
    ]
    cases = []
    still_open = [case for case in incidents.cases if case["IsClosed"] == "false"]
    for place, case in enumerate(some(still_open, 300)):
        story = f"{odd[place % len(odd)]} {stories[place % len(stories)]}"
        cases.append({**case, "Subject": story[:255], "Description": story[:32000]})
    long = "Service_Desk_Leads"
    wide = "Service_Desk_Leads_Of_The_Western_Branch"
    assert len(wide) == 40
    queues = [
        {**queue, "DeveloperName": queue["DeveloperName"].replace(long, wide), "Name": queue["Name"].ljust(40, "x")}
        for queue in incidents.queues
    ]
    org = world.org(now=AS_OF, Case=cases, Group=queues)
    world.policy(POLICY.replace(long, wide))
    before = cases_in(org)
    first = world.run("--backlog", "escalate")
    assert first.code == 0, first.err
    notes = {
        one["fields"]["ParentId"]: one["fields"]["CommentBody"] for one in writes(org) if one["object"] == "CaseComment"
    }
    assert len(notes) == first.json["applied"] > 100
    for one in first.json["escalations"]:
        note = notes[one["case_id"]]
        assert note.splitlines()[-1].startswith(one["key"])
        assert len(note.encode()) <= 4000
        assert "{{" not in note
        assert "{!" not in note
    assert any("{ { 7 * 7 }}" in note for note in notes.values())
    after = cases_in(org)
    escalated = {one["case_id"] for one in first.json["escalations"]}
    assert all(before[case] == after[case] for case in before.keys() - escalated)
    second = world.run()
    assert (second.code, second.json["applied"]) == (0, 0)
