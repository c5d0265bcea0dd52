"""The messages that starts and rungs of the past would have sent, by recipient and week."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.outbox.digests import next_window
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.telling import Notify, Recipient
from sfdc_escalator.escalation.world.keys import FIRST_RUNG


class Messages:
    """Counts the messages of starts and rungs as they come. A digest counts as one message; quiet hours, the cap and
    `one_notice_per` are not applied: they only make fewer of them."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self._notify = policy, notify_by_rung(policy)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._digests: set[tuple[str, datetime]] = set()

    def take(self, route: str, rung: str, at: datetime) -> None:
        """A start, or a turn of a rung."""
        told, policy = self._notify[route, rung], self._policy
        now = names_of(told.now)
        self._counts.update((name, week_of(at, policy)) for name in now)
        for name in names_of(told.digest) - now:
            self._digests.add((name, next_window(at, policy.notices.digest, policy.zone)))

    def by_week(self) -> Mapping[str, Mapping[str, int]]:
        """The number of messages of each ISO week, by recipient as the policy names it."""
        counts = self._counts + Counter((name, week_of(at, self._policy)) for name, at in self._digests)
        found: dict[str, dict[str, int]] = {}
        for (name, week), count in sorted(counts.items()):
            found.setdefault(name, {})[week] = count
        return found


def notify_by_rung(policy: Policy) -> Mapping[tuple[str, str], Notify]:
    starts = {(route.name, FIRST_RUNG): route.notify for route in policy.routes}
    return starts | {(route.name, rung.id): rung.notify for route in policy.routes for rung in route.ladder.rungs}


def names_of(recipients: Iterable[Recipient]) -> frozenset[str]:
    return frozenset(map(name_of, recipients))


def name_of(one: Recipient) -> str:
    """The recipient as the policy names it; only the case says which team a table gives."""
    if isinstance(one.name, Table):
        return f"table {one.name.name}" if one.name.name else f"a table by {', '.join(one.name.by)}"
    return f"channel {one.name}" if one.kind == "channel" else one.name


def week_of(at: datetime, policy: Policy) -> str:
    year, week, _ = at.astimezone(policy.zone).isocalendar()
    return f"{year}-W{week:02}"
