"""The messages of one run: which notices go now, together with which others, and which wait (rules N6, N7, N8)."""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeVar

from sfdc_escalator.escalation.outbox.quiet import first_time
from sfdc_escalator.escalation.outbox.rows import Delivered, Waiting

MOST_URGENT = 5
"""More urgent notices to one recipient in one run are one message."""
PAUSE = timedelta(minutes=15)
"""The time from a message of a group to the next one that is not a first."""
Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)


class Batch(NamedTuple):
    """One message: its rows in order of queueing. `firsts` are the groups of which it is the first message: when it is
    delivered, the caller stores with each row the time, the message, and whether the row's group is one of them."""

    rows: tuple[Waiting, ...]
    kind: Literal["one", "bundle", "digest"]
    urgent: bool
    firsts: frozenset[str]


class Batches(NamedTuple):
    """The messages to send, the urgent ones first. `later` has the rows that are kept back now, by id, with the time at
    which they are looked at again: the caller stores it as their `at`, and marks them `held`."""

    send: tuple[Batch, ...]
    later: Mapping[str, datetime]


def batches(waiting: Iterable[Waiting], delivered: Iterable[Delivered], now: datetime) -> Batches:
    """The messages of a run, from all rows that wait and from what was delivered within the longest cap or group.

    Each row that is due is in one message or in `later`. Nothing needs to be held when it is queued: quiet hours are
    asked of now, because a run may be late.
    """
    rows = by(sorted(waiting, key=queued), lambda row: row.recipient)
    before = by(delivered, lambda one: one.recipient)
    runs = [Sending(of_one, before[recipient], now) for recipient, of_one in rows.items()]
    send = [batch for run in runs for batch in run.decide()]
    later = {row: at for run in runs for row, at in run.later.items()}
    return Batches(tuple(sorted(send, key=lambda batch: not batch.urgent)), later)


def queued(row: Waiting) -> datetime:
    return row.queued_at


