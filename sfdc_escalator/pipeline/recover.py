"""What changed outside our sight is settled by reading the org: unknown outcomes, and what became of open escalations.

All steps of a chunk commit or roll back as one, so a note that is there proves the rest. A note is absent only when the
same answer shows the case itself, long enough after the last possible send. Everything here is a value; only a live run
stores it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.criteria import paths_of
from sfdc_escalator.escalation.decisions.own_steps import could_fit_without_us
from sfdc_escalator.escalation.decisions.view import View
from sfdc_escalator.escalation.world.evidence import Read
from sfdc_escalator.escalation.world.history import History, Memory, Past
from sfdc_escalator.pipeline.ports import Org, Sighting
from sfdc_escalator.pipeline.second_look import Look

SETTLE_AFTER = timedelta(minutes=15)
MERGES = 5
"""How many merges in a row are followed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An escalation as reading showed it; `event` is recovered, absent, merged, gone, closed or ended."""

    event: str
    past: Past


def recover(
    org: Org, history: History, paths: frozenset[str], us: frozenset[str], now: datetime
) -> tuple[Settled, ...]:
    """The escalations with an unknown outcome that can be settled now."""
    unknown = [past for past in history.everything() if past.state in (Memory.UNKNOWN, Memory.SENDING)]
    seen = sight_all(org, {past.case_id for past in unknown}, paths, us)
    return tuple(settled for past in unknown if (settled := outcome(past, seen, now)))


def outcome(past: Past, seen: Mapping[str, Sighting], now: datetime) -> Settled | None:
    """Presence settles at once, absence only after SETTLE_AFTER; None while nobody can tell."""
    trail = list(homes(past.case_id, seen))
    if not trail:
        return None
    home = trail[-1]
    if any(past.key in one.keys for one in trail):
        return Settled("recovered", replace(past, state=Memory.APPLIED, case_id=home.case.id, message=""))
    if past.tried_at is None or now < past.tried_at + SETTLE_AFTER or home.master_id:
        return None
    if trail[0].is_deleted:
        return Settled("gone", replace(past, state=Memory.GONE, message="the case was deleted or merged, unescalated"))
    return Settled("absent", replace(past, state=Memory.PLANNED, attempts=0, message="it was never written"))


def watch(
    org: Org, history: History, views: Sequence[View], look: Look, reads: frozenset[Read], *, complete: bool
) -> tuple[Settled, ...]:
    """What became of the escalations that stand: read by id where the poll did not return the case.

    `complete` says that the poll dealt with every route: only then can an episode end.
    """
    standing = [past for past in history.everything() if past.state in (Memory.APPLIED, Memory.ADOPTED)]
    polled = {case.id: Sighting(case, False, False, None) for case in look.cases}
    absent = {past.case_id for past in standing} - polled.keys()
    seen = polled | sight_all(org, absent, paths_of(reads), frozenset())
    known = {view.policy.name: view for view in views}
    unread = {case_id: reads - one.case.fields.keys() for case_id, one in seen.items() if case_id not in polled}
    unread |= {case_id: look.unread(case_id) for case_id in polled}
    found = (fate(past, seen, known.get(past.policy), history, unread, complete) for past in standing)
    return tuple(one for one in found if one)


def fate(
    past: Past,
    seen: Mapping[str, Sighting],
    view: View | None,
    history: History,
    unread: Mapping[str, frozenset[Read]],
    complete: bool,
) -> Settled | None:
    trail = list(homes(past.case_id, seen))
    if not trail or trail[-1].master_id:
        return None
    home = trail[-1]
    if home.is_deleted:
        return Settled("gone", replace(past, state=Memory.GONE, message="the case was deleted"))
    if home.case.id != past.case_id:
        return Settled("merged", replace(past, case_id=home.case.id, case_number=home.case.number))
    if view is None or not complete or still_fits(past, home, view, history, unread[past.case_id]):
        return None
    if home.is_closed:
        return Settled("closed", replace(past, state=Memory.CLOSED))
    return None if past.ended_at else Settled("ended", replace(past, ended_at=view.now))


def still_fits(past: Past, home: Sighting, view: View, history: History, unread: frozenset[Read]) -> bool:
    """Whether the route may still fit, our own values and what was not read set aside."""
    route = next((one for one in view.policy.routes if past.route in one.names), None)
    if route is None:
        return not home.is_closed
    pasts = history.by_case.get(past.case_id, ())
    scene = view.scene_of(route, home.case, newer_words=True)
    return could_fit_without_us(view.policy.condition(route), home.case, pasts, scene, unread)


def sight_all(org: Org, case_ids: set[str], paths: frozenset[str], us: frozenset[str]) -> dict[str, Sighting]:
    """These cases, and the masters that they were merged into."""
    seen: dict[str, Sighting] = {}
    wanted = set(case_ids)
    for _ in range(MERGES):
        if not wanted:
            break
        found = org.sight(sorted(wanted), paths, us)
        seen |= found
        wanted = {one.master_id for one in found.values() if one.master_id} - seen.keys()
    return seen


def homes(case_id: str, seen: Mapping[str, Sighting]) -> Iterator[Sighting]:
    """The case, then the master that it was merged into, and so on; nothing when we lost sight of the case."""
    for _ in range(MERGES + 1):
        found = seen.get(case_id)
        if found is None:
            return
        yield found
        if not found.master_id:
            return
        case_id = found.master_id
