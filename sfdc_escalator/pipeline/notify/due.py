"""Which notices of the outbox are this run's to send, and what of them is looked at: how long deliveries count, what is
kept back, what is given up."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sfdc_escalator.escalation.notices.recipients import zone_named
from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued
from sfdc_escalator.escalation.outbox.rows import NO_ZONE, Waiting
from sfdc_escalator.escalation.outbox.tries import is_given_up
from sfdc_escalator.escalation.policy.telling import NO_RULES, NoticeRules
from sfdc_escalator.pipeline.ports.outbox import Settled

A_DAY = timedelta(days=1)


def kept_back(one: Queued, until: datetime) -> Settled:
    """The notice that waits until then. The reason of its last try stays."""
    return Settled((one.id,), NoticeState.WAITING, one.reason, until, held=True)


def look_back(queued: Iterable[Queued], rules: Mapping[str, NoticeRules]) -> timedelta:
    """The longest time for which a delivery counts: that of a cap, or of a group."""
    caps = (one.cap.within for one in rules.values() if one.cap)
    return max((timedelta(), *caps, *(one.notice.within for one in queued)))


def of_policies(queued: Sequence[Queued], rules: Mapping[str, NoticeRules], now: datetime) -> Sequence[Queued]:
    """The notices of the policies of this run, which say when they may be sent, and those that no other run took for a
    day: their policy is gone. A message that has one of another policy is left whole."""
    left = [one for one in queued if one.notice.subject.policy not in rules and now < one.at + A_DAY]
    bundles, ids = {one.bundle for one in left} - {""}, {one.id for one in left}
    return [one for one in queued if one.id not in ids and one.bundle not in bundles]


def free(queued: Iterable[Queued]) -> Iterable[Queued]:
    return (one for one in queued if not one.is_busy)


def given_up(queued: Iterable[Queued], now: datetime) -> Iterable[Settled]:
    """Rule N11: 24 hours after the first try a notice that waits for its next one is undelivered."""
    for one in queued:
        if one.first_try and now < one.at and is_given_up(one.first_try, now):
            yield Settled((one.id,), NoticeState.UNDELIVERED, f"given up after a day: {one.reason}")


def waiting_of(one: Queued, rules: Mapping[str, NoticeRules]) -> Waiting:
    notice, own = one.notice, rules.get(one.notice.subject.policy, NO_RULES)
    return Waiting(
        one.id,
        notice.channel,
        notice.to.lower(),
        notice.queued_at,
        one.at,
        notice.urgent,
        notice.digest,
        one.held,
        one.bundle,
        one.tries,
        one.first_try,
        notice.group,
        notice.within,
        own.cap,
        own.quiet,
        zone_named(notice.zone) or NO_ZONE,
    )
