"""Examples: cases that the policy's author made up, judged as the policy would judge them.

What an example leaves out is empty. But it is a case within the policy's scope: a condition of the scope that it says
nothing about counts as met. What it cannot say (who owns the case, what the org answers) stays open: a route that is
expected may match by it, any other route must match without it. Its times are what the clocks show: every calendar
counts as open, so that an example comes out alike at any time of the day.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks import Idle
from sfdc_escalator.escalation.conditions.comparison import fold, moment
from sfdc_escalator.escalation.conditions.findings import reasons
from sfdc_escalator.escalation.conditions.related import COUNTS, MILESTONES, Related
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import (
    All,
    AnyOf,
    Condition,
    Leaf,
    Not,
    could_hold,
    judge,
    leaves,
    lookups_of,
    paths_of,
)
from sfdc_escalator.escalation.policy.policy import Example, Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep, Setting, Value, chosen
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.proof.implication import conjuncts
from sfdc_escalator.escalation.time.calendars import BusinessDays, Limit
from sfdc_escalator.escalation.world.case import Case, Comment, FieldChange
from sfdc_escalator.escalation.world.case import Value as CaseValue
from sfdc_escalator.escalation.world.needs import MESSAGES, Answered, FieldChanges, Need, Records

NOBODY = "000000000000000AAA"
STEPPED = tuple(step.field for step in FIELD_STEPS)


def failures(policy: Policy, now: datetime) -> Iterator[tuple[Example, str]]:
    """The examples that do not come out as expected, each with why."""
    for example in policy.examples:
        if why := failure(policy, example, Circumstances(now)):
            yield example, why


def failure(policy: Policy, example: Example, circumstances: Circumstances) -> str | None:
    """Why the example does not come out as expected; None when it does."""
    case = case_of(policy, example, circumstances.now)
    unread = left_open(policy, example)
    for route in policy.routes:
        condition = assuming(within_scope(policy, route, example), example)
        if route.name == example.expect:
            if could_hold(condition, case, circumstances, unread):
                return next(wrong_steps(policy, route, case, example), None)
            why = next(reasons(judge(condition, case, circumstances), holding=False), "it does not match")
            return f"the route {route.name} does not match: {why}"
        if not could_hold(condition, case, circumstances, unread, want=False):
            why = "; ".join(reasons(judge(condition, case, circumstances))) or "everything matches it"
            return f"the route {route.name} matches, which {before(example)}: {why}"
    return None


def within_scope(policy: Policy, route: Route, example: Example) -> Condition:
    """The route's condition without what the scope demands and the example says nothing about."""
    met = [part for part in conjuncts(All(policy.scope)) if not speaks_of(example, part)]
    return All(tuple(part for part in conjuncts(policy.condition(route)) if part not in met))


def speaks_of(example: Example, condition: Condition) -> bool:
    return any(mentions(example, leaf) for leaf in leaves(condition))


def mentions(example: Example, leaf: Leaf) -> bool:
    """Whether the example says one of the things that the leaf looks at."""
    if isinstance(leaf, Related):
        return name_of(leaf.records) in example.related
    spoke = example.customer_spoke is not None or example.agent_spoke is not None
    aged = spoke or example.age is not None
    if aged and (isinstance(leaf, Idle) or "CreatedDate" in leaf.needs):
        return True
    said = {path.lower() for path in example.fields}
    return (spoke and not MESSAGES.isdisjoint(leaf.needs)) or any(path.lower() in said for path in paths_of(leaf.needs))


def before(example: Example) -> str:
    return f"stands above {example.expect}" if example.expect else "none should"


