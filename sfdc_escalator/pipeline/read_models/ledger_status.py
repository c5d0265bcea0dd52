"""The state of a ledger as reports print it: its last runs, open escalations, and escalations that wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.world.history import Escalation
from sfdc_escalator.escalation.world.waitlist import Waiting


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One live run. `result` holds its counts and its exit code; None while it runs, or when it was killed."""

    run: str
    organization_id: str
    host: str
    started: datetime
    finished: datetime | None
    result: Mapping[str, Any] | None

    @property
    def exit(self) -> int | None:
        code = self.result.get("exit") if self.result else None
        return code if isinstance(code, int) else None


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """`last_success` is the last run with exit code 0. `open` counts the open escalations.

    The outcome of an `unsettled` escalation is not known yet; a `rejected` one is tried again, the next one first.
    `waiting` is all that waits for a person, these among it; `more_waiting` counts what the ledger does not list.
    """

    where: str
    last_run: RunRecord | None
    last_success: RunRecord | None
    open: int
    unsettled: tuple[Escalation, ...]
    rejected: tuple[Escalation, ...]
    waiting: tuple[Waiting, ...] = ()
    more_waiting: int = 0

    @property
    def needs_a_person(self) -> bool:
        """True where something waits, or the last run failed for another reason than what was typed."""
        last = self.last_run
        failed = last is not None and "error" in (last.result or {}) and last.exit != Invalid.exit_code
        return bool(self.waiting) or failed
