"""The escalations that a rebuild found in the org."""

from sfdc_escalator.pipeline.rebuild import Rebuilt
from sfdc_escalator.reports.values import counted, visible


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
