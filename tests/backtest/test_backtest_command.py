"""`backtest` from the command line: its files, its answers, and the faults in files."""

import csv
import gzip
import io
from pathlib import Path

import pytest

from tests.stories.world import Answer, World

POLICY = """
policy: aged
routes:
  - {name: late, reason: Two hours., when: [{age: CreatedDate, at_least: 2h}], escalate: {status: Escalated}}
"""
MAPPING = """
kind: events
case: number
stamp: at
order: [mod]
missing: '?'
times: {format: '%d/%m/%Y %H:%M', zone: America/New_York}
closed: {Status: [Closed]}
fields:
  Status: state
  CreatedDate: opened
  Moves__c: {column: moves, type: number}
"""
EVENTS = """number,state,opened,at,mod,moves
A1,New,1/3/2026 09:00,1/3/2026 09:05,0,0
A1,Closed,1/3/2026 09:00,1/3/2026 12:30,3,1
A2,New,1/3/2026 10:00,1/3/2026 10:00,0,?
A2,Closed,1/3/2026 10:00,1/3/2026 11:00,1,0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("policy.yaml", POLICY), ("mapping.yaml", MAPPING), ("events.csv", EVENTS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def typed(world: World, folder: Path, *more: str, events: str = "events.csv", policy: str = "policy.yaml") -> Answer:
    files = ["--policy", str(folder / policy), "--events", str(folder / events)]
    times = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z", "--every", "1h"]
    given = {word for word in more if word.startswith("--")}
    times = [word for pair in zip(times[::2], times[1::2], strict=True) if pair[0] not in given for word in pair]
    return world.type("backtest", *files, "--mapping", str(folder / "mapping.yaml"), *times, *more)


def test_words_of_the_past_are_found_in_every_spelling(world: World, folder: Path) -> None:
    policy = POLICY.replace("{age: CreatedDate, at_least: 2h}", '{text: Status, mentions: ["don\'t resign"]}')
    (folder / "words.yaml").write_text(policy, encoding="utf-8")
    for text, found in (("Don\u2019t re\u00adsign", True), ("Don\u2019t re\u2010sign", False)):
        (folder / "words.csv").write_text(EVENTS.replace("A1,New", f"A1,{text}"), encoding="utf-8")
        answer = typed(world, folder, events="words.csv", policy="words.yaml")
        assert ("A1,late,start" in answer.out) is found


def test_a_case_is_reported_at_the_first_poll_at_or_after_the_limit(world: World, folder: Path) -> None:
    answer = typed(world, folder)
    assert answer.out.splitlines() == [
        "case_number,route,rung,episode,turn,match_utc",
        "A1,late,start,1,1,2026-03-01T16:00:00Z",
    ]


def test_a_compressed_file_is_read_too(world: World, folder: Path) -> None:
    (folder / "events.csv.gz").write_bytes(gzip.compress(EVENTS.encode()))
    assert typed(world, folder, events="events.csv.gz").out == typed(world, folder).out


def test_empty_lines_before_the_header_are_passed_over(world: World, folder: Path) -> None:
    (folder / "e.csv").write_text("\n\n" + EVENTS, encoding="utf-8")
    assert typed(world, folder, events="e.csv").out == typed(world, folder).out


def test_blanks_around_a_time_do_not_count(world: World, folder: Path) -> None:
    mapping = "kind: events\ncase: number\nstamp: at\nfields: {Status: state}\n"
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (folder / "e.csv").write_text("number,state,at\nA1,New, 2026-03-01T14:05:00Z \n", encoding="utf-8")
    assert "A1,late,start,1,1,2026-03-01T17:00:00Z" in typed(world, folder, events="e.csv").out


@pytest.mark.parametrize("name", ["events.csv", "mapping.yaml", "policy.yaml"])
def test_the_matches_are_never_written_over_a_file_that_is_read(world: World, folder: Path, name: str) -> None:
    before = (folder / name).read_text()
    (folder / "in").symlink_to(folder)
    answer = typed(world, folder, "--out", str(folder / "in" / name))
    assert (answer.code, "name the same file" in answer.err) == (2, True), answer.err
    assert (folder / name).read_text() == before


def test_json_is_one_object_with_the_counts(world: World, folder: Path) -> None:
    expected = typed(world, folder, "--json", "--out", str(folder / "m.csv")).json
    assert (expected["matches"], expected["cases"], expected["rows"], expected["polls"]) == (1, 2, 4, 25)
    assert expected["routes"] == {"late": 1}
    assert (folder / "m.csv").read_text().count("\n") == 2


def test_no_poll_happens_in_an_outage(world: World, folder: Path) -> None:
    answer = typed(world, folder, "--outage", "2026-03-01T16:00:00Z/2026-03-01T17:00:00Z")
    assert "2026-03-01T17:00:00Z" in answer.out


def test_a_difference_has_the_cases_matched_earlier_later_or_by_one_policy(world: World, folder: Path) -> None:
    (folder / "other.yaml").write_text(POLICY.replace("2h", "0m"), encoding="utf-8")
    answer = typed(world, folder, "--diff", str(folder / "other.yaml"))
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [(row["case_number"], row["difference"]) for row in rows] == [("A1", "later"), ("A2", "only there")]
    shown = typed(world, folder, "--diff", str(folder / "other.yaml"), "--out", str(folder / "d.csv"))
    assert "1 only there, 1 later" in shown.out


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("kind: events", "kind: event", "did you mean events?"),
        ("case: number", "case: numbr", "did you mean number?"),
        ("order: [mod]", "ordr: [mod]", "did you mean order?"),
        ("Status: state", "Status: stat", "did you mean state?"),
        ("type: number", "type: numbr", "did you mean number?"),
        ("zone: America/New_York", "zone: America/NewYork", "did you mean America/New_York?"),
        ("'%d/%m/%Y %H:%M'", "'%Y-%m-%d'", "this is not a time"),
        ("closed: {Status: [Closed]}", "closed: {Statu: [Closed]}", "did you mean Status?"),
        ("fields:", "fieldz:", "did you mean fields?"),
    ],
)
def test_a_fault_in_a_mapping_is_reported_with_the_nearest_name(
    world: World, folder: Path, old: str, new: str, expected: str
) -> None:
    (folder / "mapping.yaml").write_text(MAPPING.replace(old, new), encoding="utf-8")
    answer = typed(world, folder, "--out", str(folder / "m.csv"))
    assert answer.code == 2
    assert expected in answer.err
    assert not (folder / "m.csv").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "empty"),
        (b"\x00\xff\xfe junk", "cannot be read"),
        (EVENTS.encode().replace(b"A2,New", b"A2,N\xff"), "events.csv:4: the file cannot be read"),
        (gzip.compress(EVENTS.encode().replace(b"A2,New", b"A2,N\xff")), "events.csv:4: the file cannot be read"),
        (EVENTS.replace("A2,New", 'A2,"Ne"w').encode(), "events.csv:4: the file cannot be read"),
        (EVENTS.replace("A2,", ",").encode(), "events.csv:4: column number: the row has no case"),
        (EVENTS.replace("A2,", "?,").encode(), "events.csv:4: column number: the row has no case"),
        (EVENTS.replace("1/3/2026 11:00", "31/12/9999 23:00").encode(), "column at: this time is out of range"),
        (EVENTS.replace("1/3/2026 10:00,1", "1/1/0001 00:00,1").encode(), "column opened: this time is out of range"),
        (EVENTS.replace(",moves", ",mod").encode(), "events.csv:1: the file has 2 columns 'mod'"),
        (EVENTS.replace(",3,1\n", ",3,nan\n").encode(), "events.csv:3: column moves: this is not a number"),
        (b"\x1f\x8bjunk", "cannot be read"),
        (EVENTS.replace("1/3/2026 12:30", "yesterday").encode(), "events.csv:3: column at: this is not a time"),
        (
            EVENTS.replace("A2,New,1/3/2026 10:00,1/3/2026 10:00,0,?", "A2,New").encode(),
            "events.csv:4: the row does not match",
        ),
        (EVENTS.replace(",3,1\n", ",3,many\n").encode(), "column moves: this is not a number"),
        (EVENTS.replace("1/3/2026 11:00", "").encode(), "the row has no time"),
    ],
)
def test_a_fault_in_a_history_file_is_reported_with_its_line(
    world: World, folder: Path, text: bytes, expected: str
) -> None:
    (folder / "events.csv").write_bytes(text)
    answer = typed(world, folder, "--out", str(folder / "m.csv"))
    assert answer.code == 2
    assert expected in answer.err
    assert not (folder / "m.csv").exists()


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{field: Movs__c, at_least: 2}", "did you mean Moves__c?"),
        ("{related: Tasks, at_least: 2}", "cannot answer its `related` condition"),
        ("{idle: customer, at_least: 2h}", "cannot answer its `idle` condition"),
        ("{owner: in_queue, in: [Leads]}", "cannot answer its `owner` condition"),
        ("{age: CreatedDate, at_least: 2h, calendar: {business_hours: Default}}", "business hours 'Default'"),
    ],
)
def test_a_policy_that_the_file_cannot_answer_is_refused(world: World, folder: Path, when: str, expected: str) -> None:
    (folder / "policy.yaml").write_text(POLICY.replace("{age: CreatedDate, at_least: 2h}", when), encoding="utf-8")
    answer = typed(world, folder)
    assert answer.code == 2
    assert expected in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--every", "0m"],
        ["--from", "2026-03-03T00:00:00Z"],
        ["--from", "2026-03-01"],
        ["--outage", "2026-03-01T00:00:00Z"],
        ["--outage", "2026-03-02T00:00:00Z/2026-03-01T00:00:00Z"],
        ["--every", "1ms"],
    ],
)
def test_a_wrong_argument_is_reported(world: World, folder: Path, arguments: list[str]) -> None:
    answer = typed(world, folder, *arguments)
    assert answer.code == 2
    assert arguments[0] in answer.err


def test_an_output_that_cannot_be_written_is_reported(world: World, folder: Path) -> None:
    answer = typed(world, folder, "--out", str(folder / "no" / "m.csv"))
    assert answer.code == 2
    assert "cannot be written" in answer.err


SNAPSHOT = """
kind: snapshot
case: number
opened: opened
closed: ended
times: {format: '%m/%d/%Y %I:%M:%S %p', zone: America/New_York}
fields: {Status: state, CreatedDate: opened}
"""
ROWS = """number,state,opened,ended
S1,Open,11/01/2015 01:30:00 AM,
S2,Closed,11/01/2015 01:30:00 AM,11/01/2015 02:10:00 AM
S3,Open,11/01/2015 01:10:00 AM,11/01/2015 12:10:00 AM
"""


@pytest.fixture
def snapshot(folder: Path) -> Path:
    (folder / "mapping.yaml").write_text(SNAPSHOT, encoding="utf-8")
    (folder / "events.csv").write_text(ROWS, encoding="utf-8")
    return folder


def test_a_snapshot_has_each_case_from_opening_to_closing_with_the_first_of_two_equal_times(
    world: World, snapshot: Path
) -> None:
    answer = typed(world, snapshot, "--from", "2015-11-01T05:00:00Z", "--to", "2015-11-01T09:00:00Z")
    # 1:30 occurs twice in that night; the first is 05:30Z. S2 closes at 07:10Z, S3 before it opens.
    assert answer.out.splitlines()[1:] == [
        "S1,late,start,1,1,2015-11-01T08:00:00Z",
    ]


def test_a_snapshot_does_not_know_how_long_a_field_had_its_value(world: World, snapshot: Path) -> None:
    when = "{in_state: Status, at_least: 2h}"
    text = POLICY.replace("{age: CreatedDate, at_least: 2h}", when)
    (snapshot / "policy.yaml").write_text(text, encoding="utf-8")
    answer = typed(world, snapshot)
    assert answer.code == 2
    assert "cannot answer its `in_state` condition" in answer.err
