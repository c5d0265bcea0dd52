"""The guards of a policy as JSON values, and back: shares are texts such as `30%`."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sfdc_escalator.escalation.policy.policy import Guards

WHOLE = Fraction(100)


def guards_json(guards: Guards) -> dict[str, Any]:
    return {
        "max_cases": guards.max_cases,
        "max_share_of_open": share_text(guards.max_share_of_open),
        "share_from": guards.share_from,
        "api_budget": share_text(guards.api_budget),
    }


def guards_of(found: Mapping[str, Any]) -> Guards:
    """Raises ValueError, KeyError or TypeError for anything that is not guards."""
    counts = found["max_cases"], found["share_from"]
    if not all(type(one) is int for one in counts):
        raise ValueError(f"{counts!r:.60} are not counts")
    return Guards(counts[0], share_of(found["max_share_of_open"]), counts[1], share_of(found["api_budget"]))


def share_text(share: Fraction) -> str:
    """Exact: a share that has no short decimal is a fraction of 100."""
    hundred = share * WHOLE
    decimal = f"{float(hundred):.12g}"
    return f"{decimal if Fraction(decimal) == hundred else hundred}%"


def share_of(text: str) -> Fraction:
    if not text.endswith("%"):
        raise ValueError(f"{text!r:.60} is not a share such as 30%")
    return Fraction(text[:-1]) / WHOLE