def by(rows: Iterable[Row], key: Callable[[Row], Key]) -> defaultdict[Key, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def is_urgent(row: Waiting) -> bool:
    """True where neither quiet hours nor the cap stop it. A digest is one message at a time of its own: not urgent."""
    return row.urgent and not row.digest


def first_tries(rows: Iterable[Waiting]) -> Iterator[Delivered]:
    """The first tries of messages that wait for another: for its group each counts as the first message, because it
    may have been delivered, or may be at any time."""
    for row in rows:
        if row.first_try and not row.digest:
            yield Delivered(*row.recipient, row.first_try, row.bundle, row.group, first=True)


def pause_end(messages: Iterable[Delivered], within: timedelta, now: datetime) -> datetime | None:
    """The end of the pause after the messages of a group, perhaps past; None where the next one is a first."""
    times = [(one.at, one.first) for one in messages]
    first = max((at for at, is_first in times if is_first), default=None)
    if first is None or first + within <= now:
        return None
    return min(first + within, max(times)[0] + PAUSE)


def kind_of(rows: Sequence[Waiting]) -> Literal["one", "bundle", "digest"]:
    if rows[0].digest:
        return "digest"
    return "bundle" if len(rows) > 1 else "one"


class Sending:
    """The messages of a run to one recipient. What goes counts as delivered for what is decided after it."""

    def __init__(self, rows: Sequence[Waiting], delivered: Sequence[Delivered], now: datetime) -> None:
        self.now = now
        self.tried = by(rows, lambda row: row.bundle)
        self.fresh = [row for row in self.tried.pop("", []) if row.at <= now]
        self.times = sorted({one.bundle: one.at for one in delivered}.values())
        self.groups = by(delivered, lambda one: one.group)
        self.tries = by(first_tries(rows), lambda one: one.group)
        self.caps = {row.cap for row in rows if row.cap and row.at <= now and not is_urgent(row)}
        self.later: dict[str, datetime] = {}

    def decide(self) -> list[Batch]:
        """The urgent messages, which nothing stops; then the others, each where there is room for it."""
        urgent = [self.batch(rows, True) for rows in self.messages(True)]
        return urgent + [self.batch(rows, False) for rows in self.messages(False) if self.has_room(rows)]

    def messages(self, urgent: bool) -> list[list[Waiting]]:
        """Those that were tried before, as they were; then the digest, what goes together, and what goes alone."""
        again = [rows for rows in self.tried.values() if is_urgent(rows[0]) == urgent and self.is_due(rows)]
        fresh = self.awake([row for row in self.fresh if is_urgent(row) == urgent])
        digest = [row for row in fresh if row.digest]
        together, alone = self.divided([row for row in fresh if not row.digest])
        if urgent and len(together) + len(alone) > MOST_URGENT:
            together, alone = [row for row in fresh if row.id not in self.later], []
        return [rows for rows in (*again, digest, together, *([row] for row in alone)) if rows]

    def is_due(self, rows: Sequence[Waiting]) -> bool:
        """True when the time of all rows of a message has come; else those that are due wait for the last one."""
        last = max(row.at for row in rows)
        if last > self.now:
            self.keep((row for row in rows if row.at <= self.now), last)
        return last <= self.now

    def awake(self, rows: Sequence[Waiting]) -> list[Waiting]:
        """The rows that quiet hours do not keep back now."""
        self.keep((row for row in rows if self.awake_at(row) > self.now), self.now)
        return [row for row in rows if row.id not in self.later]

    def awake_at(self, row: Waiting) -> datetime:
        return self.now if is_urgent(row) else first_time(self.now, row.quiet, row.zone)

    def divided(self, rows: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
        """The rows that go together, and those that go alone. The first of a group goes alone, the others wait for the
        pause and go together; where its rows were held, all go together as the first.

        Urgent rows wait for the pause too: `one_notice_per` asks for one message in place of many, and one went before.
        """
        groups = by(rows, lambda row: row.group)
        together = [row for row in groups.pop("", []) if row.held]
        for group, members in groups.items():
            within = members[0].within
            end = pause_end([*self.groups[group], *self.tries[group]], within, self.now)
            if end and end > self.now:
                self.keep(members, end)
            elif end or any(row.held for row in members):
                together += members
            else:
                self.keep(members[1:], self.now + min(PAUSE, within))
        ids = {row.id for row in together}
        left = [row for row in rows if row.id not in self.later]
        return [row for row in left if row.id in ids], [row for row in left if row.id not in ids]

    def has_room(self, rows: Sequence[Waiting]) -> bool:
        """True where all caps allow a message now, and no row of it is in quiet hours; else its rows are kept back."""
        free = max(self.room_at(), *map(self.awake_at, rows))
        if free > self.now:
            self.keep(rows, free)
        return free <= self.now

    def room_at(self) -> datetime:
        """The time at which all caps allow a message; each is a sliding window over the deliveries."""
        full = (cap for cap in self.caps if len(self.times) >= cap.most)
        return max([self.now, *(self.times[-cap.most] + cap.within for cap in full)])

    def keep(self, rows: Iterable[Waiting], until: datetime) -> None:
        for row in rows:
            self.later[row.id] = until if is_urgent(row) else first_time(until, row.quiet, row.zone)

    def batch(self, rows: Sequence[Waiting], urgent: bool) -> Batch:
        groups = {row.group: row.within for row in rows if row.group and not row.digest}
        firsts = {group for group, within in groups.items() if pause_end(self.groups[group], within, self.now) is None}
        insort(self.times, self.now)
        if not rows[0].bundle:  # of what was tried before its first try counts
            for group in groups:
                self.groups[group].append(Delivered(*rows[0].recipient, self.now, rows[0].id, group, group in firsts))
        return Batch(tuple(rows), kind_of(rows), urgent, frozenset(firsts))
