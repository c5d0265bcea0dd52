"""A lost ledger, read back from the org: every note of ours with a key on its last line is an applied escalation.

The rest stays lost: adopted backlogs, rejections and their waiting times, the trail itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.history import Escalation, EscalationState, History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports.ledger import Change, Lease, Ledger, RunStart
from sfdc_escalator.pipeline.ports.org import KeyedNote, Org
from sfdc_escalator.pipeline.run import close_failed

NOT_SETTLED = frozenset({EscalationState.PLANNED, EscalationState.REJECTED, EscalationState.UNKNOWN})
"""The states that a note in the org corrects or settles."""


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
            rebuilt = _take_in(org, caller, ledger.history(caller.organization_id), lease)
        except EscalatorError as error:
            close_failed(lease, error)
            raise
        lease.finish({"exit": 0, "found": len(rebuilt.taken)})
    return rebuilt


def _take_in(org: Org, caller: Caller, history: History, lease: Lease) -> Rebuilt:
    notes = org.keyed_notes_everywhere(history.users | {caller.user_id})
    here = {note.key: note for note in notes if _identity(note, caller.organization_id, {})}
    moved = sorted({note.case_id for note in notes if note.key not in here})
    losers = org.merged_into(moved) if moved else {}
    stand = [(note, _identity(note, caller.organization_id, losers)) for note in notes]
    escalations = {escalation.key: escalation for escalation in history.everything()}
    found = {note.key: (note, identity) for note, identity in reversed(stand) if identity}
    news = [_news(escalations.get(key), note, identity) for key, (note, identity) in sorted(found.items())]
    changes = _found(org, [escalation for escalation in news if escalation])
    if changes:
        lease.record(changes)
    lease.mark_live(sorted({(identity.policy, identity.route) for _, identity in found.values()}))
    strange = tuple(note for note, identity in stand if identity is None)
    return Rebuilt(tuple(change.escalation for change in changes), len(found) - len(changes), strange)


def _identity(note: KeyedNote, organization_id: str, losers: Mapping[str, Iterable[str]]) -> Identity | None:
    """The facts on the note's last line, where they give its key for this case or for one merged into it."""
    try:
        policy, route, rung, episode, turn = note.line.removeprefix(note.key).strip().split("/")
        facts = (rung, int(episode), int(turn))
    except ValueError:
        return None
    if not note.line.isprintable():
        return None
    cases = (note.case_id, *sorted(losers.get(note.case_id, ())))
    identities = (Identity(organization_id, policy, route, case_id, *facts) for case_id in cases)
    return next((identity for identity in identities if identity.key == note.key), None)


def _news(escalation: Escalation | None, note: KeyedNote, identity: Identity) -> Escalation | None:
    """The escalation as the note proves it; None when the ledger has it in this state or a later one."""
    if escalation is None:
        return Escalation(
            note.key,
            identity.policy,
            identity.route,
            note.case_id,
            EscalationState.APPLIED,
            identity.rung,
            identity.episode,
            identity.turn,
            tried_at=note.at,
        )
    if escalation.state not in NOT_SETTLED:
        return None
    return replace(escalation, state=EscalationState.APPLIED, attempts=0, message="", tried_at=note.at)


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
    return [
        Change("found", escalation, escalation.case_number, "", ("its note was found in the org",))
        for escalation in named
    ]
