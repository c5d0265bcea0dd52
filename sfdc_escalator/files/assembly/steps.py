"""The steps of a route or a rung from their checked shapes: the note over the defaults, teams in place of names."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.declaration import Terms
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.escalate import Escalate, NotePart, NoteSpec
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep, StepValue
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.files.language.note_shapes import RouteNoteShape
from sfdc_escalator.files.language.shape import DefaultsShape, RouteShape
from sfdc_escalator.files.language.step_shapes import RungStepsShape
from sfdc_escalator.files.templates.templates import NoteTemplate
from sfdc_escalator.files.values.sources import part_name_of, placeholder_paths

Templates = Mapping[str, NoteTemplate]
"""By the name that the policy gives them; the built-in one has the name ``."""
Texts = Mapping[str, str]


class Material(NamedTuple):
    """The parts of a policy that each of its routes is made with."""

    defaults: DefaultsShape
    terms: Terms
    templates: Templates


def steps_of(route: RouteShape, material: Material) -> Escalate | None:
    steps = route.escalate
    if steps is None:
        return None
    given = {one.key: getattr(steps, one.key) or getattr(material.defaults, one.key, "") for one in FIELD_STEPS}
    return Escalate(note_of(route, steps.note, own_texts(steps.note), material), values_of(given, material.terms))


def rung_steps_of(route: RouteShape, steps: RungStepsShape, material: Material) -> Escalate:
    """The steps of a rung. It takes the defaults of the note, and no other; its texts stand over those of the route."""
    texts = {**(own_texts(route.escalate.note) if route.escalate else {}), **own_texts(steps.note)}
    given = {one.key: getattr(steps, one.key) for one in FIELD_STEPS}
    return Escalate(note_of(route, steps.note, texts, material), values_of(given, material.terms))


def values_of(given: Mapping[str, Any], terms: Terms) -> Mapping[str, StepValue]:
    return {one.key: wanted(one, given[one.key], terms) for one in FIELD_STEPS if given[one.key]}


def wanted(step: FieldStep, given: str | Table[str], terms: Terms) -> StepValue:
    """The value of a step, or the table that gives it; teams in place of their names."""
    if not step.names_team:
        return given
    return given.mapped(lambda name: team_of(name, terms)) if isinstance(given, Table) else team_of(given, terms)


def team_of(name: str, terms: Terms) -> Team:
    return Team(name, terms.queues.get(name, ""), terms.users.get(name, ""))


def own_texts(note: RouteNoteShape) -> Texts:
    return dict(note.__pydantic_extra__ or {})


def note_of(route: RouteShape, note: RouteNoteShape, texts: Texts, material: Material) -> NoteSpec:
    """The note over the default one, key by key. Without parts: reason, findings, and each of the texts."""
    given = {**material.defaults.note.given(), **note.given()}
    template = material.templates[given.get("template", "")]
    own = tuple(NotePart(key, (f"route.{key}",)) for key in texts)
    standard = (NotePart("reason", ("route.reason",)), NotePart("findings", ("findings",)))
    in_texts = {path for text in (route.reason, *texts.values()) for path in placeholder_paths(text)}
    return NoteSpec(
        template=template.source,
        parts=required(parts_of(given) or (*standard, *own), given),
        texts=texts,
        visibility=given.get("visibility", "internal"),
        template_paths=template.needs.paths | in_texts,
        quick_texts=tuple(named_after(route.name, one) for one in given.get("quick_text", ())),
        also_on=given.get("also_on"),
    )


def named_after(route: str, quick_text: str | Table[str]) -> str | Table[str]:
    """The name of a Quick Text, or the table of names, with the route's name filled in."""
    if isinstance(quick_text, Table):
        return quick_text.mapped(lambda name: name.replace("{route}", route))
    return quick_text.replace("{route}", route)


def parts_of(given: Mapping[str, Any]) -> tuple[NotePart, ...]:
    return tuple(
        NotePart(name, tuple(part.from_), part.if_missing, part.last or None, part.all)
        for name, part in given.get("parts", {}).items()
    )


def required(parts: tuple[NotePart, ...], given: Mapping[str, Any]) -> tuple[NotePart, ...]:
    """The parts with their requirements. A required field is a part by itself."""
    requires, if_missing = given.get("requires", ()), given.get("if_missing", "hold")
    known = {part.name for part in parts}
    changed = (
        NotePart(part.name, part.sources, if_missing, part.last, part.every) if part.name in requires else part
        for part in parts
    )
    fields = (NotePart(part_name_of(path), (path,), if_missing) for path in requires if path not in known)
    return (*changed, *fields)
