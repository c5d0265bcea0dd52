"""The reports of commands by which a person changes the ledger: a rebuild, a hold, a release."""

from sfdc_escalator.pipeline.holding import Held
from sfdc_escalator.pipeline.rebuild import Rebuilt
from sfdc_escalator.reports.values import counted, visible

SHOWN = "%Y-%m-%d %H:%M UTC"


def rebuild_text(rebuilt: Rebuilt, where: str) -> str:
    lines = [f"{one.key} case {one.case_number or one.case_id} {one.policy}/{one.route}" for one in rebuilt.taken]
    lines += [
        f"! case {note.case_id}: {note.line!r} is left out: the key does not match the values beside it"
        for note in rebuilt.strange
    ]
    known = f", {rebuilt.known} known before" if rebuilt.known else ""
    left_out = f", {len(rebuilt.strange)} left out" if rebuilt.strange else ""
    total = f"{where} took in {counted(len(rebuilt.taken), 'escalation')} from the org{known}{left_out}"
    return "\n".join(map(visible, [*lines, total]))


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
