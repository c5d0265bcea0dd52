"""The use of policies by runs: since when their present text is in use, when it is to be reviewed, and when runs last
looked at all of its open escalations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.world.waitlist import A_DAY


@dataclass(frozen=True, slots=True)
class PolicyUse:
    """`digest` is that of the present text. `since` is the org's time of the first run that used this text, `seen` that
    of the last one. `zone` names the time zone in which due times of the policy are shown. `watched` is the org's time
    of the last run that looked at every open escalation of the policy, `watched_before` that of the one before it."""

    digest: str
    since: datetime
    seen: datetime
    review_every: timedelta | None = None
    zone: str = "UTC"
    watched: datetime | None = None
    watched_before: datetime | None = None

    def is_overdue(self, now: datetime) -> bool:
        """True where the text is in use for so long that it is to be reviewed."""
        return self.review_every is not None and now - self.since >= self.review_every


PolicyUses = Mapping[str, PolicyUse]
"""By the name of the policy."""


def next_uses(before: PolicyUses, used: PolicyUses, now: datetime) -> PolicyUses:
    """The uses after a run. A policy whose text is the same is in use as long as before; one that no run takes for a
    day is gone."""
    kept = {name: one for name, one in before.items() if now < one.seen + A_DAY}
    return kept | {name: continued(before.get(name), one) for name, one in used.items()}


def continued(before: PolicyUse | None, used: PolicyUse) -> PolicyUse:
    if before is None:
        return used
    since = before.since if before.digest == used.digest else used.since
    if used.watched is None:  # a run of one case
        return replace(used, since=since, watched=before.watched, watched_before=before.watched_before)
    return replace(used, since=since, watched_before=before.watched)
