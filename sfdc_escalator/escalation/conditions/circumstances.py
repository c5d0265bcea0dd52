"""The circumstances in which a case is judged: the time, and the queues and business hours of the org."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.case import utc
from sfdc_escalator.escalation.world.org import Queue


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`queues` by DeveloperName, `calendars` are the org's business hours by name.

    `escalated_at` is when the route last escalated the case; with `newer_messages` only later messages count.
    """

    now: datetime
    queues: Mapping[str, Queue] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    escalated_at: datetime | None = None
    newer_messages: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", utc(self.now))

    @property
    def messages_from(self) -> datetime | None:
        """Messages count when they are newer than this."""
        return self.escalated_at if self.newer_messages else None
