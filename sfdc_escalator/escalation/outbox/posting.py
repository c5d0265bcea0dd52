"""The message that goes out: one notice as it is known now, or several as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from sfdc_escalator.escalation.notices.foreign import one_line
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.notice import bundle_id
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.escalation.outbox.queued import Queued
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged

NOBODY: Mapping[str, str] = MappingProxyType({})
NOT_OF_ONE = ("policy", "route", "rung", "turn", "key", "case_id", "case_number", "case_url", "reason", "needed", "due",
              "late_by")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sender:
    """The org that messages come from. `sandbox` is the name of an org that is not production, empty for production;
    every text begins with it."""

    org: str
    organization_id: str
    sandbox: str = ""

    @property
    def prefix(self) -> str:
        return f"[SANDBOX {self.sandbox}] " if self.sandbox else ""


def message_now(
    one: Queued, sender: Sender, acknowledged: Acknowledged | None = None, names: Mapping[str, str] = NOBODY
) -> Message:
    """The message of a notice with what is known only now: a waiting move, who acted, that it may be a repeat. `names`
    are those of users by id."""
    notice = one.notice
    lines = list(notice.message.lines)
    if notice.instead_of:
        lines.append(Line("Instead of", notice.instead_of, kept=True))
    if one.remark:
        lines.append(Line("", f"This step waits: {one.remark}.", kept=True))
    if acknowledged:
        by = f" by {one_line(names.get(acknowledged.by, acknowledged.by))}" if acknowledged.by else ""
        lines.append(Line("Acknowledged", f"{acknowledged.how}{by}, {acknowledged.at:%Y-%m-%d %H:%M} UTC", kept=True))
    message = replace(
        notice.message,
        id=one.id,
        prefix=sender.prefix,
        lines=tuple(lines),
        to=notice.to,
        urgent=notice.urgent,
        is_repeat=one.may_have_arrived,
    )
    return with_facts(message, one, sender)


def trial_message(message_id: str, channel: str, by: str, sender: Sender) -> Message:
    """A message that a person sends to try a channel."""
    line = Line("", f"{by} sent this with `notices test`. Nobody needs to act.", kept=True)
    message = Message(message_id, "test", f"{sender.prefix}Test of the channel {channel}", (line,))
    facts: dict[str, Any] = {
        **about(message, sender),
        **dict.fromkeys(NOT_OF_ONE),
        "recipient": f"channel:{channel}",
        "instead_of": None,
        "opens_with": "",
        "links": [],
        "say": {},
        "text": plain_text(message),
    }
    return replace(message, facts=facts)


def with_facts(message: Message, one: Queued, sender: Sender) -> Message:
    notice = one.notice
    own: dict[str, Any] = {
        "recipient": notice.recipient,
        "instead_of": notice.instead_of or None,
    }
    return replace(message, facts={**about(message, sender), **message.facts, **own, "text": plain_text(message)})


def about(message: Message, sender: Sender) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind,
        "repeat": message.is_repeat,
        "org": sender.org,
        "organization_id": sender.organization_id,
        "sandbox": bool(sender.sandbox),
        "urgent": message.urgent,
    }


def together(
    messages: Sequence[Message], kind: Literal["bundle", "digest"], sender: Sender, *, more: bool = False
) -> Message:
    """One message that names each of these. `more`: they follow the first notice of a group. Of one escalation it has
    the alarm, which the last of them may end."""
    first = messages[0]
    one_case = {message.case_id for message in messages} == {first.case_id}
    one_alarm = {message.alarm for message in messages} == {first.alarm}
    opens_with = str(first.facts.get("opens_with") or "")
    words = (
        f"and {len(messages)} more" if more else f"{len(messages)} {'notices' if kind == 'bundle' else 'in the digest'}"
    )
    title = f"{opens_with}: {words}" if opens_with else words
    bundle = Message(
        id=bundle_id(message.id for message in messages),
        kind=kind,
        title=title,
        prefix=sender.prefix,
        lines=tuple(Line("", in_one_line(message), kept=True) for message in messages),
        links=tuple(dict.fromkeys(link_of(message) for message in messages if message.links)) if one_case else (),
        case_id=first.case_id if one_case else "",
        case_number=first.case_number if one_case else "",
        to=first.to,
        ends=one_alarm and messages[-1].ends,
        alarm=first.alarm if one_alarm else "",
        urgent=any(message.urgent for message in messages),
        is_repeat=any(message.is_repeat for message in messages),
    )
    facts: dict[str, Any] = {
        **about(bundle, sender),
        **dict.fromkeys(NOT_OF_ONE),
        "recipient": first.facts.get("recipient"),
        "instead_of": None,
        "opens_with": opens_with,
        "links": [],
        "say": {},
        "of": [{name: value for name, value in message.facts.items() if name != "text"} for message in messages],
        "text": plain_text(bundle),
    }
    return replace(bundle, facts=facts)


def in_one_line(message: Message) -> str:
    """The title of a message, what it must say, and where it leads."""
    said = [f"{line.label}: {line.text}" if line.label else line.text for line in message.lines if line.kept]
    ends = [link.url for link in message.links[:1]] + [message.key]
    return " | ".join(filter(None, (message.title, *said, *ends)))


def link_of(message: Message) -> Link:
    return message.links[0]
