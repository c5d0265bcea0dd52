"""The judge of a year: what each ladder should have done, by rules and a clock of its own, beside what it did."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.year.ladders import ROUTES, EndOfDay, Route, Rung
from tests.year.own_clock import Held, OwnClock

NEVER = 1 << 60


class Row(NamedTuple):
    """A turn of a rung, climbed or skipped in the run at a tick."""

    at: int
    rung: str
    turn: int
    climbed: bool


@dataclass
class Story:
    """One escalation: planned and started at `start` with this due time; who acted first, when it was held, and from
    when on nothing may be climbed. Of one of a merged case, which is `loose`, only doubled turns are looked for."""

    key: str
    case_id: str
    name: tuple[str, str]
    start: int
    due: int | None
    rows: list[Row]
    region: str = ""
    acted: int = NEVER
    held: Held = field(default_factory=list)
    end: int = NEVER
    loose: bool = False

    @property
    def route(self) -> Route:
        return ROUTES[self.name]


@dataclass
class Judge:
    clock: OwnClock
    runs: Sequence[int]
    tally: Counter[str] = field(default_factory=Counter)
    met: set[tuple[str, str, str]] = field(default_factory=set)

    def violations(self, story: Story) -> Iterator[str]:
        route, rows = story.route, sorted(story.rows)
        wanted = self.due(story)
        name = f"{story.key} {story.case_id} {'/'.join(story.name)} from {self.clock.at(story.start)}"
        if wanted != story.due:
            yield f"DUE: {name}: {story.due}, expected {wanted}"
        for (rung, turn), times in Counter((row.rung, row.turn) for row in rows).items():
            if times > 1:
                yield f"DOUBLED: {name}: {rung} {turn} {times} times"
        if story.loose:
            return
        rungs = {rung.name: rung for rung in route.rungs}
        self.met |= {(*story.name, row.rung) for row in rows if row.climbed}
        for row in rows:
            self.tally["climbed" if row.climbed else "skipped"] += 1
            if row.climbed and row.at < self.moment(story, rungs[row.rung], row.turn, {}):
                yield f"TOO EARLY: {name}: {row} at {self.clock.at(row.at)}"
        expected = sorted(Expected(self, story).rows())
        if expected != rows:
            lost, strange = set(expected) - set(rows), set(rows) - set(expected)
            yield f"DIFFERS: {name}: lost {self.told(lost)}; strange {self.told(strange)}; all {self.told(set(rows))}"

    def told(self, rows: set[Row]) -> list[str]:
        return [f"{row.rung}/{row.turn} {'' if row.climbed else 'skipped '}{self.clock.at(row.at):%m-%d %H:%M}"
                for row in sorted(rows)]  # fmt: skip

    def due(self, story: Story) -> int | None:
        due = story.route.due
        if isinstance(due, EndOfDay):
            return self.clock.end_of_day(due.calendar or story.region, story.start, due.at_least)
        return story.start + due if due else None

    def moment(self, story: Story, rung: Rung, turn: int, moved: dict[str, tuple[int, int]]) -> int:
        """The moment of a turn; NEVER where there is none."""
        if rung.counts_from_start:
            base, ticks = moved.get(rung.name, (story.start, rung.time))
            if rung.kind == "days" and rung.name not in moved:
                first = self.clock.after_days(rung.calendar, story.held, base, ticks)
            else:
                first = self.clock.reached(rung.calendar, story.held, base, ticks)
            more = (turn - 1) * rung.every
            return self.clock.reached(rung.calendar, story.held, first, more) if more else first
        assert story.due is not None
        at = story.due + rung.time if rung.kind == "due" else max(story.due - rung.time, story.start)
        at += (turn - 1) * rung.every
        return NEVER if rung.kind == "before" and at >= story.due else at


@dataclass
class Expected:
    """A replay of one ladder over the runs that there were."""

    judge: Judge
    story: Story
    done: set[tuple[str, int]] = field(default_factory=set)
    moved: dict[str, tuple[int, int]] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        run = self.next_run(self.story.start)
        while run < self.story.end:
            left = [one for rung in self.rungs(run) if (one := next(self.turns(rung), None))]
            if not left:
                return
            run = max(run, self.run_at(min(at for _, at in left)))
            if run < self.story.end:
                yield from self.at(run)
            run = self.next_run(run)

    def next_run(self, after: int) -> int:
        place = bisect_right(self.judge.runs, after)
        return self.judge.runs[place] if place < len(self.judge.runs) else NEVER

    def run_at(self, tick: int) -> int:
        place = bisect_left(self.judge.runs, tick)
        return self.judge.runs[place] if place < len(self.judge.runs) else NEVER

    def rungs(self, run: int) -> list[Rung]:
        rungs = self.story.route.rungs
        return [rung for rung in rungs if not (rung.until == "acknowledged" and self.story.acted <= run)]

    def turns(self, rung: Rung) -> Iterator[tuple[int, int]]:
        """The turns that are left, each with its moment."""
        for turn in range(1, rung.more + 2):
            if (rung.name, turn) not in self.done:
                at = self.judge.moment(self.story, rung, turn, self.moved)
                if at < NEVER:
                    yield turn, at

    def at(self, run: int) -> Iterator[Row]:
        """The rows of one run."""
        if any(begin <= run < end for begin, end in self.story.held):
            return
        due = {rung: [(turn, at) for turn, at in self.turns(rung) if at <= run] for rung in self.rungs(run)}
        due = {rung: turns for rung, turns in due.items() if turns}
        for rung in [rung for rung in due if rung.kind == "before" and run >= (self.story.due or 0)]:
            yield from self.skip(run, rung, due.pop(rung))
        if not due:
            return
        if self.story.route.highest:
            chosen = max(reversed(due), key=lambda rung: self.judge.moment(self.story, rung, 1, self.moved))
            for rung in [rung for rung in due if rung is not chosen]:
                yield from self.skip(run, rung, due.pop(rung))
        else:
            chosen = min(due, key=lambda rung: due[rung][-1][1])
        yield from self.skip(run, chosen, due[chosen][:-1])
        turn, moment = due[chosen][-1]
        self.done.add((chosen.name, turn))
        yield Row(run, chosen.name, turn, climbed=True)
        if chosen.counts_from_start and turn == 1:
            self.move(run, moment, {rung: at for rung, turns in due.items() for last, at in turns[-1:] if last == 1
                                    and rung is not chosen and rung.counts_from_start})  # fmt: skip

    def move(self, run: int, moment: int, others: dict[Rung, int]) -> None:
        clock, held = self.judge.clock, self.story.held
        for rung, at in others.items():
            self.judge.tally["moved"] += 1
            self.moved[rung.name] = (run, clock.between(rung.calendar, held, moment, at))

    def skip(self, run: int, rung: Rung, turns: list[tuple[int, int]]) -> Iterator[Row]:
        for turn, _ in turns:
            self.done.add((rung.name, turn))
            yield Row(run, rung.name, turn, climbed=False)
