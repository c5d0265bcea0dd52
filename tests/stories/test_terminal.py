"""Texts of the org on a real terminal: it obeys none of them, and none of them forges a line of ours."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from sfdc_escalator.cli.door import COMMANDS, LazyGroup
from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.backtest.test_backtest_command import MAPPING
from tests.stories.terminals import BAD, SHORT, Screen, between, on_terminal
from tests.stories.world import NOW, Row, World, select, write_tables

IN_YAML = json.dumps("R\u202eexe\u2066\u200b\n::error::forged\n")  # a policy refuses control characters
POLICY = f"""
policy: support
channels: {{desk: webhook, pager: webhook}}
notices: {{must_say: [Subject]}}
teams: {{leads: {{queue: Leads, tell: [desk]}}}}
defaults:
  note: {{parts: {{subject: {{from: Subject}}, said: {{from: comments.customer}}}}}}
routes:
  - name: high
    reason: High.
    when: [{{field: Priority, is: High}}]
    escalate: {{queue: leads}}
    notify: [leads, {{channel: pager}}]
  - {{name: product, reason: P., when: [{{text: [Subject], mentions: [broken]}}], escalate: {{queue: leads}}}}
  - name: misspelt
    reason: {IN_YAML}
    when: [{{field: Type, is: {IN_YAML}}}]
    escalate: {{queue: leads}}
