"""The result of a backtest, as text, CSV and JSON."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.pipeline.read_models.backtest_result import BacktestResult, Difference, PastMatch
from sfdc_escalator.reports.json.backtest import backtest_json, difference_json, difference_row, match_row
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.text.backtest import backtest_text, difference_text
from sfdc_escalator.reports.text.backtest_csv import DIFFERENCE_COLUMNS, MATCH_COLUMNS, csv_page
from sfdc_escalator.reports.whole_file import write_report
from tests.reports.hostile import HOSTILE, assert_harmless

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FIRST, SECOND = PastMatch("00000001", "urgent", 1, NOW), PastMatch("00000001", "calm", 2, LATER)
COUNTS = {("urgent", "start"): 1, ("calm", "start"): 1}
RESULT = BacktestResult("support", "sha", ("urgent", "calm", "idle"), COUNTS, 1, 3, 1_234, 1)
OTHER = BacktestResult("support", "sha2", ("urgent",), {}, 0, 3, 1_234, 1)
EARLIER = Difference("00000001", "earlier", "urgent", NOW, "urgent", LATER)
ONLY_HERE = Difference("00000002", "only here", "calm", NOW, None, None)


def matches_csv(matches: Sequence[PastMatch]) -> str:
    write = csv_page(stream := io.StringIO(), MATCH_COLUMNS)
    for one in matches:
        write(match_row(one))
    return stream.getvalue()


def differences_csv(differences: Sequence[Difference]) -> str:
    write = csv_page(stream := io.StringIO(), DIFFERENCE_COLUMNS)
    for one in differences:
        write(difference_row(one))
    return stream.getvalue()


def page_of(differences: Sequence[Difference], results: Sequence[BacktestResult], page: Page = PLAIN) -> str:
    return difference_text(differences, Counter(one.kind for one in differences), results, page)


def test_the_page_counts_the_matches_of_each_route() -> None:
    assert backtest_text(RESULT, "out.csv").splitlines() == [
        "support: 1,234 rows, 3 cases, 1 poll",
        "",
        " Route   Cases",
        " " + "─" * 13,
        " urgent  1",
        " calm    1",
        " idle    0",
        "",
        "2 matches written to out.csv",
    ]


def test_the_json_counts_the_matches_of_each_route() -> None:
    assert backtest_json(RESULT) == {
        "policy": "support",
        "digest": "sha",
        "polls": 1,
        "cases": 3,
        "rows": 1_234,
        "matches": 2,
        "routes": {"urgent": 1, "calm": 1, "idle": 0},
        "rungs": {},
        "messages": {},
    }


def test_the_messages_of_each_recipient_stand_with_the_fullest_week_first_who_gets_most() -> None:
    messages = {"leads": {"2026-W10": 3}, "Owner.Manager": {"2026-W10": 1_200, "2026-W11": 1_300}}
    result = BacktestResult("support", "sha", ("urgent",), COUNTS, 1, 1, 1, 1, messages=messages)
    lines = [" ".join(line.split()) for line in backtest_text(result, "out.csv").splitlines()]
    start = lines.index("Recipient Messages Weeks Most in a week")
    assert lines[start + 2 : start + 4] == ["Owner.Manager 2,500 2 1,300 (2026-W11)", "leads 3 1 3 (2026-W10)"]
    assert backtest_json(result)["messages"] == messages


def test_the_counts_of_rungs_stand_beside_the_matches() -> None:
    climbed = {("urgent", "start"): 1, ("urgent", "late"): 2}
    result = BacktestResult("support", "sha", ("urgent", "calm"), climbed, 1, 1, 1, 1, {"urgent": ("late", "last")})
    lines = [" ".join(line.split()) for line in backtest_text(result, "out.csv").splitlines()]
    assert lines[2:] == [
        "Route Cases Rungs",
        lines[3],
        "urgent 1 late 2, last 0",
        "calm 0",
        "",
        "1 match and 2 rungs written to out.csv",
    ]
    counted = backtest_json(result)
    assert (counted["matches"], counted["routes"]) == (3, {"urgent": 1, "calm": 0})
    assert counted["rungs"] == {"urgent": {"late": 2, "last": 0}}


def test_every_match_is_a_row_of_the_csv_file_and_an_object_of_the_list() -> None:
    assert matches_csv([FIRST, SECOND]) == (
        "case_number,route,rung,episode,turn,match_utc\n"
        "00000001,urgent,start,1,1,2026-03-02T15:00:00Z\n"
        "00000001,calm,start,2,1,2026-03-02T16:00:00Z\n"
    )
    assert match_row(FIRST) == {
        "case_number": "00000001",
        "route": "urgent",
        "rung": "start",
        "episode": "1",
        "turn": "1",
        "match_utc": "2026-03-02T15:00:00Z",
    }


def test_without_a_match_the_csv_file_has_its_head_alone() -> None:
    assert matches_csv([]) == "case_number,route,rung,episode,turn,match_utc\n"
    assert differences_csv([]) == "case_number,difference,rung,turn,route,match_utc,other_route,other_match_utc\n"


def test_a_difference_stands_with_both_matches() -> None:
    assert differences_csv([EARLIER, ONLY_HERE]) == (
        "case_number,difference,rung,turn,route,match_utc,other_route,other_match_utc\n"
        "00000001,earlier,start,1,urgent,2026-03-02T15:00:00Z,urgent,2026-03-02T16:00:00Z\n"
        "00000002,only here,start,1,calm,2026-03-02T15:00:00Z,,\n"
    )
    assert difference_row(ONLY_HERE) == {
        "case_number": "00000002",
        "difference": "only here",
        "rung": "start",
        "turn": "1",
        "route": "calm",
        "match_utc": "2026-03-02T15:00:00Z",
        "other_route": None,
        "other_match_utc": None,
    }


def test_the_page_of_a_difference_counts_each_kind_and_lists_the_cases() -> None:
    lines = page_of([EARLIER, ONLY_HERE], [RESULT, OTHER], Page(100)).splitlines()
    assert lines[:2] == ["support (here) matches 1 case, support (there) 0 cases", "1 only here, 1 earlier"]
    assert [" ".join(line.split()) for line in lines[3:] if line.startswith(" 0")] == [
        "00000001 earlier start urgent 2026-03-02T15:00:00Z urgent 2026-03-02T16:00:00Z",
        "00000002 only here start calm 2026-03-02T15:00:00Z -",
    ]


def test_two_policies_that_treat_every_case_alike_have_no_difference() -> None:
    assert page_of([], [OTHER, OTHER]).splitlines() == [
        "support (here) matches 0 cases, support (there) 0 cases",
        "both policies treat every case alike",
    ]
    assert difference_json([RESULT, OTHER], {}) == {
        "policies": [
            {"policy": "support", "digest": "sha", "matches": 2},
            {"policy": "support", "digest": "sha2", "matches": 0},
        ],
        "differences": 0,
        "counts": {"only here": 0, "only there": 0, "earlier": 0, "later": 0, "other route": 0},
    }


def test_a_long_list_ends_with_the_number_of_the_others() -> None:
    assert page_of([EARLIER] * 1_000, [RESULT, OTHER]).splitlines()[-1] == "(and 980 more: --all)"
    assert "more" not in page_of([EARLIER] * 21, [RESULT, OTHER], Page(everything=True))
    assert difference_json([RESULT, OTHER], {"earlier": 1_000})["differences"] == 1_000


def test_hostile_texts_do_nothing_to_a_terminal_and_stay_whole_in_the_csv_file() -> None:
    hostile = BacktestResult(HOSTILE, "sha", (HOSTILE,), {(HOSTILE, "start"): 1}, 1, 1, 1, 1)
    assert_harmless(backtest_text(hostile, "out.csv"))
    difference = Difference(HOSTILE, "earlier", HOSTILE, NOW, None, None)
    assert_harmless(page_of([difference], [hostile, hostile]))
    number = 'a,b"c\nd'
    rows = list(csv.DictReader(io.StringIO(matches_csv([PastMatch(number, "x", 1, NOW)]))))
    assert rows[0]["case_number"] == number


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    write_report(path, "new\n")
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (b"new\n", ["out.csv"])
    with pytest.raises(UnicodeEncodeError):
        write_report(path, "\ud800")
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (b"new\n", ["out.csv"])


def test_a_file_that_cannot_be_written_is_invalid(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"out\.csv cannot be written: no such file"):
        write_report(tmp_path / "missing" / "out.csv", "")
