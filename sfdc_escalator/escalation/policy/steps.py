"""The steps of an escalation: the note first, then one step for each field, in the order of `FIELD_STEPS`.

A further step is a further line of the table. Policy files, plans, writes, the ledger and the checks of an org walk it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.world.case import ATTRIBUTES, Case, FieldValues
from sfdc_escalator.escalation.world.org import Target

NOTE = "note"
Value = str | Team
StepValue = Value | Table[Any]
"""A value that a step gives, or the table that gives it by fields of the case."""


class StepState(StrEnum):
    PLANNED = "planned"
    APPLIED = "applied"
    ALREADY_SO = "already_so"
    NOT_APPLIED = "not_applied"


@dataclass(frozen=True, slots=True)
class Step:
    """`before` and `after` are API values of the step's field; None and the text for the note.

    `reason` says why a step that is already so, or cannot be decided, is not sent.
    """

    name: str
    before: str | None
    after: str | None
    state: StepState = StepState.PLANNED
    reason: str = ""

    @property
    def is_note(self) -> bool:
        return self.name == NOTE

    def undone(self) -> "Step":
        return replace(self, state=StepState.NOT_APPLIED) if self.state is StepState.PLANNED else self

    def done(self) -> "Step":
        return replace(self, state=StepState.APPLIED) if self.state is StepState.PLANNED else self


@dataclass(frozen=True, slots=True)
class Setting:
    """The facts that rules use in addition to the case: the queues and users of the org (`OrgFacts.targets`), the
    policy's priorities."""

    targets: Mapping[str, Target]
    priorities: Sequence[str]


def move_to_queue(step: "FieldStep", case: Case, wanted: Team, setting: Setting) -> Step:
    """A case that a member of the team owns stays with that member; so does one that the user owns already."""
    owner, target = case.owner_id, setting.targets[wanted.target]
    if owner == target.id:
        return step.already_so(owner, f"the case is {'with this user' if wanted.user else 'in this queue'}")
    if owner in target.members:
        return step.already_so(owner, "the owner is a member of the team")
    return Step(step.key, owner, target.id)


def set_value(step: "FieldStep", case: Case, wanted: str, _: Setting) -> Step:
    """The value of the policy, unless the case has it already."""
    before = case.text_of(step.field)
    if before is not None and fold(before) == fold(wanted):
        return step.already_so(before)
    return Step(step.key, before, wanted)


def raise_value(step: "FieldStep", case: Case, wanted: str, setting: Setting) -> Step:
    """Raise, never lower; a priority that the policy does not rank cannot be compared, and stays."""
    before = case.text_of(step.field)
    ranks = {fold(name): rank for rank, name in enumerate(setting.priorities)}
    if before is None or not before.strip():
        return Step(step.key, before, wanted)
    if fold(before) not in ranks:
        reason = f"{before!r} is not among the policy's priorities, so it is not known whether {wanted!r} is higher"
        return Step(step.key, before, before, StepState.NOT_APPLIED, reason)
    if ranks[fold(before)] >= ranks[fold(wanted)]:
        return step.already_so(before, "a priority is never lowered")
    return Step(step.key, before, wanted)


@dataclass(frozen=True, slots=True)
class FieldStep:
    """A step that writes one field of the case.

    `key` is its name in a policy file, `field` the API name; `rule` plans it for a case. Where it `names_team`, a
    policy names a team, and the id of the team's queue or user is written.
    """

    key: str
    field: str
    rule: Callable[["FieldStep", Case, Any, Setting], Step]
    names_team: bool = False

    def plan(self, case: Case, wanted: Value, setting: Setting) -> Step:
        return self.rule(self, case, wanted, setting)

    def already_so(self, value: str, reason: str = "") -> Step:
        return Step(self.key, value, value, StepState.ALREADY_SO, reason)


FIELD_STEPS = (
    FieldStep("queue", "OwnerId", move_to_queue, names_team=True),
    FieldStep("status", "Status", set_value),
    FieldStep("priority", "Priority", raise_value),
)
FIELD_OF = {step.key: step.field for step in FIELD_STEPS}


def planned_steps(
    case: Case, wanted: Mapping[str, StepValue], note: str | None, setting: Setting
) -> tuple[Step, ...] | str:
    """The steps in their order, without a note where it is None; or the reason why there are none: a table has no row
    for this case."""
    steps = [] if note is None else [Step(NOTE, None, note)]
    for step in FIELD_STEPS:
        source = wanted.get(step.key)
        value = chosen(source, case)
        if value is not None:
            steps.append(step.plan(case, value, setting))
        elif isinstance(source, Table):
            return f"the {step.key} comes from a table with no row for this case: {shown_cells(source, case)}"
    return tuple(steps)


def values_before(case: Case, steps: Sequence[Step]) -> FieldValues:
    """The fields that are read of every case, and those that these steps write, with their present values."""
    written = (FIELD_OF[step.name] for step in steps if not step.is_note)
    return {name: case.text_of(name) for name in dict.fromkeys((*ATTRIBUTES, *written))}


def values_written(steps: Sequence[Step]) -> FieldValues:
    """The fields that these steps send."""
    sent = (step for step in steps if step.state is StepState.PLANNED and not step.is_note)
    return {FIELD_OF[step.name]: step.after for step in sent}


def values_after(before: FieldValues, steps: Sequence[Step]) -> FieldValues:
    """The fields of `before` once the steps are done."""
    return {**before, **{FIELD_OF[step.name]: step.after for step in steps if not step.is_note}}


def chosen(value: StepValue | None, case: Case) -> Value | None:
    """The value for this case; None without this step, or when no row of its table matches the case."""
    return value.value(case) if isinstance(value, Table) else value


def every(value: StepValue | None) -> tuple[Any, ...]:
    """Every value that a step may give."""
    return value.values if isinstance(value, Table) else () if value is None else (value,)


def shown_cells(table: Table[Any], case: Case) -> str:
    return ", ".join(f"{path} is {case.fields.get(path) or 'empty'}" for path in table.by)
