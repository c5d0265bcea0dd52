"""The acts of the org's own rules, as the history of a case shows them."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.shadow.acts import COMPARED, ESCALATED, Effect, TheirAct
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value

TOGETHER = timedelta(seconds=2)
"""Rows of one save are at most so far apart; what is saved with the creation of a case is done by rules, and the
history names whoever made the case."""
YES = frozenset({"true", "1", "yes"})
Change = tuple[str, FieldChange]
"""A field, and a change of it."""


def rule_changes(case: Case) -> list[Change]:
    """The changes that rules made, oldest first: those of the org's automation, those that were saved together with
    one, and those at the creation of the case."""
    every = sorted(changes_of(case), key=lambda one: one[1].at)
    sure = [one for _, one in every if one.by_rule]
    return [one for one in every if is_at_creation(case, one[1]) or is_with(one[1], sure)]


def changes_of(case: Case) -> Iterator[Change]:
    """The changes of the fields that rules set."""
    for path in COMPARED:
        yield from ((path, one) for one in case.field_changes.get(path, ()))


def is_at_creation(case: Case, change: FieldChange) -> bool:
    return change.at - case.created <= TOGETHER


def is_with(change: FieldChange, others: Iterable[FieldChange]) -> bool:
    """True where it was saved with one of the others: by the same user, at the same time."""
    return any(change.by == one.by and abs(change.at - one.at) <= TOGETHER for one in others)


def their_acts(case: Case) -> Iterator[TheirAct]:
    """The effects of rules, oldest first. IsEscalated counts where nothing else was saved with it."""
    found = rule_changes(case)
    visible = [one for path, one in found if path != ESCALATED]
    for path, one in found:
        if path == ESCALATED and (is_with(one, visible) or not is_true(one.after)):
            continue
        value = "true" if path == ESCALATED else "" if one.after is None else str(one.after)
        yield TheirAct(Effect(case.id, path, value), one.at, one.by, is_at_creation(case, one))


def is_true(value: Value) -> bool:
    """A checkbox as the history has it: true, 1, or their texts."""
    return fold(str(value)) in YES
