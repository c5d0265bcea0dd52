"""Rungs whose note is incomplete: they wait for a person, and the other rungs of their ladder go on. Reads only."""

from collections.abc import Sequence
from dataclasses import replace

from sfdc_escalator.escalation.decisions.climbs import Climbing, next_climb
from sfdc_escalator.escalation.decisions.draft import draft
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.ladders import Ladders, completed


def around_incomplete(
    org: Org, policies_in_org: Sequence[PolicyInOrg], ladders: Ladders, us: frozenset[str], render: Renderer
) -> Ladders:
    """The same ladders, each with the first rung that is due and whose note is complete, beside those that wait."""
    known, before = {in_org.policy.name: in_org for in_org in policies_in_org}, org.api_calls
    done: list[Climbing] = []
    left: Sequence[Climbing] = ladders.climbings
    while left:
        following: list[Climbing] = []
        for one in left:
            in_org = known[one.ladder.start.policy]
            found = past(in_org, one) if is_incomplete(in_org, one, render) else one
            (following if len(found.matches) > len(one.matches) else done).append(found)
        left = list(completed(org, following, us))
    return replace(ladders, climbings=tuple(done), calls=ladders.calls + org.api_calls - before)


def is_incomplete(in_org: PolicyInOrg, climbing: Climbing, render: Renderer) -> bool:
    """True where the note of the rung that comes next is incomplete."""
    coming = climbing.coming
    found = draft(in_org, coming, render) if coming and coming.rung and coming.rung.escalate else None
    return found is not None and found.state is State.HELD


def past(in_org: PolicyInOrg, climbing: Climbing) -> Climbing:
    """The same with the rung that comes after those that wait."""
    waiting = {match.identity.rung for match in climbing.matches if match.escalation is None}
    following = next_climb(in_org, climbing.ladder, waiting)
    return replace(climbing, matches=(*climbing.matches, *following.matches), skipped=following.skipped)
