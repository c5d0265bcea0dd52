"""The policy's value from its checked shape, with every default filled in."""

from collections.abc import Mapping
from typing import Any

from sfdc_escalator.escalation.conditions.declaration import Terms
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.escalate import Escalate, NotePart, NoteSpec
from sfdc_escalator.escalation.policy.policy import DEFAULT_PRIORITIES, Example, Guards, Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep, StepValue
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.files.assembly.conditions import conditions, route_condition
from sfdc_escalator.files.language.note_shapes import NoteShape, RouteNoteShape
from sfdc_escalator.files.language.shape import ExampleShape, PolicyShape, RouteShape
from sfdc_escalator.files.templates.templates import NoteTemplate
from sfdc_escalator.files.text.yaml_document import Document
from sfdc_escalator.files.values.sources import placeholder_paths
from sfdc_escalator.files.values.texts import SNAKE

Templates = Mapping[str, NoteTemplate]
"""By the name that the policy gives them; the built-in one has the name ``."""


def assemble(document: Document, shape: PolicyShape, templates: Templates, digest: str) -> Policy:
    terms = terms_of(shape)
    return Policy(
        name=shape.policy,
        description=shape.description.strip(),
        file=document.file,
        digest=digest,
        scope=conditions(shape.scope, terms),
        priorities=tuple(shape.priorities) or DEFAULT_PRIORITIES,
        routes=tuple(route_of(route, shape, terms, templates) for route in shape.routes),
        guards=Guards(**shape.guards.given()),
        together=shape.defaults.fields == "together",
        examples=tuple(example_of(one, document.place(("examples", n))) for n, one in enumerate(shape.examples)),
    )


def terms_of(shape: PolicyShape) -> Terms:
    calendars = {name: Calendar(name, one.timezone, one.open, one.holidays) for name, one in shape.calendars.items()}
    return Terms(shape.words, calendars, {name: team.queue for name, team in shape.teams.items() if team.queue})


def route_of(route: RouteShape, policy: PolicyShape, terms: Terms, templates: Templates) -> Route:
    return Route(
        name=route.name,
        reason=route.reason,
        when=route_condition(route.when, route.unless, terms),
        escalate=steps_of(route, policy, terms, templates),
        formerly=tuple(route.formerly),
        scan=route.scan,
        bypass_guards=route.bypass_guards,
        rearm=route.rearm or None,  # type: ignore[arg-type]
    )


def steps_of(route: RouteShape, policy: PolicyShape, terms: Terms, templates: Templates) -> Escalate | None:
    steps = route.escalate
    if steps is None:
        return None
    given = {one.key: getattr(steps, one.key) or getattr(policy.defaults, one.key, "") for one in FIELD_STEPS}
    return Escalate(
        note=note_of(route, steps.note, policy.defaults.note, templates),
        steps={one.key: wanted(one, given[one.key], terms) for one in FIELD_STEPS if given[one.key]},
    )


def wanted(step: FieldStep, given: str | Table[str], terms: Terms) -> StepValue:
    """The value of a step, or the table that gives it; teams in place of their names."""
    if not step.names_team:
        return given
    return given.mapped(lambda name: team_of(name, terms)) if isinstance(given, Table) else team_of(given, terms)


def team_of(name: str, terms: Terms) -> Team:
    return Team(name, terms.queues[name])


def note_of(route: RouteShape, note: RouteNoteShape, default: NoteShape, templates: Templates) -> NoteSpec:
    """The route's note over the default one, key by key. Without parts: reason, findings, the route's own texts."""
    given = {**default.given(), **note.given()}
    texts = dict(note.__pydantic_extra__ or {})
    template = templates[given.get("template", "")]
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
    fields = (NotePart(name_of(path), (path,), if_missing) for path in requires if path not in known)
    return (*changed, *fields)


def name_of(path: str) -> str:
    """The name of a part for a field: `ClickUp_Project__c` -> `clickup_project`."""
    plain = path.rpartition(".")[2].removesuffix("__c").lower()
    return plain if SNAKE.fullmatch(plain) else "field"


def example_of(shape: ExampleShape, place: tuple[int, int]) -> Example:
    return Example(
        fields=shape.case,
        expect=shape.expect,
        age=shape.age,
        customer_spoke=shape.customer_spoke,
        agent_spoke=shape.agent_spoke,
        related=shape.related,
        steps={one.key: value for one in FIELD_STEPS if (value := getattr(shape, one.key))},
        place=place,
    )
