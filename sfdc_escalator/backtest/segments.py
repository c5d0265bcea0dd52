"""The rows of a case as the states of that case, from change to change."""

from collections.abc import Sequence
from datetime import datetime

from sfdc_escalator.backtest.history.cells import Cells
from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.backtest.history.rows import Row
from sfdc_escalator.backtest.replay import Segment
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value

NOBODY = "000000000000000AAA"


class Segments:
    """Makes the segments of cases; `tracked` are the paths whose changes conditions need."""

    def __init__(self, mapping: HistoryMapping, cells: Cells, tracked: Sequence[str]) -> None:
        self._mapping, self._cells, self._tracked = mapping, cells, tracked
        closed = (mapping.closed or {}).items()
        self._closing = {path: frozenset(map(fold, values)) for path, values in closed}

    def of(self, number: str, rows: Sequence[Row]) -> list[Segment]:
        if self._mapping.kind == "snapshot":
            return self._of_snapshot(number, rows[0])
        return self._of_events(number, rows)

    def _of_events(self, number: str, rows: Sequence[Row]) -> list[Segment]:
        """Each row holds from its stamp to the stamp of the next row; every row may be a change of a field."""
        field_changes: dict[str, tuple[FieldChange, ...]] = dict.fromkeys(self._tracked, ())
        before: dict[str, Value] = {}
        segments: list[Segment] = []
        for place, row in enumerate(rows):
            fields = self._fields(number, row, rows[0].at)
            for path in self._tracked:
                if not before or fields[path] != before.get(path):
                    field_changes[path] = (*field_changes[path], FieldChange(row.at, before.get(path), fields[path]))
            before = fields
            end = rows[place + 1].at if place + 1 < len(rows) else None
            if end != row.at:
                segments.append(Segment(row.at, end, self._case(number, fields, rows[0].at, dict(field_changes))))
        return segments

    def _of_snapshot(self, number: str, row: Row) -> list[Segment]:
        fields = self._fields(number, row, row.at)
        opened = self._case(number, {**fields, "IsClosed": False}, row.at, {})
        if row.until is None:
            return [Segment(row.at, None, opened)]
        closed = self._case(number, {**fields, "IsClosed": True}, row.at, {})
        if row.until <= row.at:  # never open
            return [Segment(row.at, None, closed)]
        return [Segment(row.at, row.until, opened), Segment(row.until, None, closed)]

    def _fields(self, number: str, row: Row, begin: datetime) -> dict[str, Value]:
        """The fields as the row has them; without a CreatedDate the case begins with its first row."""
        columns = zip(self._mapping.fields, row.cells, strict=True)
        read = {one.path: self._cells.value(one.type, text) for one, text in columns}
        closed = any(fold(str(read.get(path) or "")) in values for path, values in self._closing.items())
        fields: dict[str, Value] = {"CaseNumber": number, "CreatedDate": begin, "IsClosed": closed}
        return fields | read | ({} if read.get("CreatedDate") else {"CreatedDate": begin})

    def _case(
        self, number: str, fields: dict[str, Value], begin: datetime, field_changes: dict[str, tuple[FieldChange, ...]]
    ) -> Case:
        created, status, priority = fields["CreatedDate"], fields.get("Status"), fields.get("Priority")
        return Case(
            id=NOBODY,
            number=number,
            owner_id=NOBODY,
            status=None if status is None else str(status),
            priority=None if priority is None else str(priority),
            created=created if isinstance(created, datetime) else begin,
            fields=fields,
            field_changes=field_changes,
        )
