"""The log of the run: one event for a message, with facts of ours and no text of a customer."""

import logging
from collections.abc import Mapping
from typing import Any

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.pipeline.ports.channel import Channel, Delivered, Delivery

FACTS = ("policy", "route", "rung", "turn", "recipient", "due")
"""The facts that are logged, of those for programs."""
log = logging.getLogger(__name__)


def channel(_settings: Mapping[str, Any]) -> Channel:
    return Log()


class Log:
    """The log, which always takes a message."""

    def deliver(self, message: Message) -> Delivery:
        log.info("notice", extra=facts_of(message))
        return Delivered()


def facts_of(message: Message) -> dict[str, Any]:
    own = {
        "id": message.id, "kind": message.kind, "title": message.prefix + message.title, "key": message.key,
        "case_number": message.case_number, "to": message.to, "urgent": message.urgent, "repeat": message.is_repeat,
    }  # fmt: skip
    return {name: value for name, value in (own | {name: message.facts.get(name) for name in FACTS}).items() if value}
