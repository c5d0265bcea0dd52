"""Histories that DuckDB reads and sorts: the same answers as those that Python reads, the same messages, nothing left
behind."""

import csv
import errno
import gzip
import io
import json
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.backtest.history import duck, reader, sorting
from sfdc_escalator.backtest.history.duck import database
from sfdc_escalator.backtest.history.mapping import load_mapping
from sfdc_escalator.backtest.history.reader import open_history
from sfdc_escalator.backtest.history.rows import Row
from tests.backtest.test_backtest_command import MAPPING, POLICY, ROWS, SNAPSHOT, typed
from tests.sampling import WHOLE
from tests.stories.world import World

LADDER = """
policy: tall
teams: {leads: {queue: Leads, tell: [log]}}
channels: {log: slack}
routes:
  - name: moved
    reason: It moved.
    when: [{field: Moves__c, at_least: 2}, {in_state: Status, at_least: 1h}]
    escalate: {status: Escalated}
    notify: [{team: leads}]
    ladder: [{after: 3h, escalate: {priority: High}, until: closed, repeat: {every: 6h, at_most: 3}}]
  - {name: late, reason: Two hours., when: [{age: CreatedDate, at_least: 2h}], escalate: {status: Escalated}}
"""
COLUMNS = ("number", "state", "opened", "at", "mod", "moves")
FORMAT = "%d/%m/%Y %H:%M"


def cell_of(at: datetime) -> str:
    return at.strftime(FORMAT)


@pytest.fixture(scope="module")
def events() -> list[tuple[str, ...]]:
    """Some cases with their updates mixed up, of which several have the same time."""
    dice, begin = random.Random(3), datetime(2026, 3, 1)  # noqa: DTZ001 - the mapping gives the zone
    rows: list[tuple[str, ...]] = []
    for number in range(40):
        opened = begin + timedelta(minutes=dice.randrange(600))
        for update in range(dice.randrange(1, 9)):
            at = opened + timedelta(minutes=dice.choice((0, 30, 61)) * update)
            state = dice.choice(("New", "Active", 'Wait, "quoted"', "Closed", "Ünïcode"))
            moves = dice.choice(("?", "", str(update), f"{update}.5"))
            order = dice.choice(("0", "2", "10", "x", "-0.0", str(update)))
            rows.append((f"A{number % 13}", state, cell_of(opened), cell_of(at), order, moves))
    dice.shuffle(rows)
    return rows


