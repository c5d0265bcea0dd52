"""Our own steps must not feed the rules: what a case would be, had we not touched it."""

from collections.abc import Iterable

from sfdc_escalator.escalation.conditions.criteria import Condition, could_hold
from sfdc_escalator.escalation.conditions.scene import Scene
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.evidence import Read
from sfdc_escalator.escalation.world.history import Past


def fits_without_us(
    condition: Condition, case: Case, pasts: Iterable[Past], scene: Scene, unread: frozenset[Read] = frozenset()
) -> bool:
    """Whether the condition holds whatever we wrote: also with the owner, status and priority from before our steps."""
    return holds_surely(condition, without_our_steps(case, pasts), case, scene, unread)


def could_fit_without_us(
    condition: Condition, case: Case, pasts: Iterable[Past], scene: Scene, unread: frozenset[Read]
) -> bool:
    """Whether the condition may hold without our steps, whatever stands in the paths not read."""
    without = without_our_steps(case, pasts)
    return could_hold(condition, without, scene, unread | unknown_of_owner(without, case))


def holds_surely(condition: Condition, without: Case, case: Case, scene: Scene, unread: frozenset[Read]) -> bool:
    return not could_hold(condition, without, scene, unread | unknown_of_owner(without, case), want=False)


def unknown_of_owner(without: Case, case: Case) -> frozenset[Read]:
    """What is read of the owner besides the id: nothing of it is known of an earlier owner."""
    if without.owner_id == case.owner_id:
        return frozenset()
    return frozenset(path for path in case.fields if path.lower().startswith("owner."))


def without_our_steps(case: Case, pasts: Iterable[Past]) -> Case:
    """The case with each value that still is what we wrote taken back to what it was before."""
    ours = [(past.before, past.wrote) for past in pasts if past.was_sent and past.before and past.wrote]
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
