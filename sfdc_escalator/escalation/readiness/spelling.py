"""Names that are probably misspelt: the nearest known name, and the standard fields that are known without an org."""

from collections.abc import Iterable
from difflib import get_close_matches

from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.world.org import Describe

SEVERAL = "Name"
"""The object that describe gives for a reference to one of several objects."""
CUSTOM = ("__c", "__r", "__pc", "__pr")
ALIKE = 0.8
"""A standard field that is not in our list may belong to a feature; one this similar to a listed field is a slip."""


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The name that was probably meant, in any case of letters."""
    folded = {one.casefold(): one for one in sorted(names, reverse=True)}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def standard_field_gap(path: str, standard: Describe) -> Gap | None:
    """A gap for a path with a step that is probably a misspelt standard name; `standard` describes a new org."""
    steps, start = path.split("."), "Case"
    for place, step in enumerate(steps):
        fields = standard.objects.get(start, {})
        last = place == len(steps) - 1
        known = set(fields) if last else {info.relationship for info in fields.values() if info.relationship}
        if step.lower() in {name.lower() for name in known}:
            found = None if last else standard.reference(step, start)
            targets = found.reference_to if found else ()
            start = targets[0] if len(targets) == 1 else "User" if place < len(steps) - 2 else SEVERAL
            continue
        near = None if step.lower().endswith(CUSTOM) or not fields else nearest(step, known, ALIKE)
        meant = near and ".".join([*steps[:place], near, *steps[place + 1 :]])
        return Gap(GapKind.STANDARD_FIELD, path, nearest=meant, severity="warning") if meant else None
    return None
