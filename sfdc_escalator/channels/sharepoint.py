"""An item of a list in SharePoint, by Microsoft Graph as an application (client credentials).

By Microsoft's pages (learn.microsoft.com: OAuth 2.0 client credentials flow; Create a new item in a list;
columnDefinition; textColumn; Microsoft Graph error responses): the token comes from LOGIN/TENANT/oauth2/v2.0/token, a
POST of `fields` answers 201 with the item, errors have `error.code`, 429 and 503 have Retry-After. A line of text takes
255 characters, several lines of plain text 63,999.

The column NoticeId holds the id of the notice and takes a value once, so no message comes twice. The answer to a second
one is 400 `invalidRequest`, "One or more fields with unique constraints already has the provided value." Before the
first item the columns are looked at: an answer about a value that is there could come from another column, and a column
of rich text would show the words of strangers as markup.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from sfdc_escalator.channels.exchange import Reply, Request, all_delivered, answered, exchange, unexpected
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.pages import longest, numbered, pages, plain_text, title_of
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Delivery, Unanswered

GRAPH = "https://graph.microsoft.com/v1.0"
LOGIN = "https://login.microsoftonline.com"
MOST_TITLE = 255
MOST_BODY = KINDS["sharepoint"].size
"""The characters of a text; its line ends count twice, and an emoji too."""
MOST_BYTES = 2_000_000
HERE_ALREADY = "unique constraint"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def channel(settings: Mapping[str, Any]) -> Channel:
    return SharePoint(settings)


class SharePoint:
    """Items of one list. The token is kept for the run."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._graph = str(settings.get("url") or GRAPH).rstrip("/")
        site, list_ = quote(str(settings["site"]), safe=","), quote(str(settings["list"]), safe="")
        self._list = f"{self._graph}/sites/{site}/lists/{list_}"
        self._token = ""
        self._is_fit = False

    def deliver(self, message: Message) -> Delivery:
        return all_delivered(numbered(pages(message, MOST_BODY, units)), self._made)

    def _made(self, page: Message) -> Delivery:
        return self._not_logged_in() or self._not_fit() or outcome(self._asked("POST", "items", fields_of(page)))

    def _not_logged_in(self) -> Delivery | None:
        """Asks for a token. Returns the reason where there is none, else None."""
        if self._token:
            return None
        one = self._settings
        login = f"{str(one.get('login') or LOGIN).rstrip('/')}/{quote(str(one['tenant']), safe='')}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": one["client_id"],
            "client_secret": one["client_secret"],
            "scope": "/".join([*self._graph.split("/")[:3], ".default"]),
        }
        reply = exchange(Request("POST", login, data=urlencode(form).encode(), headers=FORM))
        self._token = token_in(reply)
        return None if self._token else no_token(reply)

    def _not_fit(self) -> Delivery | None:
        """None where the columns are as they must be, else what is wrong with them."""
        if self._is_fit:
            return None
        reply = self._asked("GET", "columns?$select=name,enforceUniqueValues,text")
        columns = columns_in(reply)
        if columns is None:
            return nothing_sent(outcome(reply))
        fault = column_fault(columns)
        self._is_fit = not fault
        return Broken(fault) if fault else None

    def _asked(self, method: str, path: str, json: Any = None) -> Reply | Delivery:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        reply = exchange(Request(method, f"{self._list}/{path}", json=json, headers=headers, most=MOST_BYTES))
        if isinstance(reply, Reply) and reply.status == 401:
            self._token = ""
        return reply


def fields_of(page: Message) -> dict[str, Any]:
    title = title_of(page)
    short = title[: longest(title, lambda beginning: units(beginning) <= MOST_TITLE)]
    return {"fields": {"Title": short, "NoticeId": page.id, "Body": plain_text(page)}}


def units(text: str) -> int:
    """The length as .NET counts it; a line end may be stored as two characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + text.count("\n")


# -- the answers of the login --------------------------------------------------------------------------------------


def token_in(reply: Reply | Delivery) -> str:
    """The token; empty without one."""
    body = facts_in(reply)
    token = body.get("access_token") if isinstance(reply, Reply) and reply.status == 200 else None
    return token if isinstance(token, str) else ""


def no_token(reply: Reply | Delivery) -> Delivery:
    """The meaning of an answer of the login without a token."""
    answer = nothing_sent(answered(reply))
    if isinstance(answer, Delayed) or not isinstance(reply, Reply):
        return answer
    body = facts_in(reply)
    codes = body.get("error_codes")
    number = f" AADSTS{codes[0]}" if isinstance(codes, list) and codes and isinstance(codes[0], int) else ""
    return Broken(f"the login answered HTTP {reply.status} {word(body.get('error'))}{number}".rstrip())


def nothing_sent(answer: Delivery) -> Delivery:
    """No answer to a question means a delay: the message is not sent yet."""
    return Delayed(answer.reason) if isinstance(answer, Unanswered) else answer


# -- the answers of Graph ------------------------------------------------------------------------------------------


def facts_in(reply: Reply | Delivery) -> Mapping[str, Any]:
    body = reply.json() if isinstance(reply, Reply) else None
    return body if isinstance(body, dict) else {}


def word(code: object) -> str:
    """The code where it is one word: nothing else of an answer is quoted."""
    return code if isinstance(code, str) and re.fullmatch(r"\w{1,60}", code) else ""


def columns_in(reply: Reply | Delivery) -> Mapping[str, Mapping[str, Any]] | None:
    """The columns by name."""
    columns = facts_in(reply).get("value") if isinstance(reply, Reply) and reply.status == 200 else None
    if not isinstance(columns, list):
        return None
    return {str(one.get("name")): one for one in columns if isinstance(one, dict)}


def column_fault(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """The reason why no item can be made; empty where the list is as it must be."""
    missing = [name for name in ("Title", "NoticeId", "Body") if name not in columns]
    if missing:
        return f"the list has no column {missing[0]}"
    if not columns["NoticeId"].get("enforceUniqueValues"):
        return "the column NoticeId of the list does not enforce unique values"
    if columns["Title"].get("enforceUniqueValues"):
        return "the column Title of the list enforces unique values: a second message about a case would be lost"
    text = columns["Body"].get("text")
    if not isinstance(text, dict) or text.get("textType") == "richText" or not text.get("allowMultipleLines"):
        return "the column Body of the list is not several lines of plain text"
    return ""


def outcome(reply: Reply | Delivery) -> Delivery:
    if not isinstance(reply, Reply):
        return reply
    if reply.status == 201 and (id := facts_in(reply).get("id")):
        return Delivered(str(id))
    if 200 <= reply.status < 300:
        return unexpected(reply)
    error = facts_in(reply).get("error")
    facts = error if isinstance(error, dict) else {}
    if reply.status == 400 and HERE_ALREADY in str(facts.get("message", "")).lower():
        return Delivered()
    if reply.status == 423:
        return Delayed("HTTP 423: the list is locked")
    return answered(reply, code=word(facts.get("code")))
