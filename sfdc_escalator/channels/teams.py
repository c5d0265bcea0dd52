"""Microsoft Teams, by a webhook of Workflows (Power Automate), which posts an Adaptive Card.

Every text is a TextRun: "Markdown is not supported" there (Adaptive Cards schema, TextRun), and the renderers set it as
text. A mention needs an entry in `msteams.entities`, of which there are none. Only {{DATE(...)}} and {{TIME(...)}} are
replaced in a text (Adaptive Cards, Text features); the two braces come in two runs.

The workflow answers 202 before it posts the card, so a card that Teams refuses later is seen in its run history alone.
A workflow with a Response action answers what that says (Power Automate, Request trigger).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sfdc_escalator.channels.exchange import Reply, Request, all_delivered, answered, exchange, unexpected
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.pages import body_lines, pages, title_of
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delivered, Delivery, Refused

SIZE = KINDS["teams"].size
"""Bytes of a card. Teams takes about 28 KB (Microsoft Teams connector, Known issues), with what Workflows adds."""
FRAME = 600
"""Bytes of a card without lines."""
BLOCK, BRACES = 160, 40
"""Bytes around one line, and around one more run in it."""
BUTTONS = 5
"""The most links in a row: a client may hide more, see `maxActions` (Adaptive Cards, Host config), which is 5."""
BROKEN = {
    "WorkflowTriggerIsNotEnabled": "the workflow is off or deleted",
    "DirectApiAuthorizationRequired": "the address has no signature, or the workflow is not open to anyone",
}


def channel(settings: Mapping[str, Any]) -> Channel:
    return Teams(str(settings["url"]))


class Teams:
    """One workflow, which posts to its channel or chat."""

    def __init__(self, url: str) -> None:
        self._url = url

    def deliver(self, message: Message) -> Delivery:
        return all_delivered(pages(message, SIZE - FRAME, measure), self._post)

    def _post(self, page: Message) -> Delivery:
        return outcome(exchange(Request("POST", self._url, json=payload(page))))


def outcome(reply: Reply | Delivery) -> Delivery:
    if not isinstance(reply, Reply):
        return reply
    strange = unexpected(reply)
    if 200 <= reply.status < 300:
        return strange if isinstance(strange, Refused) else Delivered()
    code = code_of(reply)
    return Broken(f"{code}: {BROKEN[code]}") if code in BROKEN else answered(reply, code=code)


def code_of(reply: Reply) -> str:
    """The code of the error in the body, such as TriggerInputSchemaMismatch; empty without one."""
    body = reply.json()
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{1,60}", code) else ""


def payload(message: Message) -> dict[str, Any]:
    """The message that the template "Send webhook alerts to a channel" of Workflows expects."""
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card(message)}],
    }


def card(message: Message) -> dict[str, Any]:
    title = {"size": "Large", "weight": "Bolder"} | ({"color": "Attention"} if message.urgent else {})
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            block(runs(title_of(message), title)),
            *(block(labelled(line)) for line in body_lines(message)),
            *buttons(message.links),
        ],
    }


def block(inlines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": inlines}


def labelled(line: Line) -> list[dict[str, Any]]:
    label = runs(f"{line.label}: ", {"weight": "Bolder"}) if line.label else []
    return [*label, *runs(line.text or " ", {})]


def runs(text: str, style: Mapping[str, str]) -> list[dict[str, Any]]:
    """The text in runs, none of which has two braces side by side."""
    return [{"type": "TextRun", "text": part, **style} for part in re.split(r"(?<=\{)(?=\{)", text)]


def buttons(links: tuple[Link, ...]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(links), BUTTONS):
        row = links[start : start + BUTTONS]
        actions = [{"type": "Action.OpenUrl", "title": one.label or one.url, "url": one.url} for one in row]
        yield {"type": "ActionSet", "actions": actions}


def measure(text: str) -> int:
    """The bytes of a plain text in a card, at most: as JSON, with what stands around its lines and braces."""
    return len(json.dumps(text)) + BLOCK * (1 + text.count("\n")) + BRACES * text.count("{{")
