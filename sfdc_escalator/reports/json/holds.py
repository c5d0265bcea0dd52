"""A hold that was made, or that ended."""

from typing import Any

from sfdc_escalator.pipeline.holding import Held
from sfdc_escalator.reports.values import instant


def held_json(done: Held) -> dict[str, Any]:
    """`until` is the end of the hold: of one that was released, the time of its release."""
    first = done.holds[0]
    until = first.released or first.until
    return {
        "case_number": done.case_number,
        "from": instant(first.begin),
        "until": instant(until) if until else None,
        "why": first.why,
        "inside_due": [one.key for one in done.inside_due],
    }
