"""The bell in Salesforce: a custom notification to a user, a queue or a group (Actions Developer Guide, Custom
Notification Actions; Object Reference, CustomNotificationType).

Both texts are plain. The notification opens the case; one about several cases opens the page of cases. Salesforce
answers success, and shows nothing, where the recipient is inactive or where the org has sent 10,000 notifications in
this hour (Salesforce Help, Considerations for Notifications). So the caller looks at who is active.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sfdc_escalator.errors import EscalatorError, OrgUnavailable
from sfdc_escalator.escalation.notices.channel_kinds import BELL_TYPE, KINDS
from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.pages import CUT, GOES_ON, at_a_word, longest, pages, plain_text, title_of
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delivery, Refused
from sfdc_escalator.salesforce.line.bounds import until_deadline
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.shapes import objects, taken_apart
from sfdc_escalator.salesforce.schema.values import given, needed, pick, record_id
from sfdc_escalator.salesforce.soql.soql import quote, select
from sfdc_escalator.salesforce.telling.delivering import LATER, PATIENCE, in_parts, not_sent, sent, units

ACTION = "actions/standard/customNotificationAction"
MOST_TITLE = 250  # characters
MOST_BODY = KINDS["salesforce"].size - MOST_TITLE
CASES = {"type": "standard__objectPage", "attributes": {"objectApiName": "Case", "actionName": "home"}}
PERMISSION = "give the user of the login the permission Send Custom Notifications"
NO_TYPE = "the org has no custom notification type {} that this login can see: make it in Setup, Custom Notifications"
BROKEN = {
    "INSUFFICIENT_ACCESS": PERMISSION,
    "INSUFFICIENT_ACCESS_OR_READONLY": PERMISSION,
    "FUNCTIONALITY_NOT_ENABLED": PERMISSION,
    "NOT_FOUND": f"the user of the login does not have the action; {PERMISSION}",
}
"""Codes that every notification of this login meets. An org without the action answers "Invalid Action Type"."""


class Texts(NamedTuple):
    """The two texts of a notification."""

    title: str
    body: str


class Bell:
    """Implements `Channel`."""

    def __init__(self, client: Client, type_name: str) -> None:
        self._client, self._type_name, self._type_id = client, type_name, ""

    def deliver(self, message: Message) -> Delivery:
        if not message.to:
            return Refused("the bell needs a recipient: a user, a queue or a group")
        with until_deadline(PATIENCE):
            return self._without_type() or in_parts(texts_of(message), lambda texts: self._ring(message, texts))

    def _ring(self, message: Message, texts: Texts) -> Delivery:
        target = {"targetId": message.case_id} if message.case_id else {"targetPageRef": json.dumps(CASES)}
        notification = {"customNotifTypeId": self._type_id, "recipientIds": [message.to], **texts._asdict(), **target}
        answer = sent(self._client, ACTION, {"inputs": [notification]}, done, BROKEN)
        if isinstance(answer, Refused) and "customNotifTypeId" in answer.reason:
            return Broken(f"{answer.reason}: {NO_TYPE.format(self._type_name)}")
        return answer

    def _without_type(self) -> Delivery | None:
        """The answer where the type has no id; asks the org until it gives one."""
        try:
            self._type_id = self._type_id or type_id(self._client, self._type_name) or ""
        except EscalatorError as error:
            return not_sent(error)
        return None if self._type_id else Broken(NO_TYPE.format(self._type_name))


def channel(client: Client, settings: Mapping[str, Any]) -> Channel:
    return Bell(client, settings.get("type") or BELL_TYPE)


@taken_apart()
def type_id(client: Client, name: str) -> str | None:
    """The id of the type with this DeveloperName. The object is in both APIs; a login for integrations only may see it
    in the Tooling API alone."""
    query = select(["Id"], "CustomNotificationType", f"DeveloperName = {quote(name)}")
    rows: Any = client.try_lookups([query])[0]
    if isinstance(rows, OrgUnavailable) or not rows:
        answer = client.try_read("tooling/query", {"q": query})
        rows = answer if isinstance(answer, OrgUnavailable) else given(answer, "records", objects)
    if isinstance(rows, OrgUnavailable) and not (isinstance(rows, Rejected) and rows.error_code not in LATER):
        raise rows
    return None if isinstance(rows, Rejected) or not rows else needed(rows[0], "Id", record_id)


def done(body: Any) -> str | None:
    """An empty text for the answer to a notification that was sent; Salesforce gives no id."""
    is_one = isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict)
    return "" if is_one and pick(body[0], "isSuccess") is True else None


def texts_of(message: Message) -> Iterator[Texts]:
    """The message as one notification, or several."""
    message = with_short_title(message)
    for page in pages(message, units(title_of(message) + "\n") + MOST_BODY, units):
        title, _, body = plain_text(page).partition("\n")
        yield Texts(title, body or title)


def with_short_title(message: Message) -> Message:
    """The message with a title that has room, also on a further page; a longer one stands whole in the body, too."""
    room = MOST_TITLE - units(title_of(replace(message, title=GOES_ON)))
    if units(message.title) <= room:
        return message
    beginning = at_a_word(message.title, longest(message.title, lambda text: units(text + CUT) <= room))
    return replace(message, title=beginning + CUT, lines=(Line("", message.title, kept=True), *message.lines))
