"""The ledger as an undo sees it, beside the history: what a run wrote, and who was notified of it."""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from sfdc_escalator.escalation.outbox.queued import Queued


class RunWrites(NamedTuple):
    """The keys that a run sent to the org last, or recorded without a note; and the number of cases that it adopted."""

    keys: frozenset[str]
    adopted: int = 0


class UndoTrail(Protocol):
    """The trail of one org."""

    def written_by(self, run: str) -> RunWrites | None:
        """The work of the run with this id; None where no live run on this org has it."""
        ...

    def nearest(self, key: str) -> str | None:
        """The key of the ledger that looks most like this one, which it does not have."""
        ...

    def notices_about(self, start_keys: Collection[str]) -> tuple[Queued, ...]:
        """The notices of the escalations with these starts, whatever became of them, oldest first, without texts."""
        ...
