"""The ladder of a route from its checked shape: due time, rungs, recipients, and the proof that a person acted."""

from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.declaration import Terms
from sfdc_escalator.escalation.conditions.shared_keys import calendar_of
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.escalation.policy.ladder import (
    SOMEBODY_ACTED,
    After,
    AfterDue,
    BeforeDue,
    Due,
    DueIn,
    EndOfDay,
    Ladder,
    Repeat,
    Rung,
    When,
)
from sfdc_escalator.files.assembly.conditions import conditions
from sfdc_escalator.files.assembly.steps import Material, rung_steps_of
from sfdc_escalator.files.assembly.telling import notify_of
from sfdc_escalator.files.language.ladder_shapes import OWN_REPEAT, EndOfDayShape, RepeatShape, RungShape
from sfdc_escalator.files.language.shape import RouteShape


def ladder_of(route: RouteShape, material: Material) -> Ladder:
    acted = conditions(route.acknowledged, material.terms)
    own_repeat = [repeated_notice(route, route.repeat)] if route.repeat else []
    return Ladder(
        rungs=(*(rung_of(one, route, material) for one in route.ladder), *own_repeat),
        highest_only=route.catch_up == "highest",
        acknowledged=together(acted) if acted else SOMEBODY_ACTED,
    )


def rung_of(rung: RungShape, route: RouteShape, material: Material) -> Rung:
    return Rung(
        id=rung.id,
        when=when_of(rung, material.terms),
        until=rung.until,
        escalate=rung_steps_of(route, rung.escalate, material) if rung.escalate else None,
        notes=rung.escalate is not None and "note" in rung.escalate.model_fields_set,
        notify=notify_of(rung.notify),
        say=rung.say,
        repeat=Repeat(rung.repeat.every, rung.repeat.at_most) if rung.repeat else None,
        formerly=tuple(rung.formerly),
    )


def repeated_notice(route: RouteShape, repeat: RepeatShape) -> Rung:
    """The `repeat` of a route that only notifies, as a rung: its first turn comes after `every`."""
    return Rung(
        id=OWN_REPEAT,
        when=After(repeat.every),
        until="closed",
        notify=notify_of(route.notify),
        say=route.say,
        repeat=Repeat(repeat.every, repeat.at_most - 1) if repeat.at_most > 1 else None,
    )


def when_of(rung: RungShape, terms: Terms) -> When:
    if rung.after is not None:
        return After(rung.after, calendar_of(rung.calendar, terms))
    return BeforeDue(rung.before_due) if rung.before_due is not None else AfterDue(rung.after_due or timedelta())


def due_of(due: Any, terms: Terms) -> Due | None:
    if isinstance(due, EndOfDayShape):
        return EndOfDay(calendar_of(due.calendar, terms), due.at_least)
    return None if due is None else DueIn(due)
