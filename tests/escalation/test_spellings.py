"""A phrase and a text in another spelling of the same letters and signs: either way round, in every script."""

import time
from itertools import dropwhile
from unicodedata import combining, normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.comparison import TESTS
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import mentioned, parse_phrase
from sfdc_escalator.escalation.world.forms.one_form import (
    APOSTROPHES,
    HYPHENS,
    WITHOUT_WIDTH,
    as_written,
    clusters,
    one_form,
)
from tests.builders import SCENE, case
from tests.escalation.phrase_corpus import ANOTHER_WORD, ONE_WAY, SAME_WORDS


def finds(phrase: str, text: str) -> bool:
    return mentioned(text, [parse_phrase(phrase)], []) is not None


@pytest.mark.parametrize(("phrase", "text"), [*SAME_WORDS, *ONE_WAY])
def test_the_same_words_in_another_spelling_are_found(phrase: str, text: str) -> None:
    assert finds(phrase, text)
    assert finds(phrase, f"Hello,\n{text}!\nBye")


@pytest.mark.parametrize(
    ("phrase", "text"),
    # A zero width space in a phrase is nothing: it cannot be seen there.
    [(phrase, text) for phrase, text in SAME_WORDS if "\u200b" not in text or " " not in phrase],
)
def test_a_phrase_pasted_in_that_spelling_finds_the_usual_one(phrase: str, text: str) -> None:
    assert finds(text, phrase)


@pytest.mark.parametrize(("phrase", "text"), ANOTHER_WORD)
def test_another_word_is_not_found(phrase: str, text: str) -> None:
    assert not finds(phrase, text)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    ("phrase", "text"),
    # A lone accent is a space and a mark in NFKC and NFKD.
    [(phrase, text) for phrase, text in ANOTHER_WORD if set("\u00b4\u1fbf\u1fbd").isdisjoint(text)],
)
def test_another_word_is_not_found_in_any_form(phrase: str, text: str, form: str) -> None:
    assert not finds(normalize(form, phrase), normalize(form, text))  # type: ignore[arg-type]


@pytest.mark.parametrize("sign", APOSTROPHES, ids=lambda sign: f"U+{ord(sign):04X}")
def test_every_apostrophe_is_an_apostrophe(sign: str) -> None:
    assert finds("won't accept", f"I won{sign}t accept this")
    assert finds(f"won{sign}t accept", "I WON'T ACCEPT this")
    assert not finds("wont", f"won{sign}t")
    assert not finds("won t", "wont")


@pytest.mark.parametrize("sign", HYPHENS, ids=lambda sign: f"U+{ord(sign):04X}")
def test_every_hyphen_is_a_hyphen_and_none_is_nothing(sign: str) -> None:
    assert finds("re-sign", f"please re{sign}sign it")
    assert finds(f"re{sign}sign", "please RE-SIGN it")
    assert finds("re sign", f"re{sign}sign")
    assert not finds("resign", f"re{sign}sign")
    assert not finds(f"re{sign}sign", "resign")


@pytest.mark.parametrize(
    "code", sorted({code for pair in WITHOUT_WIDTH for code in pair}), ids=lambda code: f"U+{code:04X}"
)
def test_a_sign_without_width_is_nothing(code: int) -> None:
    sign = chr(code)
    assert finds("lawyer", f"my {sign}law{sign}yer{sign} says")
    assert finds(f"law{sign}yer", "my LAWYER says")
    assert finds("réclamation", f"une re{sign}\u0301clamation")
    assert not finds("law", f"law{sign}yer")
    assert not finds("yer", f"law{sign}yer")
    assert finds("ask a lawyer", f"ask a {sign} lawyer")


@pytest.mark.parametrize(
    "between", ["\u00a0", "\u200b", " \u200b", "\r\n", "\n\n", "\u2028", "\u3000", "\u202f", "\u3164", "\u0085"]
)
def test_words_may_stand_apart_in_any_way(between: str) -> None:
    assert finds("won't accept this", f"I won\u2019t{between}accept{between}this")


@pytest.mark.parametrize(
    "text",
    ["law\u200byer", "\u200blaw\u200b\u200byer\u200b", "my\u200blaw\u200byer", "l\u200ba\u200bw\u200by\u200be\u200br"],
)
def test_a_zero_width_space_inside_a_word_is_nothing(text: str) -> None:
    assert finds("lawyer", text)
    assert finds("ask my lawyer", "ask\u200bmy\u200blaw\u200byer")


def test_words_are_shown_as_they_were_written() -> None:
    text = "Ich möchte WIDER\u00adRUFEN, I won\u2019t\u00a0accept the ﬁnal re\u0301clamation\u2026"
    assert mentioned(text, [parse_phrase("widerrufen")], []) == "WIDER\u00adRUFEN"
    assert mentioned(text, [parse_phrase("won't accept")], []) == "won\u2019t accept"
    assert mentioned(text, [parse_phrase("final réclamation")], []) == "ﬁnal re\u0301clamation"
    found = Text(("Subject",), (parse_phrase("WON'T accept"),)).look(case(fields={"Subject": text}), SCENE)
    assert found == 'Subject says "won\u2019t accept"'


def test_ignored_phrases_are_removed_in_any_spelling() -> None:
    text = "This isn\u2019t a le\u00adgal no\u0301tice. Lé\u200bgal: my lawyer"
    ignoring = [parse_phrase("isn't a legal nótice")]
    assert mentioned(text, [parse_phrase("legal")], ignoring) is None
    assert mentioned(text, [parse_phrase("légal")], ignoring) == "Lé\u200bgal"
    assert mentioned(text, [parse_phrase("a lé|le|legal")], ignoring) is None


