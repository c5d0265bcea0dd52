"""Messages on a case as sources of text, and the time from which they count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.world.case import Case, Comment, Speaker
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, Need

SPOKEN: dict[str, tuple[Literal["comments", "emails"], tuple[Speaker, ...]]] = {
    "comments": ("comments", ("customer", "agent", "nobody")),
    "comments.customer": ("comments", ("customer",)),
    "comments.agent": ("comments", ("agent",)),
    "emails": ("emails", ("customer", "agent", "nobody")),
    "emails.customer": ("emails", ("customer",)),
    "emails.agent": ("emails", ("agent",)),
}
"""The sources of text that are not fields: the kind of message, and its writers."""
SINCE = ("escalation", "word_of.customer", "word_of.agent")
SINCE_WORDS = {
    "escalation": "the last escalation",
    "word_of.customer": "the last message of the customer",
    "word_of.agent": "the last message of the agent",
}
Since = Literal["escalation", "word_of.customer", "word_of.agent"]


def messages_of(source: str, case: Case) -> tuple[Comment, ...]:
    """The messages of this source, oldest first."""
    where, who = SPOKEN[source]
    return tuple(one for one in case.comments if one.source == where and one.speaker in who)


def need_of(source: str) -> Need:
    return (COMMENTS if SPOKEN[source][0] == "comments" else EMAILS) if source in SPOKEN else source


def since_when(since: Since, case: Case, circumstances: Circumstances) -> datetime | None:
    """The time that `since` names; None if it never happened. The case itself is the first message of the customer."""
    if since == "escalation":
        return circumstances.escalated_at
    speaker = since.removeprefix("word_of.")
    spoke = [one.at for one in case.comments if one.speaker == speaker]
    return max(spoke, default=case.created if speaker == "customer" else None)


def texts_of(source: str, case: Case, newer_than: datetime | None) -> Sequence[str]:
    """The texts of a source; a field is as old as the case."""
    if source in SPOKEN:
        return [one.body for one in messages_of(source, case) if newer_than is None or one.at > newer_than]
    if isinstance(text := case.fields.get(source), str) and (newer_than is None or case.created > newer_than):
        return (text,)
    return ()
