"""Tables for people."""

import pytest

from sfdc_escalator.reports.terminal import Page, cut, fitted, table, width_of
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless


def test_a_table_has_a_title_a_head_and_a_row_for_each_entry() -> None:
    assert table(("Case", "State"), [("00000001", "applied"), ("00000002", "-")], title="Two cases").splitlines() == [
        "Two cases",
        "",
        " Case      State",
        " " + "─" * 17,
        " 00000001  applied",
        " 00000002  -",
    ]


def test_markup_and_control_characters_in_a_cell_are_text() -> None:
    shown = table(("Case", "Why"), [("[red]1[/red]", HOSTILE)], title=HOSTILE)
    assert_harmless(shown)
    assert "[red]1[/red]" in shown
    assert SHOWN[:20] in shown


def test_a_long_cell_is_folded_and_nothing_of_it_is_lost() -> None:
    text = "x" * 500
    lines = table(("Case", "Why"), [("00000001", text)]).splitlines()
    assert max(map(len, lines)) <= 80
    assert "".join(lines).count("x") == 500


def test_a_large_table_has_all_its_rows() -> None:
    shown = table(("Case",), [(f"{number:08d}",) for number in range(5_000)])
    assert sum(line.strip().isdigit() for line in shown.splitlines()) == 5_000


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 10, "short"),
        ("a  longer\ntext", 20, "a longer text"),
        ("The screen stays dark after the update", 20, "The screen stays..."),
        ("unbreakable", 8, "unbre..."),
        ("画面が真っ暗です", 11, "画面が真..."),
        ("", 5, ""),
    ],
)
def test_a_long_text_is_cut_at_a_word(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert width_of(cut(text, width)) <= width


def test_a_long_line_goes_on_below_its_margin() -> None:
    text = "  one two three four five six\n    | a note that is longer than the page is wide\n! watch out for this here"
    assert fitted(text, Page(24)).split("\n") == [
        "  one two three four",
        "    five six",
        "    | a note that is",
        "    | longer than the",
        "    | page is wide",
        "! watch out for this",
        "  here",
    ]


def test_a_word_that_is_longer_than_the_page_is_broken_and_nothing_of_it_is_lost() -> None:
    pieces = fitted(f"Ledger /state/{'x' * 60}", Page(40)).split("\n")
    assert (max(map(len, pieces)) <= 40, "".join(one.strip() for one in pieces)) == (True, "Ledger/state/" + "x" * 60)


def test_codes_of_colours_take_no_room_on_a_line() -> None:
    line = "\x1b[31mred\x1b[0m and \x1b[32mgreen\x1b[0m words"
    assert fitted(line, Page(20)) == line
