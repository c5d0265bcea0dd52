"""The unit of work of one request: its time, its user, its writes, and savepoints that undo them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.store.automation import Automation
from sfdc_escalator.embedded_org.store.database import Database
from sfdc_escalator.embedded_org.store.schema import SObject


@dataclass(slots=True)
class Work:
    """The unit of work. `lock` makes the next saved row fail as if another transaction held it.

    `automation` None: the rights and rules of the token's user do not apply. `batch` is the number of records that are
    saved together, `auto_assign` is true if assignment rules run, `moved` has the cases whose owner changed.
    `owner_row` is the name of a change of the owner in the history.
    """

    database: Database
    moment: datetime
    user_id: str
    written: list[dict[str, Any]] = field(default_factory=list)
    lock: bool = False
    automation: Automation | None = None
    auto_assign: bool = True
    batch: int = 1
    moved: list[str] = field(default_factory=list)
    owner_row: str = "Owner"

    @property
    def now(self) -> str:
        return clock.stamp(self.moment)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undoes all writes inside it when an exception leaves it."""
        mark, moved = len(self.written), len(self.moved)
        self.database.execute("SAVEPOINT work")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK TO work")
            del self.written[mark:]
            del self.moved[moved:]
            raise
        finally:
            self.database.execute("RELEASE work")

    def wrote(self, sobject: SObject, record_id: str, operation: str, fields: dict[str, Any]) -> None:
        self.written.append({"object": sobject.name, "id": record_id, "op": operation, "fields": fields})

    def take_lock(self, record_id: str) -> None:
        """Raises ApiError UNABLE_TO_LOCK_ROW once, when a lock fault is set."""
        if self.lock:
            self.lock = False
            message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
            raise ApiError("UNABLE_TO_LOCK_ROW", message, fields=[])