def case_of(policy: Policy, example: Example, now: datetime) -> Case:
    """The case that the example describes; it is as old as `age` says, or as its first word."""
    spoken = [("customer", example.customer_spoke), ("agent", example.agent_spoke)]
    ages = [age for age in (example.age, *(ago for _, ago in spoken)) if age is not None]
    created = now - max(ages, default=timedelta())
    needs = policy.needs()
    said = {path.lower(): as_value(value) for path, value in example.fields.items()}
    fields: dict[str, CaseValue] = {"CreatedDate": created, "IsClosed": False}
    fields |= {path: said[path.lower()] for path in (*paths_of(needs), *STEPPED) if path.lower() in said}
    lookups = lookups_of(needs)
    field_changes: dict[str, tuple[FieldChange, ...]] = {
        one.path: () for one in lookups if isinstance(one, FieldChanges)
    }
    return Case(
        id=NOBODY,
        number="example",
        owner_id=str(fields.get("OwnerId") or NOBODY),
        status=text(fields.get("Status")),
        priority=text(fields.get("Priority")),
        created=created,
        fields=fields,
        comments=tuple(
            Comment(NOBODY, now - ago, "", "customer" if who == "customer" else "agent") for who, ago in spoken if ago
        ),
        field_changes=field_changes,
    )


def as_value(value: CaseValue) -> CaseValue:
    """A time as the policy writes it, as a time."""
    return (moment(value) or value) if isinstance(value, str) else value


def text(value: CaseValue) -> str | None:
    return None if value is None else str(value)


def left_open(policy: Policy, example: Example) -> frozenset[Need]:
    """What no example can say, and the owner where this one does not."""
    lookups = lookups_of(policy.needs())
    beyond: set[Need] = {one for one in lookups if isinstance(one, Answered) or one == MILESTONES}
    owned = "ownerid" in {path.lower() for path in example.fields}
    return frozenset(beyond if owned else beyond | {"OwnerId"})


def assuming(condition: Condition, example: Example) -> Condition:
    """The condition with every count of related records replaced by what the example says, and no calendar."""
    if isinstance(condition, All):
        return All(tuple(assuming(part, example) for part in condition.parts))
    if isinstance(condition, AnyOf):
        return AnyOf(tuple(assuming(part, example) for part in condition.parts))
    if isinstance(condition, Not):
        return Not(assuming(condition.part, example))
    if isinstance(condition, Related):
        count = example.related.get(name_of(condition.records), 0)
        return All(()) if COUNTS[condition.operator](count, condition.count) else AnyOf(())
    return always_open(condition) if isinstance(condition, Clock) else condition


def always_open(clock: Clock) -> Leaf:
    limit = clock.limit
    limit = limit.mapped(in_hours) if isinstance(limit, Table) else in_hours(limit)
    return replace(clock, calendar=None, limit=limit)  # type: ignore[return-value]


def in_hours(limit: Limit) -> Limit:
    return timedelta(days=limit.count) if isinstance(limit, BusinessDays) else limit


def name_of(records: Records) -> str:
    """How an example calls these records: `Tasks`, or `Contact.ReturnOrders`."""
    return f"{records.through}.{records.relation}" if records.through else records.relation


def wrong_steps(policy: Policy, route: Route, case: Case, example: Example) -> Iterator[str]:
    """The differences between what the route would do and what the example expects."""
    steps = route.escalate.steps if route.escalate else {}
    for step in FIELD_STEPS:
        expected, source = example.steps.get(step.key), steps.get(step.key)
        value = chosen(source, case)
        if isinstance(source, Table) and value is None:
            yield f"its {step.key} comes from a table with no row for it, so it would be held"
        elif expected is not None and fold(expected) not in map(fold, names := after(step, value, case, policy)):
            yield f"its {step.key} is {names[0] if names else 'none'}, not {expected}"


def after(step: FieldStep, value: Value | None, case: Case, policy: Policy) -> list[str]:
    """The names of the value that the case has after the step; of a team its queue's, and its own."""
    if isinstance(value, Team):
        return [value.queue, value.name]
    if step.names_team:
        return []
    text = step.plan(case, value, Setting({}, policy.priorities)).after if value else case.text_of(step.field)
    return [text] if text else []
