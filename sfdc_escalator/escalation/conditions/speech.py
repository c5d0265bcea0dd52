"""Conditions on what was said: words in free text, and who spoke since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.facts import Fact
from sfdc_escalator.escalation.conditions.own_words import own_words
from sfdc_escalator.escalation.conditions.words import Phrase, mentioned
from sfdc_escalator.escalation.world.case import Case, Comment, Speaker
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, MESSAGES, Need

SPOKEN: dict[str, tuple[Literal["comments", "emails"], tuple[Speaker, ...]]] = {
    "comments": ("comments", ("customer", "agent", "nobody")),
    "comments.customer": ("comments", ("customer",)),
    "comments.agent": ("comments", ("agent",)),
    "emails": ("emails", ("customer", "agent", "nobody")),
    "emails.customer": ("emails", ("customer",)),
    "emails.agent": ("emails", ("agent",)),
}
"""Sources of text that are no field: where it was said, and by whom."""
Since = Literal["escalation", "word_of.customer", "word_of.agent"]


def said(source: str, case: Case) -> tuple[Comment, ...]:
    """What was said in this source, oldest first."""
    where, who = SPOKEN[source]
    return tuple(one for one in case.comments if one.source == where and one.speaker in who)


def need_of(source: str) -> Need:
    return (COMMENTS if SPOKEN[source][0] == "comments" else EMAILS) if source in SPOKEN else source


def since_when(since: Since, case: Case, circumstances: Circumstances) -> datetime | None:
    """The moment that `since` names; the case itself is the customer's first word. None = it never came."""
    if since == "escalation":
        return circumstances.escalated_at
    speaker = since.removeprefix("word_of.")
    spoke = [one.at for one in case.comments if one.speaker == speaker]
    return max(spoke, default=case.created if speaker == "customer" else None)


@dataclass(frozen=True, slots=True)
class Text(Fact):
    """Words in text fields, comments and e-mails that are not our own, without signatures and quoted replies."""

    sources: tuple[str, ...]
    mentions: tuple[Phrase, ...]
    ignoring: tuple[Phrase, ...] = ()

    def look(self, case: Case, circumstances: Circumstances) -> str | None:
        """Which source says which of the words."""
        for source in self.sources:
            for text in texts_of(source, case, circumstances.words_from):
                words = mentioned(text, self.mentions, self.ignoring)
                # Most texts say none of the words, so what is quoted in them is looked for only in those that do.
                if words is not None:
                    words = mentioned(own_words(text), self.mentions, self.ignoring)
                if words is not None:
                    return f'{source} says "{words}"'
        return None

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return self.look(case, circumstances) is not None

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(map(need_of, self.sources))


def texts_of(source: str, case: Case, newer_than: datetime | None) -> Iterator[str]:
    """The texts of a source; a field is as old as the case."""
    if source in SPOKEN:
        yield from (one.body for one in said(source, case) if newer_than is None or one.at > newer_than)
    elif isinstance(text := case.fields.get(source), str) and (newer_than is None or case.created > newer_than):
        yield text


@dataclass(frozen=True, slots=True)
class Spoke(Fact):
    """Whether the agent or the customer said something, ever or since a moment."""

    who: Literal["agent", "customer"]
    since: Since | None = None

    def look(self, case: Case, circumstances: Circumstances) -> datetime | None:
        """When they last spoke."""
        return max((one.at for one in case.comments if one.speaker == self.who), default=None)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        last = self.look(case, circumstances)
        if last is None or self.since is None:
            return last is not None
        start = since_when(self.since, case, circumstances)
        return start is not None and last > start

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset[Need](MESSAGES)
