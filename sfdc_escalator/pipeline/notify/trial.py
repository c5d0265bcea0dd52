"""One message that a person sends to try a channel."""

from dataclasses import dataclass, replace

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.outbox.posting import trial_message
from sfdc_escalator.pipeline.ports.channel import Broken, Channels, Delivery

NEEDED = {
    "users": "the id of a user, a queue or a group",
    "mail": "an e-mail address",
    "chatter": "the id of a case",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """The channel, and its answer. `by` is the kind of channel that the message went by: in an org that is not
    production perhaps the log."""

    id: str
    channel: str
    kind: str
    by: str
    to: str
    answer: Delivery


@dataclass(frozen=True, slots=True)
class Trial:
    """The channel to try, and the recipient; `is_addressed` is True where its settings name one. `person` sends it."""

    id: str
    channel: str
    kind: str
    to: str
    is_addressed: bool
    person: str


def try_channel(trial: Trial, channels: Channels) -> Tried:
    """Sends the message now. Raises Invalid where it needs a recipient, or has one that it cannot take."""
    needed = NEEDED.get(trial.kind) or NEEDED.get(KINDS[trial.kind].reaches)
    if trial.to and not needed:
        raise Invalid(f"the channel {trial.channel} has an address of its own: leave out --to")
    way = channels.way(trial.kind, trial.channel, trial.to)
    if isinstance(way, Broken):
        return Tried(trial.id, trial.channel, trial.kind, trial.kind, trial.to, way)
    if needed and way.kind == trial.kind and not way.to and not trial.is_addressed:
        raise Invalid(f"the channel {trial.channel} needs a recipient: name one with --to, {needed}")
    message = trial_message(trial.id, trial.channel, trial.person, channels.sender)
    case_id = way.to if trial.kind == "chatter" else ""
    answer = way.channel.deliver(replace(message, to=way.to, case_id=case_id))
    return Tried(trial.id, trial.channel, trial.kind, way.kind, way.to, answer)
