"""The fields that get their value from before: those that hold what we wrote, and that nobody else changed since."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep, Step, StepState
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value
from sfdc_escalator.escalation.world.escalation import Escalation

MARGIN = timedelta(seconds=2)
"""The time of a write is ours, that of its row in the history is the org's."""
FIRST = datetime.min.replace(tzinfo=UTC)
NOT_KNOWN = "its value from before is not known: the ledger that had it was lost"


class Wrote(NamedTuple):
    """One write of ours to a field."""

    at: datetime
    before: str | None
    after: str | None


class Touched(NamedTuple):
    """A field that stays, because somebody changed it after us; `by` is a user id. `by` and `at` are None where the org
    keeps no history of the field."""

    step: str
    field: str
    value: str | None
    by: str | None
    at: datetime | None


class PutBack(NamedTuple):
    """The steps, in their order, and the fields that stay. A step that is not applied says why in its reason."""

    steps: tuple[Step, ...]
    touched: tuple[Touched, ...]


def put_back(case: Case, written: Sequence[Escalation], us: frozenset[str]) -> PutBack:
    """The fields of the case that these escalations wrote. `case` is read with the history of its fields, as far as the
    org keeps it; `us` are the ids of our users."""
    steps: list[Step] = []
    touched: list[Touched] = []
    for step in FIELD_STEPS:
        writes = writes_to(step.field, written)
        found = of_field(step, case, writes, us) if writes else None
        if isinstance(found, Touched):
            touched.append(found)
        elif found is not None:
            steps.append(found)
        elif any(one.is_found for one in written):
            value = case.text_of(step.field)
            steps.append(Step(step.key, value, value, StepState.NOT_APPLIED, NOT_KNOWN))
    return PutBack(tuple(steps), tuple(touched))


def writes_to(field: str, written: Iterable[Escalation]) -> list[Wrote]:
    """Our writes that changed the field, oldest first."""
    found = (
        Wrote(one.tried_at or FIRST, one.before.get(field), one.wrote.get(field))
        for one in written
        if one.was_sent and one.before is not None and one.wrote is not None
    )
    return sorted((one for one in found if not same(one.before, one.after)), key=lambda one: one.at)


def of_field(step: FieldStep, case: Case, writes: Sequence[Wrote], us: frozenset[str]) -> Step | Touched:
    now, rows = case.text_of(step.field), case.field_changes.get(step.field, ())
    later = [row for row in rows[place(rows, writes[-1], us) :] if row.by not in us]
    if later or not same(now, writes[-1].after):
        by = later[-1] if later else next((row for row in rows[-1:] if same(row.after, now)), None)
        return Touched(step.key, step.field, now, by.by or None if by else None, by.at if by else None)
    return Step(step.key, now, value_before(writes, rows, us))


def value_before(writes: Sequence[Wrote], rows: Sequence[FieldChange], us: frozenset[str]) -> str | None:
    """The last value that is not ours: from before the first of our writes that followed each other."""
    last = writes[-1]
    for one in reversed(writes[:-1]):
        between = rows[place(rows, one, us) : max(place(rows, last, us) - 1, 0)]
        if not same(one.after, last.before) or any(row.by not in us for row in between):
            break
        last = one
    return last.before


def place(rows: Sequence[FieldChange], wrote: Wrote, us: frozenset[str]) -> int:
    """The number of rows of the history up to our write, its own row included. Rows are oldest first."""
    for index, row in enumerate(rows):
        if row.by in us and row.at >= wrote.at - MARGIN and same(row.after, wrote.after):
            return index + 1
    return sum(row.at <= wrote.at for row in rows)


def same(one: Value, other: Value) -> bool:
    return fold(str(one)) == fold(str(other)) if one is not None and other is not None else one is other


def owner_given_back(steps: Iterable[Step]) -> str | None:
    """The id of the owner from before, where the undo writes it."""
    sent = (step.after for step in steps if step.name == "queue" and step.state is StepState.PLANNED)
    return next(sent, None)


def names_shown(steps: Iterable[Step], touched: Iterable[Touched]) -> Iterator[str]:
    """The ids of users and queues that a note about these names."""
    for step in steps:
        if step.name == "queue":
            yield from filter(None, (step.before, step.after))
    for one in touched:
        yield from filter(None, (one.by, one.value if one.step == "queue" else None))


def shown(step: str, value: str | None, names: Mapping[str, str]) -> str:
    """The value for people: the name of an owner."""
    return (names.get(value or "", value or "") if step == "queue" else value or "") or "empty"
