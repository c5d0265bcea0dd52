"""The escalations whose ladder is exhausted: each is recorded once, with the notice about it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.notices import Notice, exhausted_notice
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.preparing.prepare import Prepared

WHY = "nobody acted, and no rung is left"


class Exhausted(NamedTuple):
    """An exhausted escalation as the ledger records it; without a notice where nobody is accountable."""

    change: Change
    notice: Notice | None


def record_exhausted(lease: Lease, prepared: Prepared) -> tuple[Notice, ...]:
    """Records the ladders of which an earlier run carried out the last rung, and returns the notices about them. What
    the ledger has is not reported again."""
    found = list(exhausted(prepared))
    if found:
        lease.record([one.change for one in found])
    return tuple(one.notice for one in found if one.notice)


def exhausted(prepared: Prepared) -> Iterator[Exhausted]:
    policies = {policy.name: policy for policy in prepared.plan.policies}
    for one in not_recorded(prepared):
        policy = policies[one.start.policy]
        notice = exhausted_notice(one, policy.owner.accountable)
        start = replace(one.start, ladder=replace(one.facts, exhausted=one.now))
        facts = {"notice": notice.kind, "to": notice.to} if notice else None
        yield Exhausted(Change("exhausted", start, one.case.number, policy.digest, (WHY,), facts=facts), notice)


def not_recorded(prepared: Prepared) -> Iterable[OnLadder]:
    """The exhausted ladders that are not recorded yet. One that this run takes over, or tries to, ends by that; and one
    that it found changed is looked at again by the next run."""
    taken_over = prepared.plan.taken_over
    starts = {one.key: one for one in prepared.history.starts()}
    for one in prepared.ladders.open:
        is_known = one.facts.acknowledged or one.facts.exhausted
        if not is_known and one.is_exhausted and one.start.key not in taken_over and starts[one.start.key] == one.start:
            yield one
