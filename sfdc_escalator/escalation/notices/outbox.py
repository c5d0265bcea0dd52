"""The rows of the outbox as values: what waits to be sent, and what was delivered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.policy.telling import Cap

Recipient = tuple[str, str]
"""The channel by its name, and the address behind it: the same address is the same recipient."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that waits. Times are the org's.

    `at` is the first time at which it may be sent: after quiet hours, at the next digest, at the next try. `held` says
    that it was kept back by quiet hours, the cap or `one_notice_per`: such notices go as one message. `bundle` is the
    id of the message that it is part of since its first try, empty before. `group` names the cases that get one notice
    together (`one_notice_per`), empty without; `within` is their time. `cap` is that of its policy.
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
    group: str = ""
    within: timedelta = timedelta(hours=24)
    cap: Cap | None = None

    @property
    def recipient(self) -> Recipient:
        return self.channel, self.to


class Delivered(NamedTuple):
    """A message that was delivered: one row of a bundle stands for all. `group` is that of its notice."""

    channel: str
    to: str
    at: datetime
    group: str = ""
    urgent: bool = False
