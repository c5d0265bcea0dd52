"""Checks of standard objects without an org: names that are probably misspelt, and values of checkboxes."""

from difflib import get_close_matches

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.schema.describe import ANY_OF_SEVERAL, reference

CUSTOM = ("__c", "__r", "__pc", "__pr")
ALIKE = 0.8
"""An unknown standard field may belong to a feature; one that is so similar to a known field is a misspelling."""


def misspelt(path: str, describe: Describe) -> str | None:
    """The path that was probably meant, if a standard name in this one is not known."""
    steps, start = path.split("."), "Case"
    for place, step in enumerate(steps):
        fields = describe.objects.get(start, {})
        last = place == len(steps) - 1
        known = {name.lower(): name for name in fields} if last else relationships(start, describe)
        if step.lower() in known:
            found = None if last else reference(describe, start, step)
            targets = found.reference_to if found else ()
            start = targets[0] if len(targets) == 1 else "User" if place < len(steps) - 2 else ANY_OF_SEVERAL
            continue
        if step.lower().endswith(CUSTOM) or not fields:
            return None
        near = get_close_matches(step.lower(), known, n=1, cutoff=ALIKE)
        return ".".join([*steps[:place], known[near[0]], *steps[place + 1 :]]) if near else None
    return None


def relationships(start: str, describe: Describe) -> dict[str, str]:
    fields = describe.objects.get(start, {}).values()
    return {info.relationship.lower(): info.relationship for info in fields if info.relationship}


def is_no_checkbox_value(path: str, text: str, describe: Describe) -> bool:
    info = describe.field_at(path)
    return info is not None and info.type == "boolean" and fold(text) not in ("true", "false")
