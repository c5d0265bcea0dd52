"""The decisions of a policy over the history of one case.

Between two changes of a case an answer can change only at the instants that its condition names (`crossings`), so only
the polls around these are judged. Judging is `policy.condition(route).holds`, as in a run.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.pipeline.read_models.backtest_result import PastMatch


class Segment(NamedTuple):
    """A case between two of its changes."""

    begin: datetime
    end: datetime | None
    case: Case


Conditions = Mapping[str, Condition]
"""The conditions by route, most serious first, with the scope and "is open" included."""


def first_matches(
    number: str,
    segments: Sequence[Segment],
    conditions: Conditions,
    polls: Polls,
    fences: frozenset[str] = frozenset(),
) -> Iterator[PastMatch]:
    """The matches that a run would escalate: the first route that holds at a poll, then only routes above it.

    A route of `fences` opens no escalation: its first match is listed, and the routes below stay possible.
    """
    above, listed = list(conditions.items()), set[str]()
    for segment in segments:
        wanted = [condition for _, condition in above]
        for place in turning_points(segment, wanted, polls):
            circumstances = polls.circumstances(polls[place])
            rank = next((rank for rank, (_, one) in enumerate(above) if one.holds(segment.case, circumstances)), None)
            if rank is None or (name := above[rank][0]) in listed:
                continue
            yield PastMatch(number, name, 1, polls[place])
            if name in fences:
                listed.add(name)
            else:
                above = above[:rank]
        if not above:
            return


def all_matches(number: str, segments: Sequence[Segment], conditions: Conditions, polls: Polls) -> Iterator[PastMatch]:
    """The first poll of each unbroken series of polls at which a route holds, for every route."""
    for route, condition in conditions.items():
        episode, held_until = 0, -1
        for begin, end in runs(segments, condition, polls):
            if begin != held_until:
                episode += 1
                yield PastMatch(number, route, episode, polls[begin])
            held_until = end


def runs(segments: Sequence[Segment], condition: Condition, polls: Polls) -> Iterator[tuple[int, int]]:
    """The places from which, and before which, the condition holds; neighbouring runs are not joined."""
    for segment in segments:
        places = turning_points(segment, [condition], polls)
        last = len(polls) if segment.end is None else polls.first_from(segment.end)
        for place, following in pairwise([*places, last]):
            if condition.holds(segment.case, polls.circumstances(polls[place])):
                yield place, following


def turning_points(segment: Segment, conditions: Sequence[Condition], polls: Polls) -> list[int]:
    """The indexes of the segment's polls at which an answer may differ from that at the previous poll."""
    first = polls.first_from(segment.begin)
    last = len(polls) if segment.end is None else polls.first_from(segment.end)
    if first >= last:
        return []
    circumstances = polls.circumstances(polls[first])
    places = {first}
    for condition in conditions:
        for crossing in condition.crossings(segment.case, circumstances):
            place = polls.first_from(crossing)
            # At the limit, and at the next poll, when a strict limit is passed.
            places.update(one for one in (place, place + 1) if first < one < last)
    return sorted(places)
