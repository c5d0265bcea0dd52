"""A channel, which delivers messages to people, and its answers. An answer is a value, not an error."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sfdc_escalator.escalation.notices.message import Message


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service has it. `reference` is the service's own id, where it gives one."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Delayed:
    """It was not delivered, and a later try may succeed. `after` is the time that the service asks to wait."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not delivered, and no later try of the same message can succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The service refuses our login or rights: nothing can be delivered until somebody corrects them."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It was sent and no answer came: it may be delivered."""

    reason: str


Delivery = Delivered | Delayed | Refused | Broken | Unanswered


class Channel(Protocol):
    """One outside system. Reasons are one line for people, without secrets, addresses or texts of the message."""

    def deliver(self, message: Message) -> Delivery:
        """Sends the message once. A message that is split counts as delivered when all its parts are. Never raises for
        what the service or the network does; takes at most 10 seconds."""
        ...
