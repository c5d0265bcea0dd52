"""Slack, by an incoming webhook or by a bot's token and chat.postMessage.

Texts stand in plain_text objects and in rich text, where Slack reads no mention, link or markup (docs.slack.dev: Text
object, Rich text block). The text for notifications and screen readers has `&<>` as entities (Formatting message text).
The blocks are those of slack_sdk, which checks their limits. Its clients are not used: they follow redirects with the
token, repeat a request whose connection ends, and log the address of a webhook.

Errors are those of docs.slack.dev: Sending messages using incoming webhooks, chat.postMessage.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from sfdc_escalator.channels.exchange import (
    Reply,
    Request,
    all_delivered,
    answered,
    exchange,
    retry_after_of,
    unexpected,
)
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Link, Message
from sfdc_escalator.escalation.notices.pages import (
    at_a_word,
    body_lines,
    line_text,
    longest,
    pages,
    plain_text,
    title_of,
)
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Delivery, Refused, Unanswered

API = "https://slack.com/api"
SIZE = KINDS["slack"].size
"""Signs in one message. Slack answers msg_blocks_too_long from about 13,000 on, which no page says (bolt-js #2509)."""
SECTION, HEADER = 3000, 150
"""The most signs of a text in a section and in a header."""
BROKEN = {
    "access_denied", "accesslimited", "account_inactive", "action_prohibited", "app_access_restricted",
    "ekm_access_denied", "enterprise_is_restricted", "invalid_auth", "invalid_token", "missing_scope",
    "no_active_hooks", "no_permission", "not_allowed_token_type", "not_authed", "not_in_channel",
    "posting_to_general_channel_denied", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel", "team_access_not_granted", "team_disabled", "token_expired",
    "token_revoked", "two_factor_setup_required",
}  # fmt: skip
"""An admin has to change the app, the channel or the workspace."""
DELAYED = {
    "message_limit_exceeded", "org_login_required", "rate_limited", "ratelimited", "request_timeout",
    "service_unavailable", "team_added_to_org",
}  # fmt: skip
UNSURE = {"fatal_error", "internal_error"}
"""A part of it may have succeeded."""


def channel(settings: Mapping[str, Any]) -> Channel:
    return Slack(settings)


class Slack:
    """One channel of Slack."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        token, url = settings.get("token"), settings.get("url")
        self._by_token = bool(token)
        self._url = f"{(url or API).rstrip('/')}/chat.postMessage" if token else str(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._to = {"channel": settings["to"]} if token else {}

    def deliver(self, message: Message) -> Delivery:
        try:
            payloads = [payload(page) | self._to for page in pages(message, SIZE, lambda text: len(entities(text)))]
        except ModuleNotFoundError:
            return Broken("the library of Slack is not installed: pip install 'sfdc-escalator[slack]'")
        return all_delivered(payloads, self._post)

    def _post(self, body: Mapping[str, Any]) -> Delivery:
        reply = exchange(Request("POST", self._url, json=body, headers=self._headers))
        if not isinstance(reply, Reply):
            return reply
        return of_api(reply) if self._by_token else of_webhook(reply)


def of_webhook(reply: Reply) -> Delivery:
    """The outcome of an incoming webhook, which answers one word: `ok`, or an error."""
    said = reply.text.strip()
    if 200 <= reply.status < 300:
        return Delivered() if said == "ok" else unexpected(reply)
    code = said if re.fullmatch(r"[a-z_]{1,60}", said) else ""
    return of_error(code, reply) if code in BROKEN else answered(reply, code=code)


def of_api(reply: Reply) -> Delivery:
    """The outcome of a method of the API, which answers JSON with `ok`, and HTTP 200 for most errors."""
    body = reply.json()
    if not 200 <= reply.status < 300:
        return answered(reply)
    if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
        return unexpected(reply)
    return Delivered(str(body.get("ts") or "")) if body["ok"] else of_error(str(body.get("error")), reply)


def of_error(code: str, reply: Reply) -> Delivery:
    reason = f"Slack says {code}" if re.fullmatch(r"[a-z_]{1,60}", code) else "Slack refuses it without an error code"
    if code in BROKEN:
        return Broken(reason)
    if code in DELAYED:
        return Delayed(reason, retry_after_of(reply))
    return Unanswered(reason) if code in UNSURE else Refused(reason)


def payload(message: Message) -> dict[str, Any]:
    """The message as Slack takes it; the first text is what notifications show and screen readers read."""
    return {
        "text": entities(plain_text(message)),
        "mrkdwn": False,
        "blocks": list(blocks(message)),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def entities(text: str) -> str:
    return escape(text, quote=False)


def blocks(message: Message) -> Iterator[dict[str, Any]]:
    """The title as a header where it is short enough, the lines as sections, the links below them."""
    from slack_sdk.models.blocks import (
        HeaderBlock,
        PlainTextObject,
        RichTextBlock,
        RichTextElementParts,
        RichTextSectionElement,
        SectionBlock,
    )

    def link(one: Link) -> RichTextSectionElement:
        return RichTextSectionElement(elements=[RichTextElementParts.Link(url=one.url, text=one.label or one.url)])

    title = title_of(message)
    lines = [line_text(line) for line in body_lines(message)]
    if units(title) <= HEADER:
        yield HeaderBlock(text=PlainTextObject(text=title, emoji=False)).to_dict()
    else:
        lines.insert(0, title)
    for part in sections("\n".join(lines)):
        yield SectionBlock(text=PlainTextObject(text=part, emoji=False)).to_dict()
    if message.links:
        yield RichTextBlock(elements=[link(one) for one in message.links]).to_dict()


def sections(text: str) -> Iterator[str]:
    """The text in parts that have room in a section; they end with a line or a word."""
    rest = text.strip()
    while rest:
        most = longest(rest, lambda beginning: units(beginning) <= SECTION)
        line_end = rest.rfind("\n", most // 2, most) if most < len(rest) else -1
        part = rest[:line_end] if line_end > 0 else at_a_word(rest, most)
        yield part
        rest = rest[len(part) :].lstrip()


def units(text: str) -> int:
    """The length as JavaScript counts it, where a sign such as an emoji may count as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
