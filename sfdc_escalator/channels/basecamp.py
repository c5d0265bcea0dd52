"""A line in the chat (Campfire) of a Basecamp project, by the address of a chatbot.

By Basecamp's API pages (github.com/basecamp/bc3-api, sections/chatbots.md and sections/rich_text.md): a POST of
`content`, which is HTML, answers 201; `strong`, `br` and `a` are allowed; only a tag `bc-attachment` mentions a person.
By its README, 429 has Retry-After in seconds, and 404 with the header `Reason: Account Inactive` means that no request
of the account can succeed. A limit of the size is not documented.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from sfdc_escalator.channels.exchange import Reply, Request, all_delivered, answered, exchange, unexpected
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import body_lines, pages, title_of
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delivery

MOST = KINDS["basecamp"].size
"""The characters of a line, as HTML."""
TAGS = 40
"""The characters of the tags of one line of text."""


def channel(settings: Mapping[str, Any]) -> Channel:
    return Basecamp(str(settings["url"]))


class Basecamp:
    """Lines of one chatbot in one chat."""

    def __init__(self, url: str) -> None:
        self._url = url

    def deliver(self, message: Message) -> Delivery:
        return all_delivered(pages(message, MOST, size), self._posted)

    def _posted(self, page: Message) -> Delivery:
        headers = {"Accept": "application/json"}
        return outcome(exchange(Request("POST", self._url, json={"content": content_of(page)}, headers=headers)))


def outcome(reply: Reply | Delivery) -> Delivery:
    if isinstance(reply, Reply) and 200 <= reply.status < 300 and reply.status != 201:
        return unexpected(reply)
    if isinstance(reply, Reply) and reply.status == 404 and reply.headers.get("reason") == "Account Inactive":
        return Broken("HTTP 404: the account of Basecamp is inactive")
    return answered(reply)


def size(text: str) -> int:
    """The characters of a text as HTML."""
    return len(escape(text)) + TAGS * (1 + text.count("\n"))


def content_of(page: Message) -> str:
    links = (f'<a href="{escape(one.url)}">{escape(one.label)}</a>' for one in page.links)
    return "<br>".join([f"<strong>{escape(title_of(page))}</strong>", *map(line_of, body_lines(page)), *links])


def line_of(line: Line) -> str:
    label = f"<strong>{escape(line.label)}:</strong> " if line.label else ""
    return label + escape(line.text).replace("\n", "<br>")
