"""The escalations whose ladder is exhausted: each is recorded once, with the notice about it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.preparing.prepare import Prepared

WHY = "nobody acted, and no rung is left"


def record_exhausted(lease: Lease, prepared: Prepared) -> None:
    """Records the ladders of which an earlier run carried out the last rung, with the notices about them. What the
    ledger has is not recorded again."""
    if found := list(exhausted(prepared)):
        lease.record(found)


def exhausted(prepared: Prepared) -> Iterator[Change]:
    policies = {policy.name: policy for policy in prepared.plan.policies}
    for one in not_recorded(prepared):
        start = replace(one.start, ladder=replace(one.facts, exhausted=one.now))
        digest, notices = policies[one.start.policy].digest, prepared.notices.get(("exhausted", start.key), ())
        yield Change("exhausted", start, one.case.number, digest, (WHY,), notices=notices)


def not_recorded(prepared: Prepared) -> Iterable[OnLadder]:
    """The exhausted ladders that are not recorded yet. One that this run takes over, or tries to, ends by that; and one
    that it found changed is looked at again by the next run."""
    taken_over = prepared.plan.taken_over
    starts = {one.key: one for one in prepared.history.starts()}
    for one in prepared.ladders.open:
        is_known = one.facts.acknowledged or one.facts.exhausted
        if not is_known and one.is_exhausted and one.start.key not in taken_over and starts[one.start.key] == one.start:
            yield one
