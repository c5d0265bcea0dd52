"""Our own steps must not feed the rules: what a case would be, had we not touched it."""

from collections.abc import Iterable

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import could_hold
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import Escalation
from sfdc_escalator.escalation.world.needs import Need


def matches_without_us(
    condition: Condition,
    case: Case,
    escalations: Iterable[Escalation],
    circumstances: Circumstances,
    unread: frozenset[Need] = frozenset(),
) -> bool:
    """Whether the condition holds whatever we wrote: also with the owner, status and priority from before our steps."""
    return holds_surely(condition, without_our_steps(case, escalations), case, circumstances, unread)


def could_match_without_us(
    condition: Condition,
    case: Case,
    escalations: Iterable[Escalation],
    circumstances: Circumstances,
    unread: frozenset[Need],
) -> bool:
    """Whether the condition may hold without our steps, whatever stands in the paths not read."""
    without = without_our_steps(case, escalations)
    return could_hold(condition, without, circumstances, unread | unknown_of_owner(without, case))


def holds_surely(
    condition: Condition, without: Case, case: Case, circumstances: Circumstances, unread: frozenset[Need]
) -> bool:
    return not could_hold(condition, without, circumstances, unread | unknown_of_owner(without, case), want=False)


def unknown_of_owner(without: Case, case: Case) -> frozenset[Need]:
    """What is read of the owner besides the id: nothing of it is known of an earlier owner."""
    if without.owner_id == case.owner_id:
        return frozenset()
    return frozenset(path for path in case.fields if path.lower().startswith("owner."))


def without_our_steps(case: Case, escalations: Iterable[Escalation]) -> Case:
    """The case with each value that still is what we wrote taken back to what it was before."""
    ours = [
        (escalation.before, escalation.wrote)
        for escalation in escalations
        if escalation.was_sent and escalation.before and escalation.wrote
    ]
    owner = taken_back(case.owner_id, [(before.owner_id, wrote.owner_id) for before, wrote in ours])
    status = taken_back(case.status, [(before.status, wrote.status) for before, wrote in ours])
    priority = taken_back(case.priority, [(before.priority, wrote.priority) for before, wrote in ours])
    if (owner, status, priority) == (case.owner_id, case.status, case.priority):
        return case
    return case.with_values(owner or case.owner_id, status, priority)


def taken_back(value: str | None, changes: list[tuple[str | None, str | None]]) -> str | None:
    """The value from before our changes (before, wrote), followed back one by one; each counts once."""
    left = [(before, wrote) for before, wrote in changes if before != wrote]
    while found := next((one for one in left if one[1] == value), None):
        left.remove(found)
        value = found[0]
    return value
