"""The acts of the org's own rules, as the history of a case shows them."""

from collections.abc import Iterator
from datetime import timedelta

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.shadow.acts import COMPARED, ESCALATED, Effect, TheirAct
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value

AT_CREATION = timedelta(seconds=2)
"""The time in which the rules act that run as a case is saved; the history names whoever made the case."""
YES = frozenset({"true", "1", "yes"})
Change = tuple[str, FieldChange]
"""A field, and a change of it."""


def rule_changes(case: Case) -> list[Change]:
    """The changes that rules made, oldest first: those of the org's automation, those that were saved together with
    one, and those at the creation of the case."""
    every = sorted(changes_of(case), key=lambda one: one[1].at)
    together = {(one.at, one.by) for _, one in every if one.by_rule}
    return [one for one in every if is_at_creation(case, one[1]) or (one[1].at, one[1].by) in together]


def changes_of(case: Case) -> Iterator[Change]:
    """The changes of the fields that rules set."""
    for path in COMPARED:
        yield from ((path, one) for one in case.field_changes.get(path, ()))


def is_at_creation(case: Case, change: FieldChange) -> bool:
    return change.at - case.created <= AT_CREATION


def their_acts(case: Case) -> Iterator[TheirAct]:
    """The effects of rules, oldest first. IsEscalated counts where nothing else was saved with it."""
    found = rule_changes(case)
    visible = {(one.at, one.by) for path, one in found if path != ESCALATED}
    for path, one in found:
        if path == ESCALATED and ((one.at, one.by) in visible or not is_true(one.after)):
            continue
        value = "true" if path == ESCALATED else "" if one.after is None else str(one.after)
        yield TheirAct(Effect(case.id, path, value), one.at, one.by, is_at_creation(case, one))


def is_true(value: Value) -> bool:
    """A checkbox as the history has it: true, 1, or their texts."""
    return fold(str(value)) in YES
