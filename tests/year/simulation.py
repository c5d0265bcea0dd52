"""The year itself: cases come, people act or do not, and a run is made at every instant at which something is due."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from random import Random

from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, StandingState
from sfdc_escalator.files.templates.templates import render
from sfdc_escalator.pipeline.run import carry_out
from sfdc_escalator.pipeline.stop import Stop
from tests.year.own_clock import OwnClock
from tests.year.policy import DAY, HOUR, MINUTE, ROUTES
from tests.year.world import PEOPLE, YearLedger, new_org, read_policy

QUARTER = 15 * MINUTE
ACTS = ("take", "comment", "calm", "hold", "legal", "reopen", "merge", "raise")
LATE = (QUARTER, HOUR, 4 * HOUR, 9 * HOUR, 1 * DAY, 2 * DAY)
LIVES = (HOUR, 6 * HOUR, DAY, 3 * DAY, 5 * DAY, 9 * DAY)


@dataclass
class Acts:
    """The acts of people on one case, each by its tick: the judge's knowledge of them."""

    acted: list[int] = field(default_factory=list)
    closed: list[tuple[int, bool]] = field(default_factory=list)
    holds: list[tuple[int, int]] = field(default_factory=list)
    legal: list[tuple[int, bool]] = field(default_factory=list)
    merged: int | None = None


