"""A team: the part that steps need, and the people who are notified."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from sfdc_escalator.escalation.world.org import username_key


@dataclass(frozen=True, slots=True)
class Team:
    """`queue` is the queue's DeveloperName, `user` the Username of the user who takes its cases instead; it has one
    of them."""

    name: str
    queue: str = ""
    user: str = ""

    @property
    def target(self) -> str:
        """The key of its queue or user among the targets of an org."""
        return self.queue or username_key(self.user)

    @property
    def shown(self) -> str:
        """Its queue or user as the policy writes it."""
        return self.queue or self.user


class TeamPeople(NamedTuple):
    """The people of a team: those of its queue, its one person (an e-mail address, or a path from the case), and its
    distribution list. Each is empty where the team has none. `tell` are its channels, `facts` texts about it by
    name."""

    queue: str = ""
    person: str = ""
    list: str = ""
    tell: tuple[str, ...] = ()
    facts: Mapping[str, str] = MappingProxyType({})
