"""What a rebuild took in, as people read it."""

from sfdc_escalator.pipeline.rebuild import Rebuilt


def rebuild_text(rebuilt: Rebuilt, where: str) -> str:
    lines = [f"{one.key} case {one.case_number or one.case_id} {one.policy}/{one.route}" for one in rebuilt.taken]
    lines += [
        f"! case {note.case_id}: {note.line!r} is left out: the key does not follow from what stands beside it"
        for note in rebuilt.strange
    ]
    known = f", {rebuilt.known} known before" if rebuilt.known else ""
    strange = f", {len(rebuilt.strange)} left out" if rebuilt.strange else ""
    return "\n".join([*lines, f"{where} took in {len(rebuilt.taken)} escalations from the org{known}{strange}"])
