"""The outbox over days: whatever is queued, whenever a run comes, whatever a channel answers (rules N6 to N8, N11)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sfdc_escalator.escalation.outbox.batches import Batch, batches
from sfdc_escalator.escalation.outbox.digests import next_window
from sfdc_escalator.escalation.outbox.rows import Delivered, Waiting
from sfdc_escalator.escalation.outbox.tries import next_try
from sfdc_escalator.escalation.policy.telling import EVERY_DAY, Cap, DigestTime, Quiet
from tests.escalation.outbox.outbox_judge import Judge, never_stopped

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARTS = [
    datetime(2026, 3, 7, 15, tzinfo=UTC),
    datetime(2026, 4, 3, 20, tzinfo=UTC),
    datetime(2026, 10, 31, tzinfo=UTC),
]
"""Each is hours before a clock change of one of the zones."""
RECIPIENTS = {"ada": ZoneInfo("America/New_York"), "bob": ZoneInfo("Australia/Lord_Howe")}
LONGEST = DAY
"""Of all caps and groups."""


class Rules(NamedTuple):
    """The rules of one policy."""

    cap: Cap | None
    quiet: Quiet | None
    within: timedelta
    digest: DigestTime


RULES = st.builds(
    Rules,
    st.one_of(st.none(), st.builds(Cap, st.integers(1, 3), st.sampled_from([10 * MINUTE, HOUR, DAY]))),
    st.sampled_from([None, Quiet(time(20), time(8)), Quiet(time(12), time(13)), Quiet(time(0, 30), time(2, 15))]),
    st.sampled_from([10 * MINUTE, HOUR, DAY]),
    st.builds(
        DigestTime, st.sampled_from([time(9), time(2, 10), time(21)]), st.sampled_from([EVERY_DAY, frozenset({0, 3})])
    ),
)
STEPS = st.sampled_from([timedelta(seconds=1), MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 5 * HOUR, 11 * HOUR, 30 * HOUR])
ANSWERS = st.sampled_from(["delivered", "delivered", "delayed", "unanswered", "not tried"])


class Outbox(RuleBasedStateMachine):
    """A caller as the docstrings ask for it: it stores what `batches` says, and hands in what it stored."""

    @initialize(start=st.sampled_from(STARTS), policies=st.lists(RULES, min_size=2, max_size=2))
    def begin(self, start: datetime, policies: list[Rules]) -> None:
        self.now, self.policies = start, policies
        self.waiting: dict[str, Waiting] = {}
        self.delivered: list[Delivered] = []
        self.members: dict[str, set[str]] = {}
        self.windows: dict[str, tuple[str, int, datetime]] = {}
        self.digests: set[tuple[str, int, datetime]] = set()
        self.queued = 0

    @rule(
        to=st.sampled_from(sorted(RECIPIENTS)),
        policy=st.integers(0, 1),
        kind=st.sampled_from(["", "", "urgent", "digest", "both"]),
        group=st.sampled_from(["", "acme"]),
        count=st.sampled_from([1, 1, 2, 7]),
    )
    def queue(self, to: str, policy: int, kind: str, group: str, count: int) -> None:
        rules, zone, digest = self.policies[policy], RECIPIENTS[to], kind in ("digest", "both")
        for _ in range(count):
            self.queued += 1
            row = Waiting(
                id=f"n{self.queued}",
                channel="mail",
                to=to,
                queued_at=self.now,
                at=next_window(self.now, rules.digest, zone) if digest else self.now,
                urgent=kind in ("urgent", "both"),
                digest=digest,
                group=group and f"{policy} {group}",
                within=rules.within,
                cap=rules.cap,
                quiet=rules.quiet,
                zone=zone,
            )
            self.waiting[row.id] = row
            self.windows[row.id] = (to, policy, row.at)

    @rule(step=STEPS)
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def time_passes_until_something_is_due(self, data: st.DataObject) -> None:
        times = sorted({row.at for row in self.waiting.values() if row.at > self.now})
        if times:
            self.now = data.draw(st.sampled_from(times))

    @rule(data=st.data())
    def run_comes(self, data: st.DataObject) -> None:
        rows = data.draw(st.permutations(list(self.waiting.values())))
        self.run(rows, lambda: data.draw(ANSWERS))

    def run(self, rows: list[Waiting], answer: Callable[[], str]) -> None:
        known = [one for one in self.delivered if one.at > self.now - LONGEST]
        found = batches(rows, known, self.now)
        Judge(rows, known, self.now, found).judge()
        for name, at in found.later.items():
            self.waiting[name] = replace(self.waiting[name], at=at, held=True)
        for batch in found.send:
            self.store(batch, answer())

    def store(self, batch: Batch, answer: str) -> None:
        if answer == "not tried":
            return
        bundle = batch.rows[0].bundle or batch.rows[0].id
        if bundle not in self.members:
            self.first_try(batch, bundle)
        assert self.members[bundle] == {row.id for row in batch.rows}
        for row in batch.rows:
            if answer == "delivered":
                del self.waiting[row.id]
                group = "" if row.digest else row.group
                self.delivered.append(Delivered(*row.recipient, self.now, bundle, group, group in batch.firsts))
            else:
                self.waiting[row.id] = self.tried(row, bundle, answer)

    def first_try(self, batch: Batch, bundle: str) -> None:
        """No two digests have rows of one window, except rows that came in its second after the first of them went."""
        self.members[bundle] = {row.id for row in batch.rows}
        windows = {self.windows[row.id] for row in batch.rows if row.digest and self.windows[row.id][2] > row.queued_at}
        assert not windows & self.digests
        self.digests |= windows

    def tried(self, row: Waiting, bundle: str, answer: str) -> Waiting:
        tries = row.tries + 1
        again = next_try(tries, self.now, None, row.quiet, row.zone, never_stopped(row))
        at = again if answer == "delayed" else row.at
        return replace(row, bundle=bundle, tries=tries, first_try=row.first_try or self.now, at=at)

    def teardown(self) -> None:
        """Each notice is delivered once, and the runs in which nothing is delivered end."""
        if not hasattr(self, "waiting"):
            return
        for _ in range(10 * self.queued):
            if not self.waiting:
                break
            self.now = max(self.now, min(row.at for row in self.waiting.values()))
            self.run(list(self.waiting.values()), lambda: "delivered")
        assert not self.waiting
        assert len(self.delivered) == self.queued


Outbox.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestOutbox = Outbox.TestCase
