"""A task in a list of ClickUp, with a personal token.

By ClickUp's API pages (developer.clickup.com: Create Task, Get Tasks, Common Errors, Rate Limits): a task is made with
`name`, `description`, which is plain text unlike `markdown_content`, `priority` (1 is urgent) and `due_date` in
milliseconds. Errors have `err` and `ECODE`; OAUTH_... is about the token; 429 has X-RateLimit-Reset, a Unix time. Tasks
of a list can be filtered by the time of creation, 100 in one answer, and not by their text.

Every task ends with the id of its notice. A message that may be a repeat looks among the tasks of the last days first.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from sfdc_escalator.channels.exchange import Reply, Request, all_delivered, answered, exchange, unexpected
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.pages import numbered, pages, plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Delivery

API = "https://api.clickup.com/api/v2"
MOST = KINDS["clickup"].size
"""The characters of a task. A limit is not documented."""
LOOK_BACK = timedelta(hours=48)
"""A repeat follows the first try within 24 hours; the rest is for clocks that differ, and for hands."""
ANSWERS, TASKS = 5, 100
"""The most answers that are looked through, and the tasks of a full one."""
MOST_BYTES = 4_000_000


def channel(settings: Mapping[str, Any]) -> Channel:
    return ClickUp(settings)


class ClickUp:
    """Tasks of one list."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        url = str(settings.get("url") or API).rstrip("/")
        self._tasks = f"{url}/list/{quote(str(settings['list']), safe='')}/task"
        self._headers = {"Authorization": str(settings["token"]), "Accept": "application/json"}

    def deliver(self, message: Message) -> Delivery:
        return all_delivered(numbered(pages(message, MOST)), self._made)

    def _made(self, page: Message) -> Delivery:
        if page.is_repeat and (found := self._found(page.id)):
            return found
        return outcome(exchange(Request("POST", self._tasks, json=task_of(page), headers=self._headers)))

    def _found(self, id: str) -> Delivery | None:
        """Delivered when a task has this id; None when none has it; else the reason why nobody knows."""
        since = int((time.time() - LOOK_BACK.total_seconds()) * 1000)
        for number in range(ANSWERS):
            query = {"page": number, "order_by": "created", "include_closed": "true", "date_created_gt": since}
            url = f"{self._tasks}?{urlencode(query)}"
            reply = exchange(Request("GET", url, headers=self._headers, most=MOST_BYTES))
            tasks = tasks_in(reply)
            if tasks is None:
                return outcome(reply)
            if found := next(with_id(tasks, id), None):
                return Delivered(str(found.get("id", "")))
            if len(tasks) < TASKS:
                break
        return None


def tasks_in(reply: Reply | Delivery) -> list[Any] | None:
    body = reply.json() if isinstance(reply, Reply) and reply.status == 200 else None
    tasks = body.get("tasks") if isinstance(body, dict) else None
    return tasks if isinstance(tasks, list) else None


def with_id(tasks: list[Any], id: str) -> Iterator[Mapping[str, Any]]:
    for task in tasks:
        if isinstance(task, dict) and str(task.get("description") or "").rstrip().endswith(id_line(id)):
            yield task


def id_line(id: str) -> str:
    return f"Notice: {id}"


def task_of(page: Message) -> dict[str, Any]:
    title, _, rest = plain_text(page).partition("\n")
    task: dict[str, Any] = {"name": title, "description": "\n".join(filter(None, [rest, id_line(page.id)]))}
    if page.urgent:
        task["priority"] = 1
    if due := page.facts.get("due"):
        task |= {"due_date": milliseconds(str(due)), "due_date_time": True}
    return task


def milliseconds(time_of_org: str) -> int:
    return int(datetime.fromisoformat(time_of_org).timestamp() * 1000)


def outcome(reply: Reply | Delivery) -> Delivery:
    if not isinstance(reply, Reply):
        return reply
    body = reply.json()
    facts = body if isinstance(body, dict) else {}
    if 200 <= reply.status < 300:
        return Delivered(str(facts["id"])) if facts.get("id") else unexpected(reply)
    code = str(facts.get("ECODE", ""))
    code = code if re.fullmatch(r"[A-Z]+_\d+", code) else ""
    if code.startswith("OAUTH_"):
        return Broken(f"HTTP {reply.status} {code}: the token is not valid, or has no access to the list")
    answer = answered(reply, code=code)
    if isinstance(answer, Delayed) and answer.after is None:
        return replace(answer, after=until_reset(reply.headers.get("x-ratelimit-reset", "")))
    return answer


def until_reset(unix_time: str) -> timedelta | None:
    return timedelta(seconds=max(0.0, int(unix_time) - time.time())) if re.fullmatch(r"\d{1,11}", unix_time) else None
