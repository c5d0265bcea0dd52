"""The rows of the outbox as values: what waits to be sent, and what was delivered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.policy.telling import Cap, Quiet

NO_ZONE = ZoneInfo("UTC")
Recipient = tuple[str, str]
"""The channel by its name, and the address behind it: the same address is the same recipient."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that waits. Times are the org's.

    `at` is the first time at which it may be sent: the time at which it was queued, of a digest row the next window, of
    a row that was kept back or tried the time that `batches` or `next_try` gave for it. `held` says that it was kept
    back by quiet hours, the cap or `one_notice_per`: such notices go as one message. `bundle` is the id of the message
    that it is part of since its first try, empty before; `first_try` is its time. `group` names the cases that get
    one notice together (`one_notice_per`), empty without; `within` is their time. `cap` and `quiet` are those of its
    policy, `zone` is that of its recipient.
    """

    id: str
    channel: str
    to: str
    queued_at: datetime
    at: datetime
    urgent: bool = False
    digest: bool = False
    held: bool = False
    bundle: str = ""
    tries: int = 0
    first_try: datetime | None = None
    group: str = ""
    within: timedelta = timedelta(hours=24)
    cap: Cap | None = None
    quiet: Quiet | None = None
    zone: ZoneInfo = NO_ZONE

    @property
    def recipient(self) -> Recipient:
        return self.channel, self.to


class Delivered(NamedTuple):
    """A notice that was delivered; those of one message have the same `bundle`, and count as one. `group` is its own,
    empty for a notice of a digest. `first` says that its message was the first of its group (`Batch.firsts`)."""

    channel: str
    to: str
    at: datetime
    bundle: str
    group: str = ""
    first: bool = False

    @property
    def recipient(self) -> Recipient:
        return self.channel, self.to
