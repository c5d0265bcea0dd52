"""Messages as the people who get them see them: each service's payload is parsed back as the service does it."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from tests.channels.mail_server import Mail
from tests.channels.service import Call


@dataclass
class Shown:
    """All that a receiver sees of a message. `text` is plain text; `marked` is whatever else came of a text."""

    text: str = ""
    links: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)

    def __add__(self, other: "Shown") -> "Shown":
        texts = "\n".join(filter(None, (self.text, other.text)))
        marked = self.marked + other.marked
        return Shown(texts, self.links + other.links, self.mentions + other.mentions, marked)


def sum_of(parts: Iterator[Shown]) -> Shown:
    return sum(parts, Shown())


# -- Slack ---------------------------------------------------------------------------------------------------------


def in_slack(calls: Sequence[Call]) -> Shown:
    """What stands in the channel; what a notification shows of it holds the same text, and nothing alive."""
    return sum_of(slack_message(call.json) for call in calls)


def slack_message(body: dict[str, Any]) -> Shown:
    assert body["unfurl_links"] is body["unfurl_media"] is body["mrkdwn"] is False
    assert 1 <= len(body["blocks"]) <= 50
    assert len(json.dumps(body["blocks"], ensure_ascii=False)) < 13_000
    in_channel, notification = sum_of(map(slack_block, body["blocks"])), mrkdwn(body["text"])
    assert (notification.links, notification.mentions) == ([], [])
    assert len(body["text"]) < 40_000
    heard = "".join(notification.text.split())
    assert all("".join(line.split()) in heard for line in in_channel.text.splitlines())
    return in_channel


def slack_block(block: dict[str, Any]) -> Shown:
    if block["type"] == "rich_text":
        return sum_of(rich_text(part) for section in block["elements"] for part in section["elements"])
    assert block["type"] in ("header", "section")
    text = block["text"]
    assert 1 <= len(text["text"]) <= (150 if block["type"] == "header" else 3000)
    if text["type"] == "mrkdwn":
        return mrkdwn(text["text"])
    assert text["emoji"] is False
    return Shown(text["text"])


def rich_text(part: dict[str, Any]) -> Shown:
    match part["type"]:
        case "text":
            return Shown(part["text"])
        case "link":
            return Shown(part.get("text", part["url"]), links=[part["url"]])
        case other:
            return Shown(mentions=[other])


def mrkdwn(text: str) -> Shown:
    """What Slack reads in a text whose markup is off: tokens in angle brackets, then entities."""
    tokens = re.findall(r"<([^>]*)>", text)
    mentions = [token for token in tokens if token[:1] in "@#!"]
    return Shown(html.unescape(text), [token for token in tokens if token not in mentions], mentions)


# -- Teams ---------------------------------------------------------------------------------------------------------


def in_teams(calls: Sequence[Call]) -> Shown:
    return sum_of(teams_message(call) for call in calls)


def teams_message(call: Call) -> Shown:
    assert len(call.body) < 28 * 1024
    (attachment,) = call.json["attachments"]
    assert (call.json["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    content = attachment["content"]
    assert (content["type"], content["version"], content["msteams"]["width"]) == ("AdaptiveCard", "1.4", "Full")
    mentions = [str(entity) for entity in content["msteams"].get("entities", [])]
    return sum_of(map(card_element, content["body"])) + Shown(mentions=mentions)


def card_element(element: dict[str, Any]) -> Shown:
    match element["type"]:
        case "RichTextBlock":
            texts = [run["text"] for run in element["inlines"]]
            return Shown("".join(texts), marked=[text for text in texts if re.search(r"\{\{(DATE|TIME)\(", text)])
        case "ActionSet":
            assert len(element["actions"]) <= 6
            return sum_of(Shown(action["title"], links=[action["url"]]) for action in element["actions"])
        case other:  # a TextBlock would be read as Markdown
            return Shown(marked=[other])


# -- PagerDuty, webhook --------------------------------------------------------------------------------------------


def in_pagerduty(calls: Sequence[Call]) -> Shown:
    return sum_of(pagerduty_alert(call) for call in calls)


def pagerduty_alert(call: Call) -> Shown:
    alert = call.json
    assert len(call.body) <= 512 * 1024
    assert len(alert["routing_key"]) == 32
    assert 1 <= len(alert["dedup_key"]) <= 255
    if alert["event_action"] == "resolve":
        return Shown(alert["dedup_key"])
    payload = alert["payload"]
    assert 1 <= len(payload["summary"]) <= 1024
    assert payload["severity"] in ("critical", "error", "warning", "info")
    lines = [f"{label}: {text}" for label, text in payload["custom_details"].items()]
    return Shown("\n".join([payload["summary"], *lines]), links=[link["href"] for link in alert["links"]])


def in_webhook(calls: Sequence[Call]) -> Shown:
    """A program gets the text as it is, and the addresses apart from it."""
    facts = [call.json for call in calls]
    return sum_of(Shown(f"{one['text']}\n{one['key']}", links=[one["case_url"]]) for one in facts)


# -- HTML: mail, Basecamp ------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, page: str, tags: set[str]) -> None:
        super().__init__()
        self.shown, self.tags = Shown(), tags
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.shown.text += "\n" if tag in ("br", "p") else ""
        for name, value in attributes:
            (self.shown.links if (tag, name) == ("a", "href") else self.shown.marked).append(value or "")
        if tag == "bc-attachment":
            self.shown.mentions.append(tag)
        elif tag not in self.tags:
            self.shown.marked.append(tag)

    def handle_data(self, data: str) -> None:
        self.shown.text += data

    def handle_comment(self, data: str) -> None:
        self.shown.marked.append(data)


def in_mail(mails: Sequence[Mail]) -> Shown:
    """The page; the plain text holds the same words, and the addresses of the links."""
    return sum_of(mail_page(mail) for mail in mails)


def mail_page(mail: Mail) -> Shown:
    shown = Page(mail.part("html"), {"html", "body", "p", "br", "strong", "a"}).shown
    heard = " ".join(mail.part("plain").split())
    assert all(" ".join(line.split()) in heard for line in shown.text.splitlines())
    assert all(link in heard for link in shown.links)
    return shown


def in_basecamp(calls: Sequence[Call]) -> Shown:
    """Allowed are the tags of the rich text guide; these are the ones that carry no text of their own."""
    return sum_of(Page(call.json["content"], {"strong", "br", "a"}).shown for call in calls)


# -- plain text: ClickUp, SharePoint -------------------------------------------------------------------------------


def plain(text: str) -> Shown:
    """A text without markup: alive are only the addresses that stand alone after a label."""
    return Shown(text, links=re.findall(r"^[^:\n]+: (https?://\S+)$", text, re.MULTILINE))


def in_clickup(calls: Sequence[Call]) -> Shown:
    tasks = [call.json for call in calls]
    assert all(set(task) <= {"name", "description", "priority", "due_date", "due_date_time"} for task in tasks)
    assert all("\n" not in task["name"] for task in tasks)
    return sum_of(plain(f"{task['name']}\n{task['description']}") for task in tasks)


def in_sharepoint(calls: Sequence[Call]) -> Shown:
    """The title of an item is the beginning of its body."""
    items = [call.json["fields"] for call in calls]
    assert all(set(item) == {"Title", "NoticeId", "Body"} and item["Body"].startswith(item["Title"]) for item in items)
    assert all(len(item["Title"]) <= 255 and len(item["Body"]) < 63_999 for item in items)
    return sum_of(plain(item["Body"]) for item in items)


# -- Apprise: its own JSON, which stands for every service --------------------------------------------------------


def in_apprise(calls: Sequence[Call]) -> Shown:
    """A sign without width ends a mention and an address for any service; people do not see it."""
    return sum_of(apprise_message(call.json) for call in calls)


def apprise_message(body: dict[str, Any]) -> Shown:
    assert set(body) == {"version", "title", "message", "attachments", "type"}
    shown = plain(f"{body['title']}\n{body['message']}")
    mentions = re.findall(r"(?<!\w)@\w|@(?:everyone|here|channel|all\b)", shown.text)
    alive = [one for one in re.findall(r"\w+://\S+", shown.text) if one not in shown.links]
    return Shown(shown.text.replace("\u200b", ""), shown.links + alive, mentions)
