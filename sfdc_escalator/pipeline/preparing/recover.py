"""Settles by reading the org: unknown outcomes, and open escalations that changed.

All steps of a chunk commit or roll back as one, so a note that is there proves the rest. A note is absent only when the
same answer shows the case itself, long enough after the last possible send. Everything here is a value; only a live run
stores it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.decisions.own_steps import could_match_without_us
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import CASE_CLOSED, NOT_SENT, Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.pipeline.polling.second_look import Look
from sfdc_escalator.pipeline.ports.org import CaseNow, Org

SETTLE_AFTER = timedelta(minutes=15)
MERGES = 5
"""The number of merges in a row that are followed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An escalation as it was read in the org; `event` is recovered, absent, merged, superseded, undone, gone, closed
    or ended. `closed_at` is the org's time at which its case was closed, None where that is not to be read."""

    event: str
    escalation: Escalation
    closed_at: datetime | None = None


def recover(
    org: Org, history: History, paths: frozenset[str], us: frozenset[str], now: datetime
) -> tuple[Settled, ...]:
    """The escalations with an unknown outcome that can be settled now."""
    unknown = [
        escalation
        for escalation in history.everything()
        if escalation.state in (EscalationState.UNKNOWN, EscalationState.SENDING)
    ]
    seen = all_cases_now(org, {escalation.case_id for escalation in unknown}, paths, us)
    return tuple(settled for escalation in unknown if (settled := outcome(escalation, seen, now)))


def outcome(escalation: Escalation, seen: Mapping[str, CaseNow], now: datetime) -> Settled | None:
    """The outcome: a note settles it at once, a missing note only after SETTLE_AFTER; None while it is not known."""
    trail = list(homes(escalation.case_id, seen))
    if not trail:
        return None
    home = trail[-1]
    if any(escalation.key in one.keys for one in trail):
        written = replace(escalation, state=EscalationState.APPLIED, message="")
        return Settled("recovered", written.on_case(home.case.id, escalation.case_number))
    if escalation.tried_at is None or now < escalation.tried_at + SETTLE_AFTER or home.master_id:
        return None
    if trail[0].is_deleted:
        return Settled(
            "gone",
            replace(escalation, state=EscalationState.GONE, message="the case was deleted or merged, unescalated"),
        )
    return Settled(
        "absent", replace(escalation, state=EscalationState.PLANNED, attempts=0, message="it was never written")
    )


def watch(
    org: Org,
    history: History,
    policies_in_org: Sequence[PolicyInOrg],
    look: Look,
    needs: frozenset[Need],
    *,
    complete: bool,
) -> tuple[tuple[Settled, ...], dict[str, Case], dict[str, Case]]:
    """The open escalations that have changed, read by id where the poll did not return the case; the open cases that
    were read by id, and the closed ones. Only starts change; the turns of rungs go with theirs to the master of a
    merge.

    `complete` says that the poll dealt with every route: only then can an episode end.
    """
    standing = [escalation for escalation in history.starts() if escalation.is_watched]
    polled = {case.id: CaseNow(case, False, False, None) for case in look.cases}
    absent = {escalation.case_id for escalation in standing} - polled.keys()
    seen = polled | all_cases_now(org, absent, paths_of(needs), frozenset())
    known = {in_org.policy.name: in_org for in_org in policies_in_org}
    unread = {case_id: needs - one.case.fields.keys() for case_id, one in seen.items() if case_id not in polled}
    unread |= {case_id: look.unread(case_id) for case_id in polled}
    found = (fate(escalation, seen, known.get(escalation.policy), history, unread, complete) for escalation in standing)
    settled = [one for one in found if one]
    moved = {one.escalation.key: one.escalation for one in settled if one.event == "merged"}
    policies = [in_org.policy for in_org in policies_in_org]
    starts = (one for one in standing if one.key in moved)
    turns = (turn for start in starts for turn in turns_with(start, moved[start.key], policies, history))
    is_open = (one for one in seen.values() if not (one.is_closed or one.is_deleted or one.master_id))
    cases = {one.case.id: one.case for one in is_open if one.case.id not in polled}
    closed = {one.case.id: one.case for one in seen.values() if one.is_closed}
    return (*settled, *(Settled("merged", turn) for turn in turns)), cases, closed