def as_csv(rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue()


def as_json_lines(rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> str:
    return "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)


def write_parquet(path: Path, select: str) -> None:
    duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


def as_parquet(path: Path, source: Path) -> None:
    write_parquet(path, f"SELECT * FROM read_csv('{source}', all_varchar = true, header = true)")


@pytest.fixture
def folder(tmp_path: Path, events: list[tuple[str, ...]]) -> Path:
    texts = {"policy.yaml": POLICY, "tall.yaml": LADDER, "mapping.yaml": MAPPING, "events.csv": as_csv(events)}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(as_json_lines(events), encoding="utf-8")
    (tmp_path / "packed").write_bytes(gzip.compress(as_json_lines(events).encode()))
    as_parquet(tmp_path / "events.parquet", tmp_path / "events.csv")
    return tmp_path


@pytest.fixture
def without_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is too large for Python."""
    monkeypatch.setattr(reader, "LARGEST", 0)


ASKED = (
    ("policy.yaml",),
    ("tall.yaml", "--episodes", "all"),
    ("policy.yaml", "--diff", "tall.yaml"),
)


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_every_form_of_a_history_gives_the_same_answer_to_the_byte(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, asked: Sequence[str]
) -> None:
    policy, *more = (str(folder / one) if one.endswith(".yaml") else one for one in asked)
    expected = typed(world, folder, *more, policy=policy)
    assert expected.code == 0, expected.err
    assert len(expected.out.splitlines()) > 10
    monkeypatch.setattr(reader, "LARGEST", 0)
    for name in ("events.csv", "events.jsonl", "packed", "events.parquet"):
        answer = typed(world, folder, *more, events=name, policy=policy)
        assert (answer.code, answer.out) == (0, expected.out), name
        assert f"{name}: " in answer.err
        assert "sorted with DuckDB" in answer.err


@pytest.mark.parametrize("more", [(), ("--diff", "tall.yaml")], ids=" ".join)
def test_the_json_object_is_the_same_too(world: World, folder: Path, more: Sequence[str]) -> None:
    given = ("--json", *(str(folder / one) if one.endswith(".yaml") else one for one in more))
    assert typed(world, folder, *given, events="events.parquet").json == typed(world, folder, *given).json


def test_a_snapshot_in_every_form_gives_the_same_answer(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mapping.yaml").write_text(SNAPSHOT, encoding="utf-8")
    twice = ROWS + "S3,Open,11/01/2015 01:10:00 AM,\nS1,Open,11/01/2015 01:00:00 AM,\n"
    (folder / "s.csv").write_text(twice, encoding="utf-8")
    as_parquet(folder / "s.parquet", folder / "s.csv")
    when = ("--from", "2015-11-01T05:00:00Z", "--to", "2015-11-01T09:00:00Z")
    expected = typed(world, folder, *when, events="s.csv").out
    assert expected.count("S1,late") == 2
    assert typed(world, folder, *when, events="s.parquet").out == expected
    monkeypatch.setattr(reader, "LARGEST", 0)
    assert typed(world, folder, *when, events="s.csv").out == expected


@pytest.mark.usefixtures("without_small")
def test_the_file_is_written_and_nothing_else_is_left_beside_it(world: World, folder: Path) -> None:
    (folder / "out").mkdir()
    answer = typed(world, folder, "--out", str(folder / "out" / "m.csv"))
    assert answer.code == 0, answer.err
    assert [one.name for one in (folder / "out").iterdir()] == ["m.csv"]


def test_a_small_csv_file_is_read_without_duckdb(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    answer = typed(world, folder)
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.parametrize("name", ["events.csv", "events.jsonl", "events.parquet"])
@pytest.mark.usefixtures("without_small")
def test_without_duckdb_the_message_says_what_to_install(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    answer = typed(world, folder, "--out", str(folder / "m.csv"), events=name)
    assert answer.code == 2
    assert "pip install 'sfdc-escalator[history]'" in answer.err
    assert not (folder / "m.csv").exists()


def test_progress_shows_the_rows_that_are_read_and_the_time_that_sorting_takes(folder: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    with open_history(folder / "events.csv", load_mapping(folder / "mapping.yaml"), folder, largest=0) as history:
        assert [number for number, _ in history.cases(lambda *one: seen.append(one))] == sorted(
            {f"A{number}" for number in range(13)}
        )
    count = history.rows.count
    assert seen == [("rows read", count, count), ("rows sorted", 0, 0), ("rows sorted", 1, 1)]


def test_duckdb_prints_no_progress_between_the_rows(tmp_path: Path) -> None:
    with database(tmp_path) as found:
        asked = "SELECT value FROM duckdb_settings() WHERE name = 'enable_progress_bar'"
        assert list(found.rows(asked)) == [("false",)]


def test_rows_that_came_before_more_memory_is_needed_come_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def rows(*_: object) -> Iterator[tuple[int]]:
        asked.append(1)
        yield from ((number,) for number in range(3 * len(asked)))
        if len(asked) < 3:
            raise duckdb.OutOfMemoryException("more")

    with database(tmp_path) as found:
        monkeypatch.setattr(found, "_rows", rows)
        assert list(found.rows("")) == [(number,) for number in range(9)]


# -- faults


ROW = '{"number": "A1", "state": "New", "opened": "1/3/2026 09:00", "at": "1/3/2026 09:05", "mod": 0, "moves": 0}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROW + ROW.replace("moves", "moved"), "e.jsonl:2: the row has no key 'moves'"),
        (ROW + "\n" + ROW[:40] + "\n" + ROW, "e.jsonl:3: the row is not JSON"),
        (ROW + "[1, 2]\n", "e.jsonl:2: the row is not an object"),
        (ROW + "[" * 100_000 + "\n", "e.jsonl:2: the row is not JSON"),
        (ROW.replace('"mod": 0', '"mod": [0]'), "e.jsonl:1: column mod: this is not a single value"),
        (ROW.replace("09:05", "morning"), "e.jsonl:1: column at: this is not a time"),
        (ROW.replace('"moves": 0', '"moves": true'), "e.jsonl:1: column moves: this is not a number"),
        (ROW.replace("New", "\\ud800"), "e.jsonl:1: the row has half of a surrogate pair"),
        (ROW.replace("moves", "moved"), "the file has no column 'moves'"),
        (ROW + ROW.replace('"mod": 0', '"mod": 0, "mod": 0'), "e.jsonl:2: the row has a key more than once"),
        (ROW.replace('"moves": 0', '"moves": NaN'), "e.jsonl:1: column moves: this is not a number"),
        (ROW.replace('"A1"', "null"), "e.jsonl:1: column number: the row has no case"),
        (ROW + ROW.replace("New", "N" * 10_000_000), "e.jsonl:2: the file cannot be read; found more than 10,000,000"),
        ("{}\n{", "the file has no column 'number'"),
        ("{\n", "e.jsonl:1: the row is not JSON"),
    ],
)
def test_a_fault_in_json_lines_is_reported_with_its_line(world: World, folder: Path, text: str, expected: str) -> None:
    (folder / "e.jsonl").write_text(text, encoding="utf-8")
    answer = typed(world, folder, "--out", str(folder / "m.csv"), events="e.jsonl")
    assert (answer.code, expected in answer.err) == (2, True), answer.err
    assert not (folder / "m.csv").exists()


@pytest.mark.usefixtures("without_small")
def test_a_row_that_is_broken_in_the_middle_has_the_same_message_from_both_readers(
    world: World, folder: Path, events: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*events[:50], ("A1", "New"), ("A1", "New", "?", "noon", "0", "many"), *events[50:]]
    (folder / "events.csv").write_text(as_csv(rows), encoding="utf-8")
    large = typed(world, folder)
    monkeypatch.undo()
    small = typed(world, folder)
    assert (large.code, large.err.partition("\n")[2]) == (small.code, small.err)
    assert "events.csv:52: the row does not match the header" in small.err
    assert "events.csv:53: column at: this is not a time" in small.err


def test_json_lines_are_known_behind_empty_lines(world: World, folder: Path) -> None:
    expected = typed(world, folder, events="events.jsonl")
    (folder / "e").write_text("\n  \n " + (folder / "events.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    assert typed(world, folder, events="e").out == expected.out


TYPED = "SELECT 'A' || i AS number, 'New' AS state, {} AS opened, {} AS at, i AS mod, {} AS moves FROM range(3) t(i)"
STAMP = "TIMESTAMP '2026-03-01 09:00:00' + to_hours(i::INT)"


def test_typed_columns_of_a_parquet_file_have_the_values_of_their_texts(world: World, folder: Path) -> None:
    (folder / "mapping.yaml").write_text(MAPPING.replace("format: '%d/%m/%Y %H:%M', ", ""), encoding="utf-8")
    write_parquet(folder / "a[1]*.parquet", TYPED.format(STAMP, STAMP, "i::DECIMAL(9, 2)"))
    answer = typed(world, folder, events="a[1]*.parquet", policy="policy.yaml")
    assert answer.out.splitlines()[1:] == [  # 09:00 in New York is 14:00
        "A0,late,start,1,1,2026-03-01T16:00:00Z",
        "A1,late,start,1,1,2026-03-01T17:00:00Z",
        "A2,late,start,1,1,2026-03-01T18:00:00Z",
    ]


def test_folders_above_a_parquet_file_give_it_no_columns(world: World, folder: Path) -> None:
    expected = typed(world, folder)
    (place := folder / "number=A1" / "state=Closed").mkdir(parents=True)
    (folder / "events.parquet").rename(place / "events.parquet")
    assert typed(world, folder, events="number=A1/state=Closed/events.parquet").out == expected.out


def test_columns_without_a_value_and_with_times_in_a_zone_are_read(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pandas writes them: an empty column has no type, and times count nanoseconds."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    text = "kind: events\ncase: number\nstamp: at\nfields: {Status: at, Origin: empty, "
    text += "Vip__c: {column: vip, type: checkbox}}"
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    policy = "policy: p\nroutes:\n  - {name: r, reason: R., when: [{field: Status, starts_with: 2026-03-01 09:00}, "
    policy += "{field: Origin, is_empty: true}, {field: Vip__c, is: true}], escalate: {status: Escalated}}\n"
    (folder / "p.yaml").write_text(policy, encoding="utf-8")
    columns = "'A1' AS number, TIMESTAMPTZ_NS '2026-03-01 09:00:00.123456789+00' AS at, NULL AS empty, 1 AS vip"
    write_parquet(folder / "t.parquet", f"SELECT {columns}")
    answer = typed(world, folder, events="t.parquet", policy="p.yaml")
    assert "A1,r,start,1,1,2026-03-01T10:00:00Z" in answer.out, answer.err


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.usefixtures("without_small")
def test_rows_with_long_cells_need_little_memory(folder: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them together do not fit into the memory of DuckDB, and a batch of the Parquet file does not either."""
    monkeypatch.setattr(duck, "MEMORY", "20MB")
    monkeypatch.setattr(duck, "MORE", ("200MB",) if form == "parquet" else ())
    text = "kind: events\ncase: number\nstamp: at\nfields: {Status: state, Description: body}\n"
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    rows = [(f"A{place * 7 % 99}", "New", "2026-03-01", f"{place}" * 2_000) for place in range(1_000, 4_000)]
    (folder / "long.csv").write_text(as_csv(rows, ("number", "state", "at", "body")), encoding="utf-8")
    if form == "parquet":
        as_parquet(folder / "long.parquet", folder / "long.csv")
    expected = sorted(rows, key=lambda row: (row[0], int(row[3][:4])))
    with open_history(folder / f"long.{form}", load_mapping(folder / "mapping.yaml"), folder) as history:
        found = ((number, row.cells) for number, some in history.cases() for row in some)
        assert all(one == (row[0], (row[1], row[3])) for one, row in zip(found, expected, strict=True))


def test_a_place_that_is_full_is_reported_for_long_cells_too(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sorting.LongCells, "put", full)
    (folder / "e.jsonl").write_text(ROW.replace("New", "N" * 2_000), encoding="utf-8")
    answer = typed(world, folder, events="e.jsonl")
    assert (answer.code, "no space left on device" in answer.err) == (2, True), answer.err


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((STAMP, "[i]", "i"), "column at: its type cannot be read"),
        ((STAMP, STAMP, "true"), "column moves: its type cannot be read"),
        (("i", "'1/3/2026 09:05'", "i"), "column opened: its type cannot be read"),
        (("'1/3/2026 09:00'", STAMP, "i"), "column at: it holds times, not texts"),
        (("'1/3/2026 09:00'", "'never'", "i"), "t.parquet:1: column at: this is not a time"),
    ],
)
def test_a_column_of_a_parquet_file_with_another_type_is_reported(
    world: World, folder: Path, columns: tuple[str, str, str], expected: str
) -> None:
    write_parquet(folder / "t.parquet", TYPED.format(*columns))
    answer = typed(world, folder, "--out", str(folder / "m.csv"), events="t.parquet")
    assert (answer.code, expected in answer.err) == (2, True), answer.err
    assert not (folder / "m.csv").exists()


