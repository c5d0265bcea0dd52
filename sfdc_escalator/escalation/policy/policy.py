"""The policy as a value: the file, checked, with every default filled in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.answering.answers import NONE
from sfdc_escalator.escalation.conditions.answering.sieve import Answers
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import Calendars
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tree import All, paths_of
from sfdc_escalator.escalation.policy.escalate import Escalate, NoteSpec
from sfdc_escalator.escalation.policy.example import Example
from sfdc_escalator.escalation.policy.ladder import NO_LADDER, Due, EndOfDay, Ladder, due_needs
from sfdc_escalator.escalation.policy.team import Team, TeamPeople
from sfdc_escalator.escalation.policy.telling import (
    NO_RULES,
    NOBODY,
    NOT_LATER,
    NoticeRules,
    Notify,
    NotifyWhen,
    OneNoticePer,
    Recipient,
    Warn,
    recipient_paths,
)
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.needs import Need

DEFAULT_PRIORITIES = ("Low", "Medium", "High")
OPEN_CASES = Field("IsClosed", "is", False)
NEW_RECORD = "new_record"
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Route:
    """A route with `escalate` None only notifies people: it takes no step and writes no note. `counts_as` is the name
    under which a report counts it, where it is not an escalation. `never` are the values that none of its steps gives,
    by the key of the step."""

    name: str
    reason: str
    when: Condition
    escalate: Escalate | None
    formerly: tuple[str, ...] = ()
    scan: bool = False
    bypass_guards: bool = False
    rearm: timedelta | Literal["new_record"] | None = None
    due: Due | None = None
    ladder: Ladder = NO_LADDER
    notify: Notify = NOBODY
    notify_when: NotifyWhen = NOT_LATER
    warn: Warn | None = None
    one_notice_per: OneNoticePer | None = None
    say: str = ""
    counts_as: str = ""
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def opens(self) -> bool:
        """True where a match opens an escalation: it takes steps, or it notifies somebody."""
        return self.escalate is not None or bool(self.ladder) or self.notify != NOBODY

    @property
    def recipients(self) -> Iterator[Recipient]:
        """Everybody whom the route or a rung of it notifies."""
        for notify in (self.notify, *(rung.notify for rung in self.ladder.rungs)):
            yield from (*notify.now, *notify.digest)
        yield from (*self.notify_when.acknowledged, *self.notify_when.closed)
        yield from self.warn.tell if self.warn else ()

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


class PolicyOwner(NamedTuple):
    """The team that is accountable for the policy, empty where there is none, and how often it is reviewed."""

    accountable: str = ""
    review_every: timedelta | None = None


NO_OWNER = PolicyOwner()


@dataclass(frozen=True, slots=True)
class Policy:
    """`digest` is the SHA-256 of what the file says, templates included.

    `together` saves owner, status and priority as one instead of one after the other. `zone` is that of the first
    calendar; `hours` are the calendars of teams, `zones` their zones: times are shown in them. While all of
    `hold_while` holds, a case is held. `review` are the fields by whose values a report shows what escalated cases have
    in common.
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
    zone: ZoneInfo = UTC
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict, compare=False)
    hours: Mapping[str, Calendar] = field(default_factory=dict, compare=False)
    teams: Mapping[str, TeamPeople] = field(default_factory=dict, compare=False)
    hold_while: tuple[Condition, ...] = ()
    examples: tuple[Example, ...] = ()
    owner: PolicyOwner = NO_OWNER
    notices: NoticeRules = NO_RULES
    review: tuple[str, ...] = ()
    _conditions: Mapping[str, All] = field(init=False, compare=False, repr=False)
    _needs: Mapping[str, frozenset[Need]] = field(init=False, compare=False, repr=False)
    """By route; every stage of a run asks for them."""
    gates: tuple[Field, ...] = field(init=False, compare=False, repr=False)
    """The plain fields of the scope. They keep nearly all cases of other teams from every route at once."""
    _answers: dict[frozenset[Need], Answers[Route]] = field(init=False, compare=False, repr=False)
    """By what was not read; made when they are asked for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_conditions", {route.name: self._in_scope(route.when) for route in self.routes})
        object.__setattr__(self, "_needs", {route.name: self._needs_of(route) for route in self.routes})
        opens = all(condition.parts[0] is OPEN_CASES for condition in self._conditions.values())
        gates = (
            part for part in ((OPEN_CASES,) if opens else ()) + self.scope if isinstance(part, Field) and part.plain
        )
        object.__setattr__(self, "gates", tuple(gates))
        object.__setattr__(self, "_answers", {})

    def zone_of(self, team: str) -> ZoneInfo:
        """The zone of the team's calendar, else that of the policy."""
        return self.zones.get(team, self.zone)

    def condition(self, route: Route) -> All:
        """All conditions of this route: the scope, its `when`, and being open unless the policy mentions IsClosed."""
        return self._conditions[route.name]

    def inside(self, route: Route) -> All:
        """The conditions of this route that are not among the gates."""
        return All(tuple(part for part in self.condition(route).parts if not any(part is gate for gate in self.gates)))

    def answers(self, unread: frozenset[Need] = NONE) -> Answers[Route]:
        """Of each route, whether it matches a case that passes the gates and was read without these needs."""
        if unread not in self._answers:
            self._answers[unread] = Answers([(route, self.inside(route)) for route in self.routes], unread)
        return self._answers[unread]

    def scope_of(self, route: Route) -> All:
        """The conditions that a case must meet before the route's own `when`."""
        return All(self.condition(route).parts[:-1])

    def _in_scope(self, when: Condition) -> All:
        parts = (*self.scope, when)
        speaks = any(path.lower() == "isclosed" for part in parts for path in paths_of(part.needs))
        return All(parts if speaks else (OPEN_CASES, *parts))

    def needs(self, routes: Iterable[Route] | None = None) -> frozenset[Need]:
        """Everything that the policy, or some of its routes, reads of a case; of their ladders the plain fields, which
        a poll reads as well. The rest of a ladder is read when it is due."""
        held = frozenset[Need]().union(*(one.needs for one in self.hold_while))
        return held.union(*(self._needs[route.name] for route in (self.routes if routes is None else routes)))

    def _needs_of(self, route: Route) -> frozenset[Need]:
        steps = route.escalate.needs if route.escalate else frozenset[Need]()
        of_ladder = paths_of(route.ladder.needs) | frozenset(due_needs(route.due))
        return self.condition(route).needs | steps | of_ladder

    @property
    def optional_paths(self) -> frozenset[str]:
        """The fields that its notices and its review read. One that the org does not have is left out: it stops no
        route."""
        return frozenset(path for route in self.routes for path in self._optional_paths(route))

    def only_optional(self, route: Route) -> frozenset[str]:
        """The fields that nothing but the notices and the review of the route reads."""
        return frozenset(self._optional_paths(route)) - paths_of(self.needs([route]))

    def _optional_paths(self, route: Route) -> Iterator[str]:
        yield from self.review if route.opens else ()
        yield from self._notice_paths(route)

    def _notice_paths(self, route: Route) -> Iterator[str]:
        recipients = list(route.recipients)
        if not recipients:
            return
        accountable = [Recipient("team", self.owner.accountable)] if self.owner.accountable else []
        yield from recipient_paths((*recipients, *accountable), self.teams)
        rules, notes = self.notices, notes_of(route)
        parts = {part.name for note in notes for part in note.parts} | {"reason"}
        yield from (*(name for name in rules.must_say if name not in parts), *rules.links, *rules.paths)
        yield from route.one_notice_per.fields if route.one_notice_per else ()

    @property
    def all_needs(self) -> frozenset[Need]:
        """Everything that a run may read of a case, ladders included."""
        return self.needs().union(*(route.ladder.needs for route in self.routes))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of its routes, of their acknowledgements, and of `hold_while`."""
        acted = (route.ladder.acknowledged for route in self.routes if route.ladder)
        return (*self._conditions.values(), *acted, *self.hold_while)

    @property
    def notes(self) -> tuple[NoteSpec, ...]:
        """The notes of its routes and rungs."""
        return tuple(note for route in self.routes for note in notes_of(route))

    @property
    def target_teams(self) -> frozenset[Team]:
        """The teams to which the steps of its routes and rungs move cases."""
        return frozenset(team for route in self.routes for steps in steps_in(route) for team in steps.teams)

    @property
    def calendars(self) -> tuple[Calendars, ...]:
        """The calendars of its rungs and due times; those of conditions are with the conditions."""
        ends = (route.due.calendar for route in self.routes if isinstance(route.due, EndOfDay))
        return (*ends, *(one for route in self.routes for one in route.ladder.calendars))


def notes_of(route: Route) -> tuple[NoteSpec, ...]:
    """The notes of the route and its rungs."""
    return tuple(steps.note for steps in steps_in(route))


def steps_in(route: Route) -> tuple[Escalate, ...]:
    """The steps of the route, then those of its rungs."""
    given = (route.escalate, *(rung.escalate for rung in route.ladder.rungs))
    return tuple(one for one in given if one)
