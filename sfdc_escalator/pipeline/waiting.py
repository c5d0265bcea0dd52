"""The things that a run leaves for a person, from its plan and its outcomes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from sfdc_escalator.escalation.decisions.decide import UNSETTLED
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.waitlist import A_DAY, MOST_NUMBERS, PASSING, Forgotten, Waiting
from sfdc_escalator.pipeline.applying.apply import Applied
from sfdc_escalator.pipeline.preparing.prepare import Prepared

SEEN_ANEW = ("unknown", NoticeState.UNDELIVERED.value)
"""Every run settles outcomes, and sees the undelivered notices."""
BOUNCED = "after the escalation something in the org moved the case to another owner"


def left_waiting(
    prepared: Prepared,
    applied: Applied,
    outcomes: Sequence[Outcome],
    stopped: str | None,
    options: RunOptions,
    forgotten: Sequence[Forgotten] = (),
) -> tuple[Waiting, ...]:
    """All that waits after this run. A run of one case, one route, a few cases or some policies keeps what it did not
    deal with."""
    found = [*routes(prepared), *cases(prepared, outcomes)]
    found += [
        Waiting("bounced", BOUNCED, one.identity.policy, one.identity.route, one.case_number, one.key)
        for one in applied.bounced
    ]
    found += [Waiting("forgotten", f"{one.key}: {one.why}", key=one.key) for one in forgotten]
    if stopped:
        found.append(Waiting("stopped", f"the run stopped early: {stopped}"))
    if applied.trouble:
        found.append(Waiting("failed", applied.trouble.message))
    known = {one.subject for one in found}
    kept = (one for one in prepared.history.waitlist.entries if keeps(prepared, options, one))
    now = prepared.plan.now
    return (*(replace(one, seen=now) for one in found), *(one for one in kept if one.subject not in known))


def routes(prepared: Prepared) -> Iterator[Waiting]:
    for one in prepared.plan.refusals:
        numbers = numbers_withheld(prepared, one.policy, one.route)
        yield Waiting("withheld", one.reason, one.policy, one.route, cases=one.cases, numbers=numbers)
    for (policy, route), reason in sorted(prepared.broken.items()):
        yield Waiting("broken", reason, policy, route)


def numbers_withheld(prepared: Prepared, policy: str, route: str) -> tuple[str, ...]:
    """The case numbers of the first cases that are withheld."""
    withheld = (
        match.case.number
        for match in prepared.plan.matches
        if match.state is State.WITHHELD and (match.policy.name, match.route.name) == (policy, route)
    )
    return tuple(islice(withheld, MOST_NUMBERS))


def cases(prepared: Prepared, outcomes: Sequence[Outcome]) -> Iterator[Waiting]:
    for match, one in zip(prepared.plan.matches, outcomes, strict=True):
        if one.is_stuck:
            reason = reason_of(match, one)
            yield Waiting(one.state.value, reason, one.policy, one.route, one.case_number, one.key, one.missing)
    keys = {one.key for one in outcomes}
    for escalation in prepared.history.everything():
        if escalation.state in (EscalationState.UNKNOWN, EscalationState.SENDING) and escalation.key not in keys:
            about = escalation.policy, escalation.route, escalation.case_number, escalation.key
            yield Waiting("unknown", escalation.message or UNSETTLED, *about)


def reason_of(match: Match, outcome: Outcome) -> str:
    """The same reason in the run that met it and in all later ones, without the time of the next try."""
    remembered = match.escalation if match.state is outcome.state and outcome.state is not State.HELD else None
    return (remembered.message if remembered else "") or outcome.reason


def keeps(prepared: Prepared, options: RunOptions, one: Waiting) -> bool:
    """True where this run could not find out whether it is over. A policy that no run takes for a day is gone."""
    if one.state in PASSING or one.state in SEEN_ANEW:
        return False
    policy = next((policy for policy in prepared.plan.policies if policy.name == one.policy), None)
    if policy is None:
        return one.seen is not None and prepared.plan.now < one.seen + A_DAY
    if one.route not in {route.name for route in policy.routes}:
        return False
    if options.case is not None:
        return one.case_number not in {case.number for case in prepared.cases}
    if options.route is not None:
        return one.route != options.route
    return options.limit is not None and one.state == "withheld"
