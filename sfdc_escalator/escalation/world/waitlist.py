"""The things that a run leaves for a person, and when they are news for whoever got the last report."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

PASSING = frozenset({"bounced", "stopped", "failed", "forgotten"})
"""Things of one run only: each is reported each time, and is not there in the next run."""
A_DAY = timedelta(hours=23, minutes=55)
"""A little less than a day: the run at the same time of the next day reports again, also if it starts sooner."""
MOST = 200
LONGEST = 500
MOST_NUMBERS = 20
NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person.

    `state` is held, rejected, unknown, deferred or bounced of a case; undelivered of a notice, whose id is the `key`;
    withheld or broken of a route, whose `case_number` is empty; stopped or failed of a run, or forgotten by the check
    of the ledger, which have no route either. `missing` are parts of the note, `cases` counts the cases of a withheld
    route, `numbers` are the case numbers of the first ones. `seen` is the org's time of the run that found it last.
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
    numbers: tuple[str, ...] = ()

    @property
    def subject(self) -> tuple[str, str, str, str]:
        return self.state, self.policy, self.route, self.case_number

    @property
    def as_reported(self) -> list[str]:
        """The same for the same news: numbers in the reason, such as a count of cases, may change from run to run."""
        return [*self.subject, *sorted(self.missing), NUMBERS.sub("0", self.reason)]


@dataclass(frozen=True, slots=True)
class Waitlist:
    """All that waits, at most MOST entries; `count` counts all. `reported` is the digest of the list that was last
    reported, `reported_at` the org's time of that."""

    entries: tuple[Waiting, ...] = ()
    count: int = 0
    reported: str = ""
    reported_at: datetime | None = None

    def is_due(self, digest: str, now: datetime) -> bool:
        """True where none was reported, where this is another list than then, or a day later."""
        return (
            digest != self.reported
            or self.reported_at is None
            or not self.reported_at <= now < self.reported_at + A_DAY
        )


def digest_of(found: Iterable[Waiting]) -> str:
    """The digest of the list as a person knows it; empty where nothing stays."""
    lasting = sorted(one.as_reported for one in found if one.state not in PASSING)
    return hashlib.sha256(json.dumps(lasting).encode()).hexdigest()[:16] if lasting else ""


def next_list(before: Waitlist, found: Iterable[Waiting], now: datetime, *, reports: bool) -> tuple[Waitlist, bool]:
    """The list after a run, and whether this run reports it: when something is new, changed, or was reported a day ago,
    and always when something concerns this run only. Without `reports`, what this run says is read by nobody, so it
    does not count as reported."""
    every = tuple(found)
    digest = digest_of(every)
    passing = any(one.state in PASSING for one in every)
    news = reports and (passing or (digest != "" and before.is_due(digest, now)))
    reported, reported_at = (digest, now) if news else (before.reported, before.reported_at)
    kept = tuple(replace(one, reason=one.reason[:LONGEST]) for one in every[:MOST])
    return Waitlist(kept, len(every), reported if digest else "", reported_at if digest else None), news


class Forgotten(NamedTuple):
    """An open escalation that nothing would ever carry on, and why."""

    key: str
    why: str


class SelfCheck(NamedTuple):
    """`open` counts the open escalations; `ms` is the time that the check took, in milliseconds."""

    open: int = 0
    problems: tuple[Forgotten, ...] = ()
    ms: int = 0


UNCHECKED = SelfCheck()
