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

    `at` is the first time at which it may be sent: at first the time at which it was queued, of a digest row the next
    window; then what `batches` or `next_try` gave. `held` says that it was kept back by quiet hours, the cap or
    `one_notice_per`: such notices go as one message. `bundle` is the id of the message that it is part of since its
    first try, empty before; `first_try` is the time of that try. `group` names the cases that get one notice together
    (`one_notice_per`), empty without; `within` is their time. `cap` and `quiet` are those of its policy, `zone` is that
    of its recipient.
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
    """A notice that was delivered. `at` is the time of the run, by the org's clock; notices of one message have the
    same `bundle`, the id of the message, and count as one. `group` is that of the notice, empty for one of a digest.
    `first` says that the message was the first of the group (`Batch.firsts`): a later run cannot find it out."""

    channel: str
    to: str
    at: datetime
    bundle: str
    group: str = ""
    first: bool = False

    @property
    def recipient(self) -> Recipient:
        return self.channel, self.to
