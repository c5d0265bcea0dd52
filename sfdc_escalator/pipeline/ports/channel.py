"""A channel, which delivers messages to people, and its answers. An answer is a value, not an error."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.outbox.posting import Sender


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
    """The service does not accept our login: nothing can be delivered until somebody mends the settings."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It was sent and no answer came: it may be delivered."""

    reason: str


Delivery = Delivered | Delayed | Refused | Broken | Unanswered


@dataclass(frozen=True, slots=True)
class Way:
    """The channel by which a notice goes, and its address there: in a sandbox another one than the policy names. `kind`
    is that of the channel, in a sandbox perhaps `log`."""

    channel: "Channel"
    to: str
    kind: str = ""


class Channels(Protocol):
    """The channels of an org."""

    @property
    def sender(self) -> Sender: ...

    def way(self, kind: str, name: str, to: str) -> Way | Broken:
        """The way to an address by the channel of this kind and name; Broken where the org has no address for it."""
        ...


class Channel(Protocol):
    """One outside system. Reasons are one line for people, without secrets, addresses or texts of the message."""

    def deliver(self, message: Message) -> Delivery:
        """Sends the message once. A message that is split counts as delivered when all its parts are. Never raises for
        what the service or the network does; takes at most 10 seconds."""
        ...
