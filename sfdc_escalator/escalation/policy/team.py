"""A team: the part that steps need, and the people who are notified."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Team:
    """`queue` is the queue's DeveloperName."""

    name: str
    queue: str


class TeamPeople(NamedTuple):
    """The people of a team: those of its queue, its one person (an e-mail address, or a path from the case), and its
    distribution list. Each is empty where the team has none. `tell` are its channels, `facts` texts about it by
    name."""

    queue: str = ""
    person: str = ""
    list: str = ""
    tell: tuple[str, ...] = ()
    facts: Mapping[str, str] = MappingProxyType({})
