"""The reading behind an undo: unknown outcomes, the cases with their notes and histories, people. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.notices.people import People
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import FIELD_OF
from sfdc_escalator.escalation.undoing.fields import PutBack, names_shown
from sfdc_escalator.escalation.undoing.proved import undone_by_notes
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.needs import FieldChanges, Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.org import CaseNow, KeyedNote, Org
from sfdc_escalator.pipeline.preparing.recover import Settled, all_cases_now, recover

LAST_CHANGE = "LastModifiedDate"
MARGIN = timedelta(seconds=2)
"""The guard lets no case pass that changed less than this before it was read."""
TRIES = 5
HISTORIES = frozenset[Need](FieldChanges(name) for name in FIELD_OF.values())


@dataclass(frozen=True, slots=True)
class CasesRead:
    """The cases as they are now, by id, and our notes on them, by key. `at` is the org's time before they were read."""

    at: datetime
    seen: Mapping[str, CaseNow]
    notes: Mapping[str, KeyedNote]


def settle(
    org: Org, caller: Caller, history: History, chosen: Iterable[Escalation], us: frozenset[str]
) -> tuple[tuple[Settled, ...], History]:
    """The unknown outcomes on the cases of these that can be settled now, and the history with them."""
    case_ids = {one.case_id for one in chosen}
    beside = History.of(one for one in history.everything() if one.case_id in case_ids)
    settled = recover(org, beside, frozenset(), us, caller.now)
    history = history.with_escalations(one.escalation for one in settled)
    undone = tuple(undone_by_notes(history))
    return (*settled, *(Settled("undone", one) for one in undone)), history.with_escalations(undone)


def paths_read(policies: Sequence[Policy], chosen: Sequence[Escalation], org_facts: OrgFacts) -> frozenset[str]:
    """The fields for the guard and for the notices."""
    about = [policy for policy in policies if any(one.policy == policy.name for one in chosen)]
    needs = frozenset[Need]().union(*(policy.needs() for policy in about))
    said = org_facts.describe.readable(path for policy in about for path in policy.optional_paths)
    return paths_of(needs) | said | {LAST_CHANGE}


def read_cases(
    org: Org, caller: Caller, case_ids: set[str], paths: frozenset[str], us: frozenset[str], *, waits: bool
) -> CasesRead:
    """The cases, the masters that they were merged into, and our notes. With `waits` they are read again while the
    guard would not let them pass, because one of them changed a moment ago."""
    for attempt in range(1, TRIES + 1):
        seen = all_cases_now(org, case_ids, paths, frozenset())
        notes = {one.key: one for one in org.keyed_notes(sorted(case_ids), us)} if case_ids else {}
        read = CasesRead(caller.now, seen, notes)
        if not waits or passes_guard(read) or attempt == TRIES or not org.pause(attempt):
            break
        caller = org.identify()
    return read


def passes_guard(read: CasesRead) -> bool:
    """True where no case and no note of ours changed so shortly before they were read that the guard stops them."""
    changed = (one.case.fields.get(LAST_CHANGE) for one in read.seen.values())
    times = [at for at in changed if isinstance(at, datetime)] + [one.at for one in read.notes.values()]
    return all(at < read.at - MARGIN for at in times)


def with_histories(org: Org, cases: Iterable[Case], us: frozenset[str]) -> Mapping[str, Case]:
    """The cases with the history of each field that steps write, as far as the org keeps it."""
    known = {one.id: one for one in cases}
    return {one.id: one for one in org.complete(list(known.values()), HISTORIES, us)} if known else {}


def people_in(org: Org, found: Iterable[PutBack]) -> People:
    """The users and queues that these name."""
    ids = {one for back in found for one in names_shown(*back)}
    return org.people(sorted(ids)) if ids else People()


def names_of(people: People, org_facts: OrgFacts) -> Mapping[str, str]:
    queues = {one.id: one.name for one in org_facts.queues.values()}
    persons = {one.id: one.name for one in people.persons.values()}
    return {**{one.id: one.name for one in people.groups.values()}, **persons, **queues}
