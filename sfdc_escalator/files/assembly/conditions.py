"""Conditions as the file says them into conditions as they are judged."""

from collections.abc import Sequence

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.declaration import Terms
from sfdc_escalator.escalation.conditions.tree import AnyOf, Not, together
from sfdc_escalator.files.language.condition_shapes import ConditionShape


def conditions(shapes: Sequence[ConditionShape], terms: Terms) -> tuple[Condition, ...]:
    return tuple(condition(shape, terms) for shape in shapes)


def condition(shape: ConditionShape, terms: Terms) -> Condition:
    inner = {key: conditions(shapes, terms) for key, shapes in shape.nested()}
    return shape.kind.build({**shape.given(), **inner}, terms)


def route_condition(when: Sequence[ConditionShape], unless: Sequence[ConditionShape], terms: Terms) -> Condition:
    """`when` without `unless`: all of the one, none of the other."""
    without = conditions(unless, terms)
    barred = [Not(without[0] if len(without) == 1 else AnyOf(without))] if without else []
    return together([*conditions(when, terms), *barred])
