"""`text`: words in text fields, comments and e-mails."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, field_words, listed
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Kind, Several, Takes, Terms
from sfdc_escalator.escalation.conditions.leaf import Comparison, Leaf
from sfdc_escalator.escalation.conditions.speech.messages import SPOKEN, need_of, texts_of
from sfdc_escalator.escalation.conditions.speech.words import Phrase, Spoken, mentioned, parse_phrase, saying
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

SPOKEN_WORDS = {
    "comments": "a comment",
    "comments.customer": "a comment of the customer",
    "comments.agent": "a comment of an agent",
    "emails": "an e-mail",
    "emails.customer": "an e-mail of the customer",
    "emails.agent": "an e-mail of an agent",
}


def own_words_in(text: str) -> str:
    """The writer's own words. The patterns that find them are loaded with the first text that has some of the words."""
    from sfdc_escalator.escalation.conditions.speech.own_words import own_words

    return own_words(text)


@dataclass(frozen=True, slots=True)
class Text(Leaf):
    """Words in text fields, comments and e-mails that are not our own, without signatures and quoted replies.

    The server does not narrow it: it finds no word that is written in another way (full-width letters, a ligature, a
    soft hyphen), and no query can name all ways.
    """

    kind: ClassVar[str] = "text"
    sources: tuple[str, ...]
    mentions: tuple[Phrase, ...]
    ignoring: tuple[Phrase, ...] = ()
    _says: Callable[[str], bool] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_says", saying(self.mentions))

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(map(need_of, self.sources))

    def look(self, case: Case, circumstances: Circumstances) -> str | None:
        """The first source with some of the words, and these words."""
        for source in self.sources:
            for text in texts_of(source, case, circumstances.messages_from):
                # Most texts have none of the words, so quoted replies are only looked for in those that have some. What
                # is ignored must stand in the own words, too: there it does not go on in a quoted reply.
                if self._says(text):
                    words = mentioned(own_words_in(text), self.mentions, self.ignoring)
                    if words is not None:
                        return f'{source} says "{words}"'
        return None

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        if self.ignoring:
            return self.look(case, circumstances) is not None
        for source in self.sources:
            for text in texts_of(source, case, circumstances.messages_from):
                if self._says(text) and ((own := own_words_in(text)) == text or self._says(own)):
                    return True
        return False

    def comparisons(self) -> Iterator[Comparison]:
        yield from (Comparison(source, self.kind) for source in self.sources if source not in SPOKEN)

    def parts_named(self, path: str, text: str) -> Iterator[str]:
        if path in self.sources and path not in SPOKEN:
            own = own_words_in(text)
            yield from Spoken(own).found(self.ignoring)
            if words := mentioned(own, self.mentions, self.ignoring):
                yield words

    def described(self, finding: Finding) -> str:
        return str(finding.seen) if finding.holds else f"none of the words in {', '.join(self.sources)}"

    @property
    def brief(self) -> str:
        return f"text {', '.join(self.sources)}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        where = listed([SPOKEN_WORDS.get(source) or field_words(source) for source in self.sources])
        verb = "mentions one of these" if holds else "mentions none of these"
        return Clause(f"{where} {verb}", *(tuple(map(phrase_text, some)) for some in (self.mentions, self.ignoring)))

    def implies(self, other: Leaf) -> bool:
        """True where the other looks for more words in more sources, and ignores less."""
        return (
            isinstance(other, Text)
            and set(self.sources) <= set(other.sources)
            and set(self.mentions) <= set(other.mentions)
            and set(other.ignoring) <= set(self.ignoring)
        )


def phrase_text(phrase: Phrase) -> str:
    """`speak/talk to`: a stroke means either."""
    return " ".join("/".join(choices) for choices in phrase)


def build(given: Given, terms: Terms) -> Text:
    return Text(tuple(given["text"]), phrases(given["mentions"], terms), phrases(given.get("ignoring", ()), terms))


def phrases(items: Iterable[str], terms: Terms) -> tuple[Phrase, ...]:
    """The phrases of the item: `words.name` means all phrases of that list."""
    texts = (text for item in items for text in words_of(item, terms))
    return tuple(dict.fromkeys(parse_phrase(text) for text in texts))


def words_of(item: str, terms: Terms) -> Sequence[str]:
    return terms.words[item.removeprefix("words.")] if item.startswith("words.") else (item,)


KIND = Kind(
    about="Words in text fields, comments and e-mails: whole words, any case and spelling, `this|that` for either.",
    keys=(
        Key(
            "text",
            Several(Takes.TEXT_SOURCE),
            "Where to look: fields, comments, emails, the latter also `.agent` or `.customer`.",
            True,
        ),
        Key(
            "mentions",
            Several(Takes.PHRASE),
            "Words to look for: phrases, or `words.name`. Whole words, any case and spelling.",
            True,
        ),
        Key("ignoring", Several(Takes.PHRASE), "Phrases that are taken out of the text first."),
    ),
    build=build,
    examples=(
        "{text: Subject, mentions: speak|talk to a manager}",
        "{text: [Subject, comments.customer], mentions: urgent, ignoring: not urgent}",
    ),
)
