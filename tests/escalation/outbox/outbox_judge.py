"""A judge of one run of the outbox: it reads the rules N6 to N8 in code of its own, row by row."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfdc_escalator.escalation.outbox.batches import Batch, Batches
from sfdc_escalator.escalation.outbox.rows import Delivered, Recipient, Waiting

SECOND, QUARTER = timedelta(seconds=1), timedelta(minutes=15)


def never_stopped(row: Waiting) -> bool:
    return row.urgent and not row.digest


def is_quiet(row: Waiting, at: datetime) -> bool:
    """True where the recipient's clock shows quiet hours."""
    if row.quiet is None or row.quiet.begin == row.quiet.end:
        return False
    clock, (begin, end) = at.astimezone(row.zone).time(), row.quiet
    return begin <= clock < end if begin < end else clock >= begin or clock < end


@dataclass
class Judge:
    """The rows and deliveries before a run at `now`, and what it decided."""

    waiting: Sequence[Waiting]
    delivered: Sequence[Delivered]
    now: datetime
    found: Batches

    def judge(self) -> None:
        self.due = sorted((row for row in self.waiting if row.at <= self.now), key=lambda row: row.queued_at)
        self.each_due_row_is_sent_or_kept()
        for recipient in {row.recipient for row in self.waiting}:
            self.messages_are_few(recipient)
        for place, batch in enumerate(self.found.send):
            self.message_is_right(batch)
            self.message_may_go(batch, self.found.send[:place])
        for row in self.due:
            if row.id in self.found.later:
                # it waits no longer than needed: one second earlier there is a reason still
                assert any(self.reasons(row, self.found.later[row.id] - SECOND)), row

    def each_due_row_is_sent_or_kept(self) -> None:
        """None is lost, none is sent twice."""
        sent = [row.id for batch in self.found.send for row in batch.rows]
        assert Counter([*sent, *self.found.later]) == Counter(row.id for row in self.due)
        assert all(at > self.now for at in self.found.later.values())

    def messages_are_few(self, recipient: Recipient) -> None:
        """One digest, one message of what was held, five urgent ones, one of a group; what was tried comes besides."""
        fresh = [one for one in self.found.send if one.rows[0].recipient == recipient and not one.rows[0].bundle]
        urgent = [one for one in fresh if one.urgent]
        together = [one for one in fresh if not one.urgent and any(row.held for row in one.rows)]
        assert len(urgent) <= 1 or sum(len(one.rows) for one in urgent) <= 5
        assert sum(one.kind == "digest" for one in fresh) <= 1
        assert sum(one.kind != "digest" for one in together) <= 1
        groups = Counter(group for one in fresh for group in {row.group for row in one.rows if not row.digest} - {""})
        assert all(count == 1 for count in groups.values())

    def message_is_right(self, batch: Batch) -> None:
        rows, first = batch.rows, batch.rows[0]
        assert len({(row.recipient, row.bundle, row.digest) for row in rows}) == 1
        assert [row.queued_at for row in rows] == sorted(row.queued_at for row in rows)
        assert batch.urgent == any(map(never_stopped, rows))
        assert batch.kind == ("digest" if first.digest else "bundle" if len(rows) > 1 else "one")

    def message_may_go(self, batch: Batch, before: Sequence[Batch]) -> None:
        """What is not urgent keeps quiet hours and cap; what was not tried before keeps the pause of its group."""
        if not batch.urgent:
            assert not any(is_quiet(row, self.now) for row in batch.rows)
            assert not any(self.is_full(row, self.now, before) for row in batch.rows)
        if not batch.rows[0].bundle:
            assert not any(self.in_pause(row, self.now, before) for row in batch.rows)
            self.group_goes_whole(batch)

    def group_goes_whole(self, batch: Batch) -> None:
        """All rows of a group that may go are in the message; the first one of a group goes without the others."""
        groups = {row.group for row in batch.rows if not row.digest} - batch.firsts - {""}
        for row in self.due:
            if row.recipient == batch.rows[0].recipient and row.group in groups and not (row.digest or row.bundle):
                same = row.urgent == batch.urgent and not (is_quiet(row, self.now) and not row.urgent)
                assert row in batch.rows or not same

    def reasons(self, row: Waiting, at: datetime) -> Iterator[bool]:
        """The reasons to keep a row at that time. Quiet hours, cap and a first that waits keep no urgent one."""
        message = [one for one in self.waiting if one is row or (row.bundle and one.bundle == row.bundle)]
        if not any(map(never_stopped, message)):
            yield any(is_quiet(one, at) for one in message)
            others = [one for one in self.due if one.recipient == row.recipient and not never_stopped(one)]
            yield any(self.is_full(one, at, self.found.send) for one in others)
            yield not row.bundle and at < self.now + QUARTER and self.first_is_kept(row)
        yield self.in_pause(row, at, self.found.send) if not row.bundle else any(one.at > at for one in message)

    def first_is_kept(self, row: Waiting) -> bool:
        """True where an earlier one of its group is kept, and it would be alone in being sent."""
        earlier = self.due[: self.due.index(row)]
        same = [one for one in earlier if (one.recipient, one.group) == (row.recipient, row.group)]
        return bool(row.group) and not row.digest and any(one.id in self.found.later for one in same)

    def is_full(self, row: Waiting, at: datetime, sent: Sequence[Batch]) -> bool:
        """True where the cap of the row has no room for a message at that time."""
        if row.cap is None:
            return False
        times = {one.bundle: one.at for one in self.delivered if one.recipient == row.recipient}
        now = [self.now for one in sent if one.rows[0].recipient == row.recipient]
        return sum(one > at - row.cap.within for one in (*times.values(), *now)) >= row.cap.most

    def in_pause(self, row: Waiting, at: datetime, sent: Sequence[Batch]) -> bool:
        """True where a message of the group went, or was tried first, less than a quarter of an hour ago, and the first
        one of the group is not as old as its time."""
        if not row.group or row.digest:
            return False
        messages = [(one.at, one.first) for one in self.delivered if self.same_group(one, row)]
        messages += [(one.first_try, True) for one in self.waiting if one.first_try and self.same_group(one, row)]
        for batch in sent:
            if not batch.rows[0].bundle and any(self.same_group(one, row) for one in batch.rows):
                messages.append((self.now, row.group in batch.firsts))
        firsts = [when for when, first in messages if first]
        return bool(firsts) and max(firsts) > at - row.within and max(when for when, _ in messages) > at - QUARTER

    def same_group(self, one: Waiting | Delivered, row: Waiting) -> bool:
        digest = isinstance(one, Waiting) and one.digest
        return not digest and (one.recipient, one.group) == (row.recipient, row.group)
