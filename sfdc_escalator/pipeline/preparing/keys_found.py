"""Notes of ours on the cases to escalate, which the ledger does not know: it was lost, restored, or is not the only
one. What they prove is taken into the history before anything is decided. Reads only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sfdc_escalator.errors import PlanRefused, counted
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity, identity_on
from sfdc_escalator.pipeline.changes import escalation_found
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.org import KeyedNote, Org
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.recover import turns_with, written_at

NOT_SETTLED = frozenset(
    {
        EscalationState.PLANNED,
        EscalationState.SENDING,
        EscalationState.REJECTED,
        EscalationState.UNKNOWN,
        EscalationState.ADOPTED,
        EscalationState.WITHHELD,
    }
)
"""The states that a note in the org corrects or settles."""

FOUND = "its note was found in the org"


def look_for_keys(
    org: Org, judged: Iterable[Match | NoMatch], history: History, us: frozenset[str], recall: Recall
) -> tuple[Change, ...]:
    """The escalations whose note is on a case with a planned match, and that the ledger does not hold as done:
    whatever their policy, route and episode."""
    planned: dict[str, list[Match]] = {}
    for one in judged:
        if isinstance(one, Match) and one.state is State.PLANNED:
            planned.setdefault(one.case.id, []).append(one)
    if not planned:
        return ()
    notes = [note for note in org.keyed_notes(sorted(planned), us) if note.case_id in planned]
    strange = sorted({note.case_id for note in notes if not is_of_its_case(note, planned[note.case_id])})
    losers = org.merged_into(strange) if strange else {}
    history = recall.keys(history, {note.key for note in notes})
    known = {escalation.key: escalation for escalation in history.everything()}
    found: dict[str, Change] = {}
    for note in notes:  # oldest first
        for change in changes_by(note, planned[note.case_id], losers.get(note.case_id, frozenset()), known):
            found.setdefault(change.escalation.key, change)
    policies = [match.policy for some in planned.values() for match in some]
    for change in turns_merged(found.values(), known, policies, history):
        found.setdefault(change.escalation.key, change)
    return tuple(found.values())


def turns_merged(
    found: Iterable[Change], known: Mapping[str, Escalation], policies: Iterable[Policy], history: History
) -> list[Change]:
    """The changes that move the turns of rungs along with their start, also those without a note."""
    starts = (one.escalation for one in found if one.event == "merged" and one.escalation.is_start)
    turns = (turn for start in starts for turn in turns_with(known[start.key], start, policies, history))
    return [Change("merged", turn, turn.case_number, "") for turn in turns]


def is_of_its_case(note: KeyedNote, planned: Sequence[Match]) -> bool:
    """False where the note came from another case, by a merge or as a copy."""
    organization = planned[0].identity.organization_id
    return bool(identity_on(note.line, organization, (note.case_id,)) or match_of(note, planned, ()))


def changes_by(
    note: KeyedNote, planned: Sequence[Match], losers: Iterable[str], known: Mapping[str, Escalation]
) -> Iterator[Change]:
    """The escalation that the note proves, for the ledger. A merge moves the notes, and they count for both cases."""
    if match := match_of(note, planned, losers):
        yield Change(
            "found", escalation_found(match.identity, note.at), match.case.number, match.policy.digest, match.findings
        )
        return
    identity = identity_on(note.line, planned[0].identity.organization_id, (note.case_id, *sorted(losers)))
    if identity is None:
        return
    escalation, number = known.get(note.key), planned[0].case.number
    if taken := taken_in(escalation, note, identity):
        yield Change("found", taken.on_case(note.case_id, number), number, "", (FOUND,))
    elif escalation and escalation.is_open and escalation.case_id != note.case_id:
        yield Change("merged", escalation.on_case(note.case_id, number), number, "")


def match_of(note: KeyedNote, planned: Sequence[Match], losers: Iterable[str]) -> Match | None:
    """The planned match with this key, under the route's present or a former name. The rung of another escalation that
    a merge brought here is another one."""
    cases = (note.case_id, *losers)
    for match in planned:
        if match.rung:
            if note.key == match.identity.key:
                return match
            continue
        names = ((name, case_id) for name in match.route.names for case_id in cases)
        if note.key in {replace(match.identity, route=name, case_id=case_id).key for name, case_id in names}:
            return match
    return None


def taken_in(escalation: Escalation | None, note: KeyedNote, identity: Identity) -> Escalation | None:
    """The escalation as the note proves it; None when the ledger has it in this state or a later one."""
    if escalation is None:
        return escalation_found(identity, note.at).on_case(note.case_id, "")
    if escalation.state not in NOT_SETTLED:
        return None
    proved = written_at(escalation, note.at)
    return replace(proved, state=EscalationState.APPLIED, attempts=0, message="", tried_at=note.at)


def refuse_if_lost(history: History, found: Sequence[Change]) -> None:
    """Raises PlanRefused: an empty ledger where the org has keys is a lost ledger, not a first run."""
    if history.empty:
        cases = len({change.escalation.case_id for change in found})
        carrying = f"{counted(cases, 'case')} to escalate already {'carries' if cases == 1 else 'carry'}"
        raise PlanRefused(
            f"the ledger is empty, but {carrying} a note with our key "
            f"(the first: {found[0].escalation.key} on case {found[0].case_number}): the ledger was lost, or is "
            "another one. Name the right one with --ledger, restore it from a backup, or read the keys back from the "
            "org with `ledger rebuild`"
        )
