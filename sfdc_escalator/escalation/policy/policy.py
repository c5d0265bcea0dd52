"""The policy as a value: the file, checked, with every default filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.speech.messages import need_of
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, paths_of
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, StepValue, every
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.world.case import ATTRIBUTES, Value
from sfdc_escalator.escalation.world.needs import Need

DEFAULT_PRIORITIES = ("Low", "Medium", "High")
OPEN_CASES = Field("IsClosed", "is", False)
NEW_RECORD = "new_record"


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a note template, and its file."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NotePart:
    """One part of the hand-off note. `if_missing` is say_so, tell_owner, hold, or a sentence to say instead.

    The first of the sources that has a text fills it; with `every` all of them do.
    """

    name: str
    sources: tuple[str, ...]
    if_missing: str = "say_so"
    last: int | None = None
    every: bool = False

    @property
    def is_required(self) -> bool:
        """True where the note is incomplete without it."""
        return self.if_missing == "hold"


@dataclass(frozen=True, slots=True)
class NoteSpec:
    """`texts` are the route's own words (`help_needed`), reached by a part as `route.help_needed`.

    The first of the `quick_texts` that the org has is the note's text, else the template. `quick_texts` are names of
    Quick Texts with the route's name filled in, or tables that give one by fields of the case. `also_on` names a record
    of the case that gets the note as well.
    `template_paths` are the fields that the template and the texts read.
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
        """The facts of the case that the note's parts and template read."""
        sources = {source for part in self.parts for source in part.sources}
        own = {source for source in sources if source == "findings" or source.startswith("route.")}
        other = {f"{self.also_on}Id"} if self.also_on else set()
        other |= {path for one in self.quick_texts if isinstance(one, Table) for path in one.by}
        return frozenset(need_of(source) for source in (sources - own) | self.template_paths | other)


@dataclass(frozen=True, slots=True)
class Escalate:
    """The note of a route, and its further steps by their keys; a table gives a value by fields of the case."""

    note: NoteSpec
    steps: Mapping[str, StepValue]

    def values(self, key: str) -> tuple[Any, ...]:
        """Every value that the step of this key may give: teams, or texts."""
        return every(self.steps.get(key))

    @property
    def teams(self) -> tuple[Team, ...]:
        """Every team to which it may move a case."""
        return tuple(team for step in FIELD_STEPS if step.names_team for team in self.values(step.key))

    @property
    def needs(self) -> frozenset[Need]:
        """The fields that the note and the tables read, and those that steps write."""
        by_tables = {path for one in self.steps.values() if isinstance(one, Table) for path in one.by}
        written = {step.field for step in FIELD_STEPS if step.key in self.steps} - ATTRIBUTES.keys()
        return self.note.needs | by_tables | written


@dataclass(frozen=True, slots=True)
class Route:
    """A route with `escalate` None only notifies people: it takes no step and writes no note."""

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
    relation, as written (`Contact.ReturnOrders`); `expect` is a route's name, or None; `steps` are the values that its
    steps are expected to give, by key. `place` is (line, column).
    """

    fields: Mapping[str, Value]
    expect: str | None
    age: timedelta | None = None
    customer_spoke: timedelta | None = None
    agent_spoke: timedelta | None = None
    related: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
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
        """All conditions of this route: the scope, its `when`, and being open unless the policy mentions IsClosed."""
        return self._conditions[route.name]

    def scope_of(self, route: Route) -> All:
        """The conditions that a case must meet before the route's own `when`."""
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
