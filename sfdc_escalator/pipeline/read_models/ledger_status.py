"""The state of a ledger as reports print it: its last runs, open escalations, and escalations that wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.world.history import Escalation


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
    """

    where: str
    last_run: RunRecord | None
    last_success: RunRecord | None
    open: int
    unsettled: tuple[Escalation, ...]
    rejected: tuple[Escalation, ...]
