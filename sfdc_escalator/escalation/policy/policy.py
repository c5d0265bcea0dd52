"""The policy as a value: what the file says, checked, with every default filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Literal

from sfdc_escalator.escalation.conditions.facts import Field
from sfdc_escalator.escalation.conditions.speech import need_of
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, Condition, paths_of
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.escalation.world.needs import Need

DEFAULT_PRIORITIES = ("Low", "Medium", "High")
OPEN_CASES = Field("IsClosed", "is", False)
NEW_RECORD = "new_record"


@dataclass(frozen=True, slots=True)
class Team:
    """`queue` is the queue's DeveloperName."""

    name: str
    queue: str


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a note template, and the file in which it stands."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NotePart:
    """One part of the hand-off note. `if_missing` is say_so, tell_owner, hold, or a sentence to say instead.

    The first of the sources that says something fills it, or with `every` all of them.
    """

    name: str
    sources: tuple[str, ...]
    if_missing: str = "say_so"
    last: int | None = None
    every: bool = False

    @property
    def is_required(self) -> bool:
        """Whether there is no note without it."""
        return self.if_missing == "hold"


@dataclass(frozen=True, slots=True)
class NoteSpec:
    """`texts` are the route's own words (`help_needed`), reached by a part as `route.help_needed`.

    The first of the `quick_texts` that the org has is the note's text, else the template. `quick_texts` are names of
    Quick Texts with the route's name filled in, or tables that give one by fields of the case. `also_on` names a record
    of the case that gets the note as well.
    `needs` is what the template and the texts read of the case.
    """

    template: Template
    parts: tuple[NotePart, ...]
    texts: Mapping[str, str]
    visibility: Literal["internal", "published"] = "internal"
    template_paths: frozenset[str] = frozenset()
    quick_texts: tuple[str | Table[str], ...] = ()
    also_on: Literal["Account", "Contact"] | None = None

    @property
    def needs(self) -> frozenset[Need]:
        """What the note's parts and template read of the case."""
        sources = {source for part in self.parts for source in part.sources}
        own = {source for source in sources if source == "findings" or source.startswith("route.")}
        other = {f"{self.also_on}Id"} if self.also_on else set()
        other |= {path for one in self.quick_texts if isinstance(one, Table) for path in one.by}
        return frozenset(need_of(source) for source in (sources - own) | self.template_paths | other)


@dataclass(frozen=True, slots=True)
class Escalate:
    """What a route does. None = no such step; a table gives the value by fields of the case."""

    note: NoteSpec
    queue: Team | Table[Team] | None
    status: str | None
    priority: str | Table[str] | None

    @property
    def teams(self) -> tuple[Team, ...]:
        """Every team to which it may move a case."""
        return self.queue.values if isinstance(self.queue, Table) else (self.queue,) if self.queue else ()

    @property
    def priorities(self) -> tuple[str, ...]:
        """Every priority that it may give."""
        return self.priority.values if isinstance(self.priority, Table) else (self.priority,) if self.priority else ()

    @property
    def needs(self) -> frozenset[Need]:
        tables = [one for one in (self.queue, self.priority) if isinstance(one, Table)]
        return self.note.needs | frozenset(path for table in tables for path in table.by)


@dataclass(frozen=True, slots=True)
class Route:
    """A route with `escalate` None only tells people: it takes no step and writes no note."""

    name: str
    reason: str
    when: Condition
    escalate: Escalate | None
    formerly: tuple[str, ...] = ()
    scan: bool = False
    bypass_guards: bool = False
    rearm: timedelta | Literal["new_record"] | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name, *self.formerly})


@dataclass(frozen=True, slots=True)
class Guards:
    """`max_cases` and `max_share_of_open` count per route; the share counts from `share_from` cases on."""

    max_cases: int = 200
    max_share_of_open: Fraction = Fraction(30, 100)
    share_from: int = 20
    api_budget: Fraction = Fraction(20, 100)


@dataclass(frozen=True, slots=True)
class Example:
    """A case that the policy's author made up, and what they expect of it.

    `fields` by path, times as written; `age` since the case was made; who spoke how long ago; `related` counts by
    relation, as written (`Contact.ReturnOrders`); `expect` is a route's name, or None. `place` is (line, column).
    """

    fields: Mapping[str, Value]
    expect: str | None
    age: timedelta | None = None
    customer_spoke: timedelta | None = None
    agent_spoke: timedelta | None = None
    related: Mapping[str, int] = field(default_factory=dict)
    queue: str | None = None
    priority: str | None = None
    status: str | None = None
    place: tuple[int, int] = (0, 0)


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
    examples: tuple[Example, ...] = ()
    _conditions: Mapping[str, All] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_conditions", {route.name: self._in_scope(route.when) for route in self.routes})

    def condition(self, route: Route) -> All:
        """All that a case must meet for this route: the scope, and being open unless the policy speaks of IsClosed."""
        return self._conditions[route.name]

    def scope_of(self, route: Route) -> All:
        """What a case must meet before the route's own `when` is asked."""
        return All(self.condition(route).parts[:-1])

    def _in_scope(self, when: Condition) -> All:
        parts = (*self.scope, when)
        speaks = any(path.lower() == "isclosed" for part in parts for path in paths_of(part.needs))
        return All(parts if speaks else (OPEN_CASES, *parts))

    def needs(self, routes: Iterable[Route] | None = None) -> frozenset[Need]:
        """Everything that the policy, or some of its routes, reads of a case."""
        chosen = self.routes if routes is None else tuple(routes)
        conditions = frozenset[Need]().union(*(self.condition(route).needs for route in chosen))
        return conditions.union(*(route.escalate.needs for route in chosen if route.escalate))
