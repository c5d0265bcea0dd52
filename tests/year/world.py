"""The org and the ledger of the year, in memory. They forget a case some days after it was closed for good."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Comment
from sfdc_escalator.escalation.world.history import Escalation, History
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd, RunStart
from sfdc_escalator.pipeline.ports.writing import Chunk
from tests.builders import ME, case, numbered, org_facts
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.year.policy import POLICY

TRACKED = frozenset({"OwnerId", "Status", "Priority"})
PEOPLE = tuple(numbered("005", number) for number in range(11, 16))


def read_policy() -> tuple[Policy, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "year.yaml"
        path.write_text(POLICY, encoding="utf-8")
        return load_policies([path]).policies


@dataclass
class YearOrg(FakeOrg):
    """The org. `written` are the keys of all its notes, each with the fields that moved along."""

    written: list[tuple[str, str, int]] = field(default_factory=list)

    def open_case(self, number: int, subject: str, at: datetime) -> str:
        new = case(number, {"Subject": subject, "IsClosed": False}, owner=numbered("005", 9), created=at)
        self.cases.append(replace(new, priority="Low", fields={**new.fields, "Priority": "Low"}))
        return new.id

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

    def forget(self, case_id: str) -> None:
        self.cases = [one for one in self.cases if one.id != case_id]
        self.notes = [one for one in self.notes if one.case_id != case_id]
        self.changed.pop(case_id, None)
        self.closed.discard(case_id)

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

    def history(self, organization_id: str) -> History:
        rungs: dict[tuple[str, str], dict[str, datetime]] = {}
        for (policy, route, rung), at in self.rungs.items():
            rungs.setdefault((policy, route), {})[rung] = at
        found = History(
            {case_id: tuple(rows.values()) for case_id, rows in self.known.items()},
            frozenset(self.live),
            frozenset({ME}),
            empty=not self.rows,
            org_time=self.watched,
        )
        here = tuple(one for one in self.holds if one.case_id in self.known or one.case_id in self.kept)
        return replace(found, rungs=rungs, holds=here, standings=self.standings, policy_uses=self.uses)


def new_org(now: datetime) -> YearOrg:
    return YearOrg(org_facts=replace(org_facts(), tracked=TRACKED), now=now)
