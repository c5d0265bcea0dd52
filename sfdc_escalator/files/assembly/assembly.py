"""The policy's value from its checked shape, with every default filled in."""

from sfdc_escalator.escalation.conditions.declaration import Terms
from sfdc_escalator.escalation.policy.policy import (
    DEFAULT_PRIORITIES,
    UTC,
    Guards,
    Policy,
    PolicyOwner,
    Route,
)
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.files.assembly.conditions import conditions, route_condition
from sfdc_escalator.files.assembly.examples import examples_of
from sfdc_escalator.files.assembly.ladders import due_of, ladder_of
from sfdc_escalator.files.assembly.steps import Material, Templates, steps_of
from sfdc_escalator.files.assembly.telling import (
    notice_rules_of,
    notify_of,
    notify_when_of,
    one_notice_per_of,
    people_of,
    warn_of,
)
from sfdc_escalator.files.language.shape import PolicyShape, RouteShape
from sfdc_escalator.files.text.document import Document


def assemble(document: Document, shape: PolicyShape, templates: Templates, digest: str) -> Policy:
    material = Material(shape.defaults, terms_of(shape), templates)
    return Policy(
        name=shape.policy,
        description=shape.description.strip(),
        file=document.file,
        digest=digest,
        scope=conditions(shape.scope, material.terms),
        priorities=tuple(shape.priorities) or DEFAULT_PRIORITIES,
        routes=tuple(route_of(route, material) for route in shape.routes),
        guards=Guards(**shape.guards.given()),
        together=shape.defaults.fields == "together",
        zone=next((one.timezone for one in shape.calendars.values()), UTC),
        zones={name: shape.calendars[team.calendar].timezone for name, team in shape.teams.items() if team.calendar},
        hours={name: material.terms.calendars[one.calendar] for name, one in shape.teams.items() if one.calendar},
        teams={name: people_of(team) for name, team in shape.teams.items()},
        hold_while=conditions(shape.hold_while, material.terms),
        examples=tuple(examples_of(shape.examples, document)),
        owner=PolicyOwner(shape.owner.accountable, shape.owner.review_every),
        notices=notice_rules_of(shape, templates),
        review=tuple(dict.fromkeys(shape.review.by)) if shape.review else (),
    )


def terms_of(shape: PolicyShape) -> Terms:
    calendars = {name: Calendar(name, one.timezone, one.open, one.holidays) for name, one in shape.calendars.items()}
    queues = {name: team.queue for name, team in shape.teams.items() if team.queue}
    return Terms(shape.words, calendars, queues, {name: team.user for name, team in shape.teams.items() if team.user})


def route_of(route: RouteShape, material: Material) -> Route:
    return Route(
        name=route.name,
        reason=route.reason,
        when=route_condition(route.when, route.unless, material.terms),
        escalate=steps_of(route, material),
        formerly=tuple(route.formerly),
        scan=route.scan,
        bypass_guards=route.bypass_guards,
        rearm=route.rearm or None,  # type: ignore[arg-type]
        due=due_of(route.due, material.terms),
        ladder=ladder_of(route, material),
        notify=notify_of(route.notify),
        notify_when=notify_when_of(route),
        warn=warn_of(route),
        one_notice_per=one_notice_per_of(route),
        say=route.say,
        counts_as=route.counts_as,
        never={key: tuple(values) for key, values in route.never.given().items()},
    )
