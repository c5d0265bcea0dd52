"""The steps that an example expects, against those that its route would take."""

from collections.abc import Iterator

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.example import Example
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep, Setting, Value, chosen
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.world.case import Case


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
    """The names of the value that the case has after the step; of a team its queue's or user's, and its own."""
    if isinstance(value, Team):
        return [value.shown, value.name]
    if step.names_team:
        return []
    text = step.plan(case, value, Setting({}, policy.priorities)).after if value else case.text_of(step.field)
    return [text] if text else []
