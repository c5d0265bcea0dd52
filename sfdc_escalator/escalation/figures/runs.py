"""The runs of a period, and those that were missed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from sfdc_escalator.escalation.figures.figure import Figure, Row
from sfdc_escalator.escalation.figures.period import Period


@dataclass(frozen=True, slots=True)
class RunTimes:
    """The times of runs in the period, in order. `before` is the last one before it, `after` the first one after it.
    `until` is the end of what is known: the present, where the period goes on. `unknown` counts the runs whose time is
    not recorded."""

    times: Sequence[datetime]
    before: datetime | None = None
    after: datetime | None = None
    until: datetime | None = None
    unknown: int = 0

    def gaps(self, period: Period) -> Iterator[tuple[datetime, datetime]]:
        """The times between one run and the next. The last one ends with what is known."""
        ends = [one for one in (self.after, self.until and max(self.until, period.begin)) if one]
        marks = [*([self.before] if self.before else []), *self.times, *ends[:1]]
        yield from pairwise(marks)


def run_figures(runs: RunTimes, period: Period, every: timedelta | None) -> Iterator[Figure]:
    """With `every` the runs missed, else the longest time without a run."""
    per_day = Counter(period.day(at) for at in runs.times)
    definition = "Live runs that began in the period, by day. A run that failed counts, one that never began does not."
    yield Figure("runs", "Runs", definition, "runs", ("day",), tuple(by_day(per_day)))
    if every:
        yield missed_runs(runs, period, every)
    else:
        yield longest_gap(runs, period)
    if runs.unknown:
        definition = "Runs of older versions that recorded no time of the org. They are in no other figure."
        yield Figure("runs_not_dated", "Runs without a time", definition, "runs", (), (Row(runs.unknown),))


def by_day(counts: Counter[date]) -> Iterable[Row]:
    return (Row(n, day=day) for day, n in sorted(counts.items()))


def missed_runs(runs: RunTimes, period: Period, every: timedelta) -> Figure:
    missed: Counter[date] = Counter()
    for begin, end in runs.gaps(period):
        for at in moments_missed(begin, end, every, period):
            missed[period.day(at)] += 1
    definition = (
        "After each run the next one was expected once in the time of --expect-every. A moment is missed where no run "
        "began until half of that time after it. Before the first run of all nothing is missed."
    )
    return Figure("runs_missed", "Runs missed", definition, "runs", ("day",), tuple(by_day(missed)))


def moments_missed(begin: datetime, end: datetime, every: timedelta, period: Period) -> Iterator[datetime]:
    """The moments in the period at which a run was expected between two runs."""
    first = max(1, -((begin - period.begin) // every))
    at = begin + first * every
    while at <= end - every / 2 and at < period.end:
        if at >= period.begin:
            yield at
        at += every


def longest_gap(runs: RunTimes, period: Period) -> Figure:
    inside = ((max(begin, period.begin), min(end, period.end)) for begin, end in runs.gaps(period))
    longest = max(((end - begin, begin) for begin, end in inside if begin < end), default=None)
    rows = (Row(int(longest[0].total_seconds()), day=period.day(longest[1])),) if longest else ()
    definition = (
        "The longest time in the period without a run, and the day on which it began. With --expect-every the runs "
        "that were missed are counted."
    )
    return Figure("longest_gap", "Longest time without a run", definition, "seconds", ("day",), rows)
