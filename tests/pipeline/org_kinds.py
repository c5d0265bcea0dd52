"""The orgs that the contract is tested with: the one in memory, and Salesforce's port over real HTTP."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.http.faults import FaultOnDemand, Faults
from sfdc_escalator.escalation.notices.people import Group, Person
from sfdc_escalator.escalation.world.case import Case, long_id
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.writing import ErrorKind, RowError
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests import builders
from tests.builders import AGENT, NOW, case, comment, email, org_facts
from tests.pipeline.fakes import FakeOrg, Fault
from tests.stories.world import advance, delete, select, write_tables

SUPPORT, BILLING = (replace(queue, id=long_id(queue.id[:15])) for queue in (builders.SUPPORT, builders.BILLING))
"""The queues with valid ids, checksum included."""
BOSS = long_id("005000000000901")
PERSONS = (
    Person(AGENT, "Ann Agent", True, "ann@example.com", "Europe/Berlin", BOSS),
    Person(BOSS, "Bo Boss", False, "bo@example.com", "America/Chicago"),
    *(Person(one, "Member", True, f"{one}@example.com", "GMT") for one in sorted(SUPPORT.members)),
)
"""The users of the orgs, beside the token's user."""
LEADS, CHIEFS = (
    Group(long_id(f"00G00000000090{n}"), name, "", frozenset({BOSS})) for n, name in enumerate(("Leads", "Chiefs"))
)
GROUPS = (
    Group(SUPPORT.id, "Support", "support@example.com", SUPPORT.members),
    Group(BILLING.id, "Billing"),
    LEADS,
    CHIEFS,
)
"""The queues, and two public groups: the chiefs are a group inside the leads."""
LONG_TEXT = "It broke.\nAgain."
SUBJECT = "It broke"
FORBIDDEN = "Not on Sundays"
TASKS = Records("Tasks")
UNKNOWN_FIELD = "Wrong__c"
"""A field that no org of the contract has."""
NOT_ON_SUNDAYS = RowError(ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", FORBIDDEN)


def cases_of(count: int, refused: Sequence[int] = ()) -> list[Case]:
    """Open cases 1, 2, 3...; a validation rule refuses to save those with the subject `FORBIDDEN`."""
    return [case(number, {"Subject": FORBIDDEN if number in refused else SUBJECT}) for number in range(1, count + 1)]


class Stage(Protocol):
    """An org with open cases, and the actions of people in it. Cases are named by id, notes by key."""

    @property
    def org(self) -> Org: ...
    def edit(self, case_id: str, status: str) -> None: ...
    def give(self, case_id: str, owner: str) -> None:
        """An agent gives the case to another owner."""

    def comment(self, case_id: str, body: str) -> None: ...
    def mail(self, case_id: str, body: str) -> None: ...
    def call(self, case_id: str) -> None:
        """An agent logs a call, which is a task of the case."""

    def close(self, case_id: str) -> None: ...
    def delete(self, case_id: str) -> None: ...
    def delete_note(self, key: str) -> None: ...
    def merge(self, loser: str, master: str) -> None: ...
    def wait(self, minutes: int) -> None: ...
    def strike(self, fault: Fault) -> None:
        """Makes the next write fail in this way."""


class FakeStage:
    def __init__(self, org: FakeOrg) -> None:
        self.org = org

    def edit(self, case_id: str, status: str) -> None:
        self.org.edit(case_id, {"Status": status})

    def give(self, case_id: str, owner: str) -> None:
        self.org.edit(case_id, {"OwnerId": owner})

    def comment(self, case_id: str, body: str) -> None:
        self.org.comment(case_id, replace(comment(body), at=self.org.now))

    def mail(self, case_id: str, body: str) -> None:
        self.org.comment(case_id, replace(email(body, speaker="agent"), at=self.org.now))

    def call(self, case_id: str) -> None:
        self.org.add(case_id, TASKS)

    def close(self, case_id: str) -> None:
        self.org.close(case_id)

    def delete(self, case_id: str) -> None:
        self.org.delete(case_id)

    def delete_note(self, key: str) -> None:
        self.org.delete_note(key)

    def merge(self, loser: str, master: str) -> None:
        self.org.merge(loser, master)

    def wait(self, minutes: int) -> None:
        self.org.now += timedelta(minutes=minutes)

    def strike(self, fault: Fault) -> None:
        self.org.faults.append(fault)


class HttpStage:
    def __init__(self, org: SalesforceOrg, embedded: EmbeddedOrg) -> None:
        self.org, self._embedded = org, embedded

    def edit(self, case_id: str, status: str) -> None:
        self._embedded.act("edit", case=case_id, fields={"Status": status}, by=AGENT)

    def give(self, case_id: str, owner: str) -> None:
        self._embedded.act("edit", case=case_id, fields={"OwnerId": owner}, by=AGENT)

    def comment(self, case_id: str, body: str) -> None:
        self._embedded.act("comment", case=case_id, text=body, by=AGENT)

    def mail(self, case_id: str, body: str) -> None:
        fields = {"ParentId": case_id, "TextBody": body, "Incoming": False, "Status": "3"}
        self._embedded.act("create", object="EmailMessage", fields=fields, by=AGENT)

    def call(self, case_id: str) -> None:
        fields = {"WhatId": case_id, "Subject": "Call", "TaskSubtype": "Call"}
        self._embedded.act("create", object="Task", fields=fields, by=AGENT)

    def close(self, case_id: str) -> None:
        self._embedded.act("close", case=case_id)

    def delete(self, case_id: str) -> None:
        self._embedded.act("delete", case=case_id)

    def delete_note(self, key: str) -> None:
        notes = select(self._embedded, "SELECT Id, CommentBody FROM CaseComment")
        (found,) = [note["Id"] for note in notes if key in note["CommentBody"]]
        delete(self._embedded, "CaseComment", found)

    def merge(self, loser: str, master: str) -> None:
        self._embedded.act("merge", case=loser, into=master)

    def wait(self, minutes: int) -> None:
        advance(self._embedded, f"{minutes}m")

    def strike(self, fault: Fault) -> None:
        self._embedded._server.faults = Faults([FaultOnDemand(fault, "POST", re.compile("/composite$"))])


class OrgKind(Protocol):
    def open(
        self, folder: Path, cases: Sequence[Case], *, proved: bool = False, patience: int = 60
    ) -> AbstractContextManager[Stage]:
        """An org with these cases, at level proved or guarded; `patience` bounds the pauses of a run."""


class FakeKind:
    @contextmanager
    def open(
        self, folder: Path, cases: Sequence[Case], *, proved: bool = False, patience: int = 60
    ) -> Iterator[FakeStage]:
        tracked = frozenset({"OwnerId", "Status", "Priority"})
        facts = org_facts(open_cases=len(cases), queues=(SUPPORT, BILLING))
        refused = {one.id: NOT_ON_SUNDAYS for one in cases if one.fields["Subject"] == FORBIDDEN}
        yield FakeStage(
            FakeOrg(
                list(cases),
                org_facts=replace(facts, tracked=tracked, level="proved" if proved else "guarded"),
                long_text={"Description": LONG_TEXT},
                refused=refused,
                unknown_fields=frozenset({UNKNOWN_FIELD}),
                patience=patience,
                persons=PERSONS,
                groups=GROUPS,
            )
        )


class HttpKind:
    @contextmanager
    def open(
        self, folder: Path, cases: Sequence[Case], *, proved: bool = False, patience: int = 60
    ) -> Iterator[HttpStage]:
        data = write_tables(folder, tables(cases))
        rule = {"kind": "validation_rule", "when": {"field": "Subject", "is": FORBIDDEN}, "message": FORBIDDEN}
        (data / "automation.json").write_text(json.dumps([rule]))
        if proved:
            (data / "Escalation_Key__c.csv").write_text("Key__c:external_id\n")
        with EmbeddedOrg(data=data, now=NOW) as embedded:
            arguments: dict[str, Any] = {"budget": float(patience), "sleep": lambda _: None}
            with SalesforceOrg(embedded.instance_url, embedded.access_token, **arguments) as org:
                yield HttpStage(org, embedded)


def tables(cases: Sequence[Case]) -> dict[str, list[dict[str, str]]]:
    groups = [
        {"Id": one.id, "Name": one.name, "DeveloperName": one.name, "Type": kind, "Email": one.email}
        for one, kind in zip(GROUPS, ("Queue", "Queue", "Regular", "Regular"), strict=True)
    ]
    inside = [(SUPPORT.id, member) for member in SUPPORT.members] + [(LEADS.id, CHIEFS.id), (CHIEFS.id, BOSS)]
    members = [{"GroupId": group, "UserOrGroupId": member} for group, member in inside]
    users = [user_row(one) for one in PERSONS]
    return {"Case": [row_of(one) for one in cases], "Group": groups, "GroupMember": members, "User": users}


def user_row(one: Person) -> dict[str, str]:
    return {
        "Id": one.id,
        "Username": f"{one.id}@example.org",
        "Name": one.name,
        "IsActive": str(one.is_active).lower(),
        "Email": one.email,
        "TimeZoneSidKey": one.timezone,
        "ManagerId": one.manager_id,
    }


def row_of(one: Case) -> dict[str, str]:
    return {
        "Id": one.id,
        "CaseNumber": one.number,
        "OwnerId": one.owner_id,
        "Status": one.status or "",
        "Priority": one.priority or "",
        "Subject": str(one.fields["Subject"]),
        "Description": LONG_TEXT,
        "CreatedDate": one.created.isoformat(),
    }


KINDS: dict[str, OrgKind] = {"in memory": FakeKind(), "Salesforce over HTTP": HttpKind()}
