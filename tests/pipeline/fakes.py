"""An org and a ledger in memory. See `pipeline.ports`; `test_org_contract` holds the rules of the org."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Literal, TypeVar

from sfdc_escalator.errors import EscalatorError, LeaseLost, OrgUnavailable, RunBusy
from sfdc_escalator.escalation.conditions.tree import lookups_of, paths_of
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.notices.people import Group, People, Person
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.saved.since import CaseSince, Changes, ChangeSince, CommentSince
from sfdc_escalator.escalation.world.case import Case, Comment, FieldChange, FieldValues
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import RouteName, RungName, key_of
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing
from sfdc_escalator.escalation.world.needs import Answered, FieldChanges, Lookup, Messages, Need, Records
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import SelfCheck, Waitlist
from sfdc_escalator.ledger.tables import states
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd, RunStart
from sfdc_escalator.pipeline.ports.org import CaseNow, CasePage, KeyedNote
from sfdc_escalator.pipeline.ports.outbox import PostOffice
from sfdc_escalator.pipeline.ports.writing import (
    Answer,
    Chunk,
    Committed,
    ErrorKind,
    Moved,
    NotExecuted,
    RolledBack,
    RowError,
    Unknown,
)
from tests.builders import AGENT, ME, NOW, caller, org_facts
from tests.pipeline.outboxes import FakeChannels, MemoryOutbox

Script = Callable[[Chunk], Answer]
Fault = Literal["lock", "limit", "lose"]
MARGIN = timedelta(seconds=2)
LOCKED = RowError(ErrorKind.LOCK, "UNABLE_TO_LOCK_ROW", "another transaction holds the row")
KNOWN_KEY = RowError(ErrorKind.DUPLICATE, "DUPLICATE_VALUE", "the key is there already")


def commits(chunk: Chunk) -> Answer:
    return Committed("call")


def in_turn(*answers: Answer | Script, then: Script = commits) -> Script:
    """Gives these answers, one per call; afterwards `then`."""
    left = list(answers)

    def answer(chunk: Chunk) -> Answer:
        if not left:
            return then(chunk)
        first = left.pop(0)
        return first(chunk) if callable(first) else first

    return answer


@dataclass
class FakeOrg:
    """An org in memory. It answers a write as an org does, or by `script`, and keeps committed writes.

    A test may say what the org refuses (`refused`), what befalls the next writes (`faults`), and act as its people:
    `edit`, `comment`, `add`, `close`, `delete`, `delete_note`, `merge`. `moved` names cases that count as changed since
    any poll, `gone` cases that are deleted right after a write; `page` is the size of a page of a poll. A case that the
    org does not know passes the guard, so that a test of writes needs no cases. Edits have a history where the facts
    say that the field is tracked.
    """

    cases: list[Case] = field(default_factory=list)
    script: Script | None = None
    notes: list[KeyedNote] = field(default_factory=list)
    broken: Mapping[RouteName, str] = field(default_factory=dict)
    unknown_fields: frozenset[str] = frozenset()
    org_facts: OrgFacts = field(default_factory=org_facts)
    long_text: Mapping[str, str] = field(default_factory=dict)
    patience: int = 1_000_000
    moved: set[str] = field(default_factory=set)
    refused: Mapping[str, RowError] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    bounced_to: Mapping[str, FieldValues] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    read_back_fails: bool = False
    unmoved_fails: bool = False
    writes: list[Chunk] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    asked_users: list[frozenset[str]] = field(default_factory=list)
    asked_unmoved: int = 0
    page: int = 2
    guard: str = "full"
    lock: Any = field(default_factory=Lock)

    now: datetime = NOW
    retries: int = 0
    deleted: set[str] = field(default_factory=set)
    deleted_notes: set[str] = field(default_factory=set)
    merged: Mapping[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    unpolled: list[Case] = field(default_factory=list)
    changed: dict[str, datetime] = field(default_factory=dict)
    persons: Sequence[Person] = ()
    groups: Sequence[Group] = ()
    asked_people: list[frozenset[str]] = field(default_factory=list)

    # -- what its people do --------------------------------------------------------------------------------------------

    def edit(self, case_id: str, values: FieldValues, by: str = AGENT) -> None:
        self.changed[case_id] = self.now
        self.become(case_id, lambda one: self.with_history(one, values, by).with_values(values))

    def with_history(self, one: Case, values: FieldValues, by: str) -> Case:
        """The case with a row in the history of each tracked field that takes another value."""
        tracked = self.org_facts.tracked or frozenset()
        new = {name: values[name] for name in values if name in tracked and one.text_of(name) != values[name]}
        rows = {name: FieldChange(self.now, one.text_of(name), value, by) for name, value in new.items()}
        changes = {name: (*one.field_changes.get(name, ()), row) for name, row in rows.items()}
        return replace(one, field_changes={**one.field_changes, **changes})

    def comment(self, case_id: str, said: Comment) -> None:
        self.become(case_id, lambda one: replace(one, comments=(*one.comments, said)))

    def add(self, case_id: str, need: Records) -> None:
        """Adds a child record of this kind to the case."""
        row = {"CreatedDate": self.now}
        self.become(case_id, lambda one: replace(one, related={**one.related, need: (*one.related.get(need, ()), row)}))

    def become(self, case_id: str, other: Callable[[Case], Case]) -> None:
        self.cases = [other(one) if one.id == case_id else one for one in self.cases]

    def close(self, case_id: str) -> None:
        self.changed[case_id] = self.now
        self.closed.add(case_id)

    def delete(self, case_id: str) -> None:
        self.deleted.add(case_id)

    def delete_note(self, key: str) -> None:
        self.deleted_notes.add(key)

    def merge(self, loser: str, master: str) -> None:
        """Merges the case: its notes are on the master afterwards."""
        self.merged = {**self.merged, loser: master}
        self.changed[master] = self.now
        self.notes = [replace(note, case_id=master) if note.case_id == loser else note for note in self.notes]

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def api_calls(self) -> int:
        return len(self.writes)

    def identify(self) -> Caller:
        return caller(self.now)

    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        return self.org_facts

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Iterator[CasePage]:
        here = [one for one in self.cases if one.id not in self.unseen and not self.is_deleted(one.id)]
        cases = [one for one in here if (case in (one.id, one.number) if case else one.id not in self.closed)]
        first_looks = [self.at_first_look(one) for one in sorted(cases, key=lambda one: one.id)]
        broken, at = {**self.broken, **self.unreadable(policies)}, self.now
        for start in range(0, max(1, len(first_looks)), self.page):
            yield CasePage(tuple(first_looks[start : start + self.page]), at, broken)

    def unreadable(self, policies: Sequence[Policy]) -> dict[RouteName, str]:
        """The routes that read a field that the org does not have."""
        routes = ((policy, route) for policy in policies for route in policy.routes)
        unknown = {
            (policy.name, route.name): sorted(paths_of(policy.needs([route])) & self.unknown_fields)
            for policy, route in routes
        }
        return {name: f"{paths[0]} is not a field of the org" for name, paths in unknown.items() if paths}

    def longest_waiting(self, policies: Sequence[Policy], org_facts: OrgFacts, most: int) -> tuple[Case, ...]:
        return tuple(sorted((*self.cases, *self.unpolled), key=lambda one: one.created))[:most]

    def at_first_look(self, one: Case) -> Case:
        """Without long text, and without everything that is read in a second look."""
        fields = {path: value for path, value in one.fields.items() if path not in self.long_text}
        return replace(one, fields=fields, comments=(), field_changes={}, related={}, answers={})

    def complete(self, cases: Sequence[Case], needs: frozenset[Need], us: frozenset[str]) -> tuple[Case, ...]:
        self.completed += [case.id for case in cases]
        lookups = lookups_of(needs)
        sources = {one.source for one in lookups if isinstance(one, Messages)}
        known = {one.id: one for one in (*self.cases, *self.unpolled)}
        return tuple(
            self.at_second_look(case, known.get(case.id, case), paths_of(needs), sources, us) for case in cases
        )

    def at_second_look(
        self, case: Case, known: Case, paths: Collection[str], sources: Collection[str], us: frozenset[str]
    ) -> Case:
        here = (one for one in known.comments if one.source in sources)
        said = (one for one in here if one.source == "emails" or one.author not in us)
        return replace(
            case,
            fields={**{path: self.long_text.get(path, "") for path in paths}, **case.fields},
            comments=tuple(by_person(one, one.author, us) for one in said if key_of(one.body) is None),
            field_changes={
                path: tuple(by_person(one, one.by, us) for one in changes)
                for path, changes in known.field_changes.items()
            },
            related=known.related,
            answers=known.answers,
        )

    def touched(self, since: datetime, needs: frozenset[Lookup]) -> frozenset[str] | None:
        if any(
            isinstance(need, Answered) or (isinstance(need, Records) and (need.through or need.same)) for need in needs
        ):
            return None
        since = since.replace(microsecond=0)  # as precise as the times of records
        here = [one for one in self.cases if not self.is_deleted(one.id)]
        return frozenset(one.id for one in here if any(at >= since for need in needs for at in times_of(one, need)))

    def keyed_notes(self, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
        self.asked_users.append(users)
        return tuple(note for note in self.in_order(users) if note.case_id in case_ids)

    def keyed_notes_everywhere(self, users: frozenset[str]) -> tuple[KeyedNote, ...]:
        self.asked_users.append(users)
        return tuple(note for note in self.in_order(users) if note.key not in self.deleted_notes)

    def in_order(self, users: frozenset[str]) -> list[KeyedNote]:
        return sorted((note for note in self.notes if note.author in users), key=lambda note: note.at)

    def cases_now(self, case_ids: Sequence[str], paths: frozenset[str], users: frozenset[str]) -> Mapping[str, CaseNow]:
        self.asked_users.append(users)
        here = [one for one in self.cases if one.id in case_ids and one.id not in self.unseen]
        return {one.id: self.case_now(one, users) for one in here}

    def case_now(self, one: Case, users: frozenset[str]) -> CaseNow:
        keys = {note.key for note in self.notes if note.case_id == one.id and note.author in users}
        is_closed, master = one.id in self.closed, self.merged.get(one.id)
        return CaseNow(self.at_first_look(one), is_closed, self.is_deleted(one.id), master, frozenset(keys))

    def cases_since(self, case_ids: Sequence[str], when: datetime) -> tuple[Mapping[str, CaseSince], datetime]:
        here = [one for one in self.cases if one.id in case_ids and one.id not in self.unseen]
        return {one.id: self.case_since(one, when.replace(microsecond=0)) for one in here}, self.now

    def case_since(self, one: Case, when: datetime) -> CaseSince:
        notes = [note for note in self.notes if note.case_id == one.id]
        ours = [CommentSince(n.author, "", n.at, n.key, n.key in self.deleted_notes) for n in notes]
        said = [CommentSince(c.author, self.name_of(c.author), c.at, key_of(c.body)) for c in one.comments]
        return CaseSince(
            one.id,
            one.number,
            {name: one.text_of(name) for name in ("OwnerId", "Status", "Priority")},
            self.changed.get(one.id, one.created),
            one.id in self.closed,
            self.is_deleted(one.id),
            self.merged.get(one.id),
            tuple(sorted((c for c in (*ours, *said) if c.at >= when), key=lambda c: c.at)),
        )

    def changes_since(self, case_ids: Sequence[str], when: datetime) -> Changes:
        when = when.replace(microsecond=0)
        found = {one.id: one.field_changes for one in self.cases if one.id in case_ids}
        return {
            case_id: {
                name: ChangeSince(rows[-1].by, self.name_of(rows[-1].by), rows[-1].at)
                for name, rows in changes.items()
                if rows and rows[-1].at >= when
            }
            for case_id, changes in found.items()
        }

    def name_of(self, user: str) -> str:
        return next((one.name for one in self.persons if one.id == user), "")

    def is_deleted(self, case_id: str) -> bool:
        return case_id in self.deleted or case_id in self.merged

    def merged_into(self, case_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        masters = {master for master in self.merged.values() if master in case_ids}
        return {one: frozenset(loser for loser, into in self.merged.items() if into == one) for one in masters}

    def people(self, ids: Sequence[str]) -> People:
        self.asked_people.append(frozenset(ids))
        asked = {one[:15] for one in ids}
        users = [one for one in self.persons if one.id[:15] in asked]
        managers = [one for one in self.persons if one.id in {user.manager_id for user in users}]
        groups = (one for one in self.groups if one.id[:15] in asked)
        return People({one.id: one for one in (*managers, *users)}, {one.id: one for one in groups})

    # -- writing -------------------------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[list[int]]:
        """The numbers of the cases of each write, in the order of the writes."""
        return [numbers(write.case_id for write in chunk.writes) for chunk in self.writes]

    def write(self, chunk: Chunk) -> Answer:
        with self.lock:
            self.writes.append(chunk)
            fault = self.faults.pop(0) if self.faults else None
            if fault == "limit":
                return NotExecuted("REQUEST_LIMIT_EXCEEDED", fatal=True)
            answer = self.script(chunk) if self.script else self.answer(chunk, locked=fault == "lock")
            if isinstance(answer, Committed):
                self.commit(chunk)
            return Unknown("no answer came") if fault == "lose" else answer

    def answer(self, chunk: Chunk, *, locked: bool) -> Answer:
        case_ids = {write.case_id for write in chunk.writes}
        if not case_ids <= self.fresh(chunk):
            return Moved()
        if self.org_facts.level == "proved" and (twice := self.known_keys(chunk)):
            return rolled_back(dict.fromkeys(twice, KNOWN_KEY))
        if locked:
            return rolled_back({chunk.writes[0].case_id: LOCKED})
        refused = {case_id: self.refused[case_id] for case_id in case_ids & self.refused.keys()}
        return rolled_back(refused) if refused else Committed("call")

    def known_keys(self, chunk: Chunk) -> list[str]:
        known = {note.key for note in self.notes}
        return [write.case_id for write in chunk.writes if write.key in known]

    def fresh(self, chunk: Chunk) -> frozenset[str]:
        """The cases that the guard lets pass: nobody changed them, and we did not comment on them, since the poll."""
        before = chunk.polled_at - MARGIN
        ours = {note.case_id for note in self.notes if note.author == ME and note.at >= before}
        changed = {case_id for case_id, at in self.changed.items() if at > before}
        case_ids = {write.case_id for write in chunk.writes}
        away = {case_id for case_id in case_ids if self.is_deleted(case_id)}
        return frozenset(case_ids - ours - changed - away - self.moved)

    def commit(self, chunk: Chunk) -> None:
        self.deleted |= self.gone & {write.case_id for write in chunk.writes}
        for write in chunk.writes:
            line = write.note.rstrip().splitlines()[-1].strip()
            self.notes.append(KeyedNote(write.key, line, write.case_id, ME, self.now, write.published))
            if write.values:
                self.edit(write.case_id, write.values, ME)

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        self.pauses.append(attempt)
        return len(self.pauses) <= self.patience

    def unmoved(self, chunk: Chunk) -> frozenset[str]:
        self.asked_unmoved += 1
        if self.unmoved_fails:
            raise OrgUnavailable("no answer")
        return self.fresh(chunk)

    def read_back(self, case_ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, FieldValues]:
        if self.read_back_fails:
            raise OrgUnavailable("no answer")
        here = [one for one in self.cases if one.id in case_ids and not self.is_deleted(one.id)]
        found = {one.id: {name: one.text_of(name) for name in fields} for one in here}
        return {**found, **self.bounced_to}


Act = TypeVar("Act", Comment, FieldChange)


def by_person(act: Act, author: str, us: frozenset[str]) -> Act:
    return replace(act, by_person=False) if author in us else act


def times_of(one: Case, need: Lookup) -> list[datetime]:
    """The times of what others did to the case, of the kind that is needed."""
    if isinstance(need, Messages):
        return [said.at for said in one.comments if said.source == need.source and said.author != ME]
    if isinstance(need, FieldChanges):
        return [change.at for change in one.field_changes.get(need.path, ()) if change.by != ME]
    rows = [row for kind, rows in one.related.items() if alike(kind, need) for row in rows]
    return [at for row in rows if isinstance(at := row["CreatedDate"], datetime)]


def alike(kind: Records, need: Lookup) -> bool:
    return isinstance(need, Records) and kind.relation == need.relation and not (kind.through or kind.same)


def rolled_back(rows: Mapping[str, RowError]) -> RolledBack:
    return RolledBack(rows, next(iter(rows.values())))


@dataclass
class FakeLedger:
    """Ledger and lease in one. It has the same rules for changes of state as the real one."""

    remembered: History = field(default_factory=History)
    now_state: dict[str, EscalationState] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    live: list[RouteName] = field(default_factory=list)
    finished: list[Mapping[str, Any]] = field(default_factory=list)
    waitlists: list[Waitlist] = field(default_factory=list)
    started: list[RunStart] = field(default_factory=list)
    rungs: dict[RungName, datetime] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    standings: dict[str, tuple[Standing, str]] = field(default_factory=dict)
    uses: PolicyUses = field(default_factory=dict)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    channels: FakeChannels = field(default_factory=FakeChannels)
    fails_from: int = 1_000_000
    busy: bool = False
    where: str = "memory"
    lock: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.now_state = {escalation.key: escalation.state for escalation in self.remembered.everything()}
        known = self.remembered.rungs.items()
        self.rungs = {(*name, rung): at for name, rungs in known for rung, at in rungs.items()}
        self.holds, self.standings = list(self.remembered.holds), dict(self.remembered.standings)

    @property
    def by_case(self) -> Mapping[str, tuple[Escalation, ...]]:
        """Everything that it has when a run begins, over or not."""
        return self.remembered.by_case

    def not_over(self) -> Mapping[str, tuple[Escalation, ...]]:
        return {case_id: some for case_id, some in self.by_case.items() if not all(one.is_over for one in some)}

    def history(self, organization_id: str) -> History:
        return replace(self.remembered, by_case=self.not_over())

    def past(
        self, organization_id: str, case_ids: Collection[str], keys: Collection[str] = ()
    ) -> tuple[Escalation, ...]:
        if not case_ids and not keys:
            return ()
        found = self.by_case.items()
        return tuple(
            one for home, some in found if home in case_ids or any(one.key in keys for one in some) for one in some
        )

    def self_check(self, organization_id: str) -> SelfCheck:
        return SelfCheck()

    def head(self, organization_id: str | None = None) -> str | None:
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
            self.outbox.record(changes)

    @property
    def post(self) -> PostOffice:
        return PostOffice(self.outbox, self.channels)

    def check(self) -> None:
        if len(self.calls) >= self.fails_from:
            raise LeaseLost()

    def mark_live(self, routes: Sequence[RouteName]) -> None:
        self.live += routes

    def see_rungs(self, seen: Mapping[RungName, datetime], gone: Collection[RungName]) -> None:
        self.rungs = {name: first for name, first in self.rungs.items() if name not in gone}
        self.rungs = dict(seen) | self.rungs

    def record_holds(self, new: Sequence[Hold], ended: Sequence[Hold]) -> None:
        ends = {one.event: one for one in ended}
        self.holds = [ends.get(one.event, one) for one in self.holds]
        self.holds += [replace(one, event=1 + number) for number, one in enumerate(new, len(self.holds))]

    def queue(self, notices: Sequence[Notice]) -> None:
        self.outbox.queue(notices)

    def keep_standings(self, standings: Mapping[str, tuple[Standing, str]]) -> None:
        self.standings = dict(standings)

    def finish(self, result: Mapping[str, Any], end: RunEnd | None = None) -> None:
        self.finished.append(result)
        if end:
            self.waitlists.append(end.waitlist)
            self.uses = end.policy_uses

    def events(self, case_id: str) -> list[str]:
        return [change.event for change in self.changes if change.escalation.case_id == case_id]

    def escalation(self, case_id: str) -> Escalation:
        """The newest escalation of a case."""
        return [change.escalation for change in self.changes if change.escalation.case_id == case_id][-1]

    def tomorrow(self) -> History:
        """The history of the next run."""
        history = History.of(
            {change.escalation.key: change.escalation for change in self.changes}.values(),
            self.live,
            empty=not self.changes,
        )
        rungs: dict[RouteName, dict[str, datetime]] = {}
        for (policy, route, rung), at in self.rungs.items():
            rungs.setdefault((policy, route), {})[rung] = at
        return replace(
            history,
            rungs=rungs,
            holds=tuple(self.holds),
            standings=self.standings,
            policy_uses=self.uses,
        )


class BrokenLedger(FakeLedger):
    """A ledger that can be read but not written."""

    def record(self, changes: Sequence[Change]) -> None:
        raise EscalatorError("the ledger takes no word")


def numbers(ids: Iterable[str]) -> list[int]:
    return [int(one[3:15]) for one in ids]
