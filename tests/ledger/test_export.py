"""The export of the chain, and the program that others verify it with."""

import csv
import io
import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.errors import AuditBroken
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.audit.export import exported
from sfdc_escalator.ledger.store import SqlHistory, open_trail
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.times import whole_second
from sfdc_escalator.pipeline.read_models.audit_trail import ExportedEvent
from sfdc_escalator.reports.audit_export import Kind as Format
from sfdc_escalator.reports.audit_export import write_export
from tests.ledger.kinds import Kind, SqliteKind
from tests.ledger.sample import change, escalation, start
from tests.sampling import WHOLE

SCRIPT = Path(__file__).parents[2] / "config" / "audit" / "verify-export.py"
FORMATS: tuple[Format, ...] = ("jsonl", "csv")
ORG_TIME = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def recorded(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(replace(start(), org_time=ORG_TIME)) as lease:
        lease.record([change(escalation(1), note='=1+1\u2028\r\n"\ud800'), change(escalation(2), note="second")])
        lease.record([change(replace(escalation(1), case_number="=HYPERLINK(1)"), EscalationState.APPLIED)])
        lease.finish({"exit": 0})


@pytest.fixture
def trail(kind: Kind) -> Iterator[SqlHistory]:
    kind.become(recorded)
    with open_trail(kind.where) as opened:
        yield opened


def text_of(trail: SqlHistory, kind: Format, begin: datetime | None = None, end: datetime | None = None) -> str:
    out = io.StringIO()
    with exported(trail, begin, end) as events:
        write_export(events, kind, out.write)
    return out.getvalue()


def verified(file: Path) -> tuple[int, str]:
    """The exit code and the output of the script, as others run it: without this program."""
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


# -- the export -----------------------------------------------------------------------------------------------------


def test_each_line_has_the_bytes_that_are_hashed(trail: SqlHistory, kind: Kind) -> None:
    lines = [json.loads(line) for line in text_of(trail, "jsonl").splitlines()]
    stored = kind.execute("SELECT seq, prev, hash, body, at FROM events ORDER BY seq")
    assert [tuple(line) for line in lines] == [("seq", "at", "org_at", "prev", "hash", "body")] * 5
    for line, (seq, prev, this, body, at) in zip(lines, stored, strict=True):
        assert (line["seq"], line["prev"], line["hash"]) == (seq, bytes(prev).hex(), bytes(this).hex())
        assert (line["body"].encode(), line["at"]) == (bytes(body), at)
        assert chain.hash_of(bytes.fromhex(line["prev"]), line["body"].encode()).hex() == line["hash"]
        assert ORG_TIME <= datetime.fromisoformat(line["org_at"]) < ORG_TIME + timedelta(minutes=10)


def test_csv_holds_the_same_and_no_cell_is_a_formula(trail: SqlHistory) -> None:
    text = text_of(trail, "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    lines = [json.loads(line) for line in text_of(trail, "jsonl").splitlines()]
    assert [{**row, "seq": int(row["seq"])} for row in rows] == lines
    assert text.count("\n") == 6
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())


def test_an_event_of_an_older_version_has_no_org_time(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.become(lambda kind: kind.open().close())
    body = b'{"about":{"at":"2026-01-01T00:00:00Z","event":"found","seq":1},"reasons":["=1+1","\\"org_at\\":\\"x\\""]}'
    this = chain.hash_of(chain.GENESIS, body)
    sqlite_kind.execute(
        "INSERT INTO events VALUES (1, ?, ?, '2026-01-01T00:00:00Z', '', '', 'found', NULL, NULL, NULL, ?)",
        *(chain.GENESIS, this, body),
    )
    with open_trail(sqlite_kind.where) as trail:
        for kind in FORMATS:
            file = sqlite_kind.path.with_name(kind)
            file.write_text(text_of(trail, kind), newline="")
            assert verified(file)[0] == 0
        assert json.loads(text_of(trail, "jsonl"))["org_at"] is None


def test_the_period_is_by_the_time_of_the_events_without_its_end(trail: SqlHistory, kind: Kind) -> None:
    ((first,), *_, (last,)) = kind.execute("SELECT at FROM events ORDER BY seq")
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    assert text_of(trail, "jsonl", begin - DAY, end + DAY).count("\n") == 5
    assert text_of(trail, "jsonl", begin, end + timedelta(microseconds=1)).count("\n") == 5
    assert text_of(trail, "jsonl", begin - DAY, begin) == ""
    assert text_of(trail, "jsonl", end + timedelta(microseconds=1), None) == ""
    assert text_of(trail, "csv", end + DAY) == "seq,at,org_at,prev,hash,body\n"


def test_a_clock_that_was_set_back_leaves_no_gap(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.become(recorded)
    sqlite_kind.execute("DROP TRIGGER events_no_update")
    for seq, at in enumerate(("01", "05", "02", "06", "07"), 1):
        sqlite_kind.execute("UPDATE events SET at = ? WHERE seq = ?", f"2026-01-{at}T00:00:00Z", seq)
    with open_trail(sqlite_kind.where) as trail, exported(trail, datetime(2026, 1, 4, tzinfo=UTC), None) as events:
        assert [one.seq for one in events] == [2, 3, 4, 5]


@pytest.mark.parametrize(("at", "bound"), [("00.000000", "00"), ("00.000001", "01"), ("59.999999", "00")])
def test_a_part_of_a_second_is_rounded_up(at: str, bound: str) -> None:
    assert whole_second(datetime.fromisoformat(f"2026-01-01T00:00:{at}+00:00"))[-3:] == f"{bound}Z"


def test_events_are_read_as_they_are_taken(trail: SqlHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfdc_escalator.ledger.engines.database.BATCH", 2)
    fetched: list[int] = []
    whole = trail.database.dialect.rows

    def counting(connection: Any, query: str) -> Iterator[tuple[Any, ...]]:
        for row in whole(connection, query):
            fetched.append(row[0])
            yield row

    monkeypatch.setattr(type(trail.database.dialect), "rows", lambda _, *about: counting(*about))
    with exported(trail, None, None) as events:
        assert [one.seq for one in islice(events, 2)] == [1, 2]
        assert fetched == [1, 2]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"=cmd|' /C calc'!A0", b"{}"])
def test_a_body_that_is_no_event_ends_the_export(sqlite_kind: SqliteKind, body: bytes) -> None:
    sqlite_kind.become(recorded)
    sqlite_kind.execute("DROP TRIGGER events_no_update")
    sqlite_kind.execute("UPDATE events SET body = ? WHERE seq = 3", body)
    with open_trail(sqlite_kind.where) as trail, pytest.raises(AuditBroken, match="event 3"):
        text_of(trail, "csv")


# -- verified by others -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, str]:
    """The text of an export in each format."""
    kind = SqliteKind(tmp_path_factory.mktemp("exported"))
    recorded(kind)
    with open_trail(kind.where) as trail:
        return {one: text_of(trail, one) for one in FORMATS}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_whole_export_verifies_and_names_its_ends(files: dict[Format, str], tmp_path: Path, kind: Format) -> None:
    file = tmp_path / f"-rf {kind}"
    file.write_text(files[kind], newline="")
    head = json.loads(files["jsonl"].splitlines()[-1])["hash"]
    assert verified(file) == (0, f"whole: events 1 to 5, no gap; last hash {head}\n")


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("jsonl", '{"seq":3', '{"seq":9,"seq":3'),
        ("jsonl", '{"seq":3', '{"seq":"3"'),
        ("jsonl", '{"seq":3', '{"seq":3.0'),
        ("csv", "seq,", "seq,seq,"),
    ],
)
def test_a_line_that_others_could_read_otherwise_is_found(
    files: dict[Format, str], tmp_path: Path, kind: Format, old: str, new: str
) -> None:
    text = files[kind]
    assert old in text
    changed = text.replace(old, new, 1)
    if kind == "csv":
        head, *lines = changed.splitlines(keepends=True)
        changed = head + "".join(f"9,{line}" for line in lines)
    file = tmp_path / "export"
    file.write_text(changed, newline="")
    assert verified(file)[0] == 6


