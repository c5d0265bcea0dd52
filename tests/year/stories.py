"""From the ledger's rows and the acts of people to the stories that the judge looks at."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.policy.telling import Notify
from tests.year import telling
from tests.year.cases import BRIEFLY
from tests.year.judge import NEVER, Judge, Row, Story
from tests.year.ladders import ROUTES
from tests.year.own_clock import Held
from tests.year.simulation import Acts, Year

ENDS = ("closed", "gone", "superseded")


def judged(year: Year) -> tuple[list[str], Counter[str]]:
    """The violations, and the counts."""
    judge = Judge(year.clock, year.runs)
    stories = stories_of(year)
    found = [violation for story in stories for violation in judge.violations(story)]
    found += [f"WITHOUT A NEXT MOMENT: {one}" for one in year.without_next]
    found += notes(year)
    found += never_started(year, stories, judge.tally)
    outbox, channels = year.ledger.outbox, year.ledger.channels
    found += telling.violations(outbox, channels, year.ledger.rows, wanted(year))
    judge.tally.update(telling.counted(outbox, channels))
    of_policy = [(name, route) for name, route in ROUTES.items() if name[0] in year.names]
    judge.tally["routes"], judge.tally["rungs"] = len(of_policy), sum(len(route.rungs) for _, route in of_policy)
    judge.tally.update({"routes met": len({one.name for one in stories}), "rungs met": len(judge.met)})
    judge.tally.update(escalations=len(stories), runs=len(year.runs), cases=len(year.acts))
    judge.tally.update(loose=sum(one.loose for one in stories), acknowledged=acknowledged(year))
    judge.tally.update({f"people: {kind}": count for kind, count in year.tally.items()})
    return found, judge.tally


def wanted(year: Year) -> telling.Wanted:
    """The teams that the policies name, as they stand in the files."""
    found: dict[tuple[str, str, str], frozenset[str]] = {}
    for policy in year.policies:
        for route in policy.routes:
            found[policy.name, route.name, "start"] = teams(route.notify)
            for rung in route.ladder.rungs:
                found[policy.name, route.name, rung.id] = teams(rung.notify)
    return found


def teams(notify: Notify) -> frozenset[str]:
    return frozenset(str(one.name) for one in (*notify.now, *notify.digest) if one.kind == "team")


def acknowledged(year: Year) -> int:
    return sum(change.event == "acknowledged" for _, change in year.ledger.rows)


def stories_of(year: Year) -> list[Story]:
    starts: dict[tuple[str, str, str, int], Story] = {}
    stories: list[Story] = []
    for at, change in year.ledger.rows:
        one, tick = change.escalation, year.clock.tick(at)
        place = (one.case_id, one.policy, one.route, one.episode)
        if one.is_start and change.event in ("applied", "found"):
            due = year.clock.tick(one.ladder.due) if one.ladder and one.ladder.due else None
            starts[place] = Story(one.key, one.case_id, (one.policy, one.route), tick, due, [])
            stories.append(starts[place])
        elif one.is_start and change.event in ENDS and place in starts:
            starts[place].end = min(starts[place].end, tick)
        elif not one.is_start and change.event in ("applied", "skipped") and place in starts:
            starts[place].rows.append(Row(tick, one.rung, one.turn, change.event == "applied"))
    for story in stories:
        complete(year, story)
    return stories


def complete(year: Year, story: Story) -> None:
    """Adds what people did: who acted first, the holds, and the first run that saw the case closed."""
    acts = year.acts[story.case_id]
    story.region = acts.region
    proof = (tick for tick, kind in acts.acted if kind in story.route.acts and tick > story.start)
    story.acted = min(proof, default=NEVER)
    story.held = held(acts, year.runs)
    story.end = min(story.end, first_seen(acts.closed, year.runs, story.start))
    story.loose = acts.merged is not None


def first_seen(changes: Sequence[tuple[int, bool]], runs: Sequence[int], after: int) -> int:
    """The first run after the start that sees the case in this state."""
    for begin, end in spans(changes):
        place = bisect_left(runs, max(begin, after + 1))
        if place < len(runs) and runs[place] < end:
            return runs[place]
    return NEVER


def spans(changes: Sequence[tuple[int, bool]]) -> Iterator[tuple[int, int]]:
    ends = [*(tick for tick, _ in changes[1:]), NEVER]
    for (begin, state), end in zip(changes, ends[: len(changes)], strict=True):
        if state:
            yield begin, end


def held(acts: Acts, runs: Sequence[int]) -> Held:
    """The holds of people, and those by the field: from the run that saw them to the run that saw them end."""
    found = list(acts.holds)
    for begin, end in spans(acts.legal):
        first, last = (bisect_left(runs, tick) for tick in (begin, end))
        if first < last:
            found.append((runs[first], runs[last] if last < len(runs) else NEVER))
    merged: Held = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def never_started(year: Year, stories: Sequence[Story], tally: Counter[str]) -> Iterator[str]:
    """The cases on which nobody acted, and that no run escalated when their route matched."""
    started = {(one.case_id, one.name, one.start) for one in stories}
    for case_id, acts in year.acts.items():
        for tick, name in acts.starts:
            place = bisect_left(year.runs, tick)
            if place == len(year.runs) or year.runs[place] - tick > BRIEFLY.get(name[1], NEVER):
                continue
            if any(act <= year.runs[place] for act in acts.every):
                continue
            tally["starts expected"] += 1
            if (case_id, name, year.runs[place]) not in started:
                yield f"NOT STARTED: {case_id} by {'/'.join(name)} at {year.clock.at(year.runs[place])}"


def notes(year: Year) -> Iterator[str]:
    """Notes twice or without a row, and rows that moved a case without their note."""
    written = Counter(key for key, _, _ in year.org.written)
    applied = {change.escalation.key: change for _, change in year.ledger.rows if change.event == "applied"}
    yield from (f"NOTE TWICE: {key}" for key, times in written.items() if times > 1 or not key)
    yield from (f"NOTE WITHOUT A ROW: {key}" for key in written.keys() - applied.keys())
    for key, change in applied.items():
        if change.escalation.wrote and change.escalation.wrote != change.escalation.before and key not in written:
            yield f"MOVED WITHOUT A NOTE: {key}"
