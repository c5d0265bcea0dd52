"""Examples: cases that the policy's author made up, judged as the policy would judge them.

A field that an example leaves out is empty. But it is a case within the policy's scope: a condition of the scope that
it does not mention counts as met. What it cannot give (the owner, the org's answers) stays open: a route that is
expected may match by it, any other route must match without it. Its times are what the clocks show: every calendar
counts as open, so that an example has the same result at any time of the day.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import moment
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.findings import reasons
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES
from sfdc_escalator.escalation.conditions.kinds.related import name_of
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, could_hold, judge, leaves, lookups_of, paths_of
from sfdc_escalator.escalation.policy.example import Example
from sfdc_escalator.escalation.policy.expected_steps import wrong_steps
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.proof.implication import conjuncts
from sfdc_escalator.escalation.world.case import Case, Comment, FieldChange
from sfdc_escalator.escalation.world.case import Value as CaseValue
from sfdc_escalator.escalation.world.needs import MESSAGES, Answered, FieldChanges, Need, Records

NOBODY = "000000000000000AAA"
STEPPED = tuple(step.field for step in FIELD_STEPS)


def failures(policy: Policy, now: datetime) -> Iterator[tuple[Example, str]]:
    """The examples that do not have the expected result, each with the reason."""
    for example in policy.examples:
        if reason := failure(policy, example, Circumstances(now)):
            yield example, reason


def failure(policy: Policy, example: Example, circumstances: Circumstances) -> str | None:
    """The reason why the example does not have the expected result; None when it does."""
    case = case_of(policy, example, circumstances.now)
    unread = left_open(policy, example)
    for route in policy.routes:
        condition = assuming(within_scope(policy, route, example), example)
        if route.name == example.expect:
            if could_hold(condition, case, circumstances, unread):
                return next(wrong_steps(policy, route, case, example), None)
            reason = next(reasons(judge(condition, case, circumstances), holding=False), "it does not match")
            return f"the route {route.name} does not match: {reason}"
        if not could_hold(condition, case, circumstances, unread, want=False):
            reason = "; ".join(reasons(judge(condition, case, circumstances))) or "every case matches it"
            return f"the route {route.name} matches, which {before(example)}: {reason}"
    return None


def within_scope(policy: Policy, route: Route, example: Example) -> Condition:
    """The route's condition without the parts of the scope that the example does not mention."""
    met = [part for part in conjuncts(All(policy.scope)) if not speaks_of(example, part)]
    return All(tuple(part for part in conjuncts(policy.condition(route)) if part not in met))


def speaks_of(example: Example, condition: Condition) -> bool:
    return any(mentions(example, leaf) for leaf in leaves(condition))


def mentions(example: Example, leaf: Leaf) -> bool:
    """True where the example gives one of the facts that the leaf looks at."""
    if counted := [name_of(one) for one in leaf.needs if isinstance(one, Records)]:
        return not example.related.keys().isdisjoint(counted)
    spoke = example.customer_spoke is not None or example.agent_spoke is not None
    aged = spoke or example.age is not None
    if aged and (leaf.starts_with_case or "CreatedDate" in leaf.needs):
        return True
    given = {path.lower() for path in example.fields}
    return (spoke and not MESSAGES.isdisjoint(leaf.needs)) or any(
        path.lower() in given for path in paths_of(leaf.needs)
    )


def before(example: Example) -> str:
    return f"comes before {example.expect}" if example.expect else "none should"


def case_of(policy: Policy, example: Example, now: datetime) -> Case:
    """The case that the example describes; its age is `age`, or that of its first message."""
    spoken = [("customer", example.customer_spoke), ("agent", example.agent_spoke)]
    ages = [age for age in (example.age, *(ago for _, ago in spoken)) if age is not None]
    created = now - max(ages, default=timedelta())
    needs = policy.needs()
    given = {path.lower(): as_value(value) for path, value in example.fields.items()}
    fields: dict[str, CaseValue] = {"CreatedDate": created, "IsClosed": False}
    fields |= {path: given[path.lower()] for path in (*paths_of(needs), *STEPPED) if path.lower() in given}
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
    """The facts that no example can give, and the owner where this one does not."""
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
    return condition.in_example(example.related) if isinstance(condition, Leaf) else condition
