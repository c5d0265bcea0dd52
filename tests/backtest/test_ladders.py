"""The rungs of a backtest: a table for each rule, with exact rows."""

import csv
import io
from pathlib import Path

import pytest

from tests.stories.world import Answer, World

MAPPING = """
kind: events
case: number
stamp: at
closed: {Status: [Closed]}
fields:
  Status: state
  Priority: priority
  CreatedDate: opened
  Region__c: region
"""
HEAD = "number,state,priority,region,opened,at\n"
OPENED = "2026-03-02T09:00:00Z"
POLICY = """
policy: aged
teams: {desk: {queue: Desk}}
owner: {accountable: desk}
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
priorities: [Low, High, Critical]
tables:
  patience: {by: Region__c, values: {north: 2h}, else: 5h}
routes:
"""
LATE = """
  - name: late
    reason: An hour.
    when: [{age: CreatedDate, at_least: 1h}]
    escalate: {status: Escalated}
"""
URGENT = """
  - name: urgent
    reason: High.
    when: [{field: Priority, is: High}]
    escalate: {status: Escalated}
"""
TELLING = """
  - name: told
    reason: High.
    when: [{field: Priority, is: High}]
    escalate: none
    notify: [desk]
    ladder: [{name: call, after: 2h, escalate: {priority: Critical}, until: closed}]
"""
WORKED = "    acknowledged: {field: Status, is: Working}\n"


def history(*rows: tuple[str, str] | tuple[str, str, str]) -> str:
    """The rows of case 1 (at, status, priority), all on one Monday in March."""
    lines = [
        ",".join(("1", status, (*more, "Low")[0], "north", OPENED, f"2026-03-0{2 + int(at[:2]) // 24}T{hour(at)}Z"))
        for at, status, *more in rows
    ]
    return HEAD + "".join(f"{line}\n" for line in lines)


def hour(at: str) -> str:
    return f"{int(at[:2]) % 24:02}{at[2:]}:00"


NEW = history(("09:00", "New"))


def replayed(world: World, folder: Path, routes: str, events: str, *more: str, every: str = "1h") -> Answer:
    texts = {"policy.yaml": POLICY + routes, "mapping.yaml": MAPPING, "events.csv": events}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    files = ["--policy", str(folder / "policy.yaml"), "--mapping", str(folder / "mapping.yaml")]
    times = ["--from", "2026-03-02T09:00:00Z", "--to", "2026-03-03T12:00:00Z", "--every", every]
    return world.type("backtest", *files, "--events", str(folder / "events.csv"), *times, *more)


def rows(answer: Answer) -> list[str]:
    """Each row as `route rung turn day-hour:minute`."""
    assert answer.code == 0, answer.err
    return [
        f"{row['route']} {row['rung']} {row['turn']} {row['match_utc'][9:16].replace('T', '-')}"
        for row in csv.DictReader(io.StringIO(answer.out))
    ]


def ladder(*rungs: str, keys: str = "") -> str:
    """The route `late` with this ladder; a rung that does not say `until` waits for an act."""
    whole = (rung if "until:" in rung else f"{rung}, until: acknowledged" for rung in rungs)
    return LATE + keys + "    ladder:\n" + "".join(f"      - {{{rung}}}\n" for rung in whole)


