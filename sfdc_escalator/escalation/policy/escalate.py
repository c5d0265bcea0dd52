"""The steps of a route or of a rung: its note, and the fields that it writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sfdc_escalator.escalation.conditions.speech.messages import need_of
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, StepValue, every
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.world.case import ATTRIBUTES
from sfdc_escalator.escalation.world.needs import Need


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
