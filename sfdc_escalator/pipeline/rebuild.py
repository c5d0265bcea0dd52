"""A lost ledger, read back from the org: every note of ours with a key on its last line is an applied escalation.

The rest stays lost: adopted backlogs, rejections and their waiting times, the trail itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.undoing.proved import undone_by_notes
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.keys import identity_on
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.closing import close_failed
from sfdc_escalator.pipeline.ports.ledger import Change, Lease, Ledger, RunStart
from sfdc_escalator.pipeline.ports.org import KeyedNote, Org
from sfdc_escalator.pipeline.preparing.keys_found import FOUND, taken_in


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`taken` are the escalations that the ledger now knows as applied, `known` counts those it knew before; `strange`
    are notes whose key does not follow from the facts beside it."""

    taken: tuple[Escalation, ...]
    known: int
    strange: tuple[KeyedNote, ...]


def rebuild(run: str, org: Org, caller: Caller, ledger: Ledger) -> Rebuilt:
    """Reads the org and writes the ledger, under the org's lease. Raises RunBusy, LeaseLost and OrgUnavailable."""
    with ledger.lease(RunStart(run, caller.organization_id, caller.user_id, {})) as lease:
        try:
            rebuilt = _take_in(org, caller, ledger, lease)
        except EscalatorError as error:
            close_failed(lease, error)
            raise
        lease.finish({"exit": 0, "found": len(rebuilt.taken)})
    return rebuilt


def _take_in(org: Org, caller: Caller, ledger: Ledger, lease: Lease) -> Rebuilt:
    history = ledger.history(caller.organization_id)
    notes = org.keyed_notes_everywhere(history.users | {caller.user_id})
    here = {note.key: note for note in notes if identity_on(note.line, caller.organization_id, (note.case_id,))}
    moved = sorted({note.case_id for note in notes if note.key not in here})
    losers = org.merged_into(moved) if moved else {}
    homes = ((note, (note.case_id, *sorted(losers.get(note.case_id, ())))) for note in notes)
    stand = [(note, identity_on(note.line, caller.organization_id, case_ids)) for note, case_ids in homes]
    seen = {note.case_id for note in notes}.union(*losers.values())
    history = history.with_past(ledger.past(caller.organization_id, seen, {note.key for note in notes}))
    found = {note.key: (note, identity) for note, identity in reversed(stand) if identity}
    news = [taken_in(history.find(key), note, identity) for key, (note, identity) in sorted(found.items())]
    changes = _found(org, [escalation for escalation in news if escalation])
    undone = undone_by_notes(history.with_escalations(change.escalation for change in changes))
    ends = [Change("undone", one, one.case_number, "", (FOUND,)) for one in undone]
    if changes or ends:
        lease.record([*changes, *ends])
    lease.mark_live(sorted({(identity.policy, identity.route) for _, identity in found.values()}))
    strange = tuple(note for note, identity in stand if identity is None)
    return Rebuilt(tuple(change.escalation for change in changes), len(found) - len(changes), strange)


def _found(org: Org, escalations: Sequence[Escalation]) -> list[Change]:
    """The changes that record these escalations, with the numbers of the cases that can be seen."""
    seen = (
        org.cases_now(sorted({escalation.case_id for escalation in escalations}), frozenset(), frozenset())
        if escalations
        else {}
    )
    numbers = {case_id: one.case.number for case_id, one in seen.items()}
    named = [
        replace(escalation, case_number=numbers.get(escalation.case_id, escalation.case_number))
        for escalation in escalations
    ]
    return [Change("found", escalation, escalation.case_number, "", (FOUND,)) for escalation in named]
