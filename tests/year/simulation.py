"""The year itself: cases come, people act or do not, and a run is made at every instant at which something is due."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Any

from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, StandingState
from sfdc_escalator.files.templates.templates import render
from sfdc_escalator.pipeline.run import carry_out
from sfdc_escalator.pipeline.stop import Stop
from tests.year.cases import KINDS, SHORT, Kind, fields_of, matches_at
from tests.year.own_clock import DAY, HOUR, MINUTE, OwnClock
from tests.year.telling import YearChannels
from tests.year.world import PEOPLE, YearLedger, new_org, read_policy

QUARTER = 15 * MINUTE
SEEN_AT_ONCE = 0.3
"""The share of the acts of people that a run sees at once. The next run for which something is due sees the others."""
EDITS: dict[str, dict[str, Any]] = {
    "calm": {"Subject": "all is well", "IsEscalated": False},
    "raise": {"Subject": "outage after all"},
    "demand": {"Type": "Supervisor Call Back"},
    "outage": {"Type": "Outage", "Account.Rating": "Hot"},
    "flag": {"IsEscalated": True},
    "agree": {"Status": "Working"},
    "block": {"Status": "On Hold"},
}
SOON = (QUARTER, HOUR, 4 * HOUR, 9 * HOUR, 1 * DAY, 2 * DAY)
LATE = (HOUR, DAY, 4 * DAY, 15 * DAY, 20 * DAY, 35 * DAY)
FIRST = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
Starts = list[tuple[int, tuple[str, str]]]
"""The ticks from which on a route matches if nobody acts, each with the policy and the route."""


@dataclass
class Acts:
    """The acts of people on one case, each by its tick: the judge's knowledge of them. `region` is the calendar of its
    customer; `acted` are the acts of a kind that may acknowledge an escalation."""

    region: str = ""
    starts: Starts = field(default_factory=list)
    every: list[int] = field(default_factory=list)
    acted: list[tuple[int, str]] = field(default_factory=list)
    closed: list[tuple[int, bool]] = field(default_factory=list)
    holds: list[tuple[int, int]] = field(default_factory=list)
    legal: list[tuple[int, bool]] = field(default_factory=list)
    merged: int | None = None


class Year:
    """`days` from the first of January on, in an org with these policies and so many cases. A seed repeats a year."""

    def __init__(self, names: Sequence[str], days: int, cases: int, seed: int, outages: int = 12) -> None:
        self.names, self.days = names, days
        self.clock, self.rng = OwnClock(FIRST, days + 60), Random(f"{seed} {' '.join(names)}")
        self.policies = read_policy(*names)
        self.org, self.ledger = new_org(FIRST, self.policies), YearLedger()
        self.queue: list[tuple[int, int, Callable[[], object]]] = []
        self.due: list[int] = []
        self.numbers = 0
        self.acts: dict[str, Acts] = {}
        self.open: list[str] = []
        self.runs: list[int] = []
        self.tally: Counter[str] = Counter()
        self.without_next: list[str] = []
        self.outages = [self.outage() for _ in range(outages)]
        self.ledger.channels = self.some_channels(Random(f"{seed} channels {' '.join(names)}"), outages // 2)
        self.arrivals(cases)
        self.last = days * DAY + 50 * DAY

    def outage(self, rng: Random | None = None) -> tuple[int, int]:
        rng = rng or self.rng
        begin = rng.randrange(self.days * 96) * QUARTER
        return begin, begin + rng.choice((HOUR, 5 * HOUR, 17 * HOUR, 2 * DAY))

    def some_channels(self, rng: Random, outages: int) -> YearChannels:
        """Channels that are down as often, at other times than runs are."""
        down = [self.outage(rng) for _ in range(outages)]
        times = [(self.clock.at(begin), self.clock.at(end)) for begin, end in down]
        return YearChannels(rng=rng, now=lambda: self.org.now, down=times)

    # -- the plan --------------------------------------------------------------------------------------------------

    def arrivals(self, cases: int) -> None:
        """Several cases come at the same time, so that they share runs. The first of each kind come soon."""
        kinds, number = [kind for kind in KINDS if kind.policy in self.names], 0
        while number < cases:
            at = self.rng.randrange(self.days) * DAY + self.rng.randrange(6, 21) * HOUR - 1
            for _ in range(self.rng.randint(1, 2 + cases // 60)):
                kind = kinds[number % len(kinds)] if number < cases // 2 else self.rng.choice(kinds)
                for _ in range(kind.together):
                    number += 1
                    self.plan(at, partial(self.arrive, kind, number))
        self.numbers = number

    def plan(self, tick: int, act: Callable[[], object], *, due: bool = True) -> None:
        """Plans what comes at this tick. What is `due` needs a run at once; else a later run sees it."""
        self.numbers += 1
        heappush(self.queue, (tick, self.numbers, act))
        if due:
            heappush(self.due, tick)

    def arrive(self, kind: Kind, number: int) -> None:
        fields = fields_of(kind, number, self.rng)
        case_id = self.org.open_case(number, fields, kind.queue)
        self.add_records(kind, case_id)
        self.ledger.kept.add(case_id)
        at = matches_at(kind, fields, self.clock, self.now)
        west = fields["Account.BillingState"] in ("CA", "WA")
        self.acts[case_id] = Acts("west" if west else "east", [(at, (kind.policy, kind.route))])
        self.open.append(case_id)
        if at > self.now:
            self.plan(at, lambda: None)
        times = SOON if kind.lives is SHORT else LATE
        for _ in range(self.rng.choice((0, 0, 1, 1, 2, 3))):
            act = partial(self.do, self.rng.choice(kind.acts), case_id)
            self.plan(self.later(self.rng.choice(times)), act, due=self.rng.random() < SEEN_AT_ONCE)
        self.plan(self.later(self.rng.choice(kind.lives)), partial(self.close, case_id), due=False)

    def add_records(self, kind: Kind, case_id: str) -> None:
        """The records beside the case that its route counts."""
        if kind.route == "repeated-returns":
            for days in (9, 90):
                self.org.add_record(case_id, "Cases", "Contact", self.org.now - timedelta(days), Reason="Return")
        elif kind.route == "many-customers":
            for _ in range(kind.together):
                self.org.add_record(case_id, "Cases", "same")
        elif kind.route == "escalation-point":
            self.org.add_record(case_id, "Cases", "", self.org.now - timedelta(days=5), IsClosed=False)
        elif kind.route == "unresponsive":
            self.reach(case_id)

    def reach(self, case_id: str) -> None:
        """Agents try to reach the customer by phone and by e-mail."""
        soon = self.org.now + timedelta(seconds=10)
        self.org.add_record(case_id, "Tasks", at=soon, TaskSubtype="Call")
        self.org.add_record(case_id, "EmailMessages", at=soon, Incoming=False)

    def later(self, ticks: int) -> int:
        """About so much later, just before a full hour: so that many acts need few runs."""
        hours = (self.now + ticks) // HOUR + self.rng.randrange(4)
        return (hours + 1) * HOUR - 1

    # -- the acts of people ----------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.clock.tick(self.org.now)

    def do(self, kind: str, case_id: str) -> None:
        if case_id in self.open:
            self.tally[kind] += 1
            self.acts[case_id].every.append(self.now)
            self.act(kind, case_id)

    def act(self, kind: str, case_id: str) -> None:
        acts, person = self.acts[case_id], self.rng.choice(PEOPLE)
        match kind:
            case "take":
                if next(one for one in self.org.cases if one.id == case_id).owner_id != person:
                    acts.acted.append((self.now, kind))
                self.org.take(case_id, person)
            case "comment":
                acts.acted.append((self.now, kind))
                self.org.answer_customer(case_id, person)
            case "reply" | "alarm":
                acts.acted.append((self.now, "reply"))
                self.org.hear_customer(case_id, "There is smoke, I am hurt." if kind == "alarm" else "I am here.")
            case "call" | "write":
                acts.acted += [(self.now, kind)]
                self.org.add_record(case_id, "Tasks", by=person, TaskSubtype="Call" if kind == "call" else "Email")
            case "reach":
                self.reach(case_id)
            case "return":
                self.org.add_record(case_id, "Cases", "Contact", Reason="Return")
            case "hold" if not any(begin <= self.now < end for begin, end in acts.holds):
                self.hold(case_id)
            case "legal" if not (acts.legal and acts.legal[-1][1]):
                self.legal(case_id, held=True)
                self.plan(self.now + self.rng.choice(SOON), partial(self.legal, case_id, held=False))
            case "reopen":
                self.close(case_id, for_good=False)
                self.plan(self.now + self.rng.choice((0, QUARTER, DAY)), partial(self.reopen, case_id))
            case "merge":
                self.merge(case_id)
            case "agree":
                acts.acted.append((self.now, kind))
                self.org.edit(case_id, EDITS[kind])
            case _ if kind in EDITS:
                self.org.edit(case_id, EDITS[kind])

    def hold(self, case_id: str) -> None:
        whole, part = self.rng.choice(SOON), self.rng.choice((1, 1, 2))
        end = self.now + whole
        self.ledger.hold(Hold(case_id, case_id, self.org.now, self.clock.at(end), "Wait.", "ann"))
        self.acts[case_id].holds.append((self.now, end))
        self.plan(end, lambda: None)
        if part > 1:
            self.plan(self.now + whole // part, partial(self.release, case_id))

    def release(self, case_id: str) -> None:
        """Ends every hold of the case."""
        self.ledger.release(case_id, self.org.now)
        holds = self.acts[case_id].holds
        holds[:] = [(begin, min(end, self.now)) for begin, end in holds]

    def legal(self, case_id: str, *, held: bool) -> None:
        if case_id in self.acts and any(one.id == case_id for one in self.org.cases):
            self.acts[case_id].legal.append((self.now, held))
            self.org.edit(case_id, {"Status": "Waiting on Legal" if held else "Working"})

    def merge(self, case_id: str) -> None:
        other = self.rng.choice(self.open)
        if other != case_id and self.acts[other].merged is None:
            self.open.remove(case_id)
            self.acts[other].every.append(self.now)
            self.acts[case_id].merged = self.acts[other].merged = self.now
            self.org.merge(case_id, other)

    def close(self, case_id: str, *, for_good: bool = True) -> None:
        if case_id not in self.open:
            return
        self.open.remove(case_id)
        self.acts[case_id].closed.append((self.now, True))
        self.acts[case_id].every.append(self.now)
        self.org.close(case_id)
        if for_good:
            self.plan(self.now + 4 * DAY, partial(self.forget, case_id), due=False)

    def reopen(self, case_id: str) -> None:
        self.open.append(case_id)
        self.acts[case_id].closed.append((self.now, False))
        self.org.reopen(case_id)
        self.plan(self.now + self.rng.choice(SHORT) + QUARTER, partial(self.close, case_id))

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
        """The instant at which something is due next: a start, the end of a hold, or a rung by its standing."""
        standings = [one for one, _ in self.ledger.standings.values() if is_waited_for(one.state)]
        moments = [self.clock.tick(one.at) for one in standings if one.at]
        while self.due and self.due[0] <= now:
            heappop(self.due)
        at = min((*(max(moment, now + MINUTE) for moment in moments), *self.due[:1]), default=self.last)
        return max(now + MINUTE, at + at % 2)  # runs are made at full minutes

    def run(self, tick: int) -> None:
        self.org.now = self.clock.at(tick)
        self.runs.append(tick)
        carry_out(
            f"run {tick}", self.org, self.org.identify(), self.ledger, self.policies, RunOptions(backlog="escalate"),
            render, lambda *_: None, Stop(), self.ledger.post,
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