START = "late start 1 2-10:00"
RULES = [
    (
        "a rung comes at the first poll at or after its moment",
        ladder("after: 90m, notify: [desk], until: closed"),
        NEW,
        [START, "late after-90m 1 2-12:00"],
    ),
    (
        "no rung comes at the poll of its start",
        ladder("after: 0m, notify: [desk], until: closed"),
        NEW,
        [START, "late after-0m 1 2-11:00"],
    ),
    (
        "with a calendar open time counts",
        ladder("after: 8h, calendar: office, notify: [desk], until: closed"),
        NEW,
        [START, "late after-8h 1 3-10:00"],
    ),
    (
        "a table gives the time by the fields of the case",
        ladder("name: lost, after: {table: patience}, notify: [desk], until: closed"),
        NEW,
        [START, "late lost 1 2-12:00"],
    ),
    (
        "the case at that poll counts for a table",
        ladder("name: lost, after: {table: patience}, notify: [desk], until: closed"),
        history(("09:00", "New")) + f"1,New,Low,south,{OPENED},2026-03-02T11:30:00Z\n",
        [START, "late lost 1 2-15:00"],
    ),
    (
        "before and after the due time",
        ladder(
            "before_due: 1h, notify: [desk], until: closed",
            "after_due: 2h, notify: [desk], until: closed",
            keys="    due: 4h\n",
        ),
        NEW,
        [START, "late before-due-1h 1 2-13:00", "late after-due-2h 1 2-16:00"],
    ),
    (
        "the due time is the end of the business day",
        ladder(
            "after_due: 0m, notify: [desk], until: closed", keys="    due: {end_of: business_day, calendar: office}\n"
        ),
        NEW,
        [START, "late after-due-0m 1 2-17:00"],
    ),
    (
        "turns come on their grid and end",
        ladder("after: 1h, notify: [desk], repeat: {every: 90m, at_most: 2}, until: closed"),
        NEW,
        [START, "late after-1h 1 2-11:00", "late after-1h 2 2-13:00", "late after-1h 3 2-14:00"],
    ),
    (
        "one rung at one poll",
        ladder(
            "after: 15m, notify: [desk], until: closed",
            "after_due: 0m, notify: [desk], until: closed",
            keys="    due: 30m\n",
        ),
        NEW,
        [START, "late after-15m 1 2-11:00", "late after-due-0m 1 2-12:00"],
    ),
    (
        "a poll that sees the case closed ends the ladder",
        ladder("after: 2h, notify: [desk], until: closed", "after: 4h, notify: [desk], until: closed"),
        history(("09:00", "New"), ("12:30", "Closed"), ("13:30", "New")),
        [START, "late after-2h 1 2-12:00"],
    ),
    (
        "closed and opened again between two polls is nothing",
        ladder("after: 4h, notify: [desk], until: closed"),
        history(("09:00", "New"), ("12:10", "Closed"), ("12:50", "New")),
        [START, "late after-4h 1 2-14:00"],
    ),
    (
        "a route above ends the lower ladder",
        URGENT + ladder("after: 2h, notify: [desk], until: closed", "after: 3h, notify: [desk], until: closed"),
        history(("09:00", "New"), ("12:30", "New", "High")),
        [START, "late after-2h 1 2-12:00", "urgent start 1 2-13:00"],
    ),
    (
        "a route above that only notifies does not: one write for a case at one poll",
        TELLING
        + ladder("after: 4h, escalate: {priority: High}, until: closed", "after: 5h, notify: [desk], until: closed"),
        history(("09:00", "New"), ("11:30", "New", "High"), ("13:30", "New", "Low")),
        [START, "late after-4h 1 2-15:00", "late after-5h 1 2-16:00", "told start 1 2-12:00", "told call 1 2-14:00"],
    ),
    (
        "an act that a column shows ends rungs that wait for it, and no others",
        ladder(
            "after: 1h, notify: [desk]",
            "after: 3h, notify: [desk]",
            "after: 4h, notify: [desk], until: closed",
            keys=WORKED,
        ),
        history(("09:00", "New"), ("11:30", "Working"), ("11:40", "New")),
        [START, "late after-1h 1 2-11:00", "late after-4h 1 2-14:00"],
    ),
    (
        "a value from before the start proves no act",
        ladder("after: 1h, notify: [desk]", keys=WORKED),
        history(("09:00", "Working")),
        [START, "late after-1h 1 2-11:00"],
    ),
    (
        "a held case has no start and no rung, and held time does not count",
        ladder("after: 3h, notify: [desk], until: closed"),
        history(("09:00", "Legal"), ("10:30", "New"), ("12:30", "Legal"), ("14:30", "New")),
        ["late start 1 2-11:00", "late after-3h 1 2-16:00"],
    ),
]
HELD = "hold_while: {field: Status, is: Legal}\n"


@pytest.mark.parametrize(("routes", "events", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_a_ladder_of_the_past(world: World, tmp_path: Path, routes: str, events: str, expected: list[str]) -> None:
    """L1, L2, L3, L4, L5, L7, L12, L13, L14, L16, L17, L19"""
    answer = replayed(world, tmp_path, routes + (HELD if "Legal" in events else ""), events)
    assert sorted(rows(answer)) == sorted(expected)


OUTAGE = ("--outage", "2026-03-02T10:30:00Z/2026-03-02T20:00:00Z")
CHAIN = ("after: 1h, notify: [desk], until: closed", "after: 2h, notify: [desk], until: closed")


def test_after_an_outage_people_get_the_time_to_act(world: World, tmp_path: Path) -> None:
    """L8"""
    routes = ladder(*CHAIN, "after: 5h, notify: [desk], until: closed")
    assert rows(replayed(world, tmp_path, routes, NEW, *OUTAGE)) == [
        START,
        "late after-1h 1 2-20:00",
        "late after-2h 1 2-21:00",
        "late after-5h 1 3-00:00",
    ]


def test_after_an_outage_the_highest_rung_alone_comes_where_the_policy_says_so(world: World, tmp_path: Path) -> None:
    """L8"""
    routes = ladder(*CHAIN, keys="    catch_up: highest\n")
    assert rows(replayed(world, tmp_path, routes, NEW, *OUTAGE)) == [START, "late after-2h 1 2-20:00"]


def test_sparse_polls_skip_missed_turns(world: World, tmp_path: Path) -> None:
    """L5"""
    routes = ladder("after: 1h, notify: [desk], repeat: {every: 1h, at_most: 9}, until: closed")
    assert rows(replayed(world, tmp_path, routes, NEW, every="5h")) == [
        "late start 1 2-14:00",
        "late after-1h 5 2-19:00",
        "late after-1h 10 3-00:00",
    ]


WAITING = ladder("after: 1h, notify: [desk]", "after: 3h, notify: [desk]")


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ("never", [START, "late after-1h 1 2-11:00", "late after-3h 1 2-13:00"]),
        ("2h", [START, "late after-1h 1 2-11:00"]),
        ("1h", [START]),
        ("3h", [START, "late after-1h 1 2-11:00"]),
    ],
)
def test_the_caller_says_when_somebody_acts(world: World, tmp_path: Path, acts: str, expected: list[str]) -> None:
    """L13"""
    assert rows(replayed(world, tmp_path, WAITING, NEW, "--acknowledged", acts)) == expected


