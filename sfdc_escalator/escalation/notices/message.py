"""A message as a channel gets it: its parts, which the channel lays out, escapes and cuts in its own way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Line(NamedTuple):
    """One line: a label of ours, and a text that may be a stranger's. A kept line is never cut."""

    label: str
    text: str
    kept: bool = False


class Link(NamedTuple):
    """A link to an http(s) address that is ours, or that the policy names."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient.

    `id` is the id of its notice, of a bundle the hash of those of its rows. `title` is one line of our own: the words
    that open it, the case number, the event; `prefix` comes before everything, in a sandbox. `to` is an e-mail address
    or the id of a user, group or queue; empty where the address of the channel is the recipient. The first of `links`
    leads to the case, and `key` is the key of the escalation; both are empty for a bundle of several. `is_repeat`: it
    may have been delivered before. `ends`: the escalation is acknowledged or closed, so an alarm about it ends; `alarm`
    names that alarm: all notices of an escalation have the same. `facts` is the same as JSON, for programs.
    """

    id: str
    kind: str
    title: str
    lines: tuple[Line, ...] = ()
    links: tuple[Link, ...] = ()
    key: str = ""
    case_id: str = ""
    case_number: str = ""
    to: str = ""
    urgent: bool = False
    is_repeat: bool = False
    ends: bool = False
    alarm: str = ""
    prefix: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
