"""The protocol of every condition, and a finding: its judgement of one case with the value that was seen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.narrowing import Narrowing
from sfdc_escalator.escalation.conditions.tables import LookedUp
from sfdc_escalator.escalation.time.calendars import Limit
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Need


class Condition(Protocol):
    """A question about a case. A kind of condition is a `Leaf`; `tree` combines conditions."""

    @property
    def needs(self) -> frozenset[Need]:
        """The fields and lookups that the answer depends on."""
        ...

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        """The answer."""
        ...

    def judged(self, case: Case, circumstances: Circumstances) -> "Finding":
        """The answer with its reasons."""
        ...

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        """The instants at which time alone may change the answer, when nothing else changes."""
        ...

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        """A filter for the server. Every case for which the answer is `want` passes it."""
        ...


class Finding(NamedTuple):
    """A judgement with its reasons: the condition, the value that was seen, whether it holds, and its parts.

    For a clock: `limit` is the limit for this case, `due` is when time alone reaches it, or passes it for `more_than`.
    `looked_up` has what each of its tables gave.
    For a milestone: `late` is the time since its target, where that is past.
    """

    condition: Condition
    holds: bool
    seen: Value | timedelta
    parts: tuple["Finding", ...] = ()
    limit: Limit | None = None
    due: datetime | None = None
    late: timedelta | None = None
    looked_up: tuple[LookedUp, ...] = ()
