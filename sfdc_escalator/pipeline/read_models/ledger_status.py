"""The state of a ledger as reports print it: its last runs, open escalations, and escalations that wait."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.outbox.queued import OutboxCounts
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import SelfCheck, Waiting
from sfdc_escalator.pipeline.read_models.notices import LastAndNext
from sfdc_escalator.pipeline.read_models.open_escalation import OpenEscalation

SOON = timedelta(hours=24)


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
    `now` is the org's time of the last run, or the time that was asked for; None before the first run. `holds` are
    those that last. `outbox` counts the notices, `notices` are the last and the next ones. `check` is the self-check,
    where it was asked for.
    """

    where: str
    last_run: RunRecord | None
    last_success: RunRecord | None
    open: int
    unsettled: tuple[Escalation, ...]
    rejected: tuple[Escalation, ...]
    waiting: tuple[Waiting, ...] = ()
    more_waiting: int = 0
    now: datetime | None = None
    escalations: tuple[OpenEscalation, ...] = ()
    holds: tuple[Hold, ...] = ()
    policy_uses: PolicyUses = field(default_factory=lambda: MappingProxyType({}))
    outbox: OutboxCounts = field(default_factory=OutboxCounts)
    notices: LastAndNext = field(default_factory=LastAndNext)
    check: SelfCheck | None = None

    @property
    def needs_a_person(self) -> bool:
        """True where something waits, an escalation is forgotten, or the last run failed for another reason than what
        was typed."""
        last = self.last_run
        failed = last is not None and "error" in (last.result or {}) and last.exit != Invalid.exit_code
        forgotten = self.check is not None and bool(self.check.problems)
        return bool(self.waiting) or failed or forgotten

    @property
    def due_soon(self) -> Mapping[str, list[OpenEscalation]]:
        """The escalations that are due within 24 hours or overdue, by team; the one that is due first comes first."""
        found: dict[str, list[OpenEscalation]] = {}
        for due, one in sorted(self._due(), key=lambda pair: (pair[0], pair[1].start.case_number)):
            if self.now is not None and due <= self.now + SOON:
                found.setdefault(one.team, []).append(one)
        return dict(sorted(found.items()))

    def _due(self) -> Iterator[tuple[datetime, OpenEscalation]]:
        return ((one.due, one) for one in self.escalations if one.due)

    @property
    def review_overdue(self) -> tuple[str, ...]:
        """The policies whose review is overdue."""
        now = self.now
        return tuple(sorted(name for name, one in self.policy_uses.items() if now and one.is_overdue(now)))
