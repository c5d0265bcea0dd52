"""The standing of every open escalation after a run, for `status` and for the check of the next run."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.climbs import Climbing
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder, on_ladder, seen_rungs
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.progress import Turn
from sfdc_escalator.escalation.ladder.standing import standing
from sfdc_escalator.escalation.ladder.times import team_of
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Moved, Standing, StandingState
from sfdc_escalator.pipeline.preparing.prepare import Prepared

CLIMBED = (State.APPLIED, State.REJECTED, State.WITHHELD, State.UNKNOWN)
LEFT_OUT = "the run left its route out"
Standings = Mapping[str, tuple[Standing, str]]
"""By the key of the start, each with the digest of the policy that it was judged by."""


def standings(prepared: Prepared, outcomes: Mapping[str, Outcome], started: tuple[Escalation, ...]) -> Standings:
    """The standings after this run. `outcomes` are the ends of the matches, by key; `started` the escalations that it
    started, as they stand in the ledger. What this run did not look at stands as it was."""
    history = prepared.history
    is_open = {one.key for one in history.starts() if one.state is EscalationState.APPLIED}
    kept = {key: one for key, one in history.standings.items() if key in is_open}
    found = dict(kept)
    for in_org in prepared.policies_in_org:
        digest = in_org.policy.digest
        found |= {key: (one, digest) for key, one in of_open(in_org, prepared, outcomes)}
        found |= {key: (one, digest) for key, one in of_started(in_org, prepared, started)}
    return found


def of_open(in_org: PolicyInOrg, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Iterator[tuple[str, Standing]]:
    routes = {name: route for route in in_org.policy.routes for name in route.names}
    on = {one.start.key: one for one in prepared.ladders.open if one.start.policy == in_org.policy.name}
    changes = changes_of(prepared, outcomes)
    for start in in_org.history.starts():
        if start.policy != in_org.policy.name or start.state is not EscalationState.APPLIED:
            continue
        if start.route not in routes:
            yield start.key, Standing(StandingState.REMOVED)
        elif not routes[start.route].ladder:
            yield start.key, no_ladder(in_org, start, routes[start.route].name)
        elif start.key in on:
            yield start.key, after_run(on[start.key], changes.get(start.key, NOTHING))


class OfRun(NamedTuple):
    """The work of this run on one ladder: the turns that it climbed or skipped, the rungs that it moved, and the reason
    for which it did not carry out a rung that was due."""

    done: frozenset[Turn] = frozenset()
    moved: Mapping[str, Moved] = MappingProxyType({})
    waits: str = ""


NOTHING = OfRun()


def changes_of(prepared: Prepared, outcomes: Mapping[str, Outcome]) -> dict[str, OfRun]:
    """The work of this run by the key of the start."""
    skipped = {one.key for one in prepared.skipped}
    return {one.ladder.start.key: of_climbing(one, outcomes, skipped) for one in prepared.ladders.climbings}


def of_climbing(climbing: Climbing, outcomes: Mapping[str, Outcome], skipped: Container[str]) -> OfRun:
    done, moved, waits = {(one.rung, one.turn) for one in climbing.skipped if one.key in skipped}, NOTHING.moved, ""
    for match in climbing.matches:
        outcome = outcomes.get(match.identity.key)
        if outcome is None or outcome.state not in CLIMBED:
            waits = outcome.reason if outcome else LEFT_OUT
            continue
        done |= {(match.identity.rung, match.identity.turn), *((one.rung, one.turn) for one in match.skips)}
        if match.ladder_after and match.ladder_after.ladder:
            moved = match.ladder_after.ladder.moved
    return OfRun(frozenset(done), moved, waits)


def no_ladder(in_org: PolicyInOrg, start: Escalation, route: str) -> Standing:
    """The standing of an escalation without a ladder; its team and its zone stay those of its start."""
    known, _ = in_org.history.standings.get(start.key, (Standing(StandingState.NO_LADDER), ""))
    return Standing(StandingState.NO_LADDER, team=known.team, zone=known.zone, route=route)


def after_run(one: OnLadder, changes: OfRun) -> Standing:
    progress, team, zone, route = one.progress, team_of(one.route, one.case), one.zone.key or "", one.route.name
    if progress is None:
        return Standing(StandingState.RUNNING, team=team, zone=zone, route=route)
    moved = {**progress.moved, **changes.moved}
    progress = replace(progress, done=progress.done | changes.done, moved=moved)
    return replace(standing(one.times, progress, one.now, team), waits=changes.waits, zone=zone, route=route)


def of_started(
    in_org: PolicyInOrg, prepared: Prepared, started: tuple[Escalation, ...]
) -> Iterator[tuple[str, Standing]]:
    in_org = with_rungs_of_run(in_org)
    cases = {case.id: case for case in prepared.cases}
    routes = {route.name: route for route in in_org.policy.routes}
    for one in started:
        case = cases.get(one.case_id) or cases.get(one.origin)  # merged right after the write: as it was before
        if one.policy != in_org.policy.name or one.route not in routes or case is None:
            continue
        found = on_ladder(in_org, one, routes[one.route], case)
        new = after_run(found, NOTHING)
        yield one.key, new if found.route.ladder else replace(new, state=StandingState.NO_LADDER)


def with_rungs_of_run(in_org: PolicyInOrg) -> PolicyInOrg:
    """The same policy with the rungs that this run is the first to see: they take part in what it started."""
    history, policy = in_org.history, in_org.policy
    rungs = dict(history.rungs)
    for route in policy.routes:
        known, name = seen_rungs(history, policy, route), (policy.name, route.name)
        new = {rung.id: in_org.now for rung in route.ladder.rungs if rung.id not in known}
        rungs[name] = {**rungs.get(name, {}), **new}
    return replace(in_org, history=replace(history, rungs=rungs))
