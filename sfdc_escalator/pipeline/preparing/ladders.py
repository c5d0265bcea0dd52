"""The ladders of the open escalations: their starts and acknowledgements, read in the org, and what is due on them.

Reads only; a live run stores what was found.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.decisions.climbs import Climbing, climbings
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder, ended, is_held_by_field, on_ladders
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, LadderFacts
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.acts import acknowledged, complete
from sfdc_escalator.pipeline.preparing.recover import SETTLE_AFTER, Settled, written_at


@dataclass(frozen=True, slots=True)
class Ladders:
    """`open` are the open escalations with a ladder. `settled` are their starts and acknowledgements that were read,
    `climbings` what is due; `begun` and `ended` are the holds by `hold_while` that changed. `calls` counts the API
    calls for all this."""

    open: tuple[OnLadder, ...] = ()
    settled: tuple[Settled, ...] = ()
    climbings: tuple[Climbing, ...] = ()
    begun: tuple[Hold, ...] = ()
    ended: tuple[Hold, ...] = ()
    calls: int = 0

    @property
    def matches(self) -> tuple[Match, ...]:
        """The rungs that are due."""
        return tuple(match for one in self.climbings for match in one.matches)

    def but(self, policies_in_org: Sequence[PolicyInOrg]) -> "Ladders":
        """The same ladders without the turns that these histories have as done, and without those that ended."""
        every = [one for in_org in policies_in_org for one in in_org.history.everything()]
        done = {one.key for one in every if one.was_sent}
        ended = {one.key for one in every if one.state in (EscalationState.SUPERSEDED, EscalationState.UNDONE)}
        left = (one.without(done) for one in self.climbings if one.ladder.start.key not in ended)
        return replace(self, climbings=tuple(left))

    @property
    def skipped(self) -> tuple[Escalation, ...]:
        """The turns that are skipped though nothing is climbed."""
        return tuple(turn for one in self.climbings for turn in one.skipped)


def read_ladders(
    org: Org,
    policies_in_org: Sequence[PolicyInOrg],
    cases: Mapping[str, Case],
    us: frozenset[str],
) -> Ladders:
    """The ladders of the open escalations on these cases."""
    before, known = org.api_calls, policies_in_org
    every = open_ladders(known, cases)
    if starts := read_starts(org, every, us):
        known = with_history(known, (one.escalation for one in starts))
        every = open_ladders(known, cases)
    news = {one.escalation.key for one in starts}
    if seen := acknowledged(org, known, every, us, news):
        known = with_history(known, (one.escalation for one in seen))
        every = open_ladders(known, cases)
    found = [one for in_org in known for one in climbings(in_org, of_policy(every, in_org))]
    return Ladders(
        open=tuple(every),
        settled=(*starts, *seen),
        climbings=tuple(completed(org, found, us)),
        begun=tuple(dict.fromkeys(hold for one in every for hold in one.holds if hold.event == 0)),  # once for a case
        ended=tuple(dict.fromkeys((*ended_on(known, every), *ended_beside(known, cases, every)))),
        calls=org.api_calls - before,
    )


def open_ladders(policies_in_org: Iterable[PolicyInOrg], cases: Mapping[str, Case]) -> list[OnLadder]:
    return [one for in_org in policies_in_org for one in on_ladders(in_org, cases)]


def of_policy(ladders: Iterable[OnLadder], in_org: PolicyInOrg) -> Iterator[OnLadder]:
    return (one for one in ladders if one.start.policy == in_org.policy.name)


def with_history(policies_in_org: Sequence[PolicyInOrg], news: Iterable[Escalation]) -> list[PolicyInOrg]:
    news = tuple(news)
    histories = {id(in_org.history): in_org.history.with_escalations(news) for in_org in policies_in_org}  # one for all
    return [replace(in_org, history=histories[id(in_org.history)]) for in_org in policies_in_org]


def ended_on(policies_in_org: Iterable[PolicyInOrg], ladders: Iterable[OnLadder]) -> Iterator[Hold]:
    """The holds that end with what this run sees; one that ended before, perhaps in the same second, is not among
    them."""
    lasting = {hold.event for in_org in policies_in_org for hold in in_org.history.holds if hold.released is None}
    return (hold for one in ladders for hold in one.holds if hold.released and hold.event in lasting)


def ended_beside(
    policies_in_org: Iterable[PolicyInOrg], cases: Mapping[str, Case], ladders: Iterable[OnLadder]
) -> Iterator[Hold]:
    """The holds by `hold_while` that ended on cases without an open escalation: the next one's time must run."""
    on_ladder = {(one.start.policy, one.case.id) for one in ladders}
    for in_org in policies_in_org:
        for hold in in_org.history.holds:
            is_ours = hold.kind == "field" and hold.released is None and hold.policy == in_org.policy.name
            case = cases.get(hold.case_id) if is_ours and (hold.policy, hold.case_id) not in on_ladder else None
            if case and not is_held_by_field(in_org, case):
                yield ended(hold, in_org.now)


# -- starts ------------------------------------------------------------------------------------------------------------


def read_starts(org: Org, ladders: Iterable[OnLadder], us: frozenset[str]) -> tuple[Settled, ...]:
    """The CreatedDate of the start notes that were not read yet, where a rung takes part in the escalation."""
    unread = [one for one in ladders if one.started is None and len(one.aside) < len(one.route.ladder.rungs)]
    return tuple(starts_of(org, [one.start for one in unread], us, max((one.now for one in unread), default=None)))


def starts_of(
    org: Org, starts: Sequence[Escalation], us: frozenset[str], now: datetime | None = None
) -> Iterator[Settled]:
    """These escalations with their start, as the org stored it. With `now`, one whose note is not there long after it
    was sent starts with its sending: somebody deleted the note."""
    if not starts:
        return
    notes = {note.key: note.at for note in org.keyed_notes(sorted({one.case_id for one in starts}), us)}
    for one in starts:
        is_deleted = now is not None and one.tried_at is not None and one.tried_at + SETTLE_AFTER <= now
        if at := notes.get(one.key, one.tried_at if is_deleted else None):
            proved = written_at(one, at)
            yield Settled("started", replace(proved, ladder=replace(proved.ladder or LadderFacts(), started=at)))


# -- cases whose note is to be written -------------------------------------------------------------------------------


def completed(org: Org, found: Sequence[Climbing], us: frozenset[str]) -> Iterator[Climbing]:
    """The same climbs with all that their notes and steps read of the cases."""
    rungs = [match for one in found for match in one.matches if match.rung]
    needs = frozenset[Need]().union(*(match.rung.needs for match in rungs if match.rung))
    read = {case.id: case for case in complete(org, [match.case for match in rungs], needs, us)}
    for one in found:
        yield replace(one, matches=tuple(replace(match, case=read[match.case.id]) for match in one.matches))
