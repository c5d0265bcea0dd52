"""The examples that each kind of condition declares, as conditions: a kind that is added is tested with them."""

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.registry import KINDS
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.files.assembly.assembly import terms_of
from sfdc_escalator.files.assembly.conditions import conditions
from sfdc_escalator.files.language.declared_names import Names
from sfdc_escalator.files.language.shape import check
from sfdc_escalator.files.text.yaml_document import parse


def policy_with(when: str) -> str:
    return f"policy: a\nroutes: [{{name: r, reason: x, when: {when}, escalate: {{}}}}]"


def condition_of(when: str) -> Condition:
    """The condition that a policy file says with these words."""
    value = parse("policy.yaml", policy_with(when)).value
    shape, faults = check(value, Names.of(value, loud=False))
    assert shape is not None, faults
    return together(conditions(shape.routes[0].when, terms_of(shape)))


EXAMPLES = tuple((name, example) for name, kind in KINDS.items() for example in kind.examples)
CONDITIONS = {example: condition_of(example) for _, example in EXAMPLES}
