"""The requirements of a route and its ladder: queues, business hours, values, fields, related records, histories."""

from collections.abc import Iterable, Iterator

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours, values
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import leaves, paths_of
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.ladder import EndOfDay, Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.proof_needs import lookups_of_proof
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep
from sfdc_escalator.escalation.world.needs import FieldChanges, Need, Records


def steps_of(route: Route) -> tuple[Escalate, ...]:
    """The steps of the route, then those of its rungs."""
    given = (route.escalate, *(rung.escalate for rung in route.ladder.rungs))
    return tuple(steps for steps in given if steps)


def conditions_of(policy: Policy, route: Route) -> tuple[Condition, ...]:
    """The conditions that are judged for the route: its own, those that hold a case, the proof that a person acted."""
    proof = (route.ladder.acknowledged,) if route.ladder else ()
    return (policy.condition(route), *policy.hold_while, *proof)


def tables_of(route: Route) -> Iterator[Table[object]]:
    """The tables of its steps, its notes, its rungs' times and its due time."""
    for steps in steps_of(route):
        yield from (one for one in (*steps.steps.values(), *steps.note.quick_texts) if isinstance(one, Table))
    timed = (part for rung in route.ladder.rungs for part in rung.when)
    yield from (one for one in (*timed, *(route.due or ())) if isinstance(one, Table))


def leaves_of(policy: Policy, route: Route) -> tuple[Leaf, ...]:
    """The leaves of the conditions that are judged for the route."""
    return tuple(leaf for condition in conditions_of(policy, route) for leaf in leaves(condition))


def business_hours(condition: Condition) -> Iterator[str]:
    """The names of the org's business hours that the condition counts by."""
    for leaf in leaves(condition):
        yield from leaf.business_hours


def hours_asked(asked: Iterable[Leaf], route: Route) -> Iterator[str]:
    """The business hours by which these conditions of the route, and its due time, count."""
    for leaf in asked:
        yield from leaf.business_hours
    if isinstance(route.due, EndOfDay):
        yield from named_hours(route.due.calendar)


def hours_of_rung(rung: Rung) -> Iterator[str]:
    """The business hours by which the rung counts."""
    yield from named_hours(getattr(rung.when, "calendar", None))


def named_hours(calendar: object) -> Iterator[str]:
    yield from (one.name for one in values(calendar) if isinstance(one, BusinessHours))


def values_of(steps: Escalate | None) -> Iterator[tuple[FieldStep, str]]:
    """The texts that the steps may write, such as a status, each with its step."""
    for step in FIELD_STEPS:
        if steps and not step.names_team:
            yield from ((step, value) for value in dict.fromkeys(steps.values(step.key)))


def needs_of(policy: Policy, route: Route) -> frozenset[Need]:
    """Everything that the route and its ladder read of a case."""
    return policy.needs([route]) | route.ladder.needs


def fields_of(policy: Policy, route: Route) -> frozenset[str]:
    """The case fields that a route reads, in its criteria, its tables and its notes; and to find related records."""
    needs = needs_of(policy, route)
    contact = any(isinstance(one, Records) and one.through == "Contact" for one in needs)
    return paths_of(needs) | (frozenset({"ContactId"}) if contact else frozenset())


def records_of(policy: Policy, route: Route) -> list[Records]:
    """The related records that a route and its ladder read."""
    return sorted((one for one in needs_of(policy, route) if isinstance(one, Records)), key=repr)


def tracked_by(policy: Policy, route: Route) -> list[str]:
    """The fields whose changes a condition of the route or of its ladder reads."""
    proof = route.ladder.acknowledged.needs if route.ladder else frozenset[Need]()
    return sorted({one.path for one in policy.needs([route]) | proof if isinstance(one, FieldChanges)})


def acts_tracked_by(policy: Policy, route: Route) -> list[str]:
    """The fields whose history shows who acted, where a rung waits for that; not those that must have a history."""
    if all(rung.until == "closed" for rung in route.ladder.rungs):
        return []
    shown = {one.path for one in lookups_of_proof(route.ladder.acknowledged) if isinstance(one, FieldChanges)}
    return sorted(shown - set(tracked_by(policy, route)))
