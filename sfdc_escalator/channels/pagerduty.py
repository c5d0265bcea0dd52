"""PagerDuty, by Events API v2: an alert for an escalation, which is resolved when the escalation ends.

Fields, limits and answers are those of PagerDuty's developer documentation (Events API v2: Overview, Send an alert
event, Rate limits). PagerDuty reads no markup in them; events with one dedup_key are one alert.
"""

import json
from collections.abc import Mapping
from typing import Any

from sfdc_escalator.channels.exchange import Reply, Request, all_delivered, answered, exchange, unexpected
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.pages import at_a_word, body_lines, pages, title_of
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delivered, Delivery

API = "https://events.pagerduty.com/v2/enqueue"
SIZE = KINDS["pagerduty"].size
"""Bytes of the texts of an event, which may have 512 KB."""
SUMMARY, KEY = 1024, 255
"""The most signs of a summary and of a dedup_key."""


def channel(settings: Mapping[str, Any]) -> Channel:
    return PagerDuty(str(settings.get("url") or API), str(settings["routing_key"]))


class PagerDuty:
    """One service of PagerDuty."""

    def __init__(self, url: str, routing_key: str) -> None:
        self._url, self._routing_key = url, routing_key

    def deliver(self, message: Message) -> Delivery:
        if message.ends:
            return self._post(event("resolve", message))
        parts = pages(message, SIZE, lambda text: len(json.dumps(text)))
        return all_delivered((event("trigger", page) | about(page) for page in parts), self._post)

    def _post(self, body: Mapping[str, Any]) -> Delivery:
        return outcome(exchange(Request("POST", self._url, json={"routing_key": self._routing_key, **body})))


def outcome(reply: Reply | Delivery) -> Delivery:
    """A success is HTTP 202 with `status` and `dedup_key`; a routing key that is not accepted is an HTTP 400 whose
    errors name it."""
    if not isinstance(reply, Reply):
        return reply
    body = reply.json()
    if 200 <= reply.status < 300:
        is_theirs = isinstance(body, dict) and body.get("status") == "success"
        return Delivered(str(body.get("dedup_key") or "")) if is_theirs else unexpected(reply)
    errors = str(body.get("errors") if isinstance(body, dict) else "").lower().replace("_", " ")
    return Broken("the routing key is not accepted") if "routing key" in errors else answered(reply)


def event(action: str, message: Message) -> dict[str, Any]:
    return {"event_action": action, "dedup_key": (message.alarm or message.key or message.id)[:KEY]}


def about(message: Message) -> dict[str, Any]:
    """The alert: critical where the message is urgent, which PagerDuty can turn into a louder notification."""
    title = title_of(message)
    return {
        "payload": {
            "summary": title if len(title) <= SUMMARY else at_a_word(title, SUMMARY),
            "source": str(message.facts.get("org") or "Salesforce"),
            "severity": "critical" if message.urgent else "warning",
            "class": message.kind,
            "custom_details": details(message),
        },
        "links": [{"href": one.url, "text": one.label or one.url} for one in message.links],
        "client": "sfdc-escalator",
    }


def details(message: Message) -> dict[str, str]:
    """The lines by their labels; lines of one label are one text."""
    texts = {"Title": title_of(message)} if len(title_of(message)) > SUMMARY else {}
    for line in body_lines(message):
        label = line.label or "Notice"
        texts[label] = f"{texts[label]}\n{line.text}" if label in texts else line.text
    return texts
