"""A case as an example to paste into a policy."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.as_example import as_example
from sfdc_escalator.escalation.policy.example import Example
from sfdc_escalator.escalation.policy.examples import failure
from sfdc_escalator.pipeline.preparing.examine import Examined
from sfdc_escalator.reports.json.explain import value_json
from sfdc_escalator.reports.values import visible

LATER = timedelta(days=3653)


def example_text(examined: Examined) -> str:
    """Entries for `examples:`. An entry that would not give the same result, now or later, is a comment."""
    return "\n".join(example_lines(in_org, as_example(in_org, examined.case)) for in_org in examined.policies_in_org)


def example_lines(in_org: PolicyInOrg, example: Example) -> str:
    head, entry = f"# {in_org.policy.name}", f"  - {entry_text(example)}"
    if reason := failure(in_org.policy, example, in_org.circumstances):
        return commented(head, f"this example gives another result: {reason}", entry)
    if reason := failure(in_org.policy, example, Circumstances(in_org.now + LATER)):
        return commented(head, f"this example gives another result as time passes: {reason}", entry)
    return f"{head}\n{entry}"


def commented(head: str, remark: str, entry: str) -> str:
    return f"{head}\n  # {visible(remark)}\n  # {entry.lstrip()}"


def entry_text(example: Example) -> str:
    times = {"age": example.age, "customer_spoke": example.customer_spoke, "agent_spoke": example.agent_spoke}
    parts = [
        *([f"case: {flow(example.fields)}"] if example.fields else []),
        *(f"{key}: {duration(ago)}" for key, ago in times.items() if ago is not None),
        *([f"related: {flow(example.related)}"] if example.related else []),
        f"expect: {example.expect or 'none'}",
    ]
    return "{" + ", ".join(parts) + "}"


def flow(values: Mapping[str, Any]) -> str:
    """A mapping in YAML's flow form."""
    return "{" + ", ".join(f"{key}: {quoted(value_json(value))}" for key, value in values.items()) + "}"


def quoted(value: Any) -> str:
    """A value as JSON, which YAML reads too; with YAML's escape for each character that a terminal obeys or hides."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if visible(one) == one else escaped(ord(one)) for one in text)


def escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def duration(ago: timedelta) -> str:
    """A duration as a policy writes it, rounded down to minutes."""
    minutes = max(0, int(ago.total_seconds() // 60))
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"
