"""A hold that was made, or that ended."""

from sfdc_escalator.pipeline.holding import Held
from sfdc_escalator.reports.values import visible

SHOWN = "%Y-%m-%d %H:%M UTC"


def held_text(done: Held) -> str:
    """The hold, and a warning for each escalation that becomes due while it lasts."""
    first = done.holds[0]
    route = f", route {first.route}" if first.route else ""
    until = f"{first.until:{SHOWN}}" if first.until else "it is released"
    lines = [f"Case {done.case_number}{route} is held until {until} by {first.by}: {first.why}"]
    for one in done.inside_due:
        due = one.ladder.due if one.ladder else None
        lines.append(
            f"! {one.key} ({one.policy}/{one.route}) is due inside, at {due:{SHOWN}}: its due time stays, and rungs "
            "missed until then come after the hold, one per run"
        )
    return "\n".join(map(visible, lines))


def released_text(done: Held) -> str:
    return "\n".join(
        visible(f"Case {done.case_number} is released: {one.why} (held since {one.begin:{SHOWN}} by {one.by})")
        for one in done.holds
    )
