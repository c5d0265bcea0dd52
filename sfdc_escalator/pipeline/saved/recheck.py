"""Compares each order of a saved plan with the org and the ledger now. Reads only."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State, undone_outcome, unknown_outcome
from sfdc_escalator.escalation.planning.guards import withheld_by
from sfdc_escalator.escalation.saved.differences import Difference, Known, by_whom, differences, sentence
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.saved.since import CaseSince
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.org import Org

UNSETTLED = frozenset({EscalationState.UNKNOWN, EscalationState.SENDING})
SETTLING = timedelta(seconds=2)
"""The guard stops a case that was saved this short a time before it was read."""
PAUSE = 3.0
ALREADY = "an apply of this plan escalated it"
WAITS = "an apply of this plan sent it, and whether the org has it is not known yet: run the command again later"


class Refused(NamedTuple):
    """An order that is not carried out, and its differences."""

    order: Order
    differences: tuple[Difference, ...]

    @property
    def reason(self) -> str:
        return "; ".join(map(sentence, self.differences))


@dataclass(frozen=True, slots=True)
class Checked:
    """The orders of a plan by what is to be done with them. `ends` are the outcomes of those that an apply of this plan
    sent already. `at` is the time of the reading."""

    to_send: tuple[Order, ...]
    refused: tuple[Refused, ...]
    ends: Mapping[str, Outcome]
    at: datetime
    read: int


def recheck(org: Org, plan: SavedPlan, history: History, sent: Collection[str], facts: OrgFacts) -> Checked:
    """`sent` are the keys that an apply of this plan sent."""
    known = {one.key: one for one in history.everything()}
    ends = {one.key: end for one in plan.orders if (end := end_of(one, known, sent))}
    left = [one for one in plan.orders if one.key not in ends]
    if not left:
        return Checked((), (), ends, facts.caller.now, 0)
    cases, at = read_at_rest(org, sorted({one.case_id for one in left}), plan.polled_at)
    us = history.users | {facts.caller.user_id}
    found: dict[str, tuple[Difference, ...]] = {}
    for order in left:
        case, facts_of = cases.get(order.case_id), known_of(order, plan, history, known, us, facts.caller.now)
        found[order.key] = differences(order, case, facts_of)
    different = sorted({one.case_id for one in left if found[one.key]})
    changes = org.changes_since(different, plan.polled_at) if different else {}
    found = {one.key: by_whom(found[one.key], changes.get(one.case_id, {})) for one in left}
    for order, reason in guarded(plan, [one for one in left if not found[one.key]], facts):
        found[order.key] = (Difference("guard", None, reason),)
    refused = tuple(Refused(one, found[one.key]) for one in left if found[one.key])
    now = (as_now(one, known) for one in left if not found[one.key])
    return Checked(tuple(now), refused, ends, at, len(cases))


def read_at_rest(org: Org, case_ids: Sequence[str], since: datetime) -> tuple[Mapping[str, CaseSince], datetime]:
    """The cases. If one was saved just now they are read once more a little later: a run would leave such a case to the
    next one."""
    cases, at = org.cases_since(case_ids, since)
    if any(one.modified and one.modified > at - SETTLING for one in cases.values()) and org.pause(1, PAUSE):
        cases, at = org.cases_since(case_ids, since)
    return cases, at


def end_of(order: Order, known: Mapping[str, Escalation], sent: Collection[str]) -> Outcome | None:
    """The outcome of an order that an apply of this plan sent; None for one that is to be sent, or sent again."""
    escalation = known.get(order.key)
    if order.key not in sent or escalation is None or not escalation.was_sent:
        return None
    if escalation.state in UNSETTLED:
        return unknown_outcome(order, WAITS)
    return undone_outcome(order, State.ALREADY, ALREADY)


def known_of(
    order: Order,
    plan: SavedPlan,
    history: History,
    known: Mapping[str, Escalation],
    us: frozenset[str],
    now: datetime,
) -> Known:
    return Known(
        us=us,
        now=now,
        escalation=known.get(order.key),
        start=known.get(order.start_key) if order.start_key else None,
        holds=history.holds_of(order.case_id),
        bypasses=(order.identity.policy, order.identity.route) in plan.bypassing,
    )


def guarded(plan: SavedPlan, orders: Sequence[Order], facts: OrgFacts) -> Iterator[tuple[Order, str]]:
    """The orders of routes that a guard withholds now."""
    names = {one.key: (one.identity.policy, one.identity.route) for one in orders}
    counts = Counter(names[one.key] for one in orders if one.writes)
    guards = {name: plan.guards[name[0]] for name in counts if name not in plan.bypassing}
    reasons = withheld_by(guards, counts, facts)
    return ((one, reasons[names[one.key]]) for one in orders if one.writes and names[one.key] in reasons)


def as_now(order: Order, known: Mapping[str, Escalation]) -> Order:
    """The order with the escalations that it ends or moves as the ledger has them now."""
    earlier = known.get(order.key)
    tries = {
        "rejections": earlier.attempts if earlier and earlier.state is EscalationState.REJECTED else 0,
        "deferrals": earlier.attempts if earlier and earlier.state is EscalationState.PLANNED else 0,
    }
    ended = tuple(known[one.key] for one in order.takes_over if one.key in known and known[one.key].is_open)
    skips = tuple(one for one in order.skips if one.key not in known)
    return replace(order, takes_over=ended, skips=skips, ladder_after=moved(order.ladder_after, known), **tries)  # type: ignore[arg-type]


def moved(after: Escalation | None, known: Mapping[str, Escalation]) -> Escalation | None:
    """The start as the ledger has it, with the rungs that the order moves."""
    now = known.get(after.key) if after else None
    if after is None or after.ladder is None or now is None or now.ladder is None:
        return None
    return replace(now, ladder=replace(now.ladder, moved={**now.ladder.moved, **after.ladder.moved}))
