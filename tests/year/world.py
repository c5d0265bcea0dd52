"""The org and the ledger of the year, in memory. They forget a case some days after it was closed for good."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.notices.people import Person
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case, Comment, FieldChange, Value
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.needs import AUTHOR, Need, Records
from sfdc_escalator.escalation.world.org import Describe, FieldInfo, OrgFacts, Queue
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd, RunStart
from sfdc_escalator.pipeline.ports.org import CasePage
from sfdc_escalator.pipeline.ports.writing import Chunk
from tests.builders import ME, case, numbered, org_facts
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.year.policy import write_policies
from tests.year.telling import YearChannels, YearOutbox

TRACKED = frozenset({"OwnerId", "Status", "Priority"})
QUEUES = (
    "Support", "Billing", "Intake", "Support_Staff", "Support_Supervisors", "Health_Safety_Legal", "Logistics_Returns",
    "East_Leads", "West_Leads", "East_Supervisors", "West_Supervisors", "Tier_1_Support", "Tier_2_Support",
    "Tier_3_Critical", "Support_Leadership", "Unsorted", "Senior_Agents", "Customer_Success", "Field_Service",
    "Directors", "Onboarding", "Sales_Contacts", "Onboarding_Managers", "Head_of_Onboarding",
)  # fmt: skip
PICKLISTS = {
    "Status": ("New", "Open", "Working", "Escalated", "On Hold", "Waiting on Legal", "Closed"),
    "Priority": ("Low", "Medium", "High", "Urgent", "Critical", "Critical Escalation"),
}
PEOPLE = tuple(numbered("005", number) for number in range(11, 16))
CUSTOMER = numbered("005", 99)


def read_policy(*names: str) -> tuple[Policy, ...]:
    """The policies with these names; the one that is not shipped where none is named."""
    with TemporaryDirectory() as folder:
        return load_policies(write_policies(Path(folder), names or ("year",))).policies


def queue_id(name: str) -> str:
    return numbered("00G", 1 + QUEUES.index(name))


@dataclass
class YearOrg(FakeOrg):
    """The org. `written` are the keys of all its notes, each with the fields that moved along; `paths` and `records`
    what the policies read of a case."""

    written: list[tuple[str, str, int]] = field(default_factory=list)
    looks: dict[str, tuple[Case, Case]] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    records: frozenset[Records] = frozenset()

    def open_case(self, number: int, given: Mapping[str, Value], queue: str = "Intake") -> str:
        """A new case with these fields; its priority is Low where none is given."""
        fields = {**dict.fromkeys(self.paths - {"CreatedDate"}), "Priority": "Low", **given, "IsClosed": False}
        made = case(number, fields, owner=queue_id(queue), created=self.now)
        status, priority = (str(made.fields[name]) for name in ("Status", "Priority"))
        fields = {**made.fields, "OwnerId": made.owner_id, "Status": status}
        none = dict[str, tuple[FieldChange, ...]].fromkeys(TRACKED, ())
        self.cases.append(replace(made, fields=fields, status=status, priority=priority, field_changes=none))
        return made.id

    def add_record(
        self, case_id: str, relation: str, beside: str = "", at: datetime | None = None, by: str = "", **row: Value
    ) -> None:
        """A record of the case, or one that counts through its contact or by the same values."""
        for need in self.records:
            if need.relation == relation and beside == (need.through or ("same" if need.same else "")):
                new = {**row, **(made_by(by) if by else {}), "CreatedDate": at or self.now}
                self.become(case_id, partial(with_row, need=need, row=new))

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Iterator[CasePage]:
        """Every field is there to be read."""
        here = (one for one in self.cases if one.id not in self.closed and not self.is_deleted(one.id))
        yield CasePage(tuple(map(self.at_first_look, here)), self.now, {})

    def at_first_look(self, one: Case) -> Case:
        """It is the same from one run to the next until somebody changes the case."""
        if self.looks.get(one.id, (None,))[0] is not one:
            self.looks[one.id] = one, super().at_first_look(one)
        return self.looks[one.id][1]

    def close(self, case_id: str) -> None:
        super().close(case_id)
        self.become(case_id, lambda one: replace(one, fields={**one.fields, "IsClosed": True}))

    def reopen(self, case_id: str) -> None:
        self.closed.discard(case_id)
        self.changed[case_id] = self.now
        self.become(case_id, lambda one: replace(one, fields={**one.fields, "IsClosed": False}))

    def take(self, case_id: str, person: str) -> None:
        self.edit(case_id, {"OwnerId": person}, person)

    def answer_customer(self, case_id: str, person: str) -> None:
        self.comment(case_id, Comment(person, self.now, "I am on it.", "agent"))

    def hear_customer(self, case_id: str, words: str) -> None:
        self.comment(case_id, Comment(CUSTOMER, self.now, words, "customer", "emails"))

    def forget(self, case_id: str) -> None:
        self.cases = [one for one in self.cases if one.id != case_id]
        self.notes = [one for one in self.notes if one.case_id != case_id]
        self.changed.pop(case_id, None)
        self.closed.discard(case_id)
        self.looks.pop(case_id, None)

    def commit(self, chunk: Chunk) -> None:
        for write in chunk.writes:
            line = write.note.rstrip().splitlines()[-1]
            self.written.append((write.key if line.startswith(write.key) else "", write.case_id, len(write.values)))
        super().commit(chunk)


@dataclass
class YearLedger(FakeLedger):
    """The ledger. `rows` are all changes, each with the time of its run; `kept` the cases of the org, whose holds count
    before they are escalated."""

    rows: list[tuple[datetime, Change]] = field(default_factory=list)
    known: dict[str, dict[str, Escalation]] = field(default_factory=dict)
    run_at: datetime | None = None
    watched: datetime | None = None
    homes: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    outbox: YearOutbox = field(default_factory=YearOutbox)
    channels: YearChannels = field(default_factory=YearChannels)

    @contextmanager
    def lease(self, start: RunStart) -> Iterator["YearLedger"]:
        self.run_at = start.org_time
        yield self

    def record(self, changes: Sequence[Change]) -> None:
        assert self.run_at is not None
        super().record(changes)
        self.rows += [(self.run_at, one) for one in changes]
        for one in (change.escalation for change in changes):
            if (before := self.homes.get(one.key)) not in (None, one.case_id):
                del self.known[before or ""][one.key]
            self.homes[one.key] = one.case_id
            self.known.setdefault(one.case_id, {})[one.key] = one
        self.changes.clear()
        self.calls.clear()

    def finish(self, result: Mapping[str, Any], end: RunEnd | None = None) -> None:
        if end:
            self.watched, self.uses = self.run_at, end.policy_uses

    def mark_live(self, routes: Sequence[tuple[str, str]]) -> None:
        self.live = [*dict.fromkeys((*self.live, *routes))]

    def hold(self, new: Hold) -> None:
        self.holds.append(replace(new, event=1 + len(self.holds)))

    def release(self, case_id: str, at: datetime) -> None:
        self.holds = [
            replace(one, released=at) if one.case_id == case_id and one.kind == "hold" and not one.released else one
            for one in self.holds
        ]

    def forget(self, case_id: str) -> None:
        self.known.pop(case_id, None)

    @property
    def by_case(self) -> Mapping[str, tuple[Escalation, ...]]:
        return {case_id: tuple(rows.values()) for case_id, rows in self.known.items()}

    def history(self, organization_id: str) -> History:
        rungs: dict[tuple[str, str], dict[str, datetime]] = {}
        for (policy, route, rung), at in self.rungs.items():
            rungs.setdefault((policy, route), {})[rung] = at
        found = History(
            self.not_over(),
            frozenset(self.live),
            frozenset({ME}),
            empty=not self.rows,
            org_time=self.watched,
        )
        here = tuple(one for one in self.holds if one.case_id in self.known or one.case_id in self.kept)
        return replace(found, rungs=rungs, holds=here, standings=self.standings, policy_uses=self.uses)


def made_by(person: str) -> dict[str, Value]:
    """The fields of a record that tell that a person made it."""
    return dict(zip(AUTHOR, (person, "Standard", True), strict=True))


def with_row(one: Case, need: Records, row: Mapping[str, Value]) -> Case:
    return replace(one, related={**one.related, need: (*one.related.get(need, ()), row)})


def new_org(now: datetime, policies: Sequence[Policy]) -> YearOrg:
    picklists = {
        name: FieldInfo(name, "picklist", values=values, restricted=True) for name, values in PICKLISTS.items()
    }
    facts = org_facts(queues=[Queue(queue_id(name), name) for name in QUEUES])
    needs = frozenset[Need]().union(*(policy.all_needs for policy in policies))
    return YearOrg(
        org_facts=replace(facts, tracked=TRACKED, describe=Describe({"Case": picklists})),
        now=now,
        paths=paths_of(needs).union(*(policy.optional_paths for policy in policies)),
        persons=[
            Person(one, f"Person {number}", True, f"person{number}@example.com", "America/Chicago", PEOPLE[0])
            for number, one in enumerate(PEOPLE)
        ],
        records=frozenset(one for one in needs if isinstance(one, Records)),
    )
