"""What a run leaves for a person, and whether that is news for somebody who was told before."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

PASSING = frozenset({"bounced", "stopped", "failed"})
"""What happened in one run only: it is told each time, and is not there in the next run."""
A_DAY = timedelta(hours=23, minutes=55)
"""A little less than a day: the run at the same time of the next day tells again, also when it starts a bit sooner."""
MOST = 200
LONGEST = 500
NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person.

    `state` is held, rejected, unknown, deferred or bounced of a case; withheld or broken of a route, whose
    `case_number` is empty; stopped or failed of a run, which has no route either. `missing` are parts of the note,
    `cases` counts the cases of a withheld route. `seen` is the org's time of the run that found it last.
    """

    state: str
    reason: str
    policy: str = ""
    route: str = ""
    case_number: str = ""
    key: str = ""
    missing: tuple[str, ...] = ()
    cases: int = 0
    seen: datetime | None = None

    @property
    def subject(self) -> tuple[str, str, str, str]:
        return self.state, self.policy, self.route, self.case_number

    @property
    def as_told(self) -> list[str]:
        """The same for the same news: numbers in the reason, such as a count of cases, may change from run to run."""
        return [*self.subject, *sorted(self.missing), NUMBERS.sub("0", self.reason)]


@dataclass(frozen=True, slots=True)
class Waitlist:
    """All that waits, at most MOST entries; `count` counts all. `told` is the digest of what was last told, and
    `told_at` the org's time of that."""

    entries: tuple[Waiting, ...] = ()
    count: int = 0
    told: str = ""
    told_at: datetime | None = None

    def tells_again(self, digest: str, now: datetime) -> bool:
        """True where it was never told, where it is another list than then, or a day later."""
        return digest != self.told or self.told_at is None or not self.told_at <= now < self.told_at + A_DAY


def digest_of(found: Iterable[Waiting]) -> str:
    """What a person is told of the list as a whole; empty where nothing stays."""
    lasting = sorted(one.as_told for one in found if one.state not in PASSING)
    return hashlib.sha256(json.dumps(lasting).encode()).hexdigest()[:16] if lasting else ""


def next_list(before: Waitlist, found: Iterable[Waiting], now: datetime, *, tells: bool) -> tuple[Waitlist, bool]:
    """The list after a run, and whether the run tells a person about it: when something is new, when the list
    changed, once a day, and always what happened in this run only. A run that does not tell (`tells`) remembers what
    was told before."""
    every = tuple(found)
    digest = digest_of(every)
    passing = any(one.state in PASSING for one in every)
    news = tells and (passing or (digest != "" and before.tells_again(digest, now)))
    told, told_at = (digest, now) if news else (before.told, before.told_at)
    kept = tuple(replace(one, reason=one.reason[:LONGEST]) for one in every[:MOST])
    return Waitlist(kept, len(every), told if digest else "", told_at if digest else None), news