def test_an_act_that_the_file_cannot_show_is_asked_for_once(world: World, tmp_path: Path) -> None:
    answer = replayed(world, tmp_path, WAITING, NEW, "--out", str(tmp_path / "m.csv"))
    assert answer.code == 2
    assert "route late: its rung after-1h" in answer.err
    assert "--acknowledged never" in answer.err
    assert not (tmp_path / "m.csv").exists()


def test_a_route_that_never_matches_asks_for_no_act(world: World, tmp_path: Path) -> None:
    assert rows(replayed(world, tmp_path, WAITING.replace("1h}]", "99d}]"), NEW)) == []


def test_a_column_wins_over_the_word_of_the_caller(world: World, tmp_path: Path) -> None:
    routes = ladder("after: 3h, notify: [desk]", keys=WORKED)
    worked = history(("09:00", "New"), ("11:30", "Working"))
    assert rows(replayed(world, tmp_path, routes, worked, "--acknowledged", "never")) == [START]
    assert rows(replayed(world, tmp_path, routes, NEW, "--acknowledged", "1h")) == [START, "late after-3h 1 2-13:00"]


def test_of_alternative_acts_a_column_shows_some(world: World, tmp_path: Path) -> None:
    either = "    acknowledged: {any: [{field: Status, is: Working}, {spoke: agent, since: escalation}]}\n"
    routes = ladder("after: 3h, notify: [desk]", keys=either)
    worked = history(("09:00", "New"), ("11:30", "Working"))
    assert replayed(world, tmp_path, routes, NEW).code == 2
    assert rows(replayed(world, tmp_path, routes, worked, "--acknowledged", "never")) == [START]
    assert rows(replayed(world, tmp_path, routes, NEW, "--acknowledged", "2h")) == [START]


@pytest.mark.parametrize("wrong", ["sometimes", "2", "-1h", ""])
def test_a_wrong_time_of_acts_is_reported(world: World, tmp_path: Path, wrong: str) -> None:
    answer = replayed(world, tmp_path, WAITING, NEW, "--acknowledged", wrong)
    assert answer.code == 2
    assert "--acknowledged" in answer.err


def test_a_table_of_a_ladder_needs_its_column(world: World, tmp_path: Path) -> None:
    routes = ladder("name: lost, after: {table: patience}, notify: [desk], until: closed")
    replayed(world, tmp_path, routes, NEW)
    text = MAPPING.replace("  Region__c: region\n", "")
    (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
    files = [word for name in ("policy", "mapping") for word in (f"--{name}", str(tmp_path / f"{name}.yaml"))]
    times = ["--from", "2026-03-02T09:00:00Z", "--to", "2026-03-03T12:00:00Z", "--every", "1h"]
    answer = world.type("backtest", *files, "--events", str(tmp_path / "events.csv"), *times)
    assert answer.code == 2
    assert "route late reads Region__c" in answer.err


def test_every_episode_has_a_ladder_of_its_own(world: World, tmp_path: Path) -> None:
    routes = URGENT + "    ladder: [{after: 2h, notify: [desk], until: closed}]\n"
    events = history(("09:00", "New", "High"), ("10:30", "New"), ("12:30", "New", "High"))
    assert rows(replayed(world, tmp_path, routes, events, "--episodes", "all")) == [
        "urgent start 1 2-09:00",
        "urgent after-2h 1 2-11:00",
        "urgent start 1 2-13:00",
        "urgent after-2h 1 2-15:00",
    ]


def test_a_difference_names_the_rung_and_the_turn(world: World, tmp_path: Path) -> None:
    other = ladder("after: 2h, notify: [desk], repeat: {every: 1h, at_most: 1}, until: closed")
    (tmp_path / "other.yaml").write_text(POLICY + other, encoding="utf-8")
    routes = ladder("name: after-2h, after: 3h, notify: [desk], until: closed")
    answer = replayed(world, tmp_path, routes, NEW, "--diff", str(tmp_path / "other.yaml"))
    found = list(csv.DictReader(io.StringIO(answer.out)))
    assert [(row["difference"], row["rung"], row["turn"]) for row in found] == [
        ("later", "after-2h", "1"),
        ("only there", "after-2h", "2"),
    ]


def test_json_counts_the_rungs_of_each_route(world: World, tmp_path: Path) -> None:
    found = replayed(world, tmp_path, ladder(*CHAIN), NEW, "--json").json
    assert (found["routes"], found["matches"]) == ({"late": 1}, 3)
    assert found["rungs"] == {"late": {"after-1h": 1, "after-2h": 1}}
    assert [(one["rung"], one["turn"]) for one in found["listed"]][1:] == [("after-1h", "1"), ("after-2h", "1")]