def test_an_ignored_phrase_does_not_join_its_neighbours() -> None:
    assert mentioned("a \u00e9 b", [parse_phrase("a b")], [parse_phrase("\u00e9")]) is None


def test_one_word_in_two_spellings_is_one_phrase() -> None:
    assert parse_phrase("WON\u2019T  acce\u0301pt") == parse_phrase("won't accépt")
    first, second = (Text(("Subject",), (parse_phrase(one),)) for one in ("won\u2019t", "won't"))
    assert first.implies(second)
    assert second.implies(first)


@pytest.mark.parametrize("text", ["\u00ad", " \u2060 ", "\u200b", "a|\u00ad", "\ufeff|b c"])
def test_a_phrase_of_which_nothing_is_seen_is_not_a_phrase(text: str) -> None:
    with pytest.raises(ValueError, match="is not a phrase"):
        parse_phrase(text)


PARTS: list[tuple[str, str, bool]] = [
    ("won't accept", "I won\u2019t accept", True),
    ("won\u2019t accept", "I WON'T accept", True),
    ("RMA-", "RMA\u2011123", True),
    ("RMA\u2013", "rma-123", True),
    ("réclamation", "une RE\u0301CLAMATION", True),
    ("re\u0301clamation", "réclamation", True),
    ("Straße", "STRASSE 5", True),
    ("가", "각", False),
    ("e\u0301t\u0061", "ét\u0061\u030a", False),
    ("resign", "re\u2010sign", False),
]  # fmt: skip


@pytest.mark.parametrize(("part", "text", "found"), PARTS)
def test_a_part_of_a_field_is_found_in_any_spelling(part: str, text: str, found: bool) -> None:
    assert TESTS["contains_any"](text, (part,)) is found
    assert TESTS["starts_with"](text.removeprefix("I ").removeprefix("une "), part) is found


LETTERS = st.text(
    st.characters(
        blacklist_categories=["Cs", "Cn", "Co", "Zs", "Zl", "Zp", "Cc", "Cf"], blacklist_characters="|\u200b\u01c1"
    ),
    min_size=1,
    max_size=6,
).filter(lambda word: any(char.isalnum() for char in one_form(word)) and " " not in one_form(word))
FORMS = st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"])
INVISIBLE = st.sampled_from(["", "", "", "\u00ad", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0f", "\U000e0100"])
BETWEEN = st.sampled_from([" ", "\u00a0", "\n", " \u200b", ", ", " \u2013 "])
LONE_ACCENTS = frozenset(char for char in map(chr, range(0x3000)) if normalize("NFKD", char).startswith(" "))


@st.composite
def written(draw: st.DrawFn, words: list[str]) -> str:
    """The words in other forms, with signs without width between the letters, anything between the words."""
    pieces = []
    for word in words:
        form = normalize(draw(FORMS), word)  # type: ignore[arg-type]
        pieces.append("".join(char + draw(INVISIBLE) for char in form))
    return draw(INVISIBLE) + "".join(piece + draw(BETWEEN) for piece in pieces)


@st.composite
def said(draw: st.DrawFn) -> tuple[str, str]:
    words = draw(st.lists(LETTERS.filter(lambda word: LONE_ACCENTS.isdisjoint(word)), min_size=1, max_size=5))
    start = draw(st.integers(0, len(words) - 1))
    end = draw(st.integers(start + 1, len(words)))
    return draw(written(words[start:end])), draw(written(words))


@given(said())
@example(("a", "a"))
def test_a_phrase_cut_from_a_text_is_found_however_both_are_written(pair: tuple[str, str]) -> None:
    phrase, text = pair
    assert finds(" ".join(phrase.replace("\u2013", " ").replace(",", " ").split()), text)


@example("\U000e00000")
@example("\u00ad0")
@given(st.text())
def test_a_place_in_the_form_has_a_place_in_the_text(text: str) -> None:
    assert "".join(map(one_form, clusters(text))) == one_form(text)
    assert "".join(clusters(text)) == text
    seen = dropwhile(lambda piece: not one_form(piece), clusters(text))  # signs before the first letter have no place
    assert as_written(text, 0, len(one_form(text)) + 1) == "".join(seen)


def test_no_mark_begins_a_piece_of_its_own() -> None:
    assert list(clusters("e\u0301\u00ad\u0323x\u200d")) == ["e\u0301\u00ad\u0323", "x\u200d"]
    assert combining("\u0323")


@pytest.mark.parametrize(
    "piece", ["a\u200b", "e\u0301", "won\u2019t ", "law\u00ad", "\u0301", "\u200b", "ﷺ", "- ", "!"]
)
def test_the_work_grows_with_the_length_of_the_text(piece: str) -> None:
    """A text 8 times as long takes about 8 times as long; a square would be 64."""

    def seconds(times: int) -> float:
        text = piece * times + "é lawyer"
        begun = time.process_time()
        assert mentioned(
            text,
            [
                parse_phrase("won't lawyer"),
                parse_phrase("law a-e x"),
                parse_phrase("! ! !x"),
                parse_phrase("- - !! no"),
                parse_phrase("lawyer"),
            ],
            [],
        )
        return time.process_time() - begun

    seconds(1_000)
    short = min(seconds(4_000) for _ in range(3))
    assert min(seconds(32_000) for _ in range(2)) < 30 * max(short, 0.002)
