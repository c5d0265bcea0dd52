"""The outbox of notices, as their delivery sees it. Each call is a transaction of its own, outside the lease."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Delivered
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.channel import Channels


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a try, of these notices together, or of their waiting. `at` is the next time at which they may be
    sent, `tried` the time of a try that ended; `repeats`: it may have been delivered. `firsts` are the groups of which
    it was the first message."""

    ids: tuple[str, ...]
    state: NoticeState
    reason: str = ""
    at: datetime | None = None
    held: bool | None = None
    tried: datetime | None = None
    repeats: bool = False
    reference: str = ""
    firsts: frozenset[str] = frozenset()


class Outbox(Protocol):
    """The outbox of one org."""

    def queued(self) -> tuple[Queued, ...]:
        """The notices that wait, in the order in which they were queued, those that are being sent among them."""
        ...

    def delivered(self, since: datetime) -> tuple[Delivered, ...]:
        """The messages that were delivered since this time of the org."""
        ...

    def escalations(self, keys: Collection[str]) -> Mapping[str, Escalation]:
        """The escalations with these keys as they stand now."""
        ...

    def claim(self, rows: Sequence[Queued], bundle: str, now: datetime) -> bool:
        """Marks all of these as being sent by this process, as parts of this message; False, and nothing is marked,
        where one of them is not as it was read: another process sends it, or tried it since."""
        ...

    def settle(self, settled: Sequence[Settled]) -> None:
        """Stores these ends; each try, and each notice that is dropped, is an event. What has ended already, or is
        being sent by another process, stays as it is."""
        ...

    def forget(self, now: datetime) -> int:
        """Erases the texts of notices that ended 30 days ago or earlier, and returns their number."""
        ...

    def counts(self) -> OutboxCounts: ...

    def undelivered(self) -> tuple[Queued, ...]:
        """The notices that wait for a person, oldest first, without their texts."""
        ...


class PostOffice(NamedTuple):
    """The outbox of the org, and its channels once it is known what kind of org it is."""

    outbox: Outbox
    channels: Callable[[OrgFacts], Channels]
