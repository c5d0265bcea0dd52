"""The people whom a policy notifies, and its rules about when and in which words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.escalate import Template
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.policy.user_paths import user_path

OWNER = user_path("Owner")
EVERY_DAY = frozenset(range(7))
NINE = time(9)


class Recipient(NamedTuple):
    """A person by a path (`Owner.Manager`), a team, the team that a table names, or a channel."""

    kind: Literal["team", "person", "table", "channel"]
    name: str | Table[str]
    urgent: bool = False


class Notify(NamedTuple):
    """The recipients who are notified at once, and those of the next digest."""

    now: tuple[Recipient, ...] = ()
    digest: tuple[Recipient, ...] = ()


NOBODY = Notify()


class NotifyWhen(NamedTuple):
    """The recipients of a notice when somebody acted, and when the case is closed."""

    acknowledged: tuple[Recipient, ...] = ()
    closed: tuple[Recipient, ...] = ()


NOT_LATER = NotifyWhen()


class Warn(NamedTuple):
    """The recipients of a warning, this time before the route matches."""

    before: timedelta
    tell: tuple[Recipient, ...]


class OneNoticePer(NamedTuple):
    """Cases with the same values of these fields get one notice together; after `within` the next is a first again."""

    fields: tuple[str, ...]
    within: timedelta = timedelta(hours=24)


class Quiet(NamedTuple):
    """The hours in which only urgent notices are sent, by the recipient's clock; they may go over midnight."""

    begin: time
    end: time


class DigestTime(NamedTuple):
    """The time of day of the digest, by the recipient's clock, and its days; 0 is Monday."""

    at: time = NINE
    days: frozenset[int] = EVERY_DAY


class Cap(NamedTuple):
    """At most `most` messages to one recipient `within` a time; what is over it goes as one message later."""

    most: int
    within: timedelta


DAILY = DigestTime()


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """`must_say` are parts of the note or field paths that no message leaves out; `links` are field paths. `people` is
    the channel by which persons are notified. `paths` are the fields that the template and the texts of notices read.
    `channels` are the kinds of the policy's channels, by name."""

    opens_with: str = ""
    must_say: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    people: str = ""
    quiet: Quiet | None = None
    digest: DigestTime = DAILY
    cap: Cap | None = None
    template: Template | None = None
    paths: frozenset[str] = frozenset()
    channels: Mapping[str, str] = field(default_factory=dict)


NO_RULES = NoticeRules()


def recipient_paths(recipients: Iterable[Recipient], teams: Mapping[str, TeamPeople]) -> Iterator[str]:
    """The fields of a case that lead to these recipients."""
    for one in recipients:
        if isinstance(one.name, Table):
            yield from one.name.by
            yield from (path for team in one.name.values for path in team_paths(team, teams))
        elif one.kind == "person":
            where = user_path(one.name)
            yield where.field
            if where == OWNER:  # a queue owns it, perhaps: then its team is notified
                yield from (path for name, team in teams.items() if team.queue for path in team_paths(name, teams))
        elif one.kind == "team":
            yield from team_paths(one.name, teams)


def team_paths(name: str, teams: Mapping[str, TeamPeople]) -> Iterator[str]:
    person = teams[name].person if name in teams else ""
    if person and "@" not in person:
        yield user_path(person).field