@pytest.mark.parametrize("content", [b"", b"PAR1junk", b"number,state\n"])
def test_a_file_that_is_not_parquet_is_reported(world: World, folder: Path, content: bytes) -> None:
    (folder / "t.parquet").write_bytes(content)
    answer = typed(world, folder, events="t.parquet")
    assert (answer.code, "t.parquet: the file cannot be read" in answer.err) == (2, True), answer.err


def test_a_place_without_room_is_reported(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder / "missing"))
    answer = typed(world, folder, "--json", events="events.jsonl")
    assert answer.code == 2
    assert "the history cannot be sorted" in answer.json["error"]["message"]


# -- every text comes back as it was


def cases_of(path: Path, largest: int) -> list[tuple[str, list[Row]]]:
    with open_history(path, load_mapping(path.with_name("mapping.yaml")), path.parent, largest) as history:
        return [(number, [row._replace(order=()) for row in rows]) for number, rows in history.cases()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("cells")
    mapping = "kind: events\ncase: number\nstamp: at\norder: [mod]\nfields: {Status: state}\n"
    (found / "mapping.yaml").write_text(mapping, encoding="utf-8")
    return found


TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
EXAMPLES = 200 if WHOLE else 10
"""A database is made for each."""
CELLS = st.tuples(
    TEXT.filter(str.strip),
    TEXT | TEXT.map(lambda text: text * 900),
    st.sampled_from(("2026-01-01T00:00:00Z", "2026-01-01", "1999-12-31T23:59:59.999999-05:00")),
    st.one_of(st.sampled_from(("nan", "inf", "-0", "0", "1e3", "1_0", "")), TEXT),
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(st.lists(CELLS, min_size=1, max_size=60))
def test_both_readers_give_the_same_rows_in_the_same_order(place: Path, rows: list[tuple[str, ...]]) -> None:
    path = place / "cells.csv"
    path.write_text(as_csv(rows, ("number", "state", "at", "mod")), encoding="utf-8", newline="")
    assert cases_of(path, 0) == cases_of(path, 1_000_000)