def turns_with(
    start: Escalation, moved: Escalation, policies: Iterable[Policy], history: History
) -> Iterator[Escalation]:
    """The turns of rungs and the undos of a start that goes on on another case, each on that case."""
    routes = (route for policy in policies if policy.name == start.policy for route in policy.routes)
    names = next((route.names for route in routes if start.route in route.names), frozenset({start.route}))
    for turn in (*history.rungs_of(start, names), *history.undos_of(start)):
        yield turn.on_case(moved.case_id, moved.case_number)


def fate(
    escalation: Escalation,
    seen: Mapping[str, CaseNow],
    in_org: PolicyInOrg | None,
    history: History,
    unread: Mapping[str, frozenset[Need]],
    complete: bool,
) -> Settled | None:
    trail = list(homes(escalation.case_id, seen))
    if not trail or trail[-1].master_id:
        return None
    home = trail[-1]
    if escalation.state is EscalationState.UNDONE and (home.is_deleted or home.is_closed):
        return Settled("ended", ended_with_case(escalation, in_org)) if in_org else None
    if home.is_deleted:
        return Settled("gone", replace(escalation, state=EscalationState.GONE, message="the case was deleted"))
    if home.case.id != escalation.case_id:
        return Settled("merged", escalation.on_case(home.case.id, home.case.number))
    if in_org is None or not complete or (escalation.ended_at and not home.is_closed):
        return None
    if still_matches(escalation, home, in_org, history, unread[escalation.case_id]):
        return None
    if home.is_closed:
        return Settled("closed", replace(escalation, state=EscalationState.CLOSED), home.closed_at)
    return Settled("ended", replace(escalation, ended_at=in_org.now))


def ended_with_case(undone: Escalation, in_org: PolicyInOrg) -> Escalation:
    """The same with the end of its episode beside: it stays undone."""
    return replace(undone, ended_at=undone.ended_at or in_org.now, message=CASE_CLOSED)


def still_matches(
    escalation: Escalation, home: CaseNow, in_org: PolicyInOrg, history: History, unread: frozenset[Need]
) -> bool:
    """True where the route may still match without our own values and the facts that were not read."""
    route = next((one for one in in_org.policy.routes if escalation.route in one.names), None)
    if route is None:
        return not home.is_closed
    escalations = history.by_case.get(escalation.case_id, ())
    circumstances = in_org.circumstances_of(route, home.case, newer_messages=True)
    unsure = unread | in_org.in_doubt(home.case)
    return could_match_without_us(in_org.policy.condition(route), home.case, escalations, circumstances, unsure)


def written_at(escalation: Escalation, at: datetime) -> Escalation:
    """The escalation as its note proves it, which stands in the org since that time. Where the ledger sent nothing, or
    sent it long before, another run wrote the note: one that the ledger lost. Then its values and its due time are not
    known; the case on which it began is."""
    sent = escalation.tried_at if escalation.state not in NOT_SENT else None
    if sent is not None and at <= sent + SETTLE_AFTER:
        return escalation
    origin = escalation.ladder.origin if escalation.ladder else ""
    ladder = LadderFacts(origin=origin) if origin else None
    return replace(escalation, tried_at=at, before=None, wrote=None, ladder=ladder)


def all_cases_now(org: Org, case_ids: set[str], paths: frozenset[str], us: frozenset[str]) -> dict[str, CaseNow]:
    """These cases, and the masters that they were merged into."""
    seen: dict[str, CaseNow] = {}
    wanted = set(case_ids)
    for _ in range(MERGES):
        if not wanted:
            break
        found = org.cases_now(sorted(wanted), paths, us)
        seen |= found
        wanted = {one.master_id for one in found.values() if one.master_id} - seen.keys()
    return seen


def homes(case_id: str, seen: Mapping[str, CaseNow]) -> Iterator[CaseNow]:
    """The case, then the master that it was merged into, and so on; empty when the case cannot be seen."""
    for _ in range(MERGES + 1):
        found = seen.get(case_id)
        if found is None:
            return
        yield found
        if not found.master_id:
            return
        case_id = found.master_id
