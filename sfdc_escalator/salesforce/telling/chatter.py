"""A post on the case in Chatter: a FeedItem of plain text (Object Reference, FeedItem).

Salesforce looks for links and hashtags in plain text, and not for mentions (Apex Reference,
ConnectApi.TextSegmentInput); its action Post to Chatter looks for mentions, too, so it is not used. In all texts but
our own links an address is written as `https[:]//evil[.]example`, and a hashtag with a space.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.pages import pages, plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delivery, Refused
from sfdc_escalator.salesforce.line.bounds import until_deadline
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.schema.values import pick
from sfdc_escalator.salesforce.telling.delivering import PATIENCE, in_parts, sent, units

POST = "sobjects/FeedItem"
MOST = KINDS["chatter"].size  # characters
INSIDE = {"Visibility": "InternalUsers"}
ACTIVE = re.compile(r"(?P<dot>(?<=\w)\.(?=[^\W\d_]{2}))|(?P<scheme>:(?=//))|(?P<tag>#(?=\S)|@(?=\[))")
"""The signs that begin a link, a hashtag, or the mention of an action."""
CHATTER = "turn on Chatter (Setup, Chatter Settings), for the user of the login, too"
BROKEN = {
    "FEED_NOT_ENABLED_FOR_OBJECT": "turn on feed tracking of Case (Setup, Feed Tracking)",
    "NOT_FOUND": CHATTER,
    "INVALID_TYPE": CHATTER,
    "FUNCTIONALITY_NOT_ENABLED": CHATTER,
    "INVALID_FIELD": CHATTER,
    "INVALID_FIELD_FOR_INSERT_UPDATE": CHATTER,
}
"""Codes that every post of this login meets."""


class Chatter:
    """Implements `Channel`."""

    def __init__(self, client: Client) -> None:
        self._client, self._inside = client, INSIDE

    def deliver(self, message: Message) -> Delivery:
        if not message.case_id:
            return Refused("a message about several cases has no case to stand on")
        parts = [plain_text(inactive(page)) for page in pages(message, MOST, lambda text: units(broken_up(text)))]
        with until_deadline(PATIENCE):
            return in_parts(parts, lambda text: self._post(message.case_id, text))

    def _post(self, case_id: str, text: str) -> Delivery:
        """Posts the text. An org without digital experiences has no field Visibility, and no readers outside."""
        post = {"ParentId": case_id, "Type": "TextPost", "Body": text}
        answer = sent(self._client, POST, {**post, **self._inside}, id_of, BROKEN)
        if self._inside and isinstance(answer, Broken) and "Visibility" in answer.reason:
            self._inside = {}
            return sent(self._client, POST, post, id_of, BROKEN)
        return answer


def channel(client: Client, settings: Mapping[str, Any]) -> Channel:  # noqa: ARG001 - it has no settings
    return Chatter(client)


def id_of(body: Any) -> str | None:
    """The id of the post in the answer to a success."""
    post_id = pick(body, "id") if isinstance(body, dict) and pick(body, "success") is True else None
    return post_id if isinstance(post_id, str) else None


def inactive(message: Message) -> Message:
    """The message whose texts hold no link, hashtag or mention; its links stay."""
    lines = [one._replace(label=broken_up(one.label), text=broken_up(one.text)) for one in message.lines]
    return replace(message, title=broken_up(message.title), lines=tuple(lines))


def broken_up(text: str) -> str:
    return ACTIVE.sub(lambda found: f"{found[0]} " if found["tag"] else f"[{found[0]}]", text)
