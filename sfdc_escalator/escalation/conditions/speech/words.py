"""Phrases in free text: whole words; `a|b` means either; ignored phrases are taken out first.

Phrase and text are compared in one form (`world/one_form`): any case, any spelling of the same letters and signs. The
words that are found are returned as the text has them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from sfdc_escalator.escalation.world.forms.one_form import ZERO_WIDTH_SPACE, as_written, one_form

GAP = "\u01c1"
"""The replacement for each sign of an ignored phrase: a word that nobody writes, so that its neighbours do not join."""
Phrase = tuple[tuple[str, ...], ...]


def parse_phrase(text: str) -> Phrase:
    """`speak|talk to` -> ((speak, talk), (to,)), in the one form; ValueError when an alternative is empty."""
    form = one_form(text).replace(ZERO_WIDTH_SPACE, "")
    phrase = tuple(tuple(word.split("|")) for word in form.split())
    if not phrase or not all(choice for choices in phrase for choice in choices):
        raise ValueError(f"{text!r} is not a phrase: words with spaces between them, `this|that` for either")
    return phrase


@lru_cache(maxsize=2048)
def finder(phrase: Phrase, within: str = "") -> re.Pattern[str]:
    """The pattern of the phrase, as its first group, in a text in the one form. `within` may stand between the letters
    of a word. Its work grows with the length of the text: it never looks for the same word from each sign of a row."""
    first, *others = ({choice: within.join(map(re.escape, choice)) for choice in choices} for choices in phrase)
    start = either(beginning(choice, alone=not others) + f"(?={written})" for choice, written in first.items())
    return re.compile(f"{start}({either(first.values())}{''.join(map(following, others))})(?![^\\W_])")


def either(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def beginning(choice: str, alone: bool) -> str:
    """No letter before the phrase. Of a word of signs alone, only the nearest place after a letter is tried: if the
    rest of the phrase does not follow there, it does not follow at the next signs of the same row either."""
    if alone or any(map(str.isalnum, choice)):
        return r"(?<![^\W_])"
    return rf"(?:\A|(?<=[^\W_]))(?>[\W_]*?(?<![^\W_])(?={re.escape(choice)}))"


def following(choices: Mapping[str, str]) -> str:
    """One of the choices after a gap: at the next letter, or at the nearest place of one that starts with a sign."""
    signs = {choice: written for choice, written in choices.items() if not choice[0].isalnum()}
    letters = [written for choice, written in choices.items() if choice not in signs]
    nearest = [rf"(?>[\W_]+?(?={written})){written}" for written in signs.values()]
    return either([*([rf"[\W_]++{either(letters)}"] if letters else []), *nearest])


class Spoken:
    """A text in which phrases are looked for."""

    def __init__(self, text: str) -> None:
        self._text, self._form = text, one_form(text)
        # A zero width space may stand between two words, where it is a space, and inside a word, where it is nothing.
        self._within = f"{ZERO_WIDTH_SPACE}*+" if ZERO_WIDTH_SPACE in self._form else ""

    def found(self, phrases: Sequence[Phrase]) -> list[str]:
        """The words that each phrase finds first, as they are written."""
        matches = (finder(phrase, self._within).search(self._form) for phrase in phrases)
        return [self.written(match) for match in matches if match]

    def first(self, phrases: Sequence[Phrase]) -> str | None:
        """The words that the first of the phrases finds, or None."""
        matches = (finder(phrase, self._within).search(self._form) for phrase in phrases)
        return next((self.written(match) for match in matches if match), None)

    def without(self, phrases: Sequence[Phrase]) -> "Spoken":
        """The same text, in which the phrases are not found any more."""
        for phrase in phrases:
            self._form = finder(phrase, self._within).sub(taken_out, self._form)
        return self

    def written(self, match: re.Match[str]) -> str:
        return " ".join(as_written(self._text, *match.span(1)).split())


def saying(phrases: Sequence[Phrase]) -> Callable[[str], bool]:
    """A function that is true for a text with one of the phrases. Their patterns are made when the first text comes.
    Most texts lack a word of each phrase, which is seen at once."""
    finders = list[tuple[str, re.Pattern[str]]]()

    def says(text: str) -> bool:
        form = one_form(text)
        if ZERO_WIDTH_SPACE in form:
            return Spoken(text).first(phrases) is not None
        if not finders:
            finders.extend((longest_word(phrase), finder(phrase)) for phrase in phrases)
        for word, pattern in finders:  # noqa: SIM110 - this loop runs for every text
            if word in form and pattern.search(form):
                return True
        return False

    return says


def longest_word(phrase: Phrase) -> str:
    """The longest word without which the phrase is not there; empty where each has an alternative."""
    return max((choices[0] for choices in phrase if len(choices) == 1), key=len, default="")


def taken_out(match: re.Match[str]) -> str:
    return match[0][: match.start(1) - match.start()] + GAP * len(match[1])


def mentioned(text: str, mentions: Sequence[Phrase], ignoring: Sequence[Phrase]) -> str | None:
    """The first words of the text that one of the phrases finds, as they are written, or None."""
    return Spoken(text).without(ignoring).first(mentions)