guards: {{max_cases: 10, max_share_of_open: 100%}}
"""
CASE = {
    "Priority": "High",
    "Status": "New" + BAD,
    "OwnerId": "Intake",
    "AccountId": "Acme" + BAD,
    "Subject": "broken" + BAD,
}
ORGS = "env: {channels: {desk: {url: 'http://127.0.0.1:9/desk'}, pager: {url: 'env:PAGER'}}}"
RULE = {"kind": "validation_rule", "when": [{"field": "CaseNumber", "is": "2"}], "message": "Ask first." + BAD}


@dataclass
class Kept:
    """An org and a ledger as files."""

    org: Path
    ledgers: Path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """An org all of whose texts are hostile, before its first run."""
    folder = tmp_path_factory.mktemp("kept")
    tables: dict[str, list[Row]] = {
        "Case": [
            {**CASE, "CaseNumber": "1"},
            {**CASE, "CaseNumber": "2"},
            {**CASE, "CaseNumber": "3" + SHORT, "Priority": "Low" + BAD, "Subject": "whole" + BAD},
        ],
        "Group": [
            {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake" + SHORT},
            {"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads" + SHORT},
        ],
        "User": [{"Username": "ann@support.example", "LastName": "Agent" + SHORT}],
        "Account": [{"Name": "Acme" + BAD}],
        "CaseComment": [{"ParentId": "1", "CommentBody": "Please" + BAD, "CreatedById": "ann@support.example"}],
        "QuickText": [{"Name": "Note" + BAD, "Message": "Hello" + BAD}],
    }
    data = write_tables(folder / "org", tables)
    (data / "automation.json").write_text(json.dumps([RULE]))
    EmbeddedOrg(data=data, db=folder / "org.db", now=NOW).close()
    return Kept(folder / "org.db", folder / "state")


@contextmanager
def joined(world: World, kept: Kept) -> Iterator[EmbeddedOrg]:
    """The org, with names in its answers that are hostile too."""
    org = world.org_of(kept.org)
    changes = {
        "Embedded Org": "Acme" + BAD,
        "integration@embedded.example": "ann" + BAD,
        "INVALID_SESSION_ID": "NO" + BAD,
    }
    with between(org.instance_url, changes) as address:
        world.environ["SFDC_INSTANCE_URL"] = address
        yield org


@pytest.fixture
def hostile(world: World, kept: Kept) -> Iterator[World]:
    """One case is escalated, one rejected, one matches no route. The run that did so is kept for all tests."""
    world.policy(POLICY)
    (world.folder / "config").mkdir()
    (world.folder / "config" / "orgs.yaml").write_text(ORGS)
    if not kept.ledgers.exists():
        with joined(world, kept) as org:
            answer = world.run("--backlog", "escalate")
            assert (answer.code, "error" in answer.json or [answer.json[name] for name in ("applied", "rejected")]) == (
                3,
                [1, 1],
            ), answer.out
        world.orgs.remove(org)
        org.close()
        shutil.copy(world.folder / "org.db", kept.org)
        shutil.copytree(world.folder / "state", kept.ledgers)
    shutil.copytree(kept.ledgers, world.folder / "state", dirs_exist_ok=True)
    with joined(world, kept):
        yield world


def key(world: World) -> str:
    (first, *_) = world.type("audit", "list", "--json").json["escalations"]
    return str(first["key"])


def notice(world: World) -> str:
    (first, *_) = world.type("notices", "list", "--json").json["notices"]
    return str(first["id"])


def applied(world: World) -> str:
    listed = world.type("audit", "list", "--state", "applied", "--json").json["escalations"]
    return str(listed[0]["key"])


def dropped(world: World) -> None:
    """No notice waits any more."""
    ids = [str(one["id"]) for one in world.type("notices", "list", "--json").json["notices"]]
    assert world.type("notices", "drop", *ids, "--why", "a test").code == 0


def without_ledger(world: World) -> None:
    for file in (world.folder / "state").rglob("*.db*"):
        file.unlink()


def stale(world: World) -> None:
    world.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!stale.token"


def history(world: World) -> None:
    rows = f'number,state,opened,at,mod,moves\n"A{BAD}","N{BAD}",1/3/2026 09:00,1/3/2026 09:05,0,0\n'
    (world.folder / "events.csv").write_text(rows, encoding="utf-8", newline="")
    (world.folder / "mapping.yaml").write_text(MAPPING)
    route = "{name: late, reason: R., when: [{age: CreatedDate, at_least: 2h}], escalate: {status: E}}"
    (world.folder / "aged.yaml").write_text(f"policy: aged\nroutes: [{route}]")


def bad_data(world: World) -> None:
    write_tables(world.folder / "bad", {"Case": [{"CaseNumber": "1", "OwnerId": "Nobody" + BAD}]})


def bad_policy(world: World) -> None:
    bad = json.dumps("B" + BAD)
    text = POLICY.replace(IN_YAML, bad).replace("high, reason", "hi\u202egh, reason").replace("scope", f"{bad}: 1")
    (world.folder / "bad.yaml").write_text(f"{text}\n{bad}: {bad}\n", encoding="utf-8")


def native_rules(world: World) -> None:
    """A rule with names that are hostile, and an entry that cannot be carried over."""
    entry = "<ruleEntry><formula>FOO\u202e(1)</formula><assignedTo>Le\u202eads</assignedTo></ruleEntry>"
    rule = f"<assignmentRule><fullName>R\u202eule</fullName><active>true</active>{entry}</assignmentRule>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<AssignmentRules xmlns="{METADATA}">{rule}</AssignmentRules>'
    (world.folder / "Case.assignmentRules-meta.xml").write_text(text, encoding="utf-8")


def gaps(world: World) -> None:
    """A policy that asks for what the org does not have; the messages list what it has."""
    text = POLICY.replace("{queue: leads}", "{queue: leads, status: Nwe}").replace("is: High", "is: Lwo")
    quick = text.replace("note: {parts", "note: {quick_text: [Nte], parts")
    (world.folder / "gaps.yaml").write_text(quick, encoding="utf-8")


def nothing(_: World) -> None: ...


def held(world: World) -> None:
    assert world.type("hold", "1", "--until", "2h", "--why", f"w{BAD}").code == 0


REPLAY = [
    *("backtest", "--policy", "aged.yaml", "--events", "events.csv", "--mapping", "mapping.yaml"),
    *("--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z", "--every", "1h"),
]
TIMES = ["--expect-every", "100000h"]


def saved(world: World) -> None:
    """A plan without orders: the case that was rejected waits. The reports of others are in `tests/reports`."""
    world.type("run", "--dry-run", "--out", "plan.json")


METADATA = "http://soap.sforce.com/2006/04/metadata"
ROWS: dict[str, tuple[Callable[[World], None], list[str], int]] = {
    "run": (nothing, ["run", "--backlog", "escalate"], 3),
    "run, a first one": (without_ledger, ["run", "--backlog", "escalate", "--ledger", "new.db"], 4),
    "run, withheld": (nothing, ["run", "--ledger", "new.db", "--dry-run"], 4),
    "run, one case": (nothing, ["run", "--dry-run", "--case", "2"], 3),
    "run, not let in": (stale, ["run"], 5),
    "run, hostile words": (nothing, ["run", "--route", BAD, "--org", BAD], 2),
    "run, a hostile case": (nothing, ["run", "--case", BAD], 2),
    "run, hostile option": (nothing, ["run", "--" + BAD.replace("\n", "")], 2),
    "run, metrics": (nothing, ["run", "--metrics", "no\x1b[2J/m\u202e.prom"], 3),
    "run, a plan saved": (nothing, ["run", "--dry-run", "--out", "plan.json"], 3),
    "run, a plan saved nowhere": (nothing, ["run", "--dry-run", "--out", "no\x1b[2J/p\u202e.json"], 2),
    "apply": (saved, ["apply", "plan.json"], 0),
    "apply, not a plan": (nothing, ["apply", "no" + BAD], 2),
    "diff": (saved, ["diff", "plan.json"], 0),
    "page": (nothing, ["page", "policy.yaml", "--html", "page.html"], 0),
    "page, hostile words": (nothing, ["page", BAD, "--html", BAD], 2),
    "report": (nothing, ["report", "--from", "2020-01-01", "--to", "2027-01-01", "--org", "env"], 0),
    "report, hostile words": (nothing, ["report", "--from", BAD, "--to", BAD], 2),
    "undo": (nothing, ["undo", "APPLIED", "--why", f"w{BAD}"], 0),
    "undo, hostile words": (nothing, ["undo", BAD, "--case", BAD, "--why", BAD, "--yes"], 2),
    "import": (native_rules, ["import", "Case.assignmentRules-meta.xml", "--out", "imported"], 3),
    "import, hostile words": (nothing, ["import", "no" + BAD, "--out", "no\x1b[2J/p\u202e"], 2),
    "hold": (nothing, ["hold", "1", "--until", "2h", "--why", f"w{BAD}"], 0),
    "hold, hostile words": (nothing, ["hold", BAD, "--until", BAD, "--why", BAD, "--route", BAD], 2),
    "release": (held, ["release", "1"], 0),
    "release, not held": (nothing, ["release", "1"], 2),
    "explain": (nothing, ["explain", "1"], 0),
    "explain, another": (nothing, ["explain", "2"], 0),
    "explain, not let in": (stale, ["explain", "1"], 5),
    "explain, as an example": (nothing, ["explain", "1", "--as-example"], 0),
    "validate": (nothing, ["validate"], 0),
    "validate, in an org": (gaps, ["validate", "gaps.yaml", "--org", "env"], 2),
    "validate, a hostile file": (nothing, ["validate", "no" + BAD], 2),
    "validate, a bad policy": (bad_policy, ["validate", "bad.yaml"], 2),
    "validate, probed": (gaps, ["validate", "gaps.yaml", "--org", "env", "--probe"], 2),
    "validate, for GitHub": (gaps, ["validate", "gaps.yaml", "--org", "env", "--format", "github"], 2),
    "validate, JUnit": (gaps, ["validate", "gaps.yaml", "--org", "env", "--format", "junit"], 2),
    "validate, not let in": (stale, ["validate", "--org", "env"], 5),
    "status": (nothing, ["status", "--check", *TIMES], 3),
    "notices list": (nothing, ["notices", "list"], 0),
    "notices show": (nothing, ["notices", "show", "NOTICE"], 0),
    "notices show, no such notice": (nothing, ["notices", "show", BAD], 2),
    "notices retry": (nothing, ["notices", "retry"], 0),
    "notices retry, no such notice": (nothing, ["notices", "retry", BAD, SHORT], 2),
    "notices drop": (nothing, ["notices", "drop", "NOTICE", "--why", f"w{BAD}"], 0),
    "notices drop, hostile words": (nothing, ["notices", "drop", BAD, "--why", BAD], 2),
    "notices test": (nothing, ["notices", "test", "desk"], 3),
    "notices test, hostile words": (nothing, ["notices", "test", BAD, "--to", BAD], 2),
    "audit list": (nothing, ["audit", "list"], 0),
    "audit show": (nothing, ["audit", "show", "KEY"], 0),
    "audit show, no such key": (nothing, ["audit", "show", BAD], 2),
    "audit verify": (nothing, ["audit", "verify", "--head", "f" * 64], 6),
    "audit verify, not a head": (nothing, ["audit", "verify", "--head", BAD], 2),
    "audit export": (nothing, ["audit", "export", "--out", "x\x1b[2J\u202e.jsonl"], 0),
    "audit export, hostile words": (nothing, ["audit", "export", "--from", BAD], 2),
    "audit erase": (dropped, ["audit", "erase", "1", "--why", f"w{BAD}"], 0),
    "audit erase, notices wait": (nothing, ["audit", "erase", "1", "--why", f"w{BAD}"], 3),
    "audit erase, hostile words": (nothing, ["audit", "erase", BAD, "--why", BAD], 2),
    "ledger backup": (nothing, ["ledger", "backup", "copy\x1b[2J\u202e.db"], 0),
    "ledger migrate": (nothing, ["ledger", "migrate"], 0),
    "ledger prune": (nothing, ["ledger", "prune", "--older-than", "2y"], 0),
    "ledger prune, hostile words": (nothing, ["ledger", "prune", "--older-than", BAD], 2),
    "ledger rebuild": (without_ledger, ["ledger", "rebuild"], 0),
    "resolve": (nothing, ["resolve", BAD, "--as", "applied"], 2),
    "completion": (nothing, ["completion", "zsh"], 0),
    "backtest": (history, REPLAY, 0),
    "backtest, a difference": (history, [*REPLAY, "--diff", "aged.yaml", "--out", "d\x1b[2J.csv"], 0),
    "shadow": (nothing, ["shadow", "--policy", "policy.yaml", "--since", "7d", "--html", "s\x1b[2J\u202e.html"], 0),
    "shadow, hostile words": (nothing, ["shadow", "--since", BAD, "--policy", BAD], 2),
    "fleet init": (nothing, ["fleet", "init", "--ledger", f"postgresql://{SHORT}"], 2),
    "fleet schedule": (nothing, ["fleet", "schedule", "--ledger", BAD], 2),
    "fleet worker": (nothing, ["fleet", "worker", "--concurrency", BAD], 2),
    "fleet status": (nothing, ["fleet", "status"], 2),
    "fleet run": (nothing, ["fleet", "run", BAD], 2),
    "fleet pause": (nothing, ["fleet", "pause", BAD], 2),
    "fleet resume": (nothing, ["fleet", "resume", BAD], 2),
    "fleet promote": (nothing, ["fleet", "promote", BAD], 2),
    "fleet rollback": (nothing, ["fleet", "rollback", BAD], 2),
    "org serve": (bad_data, ["org", "serve", "--data", "bad"], 2),
    "init": (nothing, ["init", "home", "--procedure", "member-support"], 0),
    "init, a hostile folder": (nothing, ["init", "home\x1b[2J\u202e", "--procedure", "member-support"], 2),
    "init, a hostile name": (nothing, ["init", "home", "--procedure", BAD, "--name", BAD], 2),
}
DATA = {"backtest", "validate, JUnit", "validate, for GitHub"}
"""Other programs read these, so each value stays as it is."""
WITHOUT_ROW = {"demo": "it shows its own org only, whose texts come with the program"}


def shown(world: World, row: str, *more: str) -> Screen:
    before, words, _code = ROWS[row]
    found = {"KEY": key, "APPLIED": applied, "NOTICE": notice}
    words = [found[word](world) if word in found else word for word in words]
    before(world)
    return on_terminal(world, *words, *more)


@pytest.mark.parametrize("row", ROWS)
def test_no_text_controls_the_terminal_or_forges_a_line(hostile: World, row: str) -> None:
    screen = shown(hostile, row)
    assert (screen.code, screen.obeyed(), screen.painted()) == (ROWS[row][2], set(), False), screen.out + screen.err
    assert row in DATA or screen.forged() == []


@pytest.mark.parametrize(
    "row", ["run", "explain", "status", "notices list", "notices show", "audit list", "audit show", "backtest"]
)
def test_json_on_a_terminal_is_harmless_and_exact(hostile: World, row: str) -> None:
    screen = shown(hostile, row, "--json")
    assert screen.obeyed() == set()
    assert isinstance(json.loads(screen.out), dict)


def test_json_keeps_every_character(hostile: World) -> None:
    routes = json.loads(on_terminal(hostile, "explain", "1", "--json").out)["policies"][0]["routes"]
    assert routes[2]["missing"] == [f"Type is empty (asked for {json.loads(IN_YAML)}: no)"]


def leaves(name: str, command: click.Command) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name
    else:
        for word, one in inner.items():
            yield from leaves(f"{name} {word}", one)


def test_every_command_is_tried_on_a_terminal_or_has_a_reason() -> None:
    group = LazyGroup("sfdc-escalator")
    found = [(name, group.get_command(click.Context(group), name)) for name in COMMANDS]
    known = {leaf for name, command in found if command for leaf in leaves(name, command)}
    assert known == {row.partition(",")[0] for row in ROWS} | set(WITHOUT_ROW)


def test_headings_are_bold_on_a_terminal_alone(hostile: World) -> None:
    assert "\x1b[1m" in on_terminal(hostile, "audit", "list").out
    assert "\x1b" not in on_terminal(hostile, "audit", "list", TERM="dumb").out
    assert "\x1b" not in hostile.type("audit", "list").out


def widest(text: str) -> int:
    return max(len(line) for line in text.replace("\r", "").split("\n") if "───" in line)


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        (None, 80),
        ("60", 60),
        ("200", 200),
        ("0", 80),
        ("-5", 80),
        ("many", 80),
        ("", 80),
        ("1", 80),
        ("9" * 20, 80),
    ],
)
def test_a_table_is_as_wide_as_columns_says_in_a_pipe(hostile: World, columns: str | None, width: int) -> None:
    if columns is not None:
        hostile.environ["COLUMNS"] = columns
    assert width - 2 <= widest(hostile.type("run", "--dry-run").out) <= width


@pytest.mark.parametrize(("columns", "width"), [(None, 90), ("60", 60), ("0", 90), ("many", 90)])
def test_a_table_is_as_wide_as_the_terminal_unless_columns_says_otherwise(
    hostile: World, columns: str | None, width: int
) -> None:
    environ = {} if columns is None else {"COLUMNS": columns}
    screen = on_terminal(hostile, "run", "--dry-run", columns=90, **environ)
    assert width - 2 <= widest(screen.out) <= width


def test_no_text_of_the_case_turns_the_note_around(hostile: World) -> None:
    notes = [one["CommentBody"] for one in select(hostile.orgs[0], "SELECT CommentBody FROM CaseComment")]
    (ours,) = [note for note in notes if "ESC-" in note]
    assert "exe" in ours
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(ours)
