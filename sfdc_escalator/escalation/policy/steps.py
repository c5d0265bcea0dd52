"""The steps of an escalation, always in this order: note, queue, status, priority."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.policy import Escalate
from sfdc_escalator.escalation.world.case import Case, FieldValues
from sfdc_escalator.escalation.world.org import Queue

T = TypeVar("T")


class Kind(StrEnum):
    NOTE = "note"
    QUEUE = "queue"
    STATUS = "status"
    PRIORITY = "priority"


FIELD_OF = {Kind.QUEUE: "OwnerId", Kind.STATUS: "Status", Kind.PRIORITY: "Priority"}
"""The field of the case that a step writes."""


class StepState(StrEnum):
    PLANNED = "planned"
    APPLIED = "applied"
    ALREADY_SO = "already_so"
    NOT_APPLIED = "not_applied"


@dataclass(frozen=True, slots=True)
class Step:
    """`before` and `after`: Salesforce ids for queue, API values for status and priority, None and the text for note.

    `reason` says why a step that is already so, or cannot be decided, is not sent.
    """

    kind: Kind
    before: str | None
    after: str | None
    state: StepState = StepState.PLANNED
    reason: str = ""

    def undone(self) -> "Step":
        return replace(self, state=StepState.NOT_APPLIED) if self.state is StepState.PLANNED else self

    def done(self) -> "Step":
        return replace(self, state=StepState.APPLIED) if self.state is StepState.PLANNED else self


def values_of(case: Case) -> FieldValues:
    """The fields that steps may write, as they stand."""
    return {name: case.text_of(name) for name in FIELD_OF.values()}


def planned_steps(
    case: Case, escalate: Escalate, note: str, queues: Mapping[str, Queue], priorities: Sequence[str]
) -> tuple[Step, ...] | str:
    """The steps in their order; or why there can be none: a table without a row for this case."""
    team, priority = chosen(escalate.queue, case), chosen(escalate.priority, case)
    for name, step, value in (("queue", escalate.queue, team), ("priority", escalate.priority, priority)):
        if isinstance(step, Table) and value is None:
            return f"the {name} comes from a table with no row for this case: {shown_cells(step, case)}"
    steps = [Step(Kind.NOTE, None, note)]
    if team is not None:
        steps.append(queue_step(case, queues[team.queue]))
    if escalate.status is not None:
        steps.append(value_step(Kind.STATUS, case.status, escalate.status))
    if priority is not None:
        steps.append(priority_step(case.priority, priority, priorities))
    return tuple(steps)


def chosen(value: T | Table[T] | None, case: Case) -> T | None:
    return value.value(case) if isinstance(value, Table) else value


def shown_cells(table: Table[Any], case: Case) -> str:
    return ", ".join(f"{path} is {case.fields.get(path) or 'empty'}" for path in table.by)


def queue_step(case: Case, queue: Queue) -> Step:
    """Never out of a helping hand: a member of the team keeps the case."""
    if case.owner_id == queue.id:
        return Step(Kind.QUEUE, queue.id, queue.id, StepState.ALREADY_SO, "the case is in this queue")
    if case.owner_id in queue.members:
        return Step(Kind.QUEUE, case.owner_id, case.owner_id, StepState.ALREADY_SO, "the owner is a member of the team")
    return Step(Kind.QUEUE, case.owner_id, queue.id)


def value_step(kind: Kind, before: str | None, after: str) -> Step:
    if before is not None and fold(before) == fold(after):
        return Step(kind, before, before, StepState.ALREADY_SO)
    return Step(kind, before, after)


def priority_step(before: str | None, after: str, priorities: Sequence[str]) -> Step:
    """Raise, never lower; a priority that the policy does not rank cannot be compared, and stays."""
    ranks = {fold(name): rank for rank, name in enumerate(priorities)}
    if before is None or not before.strip():
        return Step(Kind.PRIORITY, before, after)
    if fold(before) not in ranks:
        reason = f"{before!r} is not among the policy's priorities, so nobody can tell whether {after!r} is higher"
        return Step(Kind.PRIORITY, before, before, StepState.NOT_APPLIED, reason)
    if ranks[fold(before)] >= ranks[fold(after)]:
        return Step(Kind.PRIORITY, before, before, StepState.ALREADY_SO, "a priority is never lowered")
    return Step(Kind.PRIORITY, before, after)
