"""The audit for others, as a person types it: lists, exports that others verify, and texts that are erased."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.ledger.store import open_ledger
from sfdc_escalator.pipeline.ports.ledger import RunStart
from tests.stories.world import NOW, Answer, Row, World, advance, select

SCRIPT = Path(__file__).parents[2] / "config" / "audit" / "verify-export.py"
POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
channels: {alarm: webhook}
teams: {leads: {queue: Leads, tell: [alarm]}}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{text: [Subject, Description], mentions: burned down}]
    scan: true
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    notify: [leads]
    ladder: [{name: late, after: 30m, escalate: {note: {help_needed: Call now.}}, notify: [leads], until: acknowledged}]
  - name: farm
    reason: It is about the farm.
    when: [{field: Subject, starts_with: quokka}]
    escalate: {note: {help_needed: Ask the vet.}, queue: leads, priority: High}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
QUEUES = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Team leads"}]
QUOTED = ("burned down", "Quokka of Mrs. Ipswich")


def case(number: int, subject: str, text: str = "") -> Row:
    return {
        "CaseNumber": f"{number:08}",
        "Subject": subject,
        "Description": text,
        "Status": "New",
        "Priority": "Medium",
    }


@pytest.fixture
def org(stopped: World) -> EmbeddedOrg:
    """An org in which a run has escalated two cases, with a ledger in `ledger.db`."""
    stopped.policy(POLICY)
    stopped.environ |= {"SFDC_ESCALATOR_LEDGER": str(stopped.folder / "ledger.db"), "LOGNAME": "vera"}
    rows = [case(1, "Help", "My house burned down"), case(2, "Quokka of Mrs. Ipswich sneezes"), case(3, "A question")]
    org = stopped.org(Case=rows, Group=QUEUES)
    assert stopped.run("--backlog", "escalate").json["applied"] == 2
    return org


def verified(file: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def files(world: World) -> bytes:
    return b"".join(path.read_bytes() for path in world.folder.glob("ledger.db*"))


def names(world: World) -> list[str]:
    """The files of the person, without those that SQLite makes beside a ledger that is open."""
    return sorted(path.name for path in world.folder.iterdir() if not path.name.endswith(("-wal", "-shm")))


def numbers(answer: Answer) -> list[str]:
    assert answer.code == 0, answer
    return [one["case_number"] for one in answer.json["escalations"]]


def test_an_export_is_verified_without_this_program_and_a_change_is_found(stopped: World, org: EmbeddedOrg) -> None:
    for kind in ("jsonl", "csv"):
        file = stopped.folder / f"trail.{kind}"
        day = ("--from", "2020-01-01", "--to", "2099-12-31T00:00:00+02:00")
        done = stopped.type("audit", "export", *day, "--format", kind, "--out", str(file))
        head = stopped.type("audit", "verify", "--json").json["head"]
        assert (done.code, head in done.out) == (0, True)
        code, out = verified(file)
        assert (code, out.startswith("whole: events 1 to "), head in out) == (0, True, True)
        assert not any(text in file.read_text() for text in QUOTED)
        stdout = stopped.type("audit", "export", "--format", kind)
        assert stdout.out == file.read_text()
        assert stdout.err.startswith("Exported: ")
        file.write_text(file.read_text().replace("support", "suppert", 1))
        assert verified(file)[0] == 6


def test_a_list_is_narrowed_by_each_filter(stopped: World, org: EmbeddedOrg) -> None:
    run = stopped.type("audit", "list", "--json").json["escalations"][0]["run"]
    ids = {one["CaseNumber"]: one["Id"] for one in select(org, "SELECT Id, CaseNumber FROM Case")}
    url = f"https://acme.lightning.force.com/lightning/r/Case/{ids['00000001']}/view"
    for words, expected in (
        (["--case", "1"], ["00000001"]),
        (["--case", url], ["00000001"]),
        (["--case", ids["00000002"][:15]], ["00000002"]),
        (["--route", "farm"], ["00000002"]),
        (["--route", "support/urgent"], ["00000001"]),
        (["--route", "urgent", "--case", "2"], []),
        (["--run", run], ["00000002", "00000001"]),
        (["--run", "000000000000"], []),
        (["--state", "applied"], ["00000002", "00000001"]),
        (["--state", "closed"], []),
        (["--since", "2020-01-01", "--until", "2099-01-01"], ["00000002", "00000001"]),
        (["--since", "2099-01-01"], []),
        (["--until", "2020-01-01T00:00:00Z"], []),
    ):
        assert sorted(numbers(stopped.type("audit", "list", "--json", *words))) == sorted(expected), words
    assert "has no escalations like these" in stopped.type("audit", "list", "--state", "gone").out


def test_an_erased_case_goes_on_and_its_texts_are_in_no_file(stopped: World, org: EmbeddedOrg) -> None:
    assert all(text.encode() in files(stopped) for text in QUOTED)
    for name in ("00000001", "2"):
        done = stopped.type("audit", "erase", name, "--why", "request 17")
        assert done.code == 0
        assert "are erased: 3 texts" in done.out or "are erased: 2 texts" in done.out
        assert "Backups of the ledger that were made before still hold the texts" in done.out
    assert not any(text.encode() in files(stopped) for text in QUOTED)
    whole = stopped.type("audit", "verify")
    assert (whole.code, "whole" in whole.out, "Erased, as events record it: the texts of 2 cases" in whole.out) == (
        *(0, True, True),
    )
    file = stopped.folder / "trail.jsonl"
    assert stopped.type("audit", "export", "--out", str(file)).code == 0
    assert verified(file)[0] == 0
    last = json.loads(json.loads(file.read_text().splitlines()[-1])["body"])
    assert last["facts"] | {"cases": []} == {"by": "vera", "why": "request 17", "texts": 2, "cases": []}
    head = stopped.type("audit", "verify", "--json").json["head"]
    again = stopped.type("audit", "erase", "1", "--why", "twice", "--json")
    assert (again.code, again.json["texts"], bool(again.json["already"])) == (0, 0, True)
    assert stopped.type("audit", "verify", "--json").json["head"] == head


def test_status_explain_show_and_runs_work_on_after_an_erasure(stopped: World, org: EmbeddedOrg) -> None:
    stopped.type("audit", "erase", "1", "--why", "request 17")
    key = stopped.type("audit", "list", "--json", "--case", "1").json["escalations"][0]["key"]
    shown = stopped.type("audit", "show", key)
    assert (shown.code, "reasons: (erased)" in shown.out, "| (erased)" in shown.out) == (0, True, True)
    event = stopped.type("audit", "show", key, "--json").json["events"][0]
    assert (event["note_text"], event["texts"]) == (None, {"reasons": None})
    for words in (["status"], ["explain", "1"], ["notices", "list"], ["run", "--dry-run"]):
        assert stopped.type(*words).code == 0, words
    advance(org, "31m")
    climbed = stopped.run()
    assert [one["rung"] for one in climbed.json["escalations"] if one["state"] == "applied"] == ["late"]
    assert len(select(org, "SELECT Id FROM CaseComment")) == 3
    assert stopped.type("audit", "verify").code == 0
    after = stopped.type("audit", "erase", "1", "--why", "request 17", "--json").json
    assert (after["texts"] > 0, after["already"]) == (True, None)
    assert stopped.type("audit", "verify").code == 0


def test_the_reasons_are_shown_until_they_are_erased(stopped: World, org: EmbeddedOrg) -> None:
    key = stopped.type("audit", "list", "--json", "--route", "farm").json["escalations"][0]["key"]
    assert "reasons: Subject is Quokka of Mrs. Ipswich sneezes" in stopped.type("audit", "show", key).out


def test_while_a_run_is_at_work_an_erasure_is_refused(stopped: World, org: EmbeddedOrg) -> None:
    where = stopped.environ["SFDC_ESCALATOR_LEDGER"]
    organization = stopped.run("--dry-run").json["organization_id"]
    with open_ledger(where, create=False) as ledger, ledger.lease(RunStart("other", organization, "005", {}, NOW)):
        refused = stopped.type("audit", "erase", "1", "--why", "now")
    assert (refused.code, "has worked on this org since" in refused.err) == (3, True)
    assert QUOTED[0].encode() in files(stopped)


def test_what_cannot_be_done_says_so_and_leaves_nothing_half_done(stopped: World, org: EmbeddedOrg) -> None:
    (stopped.folder / "mine").write_text("mine")
    before = names(stopped)
    head = stopped.type("audit", "verify", "--json").json["head"]
    export, at = ("audit", "export", "--format", "jsonl"), "2026-01-01T00:00:00Z"
    for words, reported in (
        ((*export, "--from", "2026-03-02", "--to", "2026-03-01"), "is not before"),
        ((*export, "--from", at, "--to", at), "the period has no length"),
        ((*export, "--from", "yesterday"), "'yesterday' is not a day such as 2026-03-02 or an instant"),
        ((*export, "--to", "2026-02-30"), "'2026-02-30' is not a day of the calendar"),
        ((*export, "--to", "2026-02-03T10:00:00"), "has no time zone"),
        ((*export, "--out", "mine"), "mine exists already and is left as it is"),
        ((*export, "--out", "none/trail"), "cannot be written: no such file or directory"),
        ((*export, "--out", "mine/trail"), "cannot be written: not a directory"),
        (("audit", "export", "--format", "xml"), "'xml' is not one of 'jsonl', 'csv'"),
        (("audit", "list", "--since", "2026-03-02", "--until", "2026-03-02"), "the period has no length"),
        (("audit", "list", "--state", "open"), "'open' is not one of"),
        (("audit", "erase", "7", "--why", "w"), "has no case 7"),
        (("audit", "erase", "1"), "Missing option '--why'"),
        (("audit", "erase", "1", "--why", ""), "--why has an empty value"),
        (("audit", "erase", "https://acme.example/x", "--why", "w"), "there is no case id in"),
    ):
        answer = stopped.type(*words)
        assert (answer.code, answer.out, reported in answer.err, "Traceback" in answer.err) == (2, "", True, False), (
            words,
            answer,
        )
    assert stopped.type("audit", "verify", "--json").json["head"] == head
    assert (names(stopped), (stopped.folder / "mine").read_text()) == (before, "mine")
