"""The correcting note: what is put back, what stays, why, and its key on the last line."""

from collections.abc import Iterator, Mapping
from itertools import takewhile

from sfdc_escalator.escalation.note.note import MOST_BYTES, size
from sfdc_escalator.escalation.note.note_text import harmless, shortened
from sfdc_escalator.escalation.policy.steps import Step, StepState
from sfdc_escalator.escalation.undoing.fields import PutBack, Touched, shown
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, Identity

IN_ERROR = "was escalated in error and is put back: "
LABELS = {"queue": "owner"}
MOST_OF_A_NAME = 60
CUTS = (3000, 2000, 1400, 1000, 700, 500)


def why_in_one_line(why: str) -> str:
    """The reason as one line without anything that could pass for a key or a template."""
    return harmless(" ".join(why.split()))


def undo_note(why: str, rung: str, found: PutBack, names: Mapping[str, str], identity: Identity) -> str:
    """The text of the note, at most 4,000 bytes: the reason is cut at a word to make room. `rung` is that of what is
    taken back, `names` are those of users and queues by id."""
    what = "This case" if rung == FIRST_RUNG else f"This case ({harmless(rung)})"
    rest = "\n".join(facts(found, names)) or "No field was put back."
    reason = why_in_one_line(why)

    def written(cut: int) -> str:
        return f"{what} {IN_ERROR}{shortened(reason, cut)}\n\n{rest}\n\n{identity.line}"

    return next((note for note in map(written, CUTS) if size(note) <= MOST_BYTES), written(CUTS[-1]))


def facts(found: PutBack, names: Mapping[str, str]) -> Iterator[str]:
    for step in found.steps:
        label = label_of(step.name)
        if step.state is StepState.PLANNED:
            yield f"Put back: {label} {value(step, step.before, names)} -> {value(step, step.after, names)}"
        else:
            yield f"Stays: {label} {value(step, step.after, names)} ({step.reason})"
    for one in found.touched:
        yield f"Stays: {label_of(one.step)} {name(shown(one.step, one.value, names))} ({by_whom(one, names)})"


def value(step: Step, text: str | None, names: Mapping[str, str]) -> str:
    return name(shown(step.name, text, names))


def by_whom(one: Touched, names: Mapping[str, str]) -> str:
    """The person who changed the field, and when, as far as the history of the case says it."""
    by = f" by {name(names.get(one.by, one.by))}" if one.by else ""
    at = f", {one.at:%Y-%m-%d %H:%M} UTC" if one.at else ""
    return f"changed since{by}{at}"


def label_of(step: str) -> str:
    return LABELS.get(step, step)


def name(text: str) -> str:
    return shortened(harmless(text).replace("\n", " "), MOST_OF_A_NAME)


def why_in(note: str) -> str:
    """The reason in a correcting note; empty where the text is not one."""
    first = "\n".join(takewhile(str.strip, note.splitlines()))
    return first.partition(IN_ERROR)[2].strip()