class Year:
    """`days` from `first` on, with so many cases; the same seed gives the same year."""

    def __init__(self, first: datetime, days: int, cases: int, seed: int, outages: int = 12) -> None:
        self.clock, self.rng, self.days = OwnClock(first, days + 60), Random(seed), days
        self.org, self.ledger, self.policies = new_org(first), YearLedger(), read_policy()
        self.queue: list[tuple[int, int, Callable[[], object]]] = []
        self.numbers = 0
        self.acts: dict[str, Acts] = {}
        self.open: list[str] = []
        self.runs: list[int] = []
        self.tally: Counter[str] = Counter()
        self.without_next: list[str] = []
        self.outages = [self.outage() for _ in range(outages)]
        self.arrivals(cases)
        self.last = days * DAY + 50 * DAY

    def outage(self) -> tuple[int, int]:
        begin = self.rng.randrange(self.days * 96) * QUARTER
        return begin, begin + self.rng.choice((HOUR, 5 * HOUR, 17 * HOUR, 2 * DAY))

    # -- the plan --------------------------------------------------------------------------------------------------

    def arrivals(self, cases: int) -> None:
        number = 0
        while number < cases:
            day, hour = self.rng.randrange(self.days), self.rng.randrange(6, 21)
            for _ in range(min(self.rng.randint(1, 2 + cases // 200), cases - number)):
                number += 1
                self.plan(day * DAY + hour * HOUR - 1, partial(self.arrive, number))

    def plan(self, tick: int, act: Callable[[], object]) -> None:
        self.numbers += 1
        heappush(self.queue, (tick, self.numbers, act))

    def arrive(self, number: int) -> None:
        route = self.rng.choice(list(ROUTES))
        case_id = self.org.open_case(number, f"{route} {number}", self.org.now)
        self.ledger.kept.add(case_id)
        self.acts[case_id] = Acts()
        self.open.append(case_id)
        for _ in range(self.rng.choice((0, 0, 1, 1, 2, 3))):
            kind = self.rng.choices(ACTS, (6, 4, 1, 2, 2, 2, 1, 1))[0]
            self.plan(self.later(self.rng.choice(LATE)), partial(self.do, kind, case_id))
        self.plan(self.later(self.rng.choice(LIVES)), partial(self.close, case_id))

    def later(self, ticks: int) -> int:
        """About so much later, just before a full hour: so that many acts need few runs."""
        hours = (self.now + ticks) // HOUR + self.rng.randrange(4)
        return (hours + 1) * HOUR - 1

    # -- the acts of people ----------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.clock.tick(self.org.now)

    def do(self, kind: str, case_id: str) -> None:
        if case_id not in self.open:
            return
        acts, person = self.acts[case_id], self.rng.choice(PEOPLE)
        self.tally[kind] += 1
        if kind == "take":
            if next(one for one in self.org.cases if one.id == case_id).owner_id != person:
                acts.acted.append(self.now)
            self.org.take(case_id, person)
        elif kind == "comment":
            acts.acted.append(self.now)
            self.org.answer_customer(case_id, person)
        elif kind == "calm":
            self.org.edit(case_id, {"Subject": "all is well"})
        elif kind == "raise":
            self.org.edit(case_id, {"Subject": "outage after all"})
        elif kind == "hold" and not any(begin <= self.now < end for begin, end in acts.holds):
            self.hold(case_id)
        elif kind == "legal" and not (acts.legal and acts.legal[-1][1]):
            self.legal(case_id, held=True)
            self.plan(self.now + self.rng.choice(LATE), partial(self.legal, case_id, held=False))
        elif kind == "reopen":
            self.close(case_id, for_good=False)
            self.plan(self.now + self.rng.choice((0, QUARTER, DAY)), partial(self.reopen, case_id))
        elif kind == "merge":
            self.merge(case_id)

    def hold(self, case_id: str) -> None:
        whole, part = self.rng.choice(LATE), self.rng.choice((1, 1, 2))
        begin, end = self.now, self.now + whole
        self.ledger.hold(Hold(case_id, case_id, self.org.now, self.clock.at(end), "Wait.", "ann"))
        if part > 1:
            end = begin + whole // part
            self.plan(end, partial(self.release, case_id))
        self.acts[case_id].holds.append((begin, end))
        self.plan(end, lambda: None)

    def release(self, case_id: str) -> None:
        self.ledger.release(case_id, self.org.now)

    def legal(self, case_id: str, *, held: bool) -> None:
        if case_id in self.acts and any(one.id == case_id for one in self.org.cases):
            self.acts[case_id].legal.append((self.now, held))
            self.org.edit(case_id, {"Status": "Waiting on Legal" if held else "Working"})

    def merge(self, case_id: str) -> None:
        other = self.rng.choice(self.open)
        if other != case_id and self.acts[other].merged is None:
            self.open.remove(case_id)
            self.acts[case_id].merged = self.acts[other].merged = self.now
            self.org.merge(case_id, other)

    def close(self, case_id: str, *, for_good: bool = True) -> None:
        if case_id not in self.open:
            return
        self.open.remove(case_id)
        self.acts[case_id].closed.append((self.now, True))
        self.org.close(case_id)
        if for_good:
            self.plan(self.now + 4 * DAY, partial(self.forget, case_id))

    def reopen(self, case_id: str) -> None:
        self.open.append(case_id)
        self.acts[case_id].closed.append((self.now, False))
        self.org.reopen(case_id)
        self.plan(self.now + self.rng.choice(LIVES) + QUARTER, partial(self.close, case_id))

    def forget(self, case_id: str) -> None:
        self.org.forget(case_id)
        self.ledger.forget(case_id)
        self.ledger.kept.discard(case_id)

    # -- the runs --------------------------------------------------------------------------------------------------

    def play(self) -> None:
        run_at = 0
        while (self.queue or run_at < self.last) and run_at < self.last:
            if self.queue and self.queue[0][0] <= run_at:
                tick, _, act = heappop(self.queue)
                self.org.now = self.clock.at(tick)
                act()
                continue
            if any(begin <= run_at < end for begin, end in self.outages):
                run_at = next(end for begin, end in self.outages if begin <= run_at < end)
                continue
            self.run(run_at)
            run_at = self.next_run(run_at)

    def next_run(self, now: int) -> int:
        """The instant at which something is due next: an act of a person, or a rung by its standing."""
        standings = [one for one, _ in self.ledger.standings.values() if is_waited_for(one.state)]
        moments = [self.clock.tick(one.at) for one in standings if one.at]
        acts = [self.queue[0][0]] if self.queue else []
        at = min((*(max(moment, now + MINUTE) for moment in moments), *acts), default=self.last)
        return max(now + MINUTE, at + at % 2)  # runs are made at full minutes

    def run(self, tick: int) -> None:
        self.org.now = self.clock.at(tick)
        self.runs.append(tick)
        carry_out(
            f"run {tick}", self.org, self.org.identify(), self.ledger, self.policies, RunOptions(backlog="escalate"),
            render, lambda *_: None, Stop(),
        )  # fmt: skip
        self.watch()

    def watch(self) -> None:
        """Notes each open escalation without a next moment or a reason."""
        for rows in self.ledger.known.values():
            for one in rows.values():
                if one.is_start and one.state is EscalationState.APPLIED:
                    found = self.ledger.standings.get(one.key)
                    if found is None or (found[0].state is StandingState.RUNNING and found[0].at is None):
                        self.without_next.append(f"{one.key} after {self.org.now}: {found}")


def is_waited_for(state: StandingState) -> bool:
    return state in (StandingState.RUNNING, StandingState.ACKNOWLEDGED)


FIRST = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
