"""Stories of notices: services that get them, and the org's entry that leads to these services."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.pipeline import run_clock
from tests.channels.mail_server import Mail, MailServer
from tests.channels.service import Answer, Call, Service
from tests.stories.stopped_org import run
from tests.stories.world import Row, World, advance, select

TOKEN, SECRET_PATH = "Bearer 5f1c9b7e0d2a4c6e8b1f", "/hooks/T0042/B0042/x7Gh29kQm4Rt81Zp"
KEY = re.compile(r"ESC-\w{4}-\w{4}-\w{4}")
PEOPLE: list[Row] = [
    {"Username": "ann@example.com", "FirstName": "Ann", "LastName": "Lee", "Email": "ann@example.com",
     "TimeZoneSidKey": "America/New_York", "ManagerId": "max@example.com"},
    {"Username": "bob@example.com", "FirstName": "Bob", "LastName": "Ray", "Email": "bob@example.com",
     "TimeZoneSidKey": "Europe/Berlin", "IsActive": "false", "ManagerId": "max@example.com"},
    {"Username": "max@example.com", "FirstName": "Max", "LastName": "Roe", "Email": "max@example.com",
     "TimeZoneSidKey": "Europe/Berlin"},
]  # fmt: skip
QUEUES = [
    {"Type": "Queue", "DeveloperName": name, "Name": name, "Email": f"{name.lower()}@queues.example.com"}
    for name in ("Intake", "Leads", "Managers")
]


def case(number: int, subject: str = "urgent: broken", **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": subject, "Status": "New", "Priority": "Medium", "OwnerId": "Intake"}
    times = {"CreatedDate": "2026-03-02T09:00:00Z", "LastModifiedDate": "2026-03-02T09:00:00Z"}
    return {**row, **times, "Project__c": "", "Site__c": "", "Steps__c": "", **more}


@dataclass
class Told:
    """A world with a program at its desk (a webhook), a mail server, and an org whose bell rings."""

    world: World
    desk: Service
    post: MailServer
    rung: int = 0

    @property
    def org(self) -> EmbeddedOrg:
        return self.world.orgs[0]

    def start(self, *cases: Row, production: bool = True, **tables: Sequence[Row]) -> EmbeddedOrg:
        """An org with these cases, and PEOPLE and QUEUES."""
        rows: Any = {"Case": cases, "Group": QUEUES, "User": PEOPLE, **tables}
        return self.world.org(production=production, **rows)

    def entry(self, **entry: Any) -> None:
        """The entry of the org in `orgs.yaml`; without settings its channels lead to the services."""
        folder = self.world.folder / "config"
        folder.mkdir(exist_ok=True)
        (folder / "orgs.yaml").write_text(json.dumps({"env": {"channels": self.channels, **entry}}))

    @property
    def channels(self) -> dict[str, Any]:
        self.world.environ |= {"DESK_TOKEN": TOKEN, "DESK_URL": self.desk.url + SECRET_PATH}
        return {
            "desk": {"url": "env:DESK_URL", "headers": {"Authorization": "env:DESK_TOKEN"}},
            "mail": {"server": self.post.url, "from": "desk@example.com"},
            "bell": {"type": "SFDC_Escalator"},
        }

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        return run(self.world, "--backlog", "escalate", *words, code=code)

    def later(self, minutes: int, *words: str, code: int = 0) -> dict[str, Any]:
        advance(self.org, f"{minutes}m")
        return self.run(*words, code=code)

    # -- what was got --------------------------------------------------------------------------------------------------

    def posts(self) -> list[dict[str, Any]]:
        """The JSON that the desk has got since it was last asked."""
        calls, self.desk.calls = self.desk.calls, list[Call]()
        assert all(call.headers["authorization"] == TOKEN for call in calls)
        return [call.json for call in calls]

    def texts(self) -> list[str]:
        """The texts that the desk has got since it was last asked, as `plain` shows them."""
        return [self.plain(one["text"]) for one in self.posts()]

    def titles(self) -> list[str]:
        return [text.partition("\n")[0] for text in self.texts()]

    def mails(self) -> list[tuple[str, str]]:
        """The recipient and the text of each mail since the last look; the first line of a text is the subject."""
        mails, self.post.mails = self.post.mails, list[Mail]()
        found = [(one.parsed["To"], one.part("plain"), one.parsed["Subject"]) for one in mails]
        assert [text.partition("\n")[0] for _, text, _ in found] == [subject for *_, subject in found]
        return sorted((to, self.plain(text)) for to, text, _ in found)

    def bells(self) -> list[tuple[str, str]]:
        """The first name of the person, and the text, of each bell since the last look."""
        asked = [one["body"] for one in self.org.requests() if one["path"].endswith("customNotificationAction")]
        rung = [one for body in asked for one in body["inputs"]]
        new, self.rung = rung[self.rung :], len(rung)
        names = {one["Id"]: one["FirstName"] for one in select(self.org, "SELECT Id, FirstName FROM User")}
        return [(names[to], self.plain(f"{one['title']}\n{one['body']}")) for one in new for to in one["recipientIds"]]

    def plain(self, text: str) -> str:
        """The text with `LINK` for a link to a case and `KEY` for a key, which differ from org to org."""
        link = rf"{re.escape(self.org.instance_url)}/lightning/r/Case/\w{{18}}/view"
        return KEY.sub("KEY", re.sub(link, "LINK", text))

    def fails(self, status: int, **headers: str) -> None:
        """Lets the program at the desk answer with this status."""
        self.desk.answers(Answer(status, headers=headers))


@contextmanager
def services(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """The services of a world whose clocks move only when a test moves them."""
    standing = SimpleNamespace(clock_gettime=lambda _: 0.0, time=lambda: 0.0)
    monkeypatch.setattr(run_clock, "time", standing)
    with ExitStack() as stack:
        world.secrets |= {TOKEN, SECRET_PATH}
        made = Told(world, stack.enter_context(Service()), stack.enter_context(MailServer()))
        made.entry()
        yield made
