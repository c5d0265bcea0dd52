"""The escalations that a person wants to take back, found in the ledger by keys and runs. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.errors import Invalid, Problem, counted
from sfdc_escalator.escalation.undoing.undo import Undo, UndoState, left
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity, turn_of_undo
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.ports.undoing import RunWrites, UndoTrail

IN_FLIGHT = frozenset({EscalationState.UNKNOWN, EscalationState.SENDING})
NOTHING_WRITTEN = frozenset(
    {EscalationState.PLANNED, EscalationState.REJECTED, EscalationState.SKIPPED, EscalationState.WITHHELD}
)
KEY_FORM = "a key such as ESC-XXXX-XXXX-XXXX"
RUN_FORM = "the id of a live run, as its report shows it; a dry run writes nothing, so there is nothing to take back"
UNSETTLED = "has no known outcome: it is settled by a run, or by this command, 15 minutes after it was sent"
MERGED_AWAY = "it began on a case that was merged into this one, which is left as it is"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of the person: keys and runs, on which case, why, and who."""

    names: tuple[str, ...]
    why: str
    by: str
    case: str | None = None


def recalled(wanted: Wanted, history: History, trail: UndoTrail, recall: Recall) -> History:
    """The history with everything about the cases of what the person names, and of their starts."""
    writes = (trail.written_by(name.strip()) for name in wanted.names if not is_key(name))
    keys = {name.strip().upper() for name in wanted.names if is_key(name)}.union(*(one.keys for one in writes if one))
    history = recall.keys(history, keys)
    return recall.keys(history, {one.start_key for key in keys if (one := history.find(key))})


def targets(wanted: Wanted, history: History, trail: UndoTrail) -> tuple[Escalation, ...]:
    """The starts and turns of rungs to take back, each once; a turn whose start is among them is part of that. Raises
    Invalid with everything that is wrong."""
    found: dict[str, Escalation] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(wanted.names):
        some = by_key(name, history, trail) if is_key(name) else by_run(name, trail.written_by(name.strip()), history)
        if isinstance(some, Problem):
            problems.append(some)
        else:
            found |= {one.key: one for one in some}
    if problems:
        raise Invalid("nothing was taken back", problems)
    chosen = [one for one in found.values() if wanted.case is None or is_on(wanted.case, one)]
    if wanted.case is not None and not chosen:
        raise Invalid(f"none of these was written on case {wanted.case}: there is nothing to take back")
    return tuple(one for one in chosen if one.is_start or one.start_key not in found)


def is_key(name: str) -> bool:
    return name.strip().upper().startswith("ESC-")


def is_on(case: str, one: Escalation) -> bool:
    number = one.case_number
    return case in (number, number.lstrip("0"), one.case_id, one.case_id[:15])


def by_key(name: str, history: History, trail: UndoTrail) -> Sequence[Escalation] | Problem:
    key = name.strip().upper()
    one = history.find(key)
    if one is None:
        return Problem("no such key", found=name, expected=KEY_FORM, nearest=trail.nearest(key))
    if one.is_undo:
        return list(undone_by(one, history)) or Problem(f"{key} is an undo, which cannot be undone")
    if one.state is EscalationState.ADOPTED:
        return Problem(f"{key} was adopted with the backlog: nothing was written, so there is nothing to take back")
    if one.state in NOTHING_WRITTEN:
        return Problem(f"{key} is {one.state}: nothing was written, so there is nothing to take back")
    return [one]


def by_run(name: str, writes: RunWrites | None, history: History) -> Sequence[Escalation] | Problem:
    """The escalations that the run wrote. A rung that only notified people wrote nothing."""
    if writes is None:
        return Problem("no such run", found=name or "an empty text", expected=RUN_FORM)
    known = (one for key in writes.keys if (one := history.find(key)))
    some = sorted(known, key=lambda one: (one.case_number, one.case_id, one.key))
    undone = [target for one in some if one.is_undo for target in undone_by(one, history)]
    wrote = [one for one in some if not one.is_undo and one.state not in NOTHING_WRITTEN]
    if writes.adopted and not (undone or wrote):
        cases = counted(writes.adopted, "case")
        return Problem(f"the run {name} adopted {cases} and wrote nothing, so there is nothing to take back")
    return [*undone, *wrote]


def undone_by(undo: Escalation, history: History) -> Iterator[Escalation]:
    """The start or the turn of a rung that this undo takes back."""
    for start in history.starts():
        if start.key == undo.start_key:
            rungs = history.rungs_of(start, {start.route})
            yield from [start] if undo.turn == 1 else [one for one in rungs if turn_of_undo(one.key) == undo.turn]


# -- what the ledger alone says ----------------------------------------------------------------------------------------


def start_of(target: Escalation, history: History) -> Escalation:
    """The start of the escalation; the turn itself where the ledger does not have its start."""
    if target.is_start:
        return target
    return next((one for one in history.starts() if one.key == target.start_key), target)


def identity_of(target: Escalation, start: Escalation, organization_id: str) -> Identity:
    about = organization_id, target.policy, target.route, target.case_id, target.rung, target.episode, target.turn
    own = Identity(*about)
    return own if own.key == target.key else Identity(*about, origin=start.origin)


def settled_already(target: Escalation, history: History, organization_id: str) -> Undo | None:
    """The undo that needs no look at the org: done before, not yet possible, or of a case that is closed or gone."""
    start = start_of(target, history)
    identity = identity_of(target, start, organization_id)
    undo, of_undo = identity.undo, {one.key: one for one in history.undos_of(start)}
    own, of_start = of_undo.get(undo.key), identity_of(start, start, organization_id).undo
    if EscalationState.UNDONE in (target.state, start.state) or is_written(own):
        done = undo if is_written(own) or not is_written(of_undo.get(of_start.key)) else of_start
        return left(target, done, UndoState.ALREADY, "it is undone already")
    for one in (target, start, *history.rungs_of(start, {start.route}), *of_undo.values()):
        if one.state in IN_FLIGHT:
            what = "an undo of it" if one.is_undo else "it" if one is target else f"{one.key} ({one.rung})"
            return left(target, undo, UndoState.UNKNOWN, f"{what} {UNSETTLED}")
    if target.state in NOTHING_WRITTEN:  # its unknown outcome is settled now
        return left(target, undo, UndoState.ALREADY, "it was never written: there is nothing to take back")
    if identity.origin or identity.key != target.key:
        return left(target, undo, UndoState.GONE, MERGED_AWAY)
    if target.state is EscalationState.CLOSED:
        return left(target, undo, UndoState.CLOSED, "its case was closed since: it is left as it is")
    if target.state is EscalationState.GONE:
        return left(target, undo, UndoState.GONE, "its case was deleted")
    return None


def is_written(undo: Escalation | None) -> bool:
    return undo is not None and undo.state is EscalationState.APPLIED


def written_with(target: Escalation, history: History) -> tuple[Escalation, ...]:
    """The writes whose fields go back: of a start also those of its rungs and of their undos."""
    if not target.is_start:
        return (target,)
    undos = (one for one in history.undos_of(target) if is_written(one))
    return (target, *history.rungs_of(target, {target.route}), *undos)