def without(line: int) -> Callable[[list[str]], list[str]]:
    return lambda lines: lines[:line] + lines[line + 1 :]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (
            lambda lines: [*lines[:2], lines[2].replace("it w", "It w").replace("call-7", "call-8"), *lines[3:]],
            "its hash",
        ),
        (without(2), "a gap: event 4 comes after event 2"),
        (lambda lines: [*lines[:2], lines[3], lines[2], lines[4]], "a gap: event 4 comes after event 2"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "a gap: event 3 comes after event 3"),
        (lambda lines: [*lines[:4], lines[4][:-40]], ""),
        (lambda lines: [*lines[:4], "\n", "x" * 200_000], ""),
    ],
)
def test_a_tampered_export_is_found_with_its_line(
    files: dict[Format, str], tmp_path: Path, kind: Format, tamper: Callable[[list[str]], list[str]], message: str
) -> None:
    lines = files[kind].splitlines(keepends=True)
    heading, events = (lines[:1], lines[1:]) if kind == "csv" else ([], lines)
    file = tmp_path / "export"
    file.write_text("".join([*heading, *tamper(events)]), newline="")
    code, out = verified(file)
    first = next(n for n, (a, b) in enumerate(zip(tamper(events), [*events, ""], strict=False), 1) if a != b)
    assert code == 6
    assert out.startswith("BROKEN at line")
    assert message in out
    if message:
        assert out.startswith(f"BROKEN at line {first + len(heading)}:")


