"""An org that answers by script, and a ledger in memory. See `pipeline.ports`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sfdc_escalator.errors import EscalatorError, LeaseLost, OrgUnavailable, RunBusy
from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case, FieldValues
from sfdc_escalator.escalation.world.history import Escalation, EscalationState, History
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.ledger.tables import states
from sfdc_escalator.pipeline.ports.ledger import Change, RunStart
from sfdc_escalator.pipeline.ports.org import CaseNow, KeyedNote, Poll
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk, Committed
from tests.builders import NOW, caller, org_facts

Script = Callable[[Chunk], Answer]


def commits(chunk: Chunk) -> Answer:
    return Committed("call")


def in_turn(*answers: Answer | Script, then: Script = commits) -> Script:
    """These answers, one a call; afterwards `then`."""
    left = list(answers)

    def answer(chunk: Chunk) -> Answer:
        if not left:
            return then(chunk)
        first = left.pop(0)
        return first(chunk) if callable(first) else first

    return answer


@dataclass
class FakeOrg:
    """`script` answers the writes; what it commits is what `keyed_notes` and `read_back` tell afterwards."""

    cases: list[Case] = field(default_factory=list)
    script: Script = commits
    notes: list[KeyedNote] = field(default_factory=list)
    broken: Mapping[RouteName, str] = field(default_factory=dict)
    org_facts: OrgFacts = field(default_factory=org_facts)
    long_text: Mapping[str, str] = field(default_factory=dict)
    patience: int = 1_000_000
    moved: set[str] = field(default_factory=set)
    bounced_to: Mapping[str, FieldValues] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    read_back_fails: bool = False
    unmoved_fails: bool = False
    writes: list[Chunk] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    asked_users: list[frozenset[str]] = field(default_factory=list)
    asked_unmoved: int = 0
    guard: str = "full"
    lock: Any = field(default_factory=Lock)

    retries: int = 0
    deleted: set[str] = field(default_factory=set)
    merged: Mapping[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    unpolled: list[Case] = field(default_factory=list)

    @property
    def api_calls(self) -> int:
        return len(self.writes)

    def cases_now(self, case_ids: Sequence[str], paths: frozenset[str], users: frozenset[str]) -> Mapping[str, CaseNow]:
        self.asked_users.append(users)
        here = [one for one in self.cases if one.id in case_ids and one.id not in self.unseen]
        return {one.id: self.sighting(one, users) for one in here}

    def merged_into(self, case_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        masters = {master for master in self.merged.values() if master in case_ids}
        return {one: frozenset(loser for loser, into in self.merged.items() if into == one) for one in masters}

    def sighting(self, one: Case, users: frozenset[str]) -> CaseNow:
        keys = {note.key for note in self.notes if note.case_id == one.id and note.author in users}
        master = self.merged.get(one.id)
        is_deleted = one.id in self.deleted or one.id in self.gone or master is not None
        return CaseNow(one, one.id in self.closed, is_deleted, master, frozenset(keys))

    @property
    def sent(self) -> list[list[int]]:
        """The numbers of the cases of each write, in the order of the writes."""
        return [[int(write.case_id[3:15]) for write in chunk.writes] for chunk in self.writes]

    def identify(self) -> Caller:
        return caller()

    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        return self.org_facts

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Poll:
        cases = tuple(one for one in self.cases if case in (None, one.id, one.number))
        return Poll(cases, NOW, self.broken)

    def longest_waiting(self, policies: Sequence[Policy], org_facts: OrgFacts, most: int) -> tuple[Case, ...]:
        return tuple(sorted((*self.cases, *self.unpolled), key=lambda one: one.created))[:most]

    def complete(self, cases: Sequence[Case], needs: frozenset[Need], us: frozenset[str]) -> tuple[Case, ...]:
        self.completed += [case.id for case in cases]
        more = {path: self.long_text.get(path, "") for path in paths_of(needs)}
        return tuple(with_fields(case, more) for case in cases)

    def keyed_notes(self, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
        self.asked_users.append(users)
        return tuple(note for note in self.notes if note.case_id in case_ids and note.author in users)

    def keyed_notes_everywhere(self, users: frozenset[str]) -> tuple[KeyedNote, ...]:
        self.asked_users.append(users)
        return tuple(note for note in self.notes if note.author in users)

    def write(self, chunk: Chunk) -> Answer:
        with self.lock:
            self.writes.append(chunk)
            return self.script(chunk)

    def pause(self, attempt: int) -> bool:
        self.pauses.append(attempt)
        return len(self.pauses) <= self.patience

    def unmoved(self, chunk: Chunk) -> frozenset[str]:
        self.asked_unmoved += 1
        if self.unmoved_fails:
            raise OrgUnavailable("no answer")
        return frozenset(write.case_id for write in chunk.writes) - self.moved

    def read_back(self, case_ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, FieldValues]:
        if self.read_back_fails:
            raise OrgUnavailable("no answer")
        written = {write.case_id: write for chunk in self.writes for write in chunk.writes}
        here = {case.id: case for case in self.cases}
        found: dict[str, FieldValues] = {}
        for case_id in case_ids:
            write, case = written[case_id], here[case_id]
            found[case_id] = {name: case.text_of(name) for name in fields} | dict(write.values)
        return {key: value for key, value in {**found, **self.bounced_to}.items() if key not in self.gone}


def with_fields(case: Case, more: Mapping[str, Any]) -> Case:
    return Case(
        **{name: getattr(case, name) for name in case.__dataclass_fields__ if name != "fields"},
        fields={**case.fields, **more},
    )


@dataclass
class FakeLedger:
    """Ledger and lease in one. It knows which state may follow which, as the real one does."""

    remembered: History = field(default_factory=History)
    now_state: dict[str, EscalationState] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    live: list[RouteName] = field(default_factory=list)
    finished: list[Mapping[str, Any]] = field(default_factory=list)
    started: list[RunStart] = field(default_factory=list)
    fails_from: int = 1_000_000
    busy: bool = False
    where: str = "memory"
    lock: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.now_state = {escalation.key: escalation.state for escalation in self.remembered.everything()}

    def history(self, organization_id: str) -> History:
        return self.remembered

    def head(self) -> str | None:
        return str(len(self.changes)) if self.changes else None

    @contextmanager
    def lease(self, start: RunStart) -> Iterator["FakeLedger"]:
        if self.busy:
            raise RunBusy("another run is at work", host="here", pid=1, since="now", stuck=False)
        self.started.append(start)
        yield self

    def record(self, changes: Sequence[Change]) -> None:
        with self.lock:
            self.calls.append([change.event for change in changes])
            if len(self.calls) >= self.fails_from:
                raise LeaseLost()
            for change in changes:
                key, state = change.escalation.key, change.escalation.state
                states.check(key, change.event, self.now_state.get(key), state)
                self.now_state[key] = state
            self.changes += changes

    def check(self) -> None:
        if len(self.calls) >= self.fails_from:
            raise LeaseLost()

    def mark_live(self, routes: Sequence[RouteName]) -> None:
        self.live += routes

    def finish(self, result: Mapping[str, Any]) -> None:
        self.finished.append(result)

    def events(self, case_id: str) -> list[str]:
        return [change.event for change in self.changes if change.escalation.case_id == case_id]

    def escalation(self, case_id: str) -> Escalation:
        """The newest of what is remembered of a case."""
        return [change.escalation for change in self.changes if change.escalation.case_id == case_id][-1]

    def tomorrow(self) -> History:
        """What the next run remembers."""
        return History.of(
            {change.escalation.key: change.escalation for change in self.changes}.values(),
            self.live,
            empty=not self.changes,
        )


class BrokenLedger(FakeLedger):
    """It can be read, and takes no word."""

    def record(self, changes: Sequence[Change]) -> None:
        raise EscalatorError("the ledger takes no word")


def numbers(ids: Iterable[str]) -> list[int]:
    return [int(one[3:15]) for one in ids]
