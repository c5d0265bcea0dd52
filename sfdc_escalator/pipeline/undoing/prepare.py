"""The plan of an undo: what became of each case since, what goes back, and the notes. Reads only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sfdc_escalator.escalation.decisions.draft import in_a_row
from sfdc_escalator.escalation.notices.people import People
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.undoing.fields import PutBack, owner_given_back, put_back
from sfdc_escalator.escalation.undoing.proved import TAKEN_BACK, written_rungs
from sfdc_escalator.escalation.undoing.undo import Basis, Undo, UndoState, left, not_sent, order_of
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.changes import escalation_found
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.ports.undoing import UndoTrail
from sfdc_escalator.pipeline.preparing.recover import Settled
from sfdc_escalator.pipeline.undoing.reading import (
    CasesRead,
    names_of,
    paths_read,
    people_in,
    read_cases,
    settle,
    with_histories,
)
from sfdc_escalator.pipeline.undoing.targets import (
    Wanted,
    identity_of,
    recalled,
    settled_already,
    start_of,
    targets,
    written_with,
)

MERGED = "it was merged into case {}, which is left as it is"
ONE_PER_CASE = "another undo on this case comes first; type the same command again for this one"
UNSEEN = "this user cannot see the case any more"
FOUND = "its note was found in the org: another ledger has this undo"


@dataclass(frozen=True, slots=True)
class PreparedUndo:
    """The undos, in the order of the command. `settled` and `found` were found by reading; a live undo stores them.
    `cases` are the open ones, by id, and `names` those of users and queues."""

    undos: tuple[Undo, ...]
    org_facts: OrgFacts
    history: History
    settled: tuple[Settled, ...]
    found: tuple[Change, ...]
    polled_at: datetime
    cases: Mapping[str, Case] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the orders are made from."""

    wanted: Wanted
    history: History
    org_facts: OrgFacts
    policies: Mapping[str, Policy]
    read: CasesRead
    cases: Mapping[str, Case]
    back: Mapping[str, PutBack]
    people: People

    @property
    def names(self) -> Mapping[str, str]:
        return names_of(self.people, self.org_facts)


def prepare_undo(
    org: Org,
    caller: Caller,
    remembered: History,
    recall: Recall,
    policies: Sequence[Policy],
    wanted: Wanted,
    trail: UndoTrail,
    *,
    waits: bool,
) -> PreparedUndo:
    """Everything but the notices. With `waits` cases that changed a moment ago are read again. Raises Invalid for what
    cannot be undone."""
    us, organization_id = remembered.users | {caller.user_id}, caller.organization_id
    remembered = recalled(wanted, remembered, trail, recall)
    chosen = targets(wanted, remembered, trail)
    settled, history = settle(org, caller, remembered, chosen, us)
    chosen = tuple(history.find(one.key) or one for one in chosen)
    org_facts = org.facts(caller, policies)
    ends = {one.key: settled_already(one, history, organization_id) for one in chosen}
    looked_at = [one for one in chosen if ends[one.key] is None]
    case_ids = {one.case_id for one in looked_at}
    read = read_cases(org, caller, case_ids, paths_read(policies, looked_at, org_facts), us, waits=waits)
    ids = {one.key: undo_of(one, history, organization_id) for one in looked_at}
    ends |= {one.key: ended_since(one, ids[one.key], read) for one in looked_at}
    found = tuple(change for one in looked_at for change in found_of(one, ids[one.key], history, read))
    left_over = [one for one in looked_at if ends[one.key] is None]
    cases = with_histories(org, (read.seen[one.case_id].case for one in left_over), us)
    back = {one.key: put_back(cases[one.case_id], written_with(one, history), us) for one in left_over}
    by_name = {policy.name: policy for policy in policies}
    people = people_in(org, back.values())
    facts = Facts(wanted, history, org_facts, by_name, read, cases, back, people)
    undos = [ends[one.key] or planned(one, ids[one.key], facts) for one in chosen]
    return PreparedUndo(tuple(one_per_case(undos)), org_facts, history, settled, found, read.at, cases, facts.names)


def undo_of(target: Escalation, history: History, organization_id: str) -> Identity:
    return identity_of(target, start_of(target, history), organization_id).undo


