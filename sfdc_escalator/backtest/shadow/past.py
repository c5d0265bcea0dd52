"""One case of the past from change to change, as it would have been without what the policies would have done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sfdc_escalator.backtest.replay import Segment
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.shadow.acts import ESCALATED
from sfdc_escalator.escalation.shadow.rules import is_true
from sfdc_escalator.escalation.world.case import ATTRIBUTES, Case, FieldChange, Value
from sfdc_escalator.escalation.world.needs import Records

STATUS, OWNER = "Status", "OwnerId"
CREATED, COMPLETED, COMPLETED_AT = "CreatedDate", "IsCompleted", "CompletionDate"
A_SECOND = timedelta(seconds=1)
"""A poll judges the case before its own write."""
Changes = Mapping[str, tuple[FieldChange, ...]]
Write = tuple[datetime, str, str]
"""The time of a poll, the field, and the value that it takes."""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of the org: the statuses of closed cases, folded, and the names of owners by id."""

    closed: frozenset[str]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PastCase:
    """`case` as it is now; `first` the values at its creation of the fields that changed, `changes` what others did
    later than that."""

    case: Case
    first: Mapping[str, Value]
    changes: Changes

    def segments(self, writes: Sequence[Write], known: Known) -> list[Segment]:
        """The states of the case with these writes of ours in it."""
        changes = self._with_writes(writes)
        begins = sorted({self.case.created, *(at for at in self._instants(changes) if at > self.case.created)})
        ends: list[datetime | None] = [*begins[1:], None]
        made = ((at, self._at(at, changes, known)) for at in begins)
        return [Segment(at, end, case) for (at, case), end in zip(made, ends, strict=True)]

    def without(self, edits: Iterable[tuple[str, FieldChange]]) -> "PastCase":
        """The same case had nobody made these changes."""
        out = {(path, one.at, one.by) for path, one in edits}
        kept = {
            path: tuple(one for one in some if (path, one.at, one.by) not in out) for path, some in self.changes.items()
        }
        return replace(self, changes=kept)

    def _with_writes(self, writes: Sequence[Write]) -> Changes:
        changes = dict(self.changes)
        for at, path, value in writes:
            before = self.first.get(path)
            change = FieldChange(at + A_SECOND, before, value, by_person=False)
            changes[path] = tuple(sorted((*changes.get(path, ()), change), key=lambda one: one.at))
        return changes

    def _instants(self, changes: Changes) -> Iterator[datetime]:
        """The times at which something about the case changed."""
        yield from (one.at for some in changes.values() for one in some)
        if isinstance(closed_at := field_of(self.case, "ClosedDate"), datetime):
            yield closed_at  # without a history of the status nothing else shows it
        yield from (one.at for one in self.case.comments)
        for rows in self.case.related.values():
            times = (row.get(path) for row in rows for path in (CREATED, COMPLETED_AT))
            yield from (at for at in times if isinstance(at, datetime))

    def _at(self, at: datetime, changes: Changes, known: Known) -> Case:
        past = {path: tuple(one for one in some if one.at <= at) for path, some in changes.items()}
        values: dict[str, Value] = {path: some[-1].after if some else self.first[path] for path, some in past.items()}
        owner = str(values.get(OWNER) or self.case.owner_id)
        values |= self._of_owner(owner, known)
        values |= self._of_status(at, values, past, known)
        touched = [one.at for some in past.values() for one in some]
        values["LastModifiedDate"] = max((self.case.created, *touched))
        name = known.names.get(owner, self.case.owner_name if owner == self.case.owner_id else "")
        return replace(
            with_values(self.case, values),
            owner_name=name,
            comments=tuple(one for one in self.case.comments if one.at <= at),
            # Without a history the owner counts as the same all the time, and nobody as having acted.
            field_changes={path: past[path] for path in {OWNER, *self.case.field_changes}},
            related=related_at(self.case.related, at),
        )

    def _of_owner(self, owner: str, known: Known) -> dict[str, Value]:
        """The fields of the owner; of an earlier one the name and the type are known, no more."""
        if owner == self.case.owner_id:
            return {}
        paths = [path for path in self.case.fields if path.lower().startswith("owner.")]
        kind = "User" if owner.startswith("005") else "Queue"
        fields: dict[str, Value] = {"owner.name": known.names.get(owner), "owner.type": kind}
        return {path: fields.get(path.lower()) for path in paths}

    def _of_status(self, at: datetime, values: Mapping[str, Value], past: Changes, known: Known) -> dict[str, Value]:
        """Closed or not, and since when: by the status where it has a history, else by the time of closing."""
        closed_at = field_of(self.case, "ClosedDate")
        if STATUS in self.case.field_changes and known.closed:
            is_closed = fold(str(values.get(STATUS) or self.case.status or "")) in known.closed
        else:
            is_closed = field_of(self.case, "IsClosed") is True and (
                not isinstance(closed_at, datetime) or closed_at <= at
            )
        since = max((one.at for one in past.get(STATUS, ())), default=self.case.created)
        now = closed_at if isinstance(closed_at, datetime) and closed_at <= at else since
        return {"IsClosed": is_closed, "ClosedDate": now if is_closed else None}


def past_case(case: Case, taken_out: Iterable[tuple[str, FieldChange]]) -> PastCase:
    """The case without these changes of the org's rules, which our own acts replace."""
    out = frozenset(taken_out)
    first, changes = dict[str, Value](), dict[str, tuple[FieldChange, ...]]()
    for path in {*case.field_changes, *ATTRIBUTES, ESCALATED}:
        every = case.field_changes.get(path, ())
        changes[path] = tuple(one for one in every if (path, one) not in out)
        today = case.text_of(path) if path in ATTRIBUTES else field_of(case, path)
        # Rules alone set IsEscalated: without them, and without a history, no case was escalated.
        first[path] = every[0].before if every else False if path == ESCALATED else today
    first[ESCALATED] = is_true(first[ESCALATED])
    changes[ESCALATED] = tuple(replace(one, after=is_true(one.after)) for one in changes[ESCALATED])
    return PastCase(case, first, changes)


def field_of(case: Case, path: str) -> Value:
    return next((value for name, value in case.fields.items() if name.lower() == path.lower()), None)


def with_values(case: Case, values: Mapping[str, Value]) -> Case:
    """The case with these values, wherever a policy reads them."""
    folded = {path.lower(): value for path, value in values.items()}
    fields = {path: folded.get(path.lower(), value) for path, value in case.fields.items()}
    attributes = {name: values[path] for path, name in ATTRIBUTES.items() if path in values}
    return replace(case, fields=fields, **attributes)  # type: ignore[arg-type]


def related_at(
    related: Mapping[Records, tuple[Mapping[str, Value], ...]], at: datetime
) -> dict[Records, tuple[Mapping[str, Value], ...]]:
    """The records that existed then; a milestone that was completed later was open."""
    return {
        kind: tuple(row_at(row, at) for row in rows if not later(row.get(CREATED), at))
        for kind, rows in related.items()
    }


def row_at(row: Mapping[str, Value], at: datetime) -> Mapping[str, Value]:
    return {**row, COMPLETED: False} if later(row.get(COMPLETED_AT), at) else row


def later(value: Value, at: datetime) -> bool:
    return isinstance(value, datetime) and value > at
