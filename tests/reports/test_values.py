"""Times, counts and foreign texts in reports."""

from datetime import UTC, datetime

import pytest

from sfdc_escalator.reports.values import counted, instant, printable, unstyled, visible
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Plain text, 100 %.", "Plain text, 100 %."),
        ("Ä é ß 中文 العربية עברית", "Ä é ß 中文 العربية עברית"),
        ("two\twords", "two words"),
        ("no\xa0break", "no\xa0break"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("line\nline\r\n", "line\\nline\\r\\n"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("a\ufeffb\u200bc\u00add", "a\\ufeffb\\u200bc\\xadd"),
        ("tag\U000e0041", "tag\\U000e0041"),
        (HOSTILE, SHOWN),
    ],
)
def test_a_foreign_text_shows_every_character_that_a_terminal_would_obey_or_hide(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert_harmless(visible(text))


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("one\r\ntwo\rthree", "one\\r\ntwo\\rthree"),
        ("\x1b[1mHead", "\\x1b[1mHead"),
        ("::error::x", ":\\x3aerror::x"),
        ("   ::add-mask::x", "   :\\x3aadd-mask::x"),
        ("a ::error:: in a line", "a ::error:: in a line"),
        ("a ##[group]x ##vso[task] ## title", "a #\\x23[group]x #\\x23vso[task] ## title"),
        ("\U000e0000\U000e0020\ufff9\u061c\u200f", "\\U000e0000\\U000e0020\\ufff9\\u061c\\u200f"),
    ],
)
def test_a_page_has_its_lines_and_nothing_that_a_terminal_or_a_reader_of_logs_obeys(page: str, shown: str) -> None:
    assert printable(page) == shown


def test_a_page_with_colours_keeps_its_own_codes_and_no_others() -> None:
    page = "\x1b[1mHead\x1b[0m \x1b[31mred\x1b[0m\n\x1b[35mviolet\x1b[41m\x1b[1;31m\x1b[2J"
    shown = "\x1b[1mHead\x1b[0m \x1b[31mred\x1b[0m\n\\x1b[35mviolet\\x1b[41m\\x1b[1;31m\\x1b[2J"
    assert printable(page, styled=True) == shown
    assert "\x1b" not in printable(page)
    assert unstyled(page).startswith("Head red\n")


@pytest.mark.parametrize(
    ("count", "nouns", "text"),
    [
        (0, ("case",), "0 cases"),
        (1, ("case",), "1 case"),
        (1_234_567, ("case",), "1,234,567 cases"),
        (1, ("match", "matches"), "1 match"),
        (2, ("match", "matches"), "2 matches"),
    ],
)
def test_a_count_stands_with_its_noun(count: int, nouns: tuple[str, ...], text: str) -> None:
    assert counted(count, *nouns) == text


def test_a_time_is_written_in_utc_to_the_second() -> None:
    assert instant(datetime(2026, 3, 2, 15, 0, 1, 999_999, tzinfo=UTC)) == "2026-03-02T15:00:01Z"
