"""The rules of a policy about its notices: their words, their channel for persons, and when they are sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import NamedTuple

from sfdc_escalator.escalation.notices.outbox import Cap

EVERY_DAY = frozenset(range(7))


class Quiet(NamedTuple):
    """The hours in which only urgent notices are sent, by the recipient's clock; they may go over midnight."""

    begin: time
    end: time


class DigestTime(NamedTuple):
    """The time of day of the digest, by the recipient's clock, and its days; 0 is Monday."""

    at: time = time(9)
    days: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """`must_say` are parts of the note or field paths that no message leaves out; `links` are field paths. `people` is
    the channel by which persons are notified. `channels` are the kinds of the policy's channels, by name."""

    opens_with: str = ""
    must_say: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    people: str = ""
    quiet: Quiet | None = None
    digest: DigestTime = DigestTime()
    cap: Cap | None = None
    template: str = ""
    channels: Mapping[str, str] = field(default_factory=dict)
