"""A lost ledger, read back from the org: every note of ours with a key on its last line is an escalation that stands.

What only the ledger knew stays lost: backlogs that were adopted, rejections and their waiting times, the trail itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.history import History, Memory, Past
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports import Change, KeyedNote, Lease, Ledger, Org, RunStart
from sfdc_escalator.pipeline.run import close_failed

NOT_SETTLED = frozenset({Memory.PLANNED, Memory.REJECTED, Memory.UNKNOWN})
"""What a note in the org proves wrong, or settles."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`taken` are the escalations that the ledger now knows as applied, `known` counts those it knew before; `strange`
    are notes whose key does not follow from the facts beside it."""

    taken: tuple[Past, ...]
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
    pasts = {past.key: past for past in history.everything()}
    found = {note.key: (note, identity) for note, identity in reversed(stand) if identity}
    news = [_news(pasts.get(key), note, identity) for key, (note, identity) in sorted(found.items())]
    changes = _found(org, [past for past in news if past])
    if changes:
        lease.record(changes)
    lease.mark_live(sorted({(identity.policy, identity.route) for _, identity in found.values()}))
    strange = tuple(note for note, identity in stand if identity is None)
    return Rebuilt(tuple(change.past for change in changes), len(found) - len(changes), strange)


def _identity(note: KeyedNote, organization_id: str, losers: Mapping[str, Iterable[str]]) -> Identity | None:
    """What the note's last line says in clear, if the key follows from it on this case or on one merged into it."""
    try:
        policy, route, rung, episode, turn = note.line.removeprefix(note.key).strip().split("/")
        facts = (rung, int(episode), int(turn))
    except ValueError:
        return None
    if not note.line.isprintable():
        return None
    cases = (note.case_id, *sorted(losers.get(note.case_id, ())))
    said = (Identity(organization_id, policy, route, case_id, *facts) for case_id in cases)
    return next((identity for identity in said if identity.key == note.key), None)


def _news(past: Past | None, note: KeyedNote, identity: Identity) -> Past | None:
    """The escalation as the note proves it; None when the ledger knows it so, or knows more."""
    if past is None:
        return Past(
            note.key,
            identity.policy,
            identity.route,
            note.case_id,
            Memory.APPLIED,
            identity.rung,
            identity.episode,
            identity.turn,
            tried_at=note.at,
        )
    if past.state not in NOT_SETTLED:
        return None
    return replace(past, state=Memory.APPLIED, attempts=0, message="", tried_at=note.at)


def _found(org: Org, pasts: Sequence[Past]) -> list[Change]:
    """The changes that take these escalations in, with the numbers of their cases, as far as they can be seen."""
    seen = org.sight(sorted({past.case_id for past in pasts}), frozenset(), frozenset()) if pasts else {}
    numbers = {case_id: one.case.number for case_id, one in seen.items()}
    named = [replace(past, case_number=numbers.get(past.case_id, past.case_number)) for past in pasts]
    return [Change("found", past, past.case_number, "", ("its note was found in the org",)) for past in named]
