"""The lines of a row of idle runs, and the runs that they stand for.

A line is `RUN [NUMBERS] [MORE]`, after a recorded run that is repeated. NUMBERS such as `g300d2s-1` are times in
seconds: `g` from the start of the run before, `d` the duration, in the first line themselves, in later ones by how much
they differ from the first; `s` by how much more than the ledger's the org's clock moved since the recorded run. What is
left out is 0. MORE is a JSON object: `result` has the counts that changed, `after` is the newest event then,
`[seq, hash]`, where it is another one than before.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.times import EARLIEST, LATEST, time_of

LONGEST = 64
LINE = re.compile(
    r"([\w.-]{1,64})(?: (?=[gds])(?:g(-?\d{1,10}))?(?:d(-?\d{1,10}))?(?:s(-?\d{1,10}))?)?(?: (\{.*\}))?", re.ASCII
)
NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
FIRST, LAST = int(EARLIEST.timestamp()), int(LATEST.timestamp()) - 1
Numbers = tuple[int, int, int]


class IdleRun(NamedTuple):
    """One run. `start`, `end` and `org` are seconds since 1970: by the ledger's clock, and the org's time at its start.
    `result` are its counts and its exit code; `after` is the newest event at its end, with its hash in hexadecimal.
    `numbers` are gap, duration and the shift of the org's clock since the recorded run, in seconds."""

    run: str
    start: int
    end: int
    org: int
    result: Mapping[str, Any]
    after: tuple[int, str]
    numbers: Numbers = (0, 0, 0)

    @property
    def started(self) -> datetime:
        return datetime.fromtimestamp(self.start, UTC)

    @property
    def finished(self) -> datetime:
        return datetime.fromtimestamp(self.end, UTC)

    @property
    def org_time(self) -> datetime:
        return datetime.fromtimestamp(self.org, UTC)


@dataclass(frozen=True, slots=True)
class Base:
    """The recorded run that idle runs repeat: the number of its last event, and the body of that."""

    event: int
    body: Mapping[str, Any]
    run: IdleRun = field(repr=False)

    @property
    def facts(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body["facts"]
        return found


def base_of(seq: int, hash_: bytes, body: bytes) -> Base:
    """The recorded run whose last event this is. Raises ValueError and its like for one that cannot be repeated."""
    found = json.loads(body)
    facts = found["facts"]
    times = [time_of(one) for one in (facts["started_at"], facts["finished_at"], found["org_time"])]
    start, end, org = (seconds(one) for one in times if one)
    run = IdleRun(found["about"]["run"], start, end, org, dict(facts["result"]), (seq, hash_.hex()))
    return Base(seq, found, run)


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def next_run(before: IdleRun, run: str, numbers: Numbers, result: Mapping[str, Any], after: tuple[int, str]) -> IdleRun:
    """The run after another one. Raises ValueError for a time that no run can have."""
    gap, duration, shift = numbers
    start = before.start + gap
    org = start + before.org - before.start + shift - before.numbers[2]
    end = start + duration
    if not (FIRST <= start <= LAST and FIRST <= end <= LAST and FIRST <= org <= LAST):
        raise ValueError(f"the run {run} has a time that is out of range")
    return IdleRun(run, start, end, org, result, after, numbers)


def numbers_of(before: IdleRun, started: datetime, finished: datetime, org_time: datetime) -> Numbers:
    start, org = seconds(started), seconds(org_time)
    return (
        start - before.start,
        seconds(finished) - start,
        org - start - (before.org - before.start) + before.numbers[2],
    )


def first_of(base: IdleRun, runs: Sequence[IdleRun]) -> Numbers:
    """The gap and the duration that those of the next line are compared with."""
    return (*runs[0].numbers[:2], 0) if runs else base.numbers


def line_of(first: Numbers, before: IdleRun, one: IdleRun) -> str:
    """The line of a run after another one; `first` is the result of `first_of`."""
    each = zip("gds", one.numbers, first, strict=True)
    numbers = "".join(f"{name}{value - usual}" for name, value, usual in each if value != usual)
    changed = {name: value for name, value in one.result.items() if before.result.get(name) != value}
    more = ({"result": changed} if changed else {}) | ({"after": one.after} if one.after != before.after else {})
    return (
        " ".join([one.run, *([numbers] if numbers else []), *([chain.canonical(more).decode()] if more else [])]) + "\n"
    )


def runs_in(base: IdleRun, lines: str) -> Iterator[IdleRun]:
    """The runs of these lines. Raises ValueError and its like where a line cannot be read."""
    before, first, (*each, rest) = base, base.numbers, lines.split("\n")
    if rest:
        raise ValueError("its last line has no end")
    for line in each:
        this = _run_of(before, first, line)
        first = first_of(base, [this]) if before is base else first
        before = this
        yield before


def _run_of(before: IdleRun, first: Numbers, line: str) -> IdleRun:
    if line.isalnum() and line.isascii() and len(line) <= LONGEST:  # most lines are an id alone
        return next_run(before, line, first, before.result, before.after)
    found = LINE.fullmatch(line)
    if not found:
        raise ValueError(f"{line!r:.60} is not a line of an idle run")
    gap, duration, shift = (usual + int(given or 0) for usual, given in zip(first, found.groups()[1:4], strict=True))
    result, after = before.result, before.after
    if found[5]:
        more = json.loads(found[5])
        result = {**result, **more.get("result", {})}
        seq, hash_ = more.get("after", after)
        after = (int(seq), str(hash_))
    return next_run(before, found[1], (gap, duration, shift), result, after)


def text_of(event: int, organization_id: str, runs: int, lines: str) -> bytes:
    """The text that is hashed: hash = SHA-256 of the hash of the recorded run's last event, and of this."""
    return chain.canonical(
        {"idle_runs": {"event": event, "lines": lines, "organization_id": organization_id, "runs": runs}}
    )


def shortest_gap(runs: Iterable[IdleRun]) -> int | None:
    """In seconds."""
    return min((one.numbers[0] for one in runs), default=None)


def uses_after(body: Mapping[str, Any], at: str, before: str) -> dict[str, Any]:
    """The uses of policies, as the last event of a run has them, after an idle run at the org's time `at`; the run
    before it was at `before`."""
    uses: Mapping[str, Any] = body["policy_uses"]
    seen = {"seen": at, "watched": at, "watched_before": before}
    return {name: {**one, **seen} if name in body["facts"]["policies"] else one for name, one in uses.items()}
