"""The rungs that a run carries out: one for each escalation, and those whose move is tried again."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.decisions.decide import refused_by
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder, held_by, hold_text
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.climbing import Climb, Missed, climb
from sfdc_escalator.escalation.note.note import reason_of
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Hold

LATE = 15 * 60
"""Seconds; a rung that comes later than this says so."""


@dataclass(frozen=True, slots=True)
class Climbing:
    """The work of a run on one ladder: the matches of its rungs, and the turns that it only skips."""

    ladder: OnLadder
    matches: tuple[Match, ...] = ()
    skipped: tuple[Escalation, ...] = ()

    @property
    def coming(self) -> Match | None:
        """The rung that is due now, beside moves that are tried again; None without one, or where the case is held."""
        last = self.matches[-1] if self.matches else None
        return last if last and last.escalation is None and last.state is State.PLANNED else None

    def without(self, done: Container[str]) -> "Climbing":
        """The same without the turns with these keys: they are neither carried out nor skipped."""
        left = (
            replace(match, skips=but(match.skips, done)) for match in self.matches if match.identity.key not in done
        )
        return replace(self, matches=tuple(left), skipped=but(self.skipped, done))


def but(turns: Iterable[Escalation], done: Container[str]) -> tuple[Escalation, ...]:
    return tuple(one for one in turns if one.key not in done)


def climbings(in_org: PolicyInOrg, ladders: Iterable[OnLadder]) -> list[Climbing]:
    return [found for one in ladders if (found := climbing(in_org, one))]


def climbing(in_org: PolicyInOrg, one: OnLadder) -> Climbing | None:
    """The climb of one escalation; None where nothing is due. Nothing is climbed while a turn has no known outcome,
    and nothing is climbed or skipped while the case is held."""
    if one.progress is None or one.in_flight:
        return None
    coming, held = next_climb(in_org, one), one.held_by
    matches = (*(again(in_org, one, rung) for rung in moves_left(one)), *coming.matches)
    if held:
        return Climbing(one, tuple(as_held(match, held) for match in matches)) if matches else None
    return Climbing(one, matches, coming.skipped) if matches or coming.skipped else None


def next_climb(in_org: PolicyInOrg, one: OnLadder, incomplete: Container[str] = ()) -> Climbing:
    """The rung that comes next as if the case were not held, without those whose note is incomplete."""
    assert one.progress is not None
    progress, highest_only = replace(one.progress, is_held=False), one.route.ladder.highest_only
    found = climb(one.times, progress, in_org.now, highest_only=highest_only, incomplete=incomplete)
    if found.turn:
        return Climbing(one, (match_of(in_org, one, found.turn, found),))
    return Climbing(one, skipped=skips_of(one, found))


def moves_left(one: OnLadder) -> Iterator[Escalation]:
    """The rungs whose move was withheld or rejected. One that the route no longer has, or that has ended because
    somebody acted, moves no more."""
    progress = one.progress
    left = {times.rung for times in one.times if progress and not progress.is_over(times)}
    for rung in one.rungs:
        if rung.state in (EscalationState.WITHHELD, EscalationState.REJECTED) and one.turn_of(rung)[0] in left:
            yield rung


def again(in_org: PolicyInOrg, one: OnLadder, earlier: Escalation) -> Match:
    """The move of a rung once more; a rejected one waits for its next try. Its notices went out before."""
    turn = Missed(one.turn_of(earlier)[0], earlier.turn, earlier.moment or in_org.now)
    found = replace(match_of(in_org, one, turn), escalation=earlier)
    ended = refused_by(earlier, one.route, in_org.now)
    return found.ended(*ended) if ended else found


def match_of(in_org: PolicyInOrg, one: OnLadder, turn: Missed, found: Climb | None = None) -> Match:
    """The match of a rung. `found` has what else the run does on this ladder, when the rung is carried out."""
    rung = rung_of(one, turn.rung)
    return Match(
        policy=in_org.policy,
        route=one.route,
        case=one.case,
        identity=identity_of(one, turn),
        state=State.PLANNED,
        reason=reason_of(one.route, one.case),
        findings=(due_text(turn, in_org.now),),
        rung=rung,
        moment=turn.moment,
        due=one.facts.due,
        start_key=one.start.key,
        skips=skips_of(one, found) if found else (),
        ladder_after=after(one, found) if found and found.moved else None,
    )


def as_held(match: Match, hold: Hold) -> Match:
    """The same match, which waits for the end of the hold. A rung that waits skips and moves nothing."""
    if match.state is not State.PLANNED:  # a rejected move, whose next try has not come
        return match
    return replace(match, skips=(), ladder_after=None).held(hold_text(hold), by=held_by(hold))


def rung_of(one: OnLadder, name: str) -> Rung:
    return next(rung for rung in one.route.ladder.rungs if rung.id == name)


def identity_of(one: OnLadder, turn: Missed) -> Identity:
    """The start's own route name and its first case stay in the key: renaming the route, or a merge, must not climb a
    rung again."""
    start = one.start
    about = one.organization_id, start.policy, start.route, start.case_id
    origin = start.origin if start.origin != start.case_id else ""
    return Identity(*about, turn.rung, start.episode, turn.turn, origin)


def due_text(turn: Missed, now: datetime) -> str:
    text = f"the rung {turn.rung} was due at {turn.moment:%Y-%m-%d %H:%M} UTC"
    late = now - turn.moment
    return f"{text}, late by {in_words(late)}" if late.total_seconds() > LATE else text


def skips_of(one: OnLadder, found: Climb) -> tuple[Escalation, ...]:
    """The turns that are skipped, as the ledger records them."""
    return tuple(
        replace(
            Escalation.of(identity_of(one, turn), EscalationState.SKIPPED, tried_at=one.now),
            moment=turn.moment,
            start_key=one.start.key,
            case_number=one.start.case_number,
        )
        for turn in found.skipped
    )


def after(one: OnLadder, found: Climb) -> Escalation:
    """The start with the rungs that were moved."""
    moved = {**one.facts.moved, **found.moved}
    return replace(one.start, ladder=replace(one.facts, moved=moved))
