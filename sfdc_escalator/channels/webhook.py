"""A webhook: the facts of a message as JSON, for a program of the user's own; any 2xx is delivery."""

from collections.abc import Mapping
from typing import Any

from sfdc_escalator.channels.exchange import Request, answered, exchange
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.pipeline.ports.channel import Channel, Delivery


def channel(settings: Mapping[str, Any]) -> Channel:
    return Webhook(str(settings["url"]), settings.get("headers") or {})


class Webhook:
    """One program. The id, in the body and in `Idempotency-Key`, lets it drop what it has already."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url, self._headers = url, headers

    def deliver(self, message: Message) -> Delivery:
        headers = {**self._headers, "Idempotency-Key": message.id}
        facts = {**message.facts, "id": message.id, "repeat": message.is_repeat}
        return answered(exchange(Request("POST", self._url, json=facts, headers=headers)))
