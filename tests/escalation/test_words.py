"""Phrases in free text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.speech.words import finder, mentioned, parse_phrase

SUPERVISOR = parse_phrase("speak|talk to|with a|your|the supervisor|manager")


@pytest.mark.parametrize(
    "text",
    [
        "I want to speak to a manager",
        "SPEAK WITH YOUR SUPERVISOR!",
        "talk to the\n\tmanager.",
        "talk, to: the - manager",
        "(speak to a supervisor)",
    ],
)
def test_any_case_any_space_and_either_word_is_found(text: str) -> None:
    assert mentioned(text, [SUPERVISOR], [])


@pytest.mark.parametrize(
    "text",
    [
        "I spoke with a manager yesterday",
        "respeak to a manager",
        "speak to a managerial person",
        "speak to a manager2",
        "speak to manager",
        "speakto a manager",
        "",
    ],
)
def test_only_whole_words_in_this_order_count(text: str) -> None:
    assert mentioned(text, [SUPERVISOR], []) is None


def test_the_found_words_are_returned_as_written() -> None:
    assert mentioned("Please Speak  to\na Manager now", [SUPERVISOR], []) == "Speak to a Manager"


def test_the_first_phrase_that_is_found_is_returned() -> None:
    assert mentioned("b a", [parse_phrase("a"), parse_phrase("b")], []) == "a"


def test_ignored_phrases_are_removed_first() -> None:
    ignoring = [parse_phrase("legal notice")]
    assert mentioned("This is a LEGAL notice", [parse_phrase("legal")], ignoring) is None
    assert mentioned("legal notice: our legal team", [parse_phrase("legal")], ignoring) == "legal"


def test_punctuation_in_a_phrase_matches_itself() -> None:
    assert mentioned("it costs $5.00 (net)", [parse_phrase("$5.00 (net)")], [])
    assert mentioned("it costs $5x00 (net)", [parse_phrase("$5.00 (net)")], []) is None


@pytest.mark.parametrize("text", ["*escalate this*", "escalate_this", "(escalate this)"])
def test_marks_of_emphasis_around_a_phrase_do_not_hide_it(text: str) -> None:
    assert mentioned(text, [parse_phrase("escalate this")], [])


def test_letters_beyond_ascii_are_found_in_any_case() -> None:
    assert mentioned("Ich bin VERÄRGERT", [parse_phrase("verärgert")], [])


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("!! refund", "Now!!! refund", "!! refund"),
        ("!! refund", "!!!! refund", "!!!! refund"),
        ("!! refund", "x!! refund", None),
        ("!! refund", "!!refund", None),
        ("!! refund", "!! no, !! refund", "!! refund"),
        ("a (b) - c", "a ((b) -- c", "a ((b) -- c"),
        ("a - - b", "a --- b", "a --- b"),
        ("a - - b", "a - b", None),
        ("!|very bad", "xvery bad, very bad", "very bad"),
        ("!|very bad", "oh! bad", None),
        ("!|very bad", "oh !bad ! bad", "! bad"),
        ("c++", "in C++!", "C++"),
        ("urgent !!", "urgent !!!", "urgent !!"),
    ],
)
def test_words_of_signs_are_words(phrase: str, text: str, found: str | None) -> None:
    assert mentioned(text, [parse_phrase(phrase)], []) == found


SIMPLE = st.lists(st.lists(st.text("ab!-(", min_size=1, max_size=3), min_size=1, max_size=2), min_size=1, max_size=4)


@settings(max_examples=1000)
@given(SIMPLE, st.text("ab!-( _", max_size=20))
def test_the_fast_pattern_finds_what_the_plain_one_finds(words: list[list[str]], text: str) -> None:
    plain = r"[\W_]+".join("(?:" + "|".join(map(re.escape, choices)) + ")" for choices in words)
    expected = re.search(rf"(?<![^\W_]){plain}(?![^\W_])", text)
    found = finder(tuple(map(tuple, words))).search(text)
    assert (found is None) == (expected is None)


def test_ignored_signs_are_taken_out_alone() -> None:
    assert mentioned("x - - - call me", [parse_phrase("call")], [parse_phrase("- call")]) is None
    assert mentioned("my - call", [parse_phrase("my")], [parse_phrase("- call")]) == "my"


@pytest.mark.parametrize("text", ["", "   ", "a||b", "|a", "a|", "x |"])
def test_an_empty_alternative_is_not_a_phrase(text: str) -> None:
    with pytest.raises(ValueError, match="is not a phrase"):
        parse_phrase(text)
