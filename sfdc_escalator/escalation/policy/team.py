"""A team: the part that steps need, and the people who are notified."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Team:
    """`queue` is the queue's DeveloperName."""

    name: str
    queue: str


class TeamPeople(NamedTuple):
    """The members of a team: those of its queue, and its one person, an e-mail address or a path from the case. Each
    is empty where the team has none."""

    queue: str = ""
    person: str = ""