def test_what_cannot_be_read_is_exit_code_2(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none"):
        code, out = verified(file)
        assert (code, "cannot verify" in out, "Traceback" in out) == (2, True, False)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\n")
    assert verified(tmp_path / "bytes")[0] == 6
    (tmp_path / "empty").write_bytes(b"")
    assert verified(tmp_path / "empty") == (0, "0 events: nothing to verify\n")


VERIFY: Callable[[str], tuple[int, str]] = runpy.run_path(str(SCRIPT))["verify"]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)


def chained(texts: list[str]) -> list[ExportedEvent]:
    prev, found = chain.GENESIS, []
    for seq, text in enumerate(texts, 1):
        about: dict[str, Any] = {"at": "2026-01-01T00:00:00Z", "seq": seq}
        body = chain.canonical({"about": about, "org_at": None if seq % 2 else "2026-01-02T00:00:00Z", "t": text})
        this = chain.hash_of(prev, body)
        org_at = None if seq % 2 else "2026-01-02T00:00:00Z"
        found.append(ExportedEvent(seq, about["at"], org_at, prev.hex(), this.hex(), body.decode()))
        prev = this
    return found


@settings(max_examples=60 if WHOLE else 12)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4), kind=st.sampled_from(FORMATS), data=st.data())
def test_any_chain_verifies_and_no_change_of_a_character_goes_unseen(
    texts: list[str], kind: Format, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = io.StringIO()
    write_export(chained(texts), kind, out.write)
    file = tmp_path_factory.getbasetemp() / "chained"
    text = out.getvalue()
    file.write_text(text, encoding="utf-8", newline="")
    assert VERIFY(str(file))[0] == 0
    start = len("seq,at,org_at,prev,hash,body\n") if kind == "csv" else 0
    place = data.draw(st.integers(start, len(text) - 2))
    other = data.draw(st.sampled_from("0aF:x{"))
    changed = text[:place] + other + text[place + 1 :]
    file.write_text(changed, encoding="utf-8", newline="")
    assert VERIFY(str(file))[0] == (0 if changed == text else 6)
