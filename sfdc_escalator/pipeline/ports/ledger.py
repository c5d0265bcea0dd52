"""The ledger as a run sees it: the history, the lease, and the changes to store."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import RouteName, RungName
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing
from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import SelfCheck, Waitlist


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an escalation and the event that records it; both are stored in one transaction.

    `event` is one of intended, applied, rejected, unknown, returned (nothing written, to be sent again), deferred,
    found, recovered, absent, resolved (a person said so), merged, gone, closed, ended, adopted, superseded, undone (a
    person took it back), bounced.
    Of a turn of a rung also skipped (final) and withheld (its move, by a guard); one that writes nothing to the org is
    recorded by `applied` alone. Of an applied start, changing nothing but its ladder: started (the time of its note was
    read), acknowledged (a person acted), moved (rungs were moved), exhausted (no rung is left, and nobody acted).
    `note` is personal text: the event holds only its salted hash. `facts` are further JSON values for the event.
    `notices` are queued with it: those of an intent are sent once the outcome is known.
    """

    event: str
    escalation: Escalation
    case_number: str
    policy_digest: str
    reasons: tuple[str, ...] = ()
    note: str | None = None
    call: str | None = None
    facts: Mapping[str, Any] | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The things that the end of a run leaves for later runs and reports: what waits for a person, the policies in
    use, and whether the org is a sandbox."""

    waitlist: Waitlist
    policy_uses: PolicyUses
    is_sandbox: bool | None = None


class HistoryReader(Protocol):
    """The ledger as a dry run sees it: nothing is created, nothing is written."""

    @property
    def where(self) -> str:
        """The ledger's URL or path, without secrets."""
        ...

    def history(self, organization_id: str) -> History:
        """The history without the past: of the escalations those on cases where one is not over (`is_over`)."""
        ...

    def past(
        self, organization_id: str, case_ids: Collection[str], keys: Collection[str] = ()
    ) -> tuple[Escalation, ...]:
        """Everything about these cases, and about the cases of the escalations with these keys, over or not. It costs
        one look into an index for each of them."""
        ...

    def self_check(self, organization_id: str) -> SelfCheck:
        """The open escalations that nothing would carry on, from the rows alone."""
        ...

    def head(self, organization_id: str | None = None) -> str | None:
        """The hash of the newest event, or of the idle runs after it, with an org those of that org; None when there is
        none. It proves all events before it."""
        ...


class Lease(Protocol):
    """The right to work on one org. Every write checks that this run still has it, and raises LeaseLost otherwise."""

    def record(self, changes: Sequence[Change]) -> None:
        """Stores the changes and their events, all or nothing, durable when it returns."""
        ...

    def check(self) -> None:
        """Raises LeaseLost when another run has the lease."""
        ...

    def mark_live(self, routes: Sequence[RouteName]) -> None:
        """Records that these routes have run live in this org."""
        ...

    def see_rungs(self, seen: Mapping[RungName, datetime], gone: Collection[RungName]) -> None:
        """Records the rungs that are new, or came back, each as first seen at its time, and those that are gone. One
        that is known already is not recorded again."""
        ...

    def record_holds(self, new: Sequence[Hold], ended: Sequence[Hold]) -> None:
        """Records the holds that begin, and those of the history that end at their `released`."""
        ...

    def queue(self, notices: Sequence[Notice]) -> None:
        """Queues notices that belong to no change of an escalation."""
        ...

    def keep_standings(self, standings: Mapping[str, tuple[Standing, str]]) -> None:
        """Stores where each escalation stands, by the key of its start, with the digest of its policy; forgets the
        others."""
        ...

    def finish(self, result: Mapping[str, Any], end: RunEnd | None = None) -> None:
        """Stores the run's last event: its counts and exit code, and its end. Without an end that of the run before
        still holds."""
        ...


@dataclass(frozen=True, slots=True)
class RunStart:
    """The start of a run: by whom, in which org. `policies` maps names to digests; `org_time` is the org's time, which
    the ledger keeps of a run that ends without an error. `expect_every` is the time in which a run is expected, where
    the caller says it: after a missed one, an idle run is not counted with those before."""

    run: str
    organization_id: str
    user_id: str
    policies: Mapping[str, str]
    org_time: datetime | None = None
    expect_every: timedelta | None = None


class Ledger(HistoryReader, Protocol):
    def lease(self, start: RunStart) -> AbstractContextManager[Lease]:
        """Takes the run lease of the org and stores the run's first event. Raises RunBusy while somebody holds it."""
        ...
