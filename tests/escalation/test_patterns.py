"""Patterns: searches end in time, and the patterns that may take long are found."""

import re
import signal
from collections.abc import Iterator

import pytest

from sfdc_escalator.escalation.conditions.comparison import TESTS
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.patterns import search
from sfdc_escalator.escalation.conditions.patterns.growth import copies, grows
from sfdc_escalator.escalation.conditions.patterns.search import LEAST, Pattern
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, unclear
from tests.builders import SCENE, case

LONG = 32_000
HOSTILE = [
    (r"(a|a)*b", "a" * LONG), (r"(x+)+y", "x" * LONG), (r".*a.*b.*c", "ab" * (LONG // 2)),
    (r"(a|aa)+$", "a" * 99 + "!"),
    (r"(?=(a+)+b)", "a" * LONG), (r"(\w+\s?)*!", "word " * 6000), (r"(.+)\1\1\1z", "a" * LONG),
    (r"(a{0,100}){0,100}b", "a" * LONG), (r"^(\s*\w*)*$", "a" * 99 + "!"),
]  # fmt: skip
SLOW = r"""
(a|a)*b ~ (x+)+y ~ .*a.*b.*c ~ (a*)*b ~ (a|aa)+$ ~ (\w+\s?)*! ~ (\d+)*x ~ ([a-zA-Z]+)*$ ~ (x+x+)+y ~ (?=(a+)+b)
(a{1,50}){1,50}b ~ (.*?,)*?(.*,)+x ~ ((a|b)*c?|d)*e ~ (a?b?)*c ~ (.+)+@ ~ (?:ü|üü)*b ~ \w*\w*\w*! ~ (?:a|b|ab)*c
^(\s*\w*)*$ ~ (a|Ab?)*c ~ ((a+)b?)+c ~ (?:[^x]|.)*y ~ (?<!(?:a))((b)+)+c ~ (a|b|ab)*(c|d)
(?:(?!b)\w+)*q ~ ((?=a)a+)+x ~ (.*a){12} ~ (?:.*,){3,5}x
""".replace("\n", " ~ ").split(" ~ ")[1:-1]
ORDINARY = r"""
RMA-\d{4} ~ ^x ~ y$ ~ ^(re|fwd?):\s* ~ (\d{1,3}\.){3}\d{1,3} ~ (\w+\.)*\w+@ ~ (?:[A-Z]{2,4}-)+\d+ ~ (a+b)*c ~ ^\s*$
\b(refund|money back)\b ~ refund.*order ~ ^.*urgent.*$ ~ .*foo.*bar.* ~ \w+\s+\w+\s+\w+ ~ (foo|bar)+baz ~ P[1-4]\b
[\w.+-]+@[\w-]+\.[\w.-]+ ~ \d{4}-\d{2}-\d{2} ~ (urgent|asap|now)!* ~ ("[^"]*"|[^",]*)(,("[^"]*"|[^",]*))*$ ~ (a|b)*c
order\s*(no\.?|number)?\s*:?\s*\d+ ~ ^(?!.*test).*prod.*down ~ (\d{4}[ -]?){4} ~ https?://[^\s/]+(/[^\s]*)?
(ab|ac)*d ~ (\s*\w+)+ ~ (?:\b\w+\b\s*)+ ~ \bINC\d{7}\b|\bREQ\d{7}\b ~ (?>a+)+b ~ (a++)+b ~ (['"]).*?\1
(x+)+ ~ (a|b|c)*d ~ ^(?:(?!unsubscribe).)*refund ~ (?:(?!\d)\w)+! ~ (\w+,){5} ~ (\w+\s+){3}please
""".replace("\n", " ~ ").split(" ~ ")[1:-1]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(search, "LIMIT", 0.05)
    search.pattern.cache_clear()
    yield
    search.pattern.cache_clear()


@pytest.mark.parametrize(("pattern", "text"), HOSTILE)
def test_a_search_that_takes_too_long_ends_and_is_no_match(pattern: str, text: str) -> None:
    assert Pattern(pattern).found_in(text) is None
    assert not TESTS["matches"](text, pattern)


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in HOSTILE])
def test_other_texts_are_searched_as_ever(pattern: str) -> None:
    slow = Pattern(pattern)
    for text in ("", "aab", "xxy", "a b c", "word!", "aaaaz"):
        assert slow.found_in(text) is bool(re.search(pattern, text, re.IGNORECASE))


def test_hundreds_of_hostile_texts_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[float] = []

    def too_slow(_pattern: re.Pattern[str], _text: str, limit: float) -> bool:
        spent.append(limit)
        raise search.TooSlow

    monkeypatch.setattr(search, "LIMIT", 1.0)
    monkeypatch.setattr(search.timer, "bounded", too_slow)
    slow = Pattern("(x+)+y")
    texts = [f"{'x' * 40}{number}" for number in range(300)]
    assert [slow.found_in(text) for text in texts * 2] == [None] * 600
    assert len(spent) == 300  # a text is tried once
    assert sum(spent) < 2 + 300 * LEAST


def test_a_signal_that_comes_after_the_search_ends_nothing() -> None:
    assert Pattern("a+").found_in("aaa")
    signal.raise_signal(signal.SIGVTALRM)
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0


SLOW_ONE = Field("Subject", "matches", "(x+)+y")
YES, NO = Field("Status", "is", "New"), Field("Status", "is", "Old")


@pytest.mark.parametrize(
    ("condition", "decides"),
    [
        (SLOW_ONE, True),
        (Not(SLOW_ONE), True),
        (All((YES, SLOW_ONE)), True),
        (All((NO, SLOW_ONE)), False),
        (AnyOf((SLOW_ONE, YES)), False),
        (AnyOf((SLOW_ONE, NO)), True),
        (All((SLOW_ONE, Not(SLOW_ONE))), True),
        (Not(AnyOf((YES, SLOW_ONE))), False),
    ],
)
def test_a_case_is_unclear_where_the_search_decides(condition: All | AnyOf | Not | Field, decides: bool) -> None:
    seen = case(fields={"Subject": "x" * 40})
    assert (unclear(condition, seen, SCENE) is not None) == decides
    assert unclear(condition, case(fields={"Subject": "xy"}), SCENE) is None


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_may_take_long_is_found(pattern: str) -> None:
    assert grows(pattern)


@pytest.mark.parametrize("pattern", ORDINARY)
def test_an_ordinary_pattern_is_not_reported(pattern: str) -> None:
    assert not grows(pattern)


def test_nested_counts_are_multiplied() -> None:
    assert copies("((a{9}){9}b{2})") == 81
    assert copies("(?=(){1000}){1000}") == 1_000_000
