"""What the tests of the bell and of Chatter share: a channel over scripted HTTP, and one over the embedded org."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.pipeline.ports.channel import Channel
from sfdc_escalator.salesforce.line.token import Login
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.builders import NOW
from tests.salesforce.conftest import TOKEN, URL, Stage
from tests.stories.world import write_tables

CASE, ANN, OTTO = "500000000000001AAA", "005000000000002AAA", "005000000000003AAA"
QUEUE, STAFF = long_id("00G000000000001"), long_id("00G000000000002")
SECRET = "The customer lost 4711 euros."
TABLES = {
    "Case": [{"Id": CASE, "CaseNumber": "00001042", "Subject": "Help"}],
    "User": [
        {"Id": ANN, "Username": "ann@example.com", "LastName": "Ash", "IsActive": "true"},
        {"Id": OTTO, "Username": "otto@example.com", "LastName": "Old", "IsActive": "false"},
    ],
    "Group": [
        {"Id": QUEUE, "Name": "Support", "DeveloperName": "Support", "Type": "Queue"},
        {"Id": STAFF, "Name": "Staff", "DeveloperName": "Staff", "Type": "Regular"},
    ],
}


def message(**changed: Any) -> Message:
    """A message to Ann about a case."""
    given: dict[str, Any] = {
        "id": "5f" * 16,
        "kind": "start",
        "title": "ESCALATION 00001042: supervisor-request",
        "lines": (Line("Account", "Acme", kept=True), Line("Reason", SECRET)),
        "links": (Link("Case", "https://acme.my.salesforce.com/lightning/r/Case/500000000000001AAA/view"),),
        "key": "ESC-7Q4M-2K9D-X3TR",
        "case_id": CASE,
        "case_number": "00001042",
        "to": ANN,
    }
    return Message(**{**given, **changed})


@contextmanager
def an_org(folder: Path, rules: list[dict[str, Any]] | None = None, **tables: Any) -> Iterator[EmbeddedOrg]:
    data = write_tables(folder, {**TABLES, **tables})
    (data / "automation.json").write_text(json.dumps(rules or []))
    with EmbeddedOrg(data=data, now=NOW) as org:
        yield org


@contextmanager
def channel_in(org: EmbeddedOrg, kind: str, settings: Mapping[str, Any] | None = None) -> Iterator[Channel]:
    with SalesforceOrg(org.instance_url, org.access_token, budget=60, sleep=never) as found:
        yield found.channel(kind, settings or {})


def never(seconds: float) -> None:
    raise AssertionError(f"a channel waits {seconds} seconds")


def requests_to(org: EmbeddedOrg, path: str) -> list[Any]:
    """The bodies of the requests to this resource."""
    return [one["body"] for one in org.requests() if one["path"].endswith(path)]


def scripted(stage: Stage, kind: str, login: Login | None = None) -> Channel:
    """The channel over scripted HTTP, with an org that never waits."""
    stage.org.close()
    stage.org = SalesforceOrg(URL, TOKEN, login=login, budget=60, sleep=never)
    return stage.org.channel(kind, {})