def ended_since(target: Escalation, identity: Identity, read: CasesRead) -> Undo | None:
    """The undo that the state of its case ends, or the note of another ledger."""
    seen = read.seen.get(target.case_id)
    if seen is None:
        return left(target, identity, UndoState.REJECTED, UNSEEN)
    if seen.master_id:
        master = read.seen.get(seen.master_id)
        number = master.case.number if master else seen.master_id
        return left(target, identity, UndoState.GONE, MERGED.format(number))
    if seen.is_deleted:
        return left(target, identity, UndoState.GONE, "its case was deleted")
    if identity.key in read.notes:
        return left(target, identity, UndoState.ALREADY, FOUND)
    if seen.is_closed:
        return left(target, identity, UndoState.CLOSED, "its case is closed: it is left as it is")
    return None


def found_of(target: Escalation, identity: Identity, history: History, read: CasesRead) -> Iterator[Change]:
    """The undo that another ledger wrote, for this one."""
    note = read.notes.get(identity.key)
    if note is None or note.case_id != target.case_id:
        return
    undo = replace(escalation_found(identity, note.at), start_key=start_of(target, history).key)
    yield Change("found", undo, target.case_number, "")
    for one in takes_back(target, history):
        undone = replace(one, state=EscalationState.UNDONE, message="")
        yield Change("undone", undone, one.case_number, "", facts={"undo": identity.key})


def takes_back(target: Escalation, history: History) -> tuple[Escalation, ...]:
    """The escalations that become undone with this one."""
    rungs = tuple(written_rungs(target, history)) if target.is_start else ()
    return (*([target] if target.state in TAKEN_BACK else []), *rungs)


def planned(target: Escalation, identity: Identity, facts: Facts) -> Undo:
    """The undo with its order; rejected where the owner from before cannot own the case any more."""
    case, back, policy = facts.cases[target.case_id], facts.back[target.key], facts.policies.get(target.policy)
    note = facts.read.notes.get(target.key)
    earlier = facts.history.find(identity.key)
    basis = Basis(
        takes_back=takes_back(target, facts.history),
        why=facts.wanted.why,
        by=facts.wanted.by,
        names=facts.names,
        published=note.published if note else False,
        together=policy.together if policy else False,
        digest=policy.digest if policy else "",
    )
    order = order_of(target, identity, case, back, basis)
    order = replace(
        order,
        start_key=start_of(target, facts.history).key,
        rejections=in_a_row(earlier, EscalationState.REJECTED),
        deferrals=in_a_row(earlier, EscalationState.PLANNED),
    )
    undo = Undo(target, identity, UndoState.PLANNED, "", order.steps, back.touched, order)
    refusal = owner_refused(owner_given_back(back.steps), facts)
    return not_sent(undo, UndoState.REJECTED, refusal) if refusal else undo


def owner_refused(owner: str | None, facts: Facts) -> str | None:
    """The reason for which the owner from before cannot get the case back."""
    if owner is None or owner in {one.id for one in facts.org_facts.queues.values()}:
        return None
    if person := facts.people.persons.get(owner):
        return None if person.is_active else f"the owner from before, {person.name}, is not active any more"
    if group := facts.people.groups.get(owner):
        return f"the owner from before, {group.name}, is not a queue for cases any more"
    return f"the owner from before, {owner}, does not exist any more"


def one_per_case(undos: Iterable[Undo]) -> list[Undo]:
    """Of several on one case the newest is sent; the others follow with the next command."""
    found = list(undos)
    newest: dict[str, Undo] = {}
    for one in found:
        first = newest.setdefault(one.target.case_id, one) if one.order else one
        if one.order and first is not one and is_newer(one, first):
            newest[one.target.case_id] = one
    sent = {one.key for one in newest.values()}
    waits = [bool(one.order) and one.key not in sent for one in found]
    return [
        not_sent(one, UndoState.DEFERRED, ONE_PER_CASE) if wait else one for one, wait in zip(found, waits, strict=True)
    ]


def is_newer(one: Undo, other: Undo) -> bool:
    return (one.target.tried_at is not None) and (
        other.target.tried_at is None or one.target.tried_at > other.target.tried_at
    )
