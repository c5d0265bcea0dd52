"""The policy as a value: what the file says, checked, with every default filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal

from sfdc_escalator.escalation.criteria import All, Condition, Field, paths_of

Template = Callable[[Mapping[str, Any]], str]
"""Renders a note from its context; raises ValueError with advice when it cannot."""

DEFAULT_PRIORITIES = ("Low", "Medium", "High")
OPEN_CASES = Field("IsClosed", "is", False)


@dataclass(frozen=True, slots=True)
class Team:
    """`queue` is the queue's DeveloperName."""

    name: str
    queue: str


@dataclass(frozen=True, slots=True)
class NotePart:
    """One part of the hand-off note. `if_missing` is say_so, tell_owner, hold, or a sentence to say instead."""

    name: str
    sources: tuple[str, ...]
    if_missing: str = "say_so"
    last: int | None = None


@dataclass(frozen=True, slots=True)
class NoteSpec:
    """`texts` are the route's own words (`help_needed`), reached by a part as `route.help_needed`."""

    template: Template
    parts: tuple[NotePart, ...]
    texts: Mapping[str, str]
    visibility: Literal["internal", "published"] = "internal"
    template_paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Escalate:
    """What a route does. None = no such step."""

    note: NoteSpec
    queue: Team | None
    status: str | None
    priority: str | None


@dataclass(frozen=True, slots=True)
class Route:
    name: str
    reason: str
    when: Condition
    escalate: Escalate
    formerly: tuple[str, ...] = ()
    scan: bool = False
    over_guards: bool = False
    rearm: timedelta | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name, *self.formerly})


@dataclass(frozen=True, slots=True)
class Guards:
    """`most_cases` and `most_share_of_open` count per route; the share counts from `share_from` cases on."""

    most_cases: int = 200
    most_share_of_open: Fraction = Fraction(30, 100)
    share_from: int = 20
    api_budget: Fraction = Fraction(20, 100)


@dataclass(frozen=True, slots=True)
class Policy:
    """`digest` is the SHA-256 of what the file says, templates included.

    `together` saves owner, status and priority as one instead of one after the other.
    """

    name: str
    description: str
    file: str
    digest: str
    scope: tuple[Condition, ...]
    priorities: tuple[str, ...]
    routes: tuple[Route, ...]
    guards: Guards = field(default_factory=Guards)
    together: bool = False

    def condition(self, route: Route) -> Condition:
        """All that a case must meet for this route: the scope, and being open unless the policy speaks of IsClosed."""
        parts = (*self.scope, route.when)
        speaks = any(path.lower() == "isclosed" for part in parts for path in paths_of(part))
        return All(parts if speaks else (OPEN_CASES, *parts))

    def paths(self) -> frozenset[str]:
        """Every path that the policy reads, `comments` among them."""
        reads = frozenset[str]().union(*(paths_of(self.condition(route)) for route in self.routes))
        return reads.union(*(note_paths(route.escalate.note) for route in self.routes))


def note_paths(note: NoteSpec) -> frozenset[str]:
    """The case paths that the note's parts and template read."""
    sources = {source for part in note.parts for source in part.sources}
    own = {source for source in sources if source == "findings" or source.startswith("route.")}
    comments = {source for source in sources if source.split(".")[0] == "comments"}
    return frozenset(sources - own - comments) | note.template_paths | ({"comments"} if comments else frozenset())
