"""An open escalation on its ladder, from what the ledger and the case say."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.escalation.decisions.climbs import identity_of
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import lasting, on_ladder
from sfdc_escalator.escalation.ladder.climbing import Missed
from sfdc_escalator.escalation.ladder.times import team_of, zone_of_due
from sfdc_escalator.escalation.policy.ladder import DueIn, EndOfDay
from sfdc_escalator.escalation.policy.telling import Notify, Recipient
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, LadderFacts
from tests.builders import NOW, case, escalation, identity, in_org, judged, policy, remembering, route
from tests.year.world import read_policy

(POLICY,) = read_policy()
OUTAGE = POLICY.routes[0]
START = escalation(case(), EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW - timedelta(hours=1))


def test_a_start_whose_note_was_found_in_the_org_is_due_by_the_time_of_its_note() -> None:
    """L3: the ledger that knew the due time was lost; the rungs that count from it must come all the same."""
    one = on_ladder(in_org(POLICY), replace(START, before=None, wrote=None), OUTAGE, case())
    assert one.started == NOW - timedelta(hours=1)
    assert one.facts.due == NOW + timedelta(hours=7)
    assert {times.rung for times in one.times} == {rung.id for rung in OUTAGE.ladder.rungs}


MASTER, LOSER = case(1), case(2)
EIGHT = NOW - timedelta(hours=8)


def begun(of: Case) -> Escalation:
    """The start of an escalation on this case, which now stands on the master."""
    start = escalation(of, EscalationState.APPLIED, "outage", policy_name="year", tried_at=EIGHT)
    return replace(start, wrote={}, ladder=LadderFacts(EIGHT, NOW)).on_case(MASTER.id, MASTER.number)


def climbed(of: Case, rung: str) -> Escalation:
    about = replace(identity(of, "outage", "year"), rung=rung)
    row = Escalation.of(about, EscalationState.APPLIED, before={}, wrote={}, start_key=about.start_key)
    return row.on_case(MASTER.id, MASTER.number)


FIRST, SECOND = OUTAGE.ladder.rungs[0].id, OUTAGE.ladder.rungs[1].id
SEEN = {("year", "outage"): {rung.id: NOW - timedelta(days=1) for rung in OUTAGE.ladder.rungs}}


@pytest.mark.parametrize(("survivor", "other"), [(MASTER, LOSER), (LOSER, MASTER)])
@pytest.mark.parametrize("own", [(), (FIRST,)])
def test_after_a_merge_an_escalation_goes_on_with_the_rungs_that_it_climbed_itself(
    survivor: Case, other: Case, own: tuple[str, ...]
) -> None:
    """L18: the rung that the other one climbed on the master comes for this one too, under a key of its own."""
    start, rows = begun(survivor), [climbed(survivor, rung) for rung in own]
    history = replace(remembering(start, begun(other), climbed(other, FIRST), *rows), rungs=SEEN)
    known = in_org(POLICY, history)
    one = on_ladder(known, start, OUTAGE, MASTER)
    assert one.progress is not None
    assert one.progress.done == {(rung, 1) for rung in own}
    identity_here = identity_of(one, Missed(SECOND, 1, NOW))
    assert identity_here.case_id == MASTER.id
    assert identity_here.key == replace(identity(survivor, "outage", "year"), rung=SECOND).key
    assert identity_here.start_key == start.key


def test_a_second_merge_keeps_the_keys_of_the_first_case() -> None:
    """L18"""
    twice = begun(LOSER).on_case(case(3).id, case(3).number)
    assert (twice.origin, twice.case_id) == (LOSER.id, case(3).id)


def test_a_due_time_that_the_ledger_has_is_never_computed_again() -> None:
    """L3"""
    facts = LadderFacts(NOW, due=NOW + timedelta(minutes=1))
    assert on_ladder(in_org(POLICY), replace(START, ladder=facts), OUTAGE, case()).facts == facts


EAST, WEST, UTC = ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles"), ZoneInfo("UTC")
HOURS = Calendar("west", WEST, ((), (), (), (), (), (), ()), frozenset())
IN = DueIn(timedelta(hours=4))


@pytest.mark.parametrize(
    ("due", "teams", "of_policy", "expected"),
    [
        (IN, {"support": EAST}, WEST, EAST),
        (IN, {"leads": EAST}, WEST, WEST),
        (IN, {}, UTC, UTC),
        (None, {"support": EAST}, WEST, EAST),
        (EndOfDay(HOURS), {"support": EAST}, UTC, WEST),
    ],
)
def test_times_are_shown_in_the_zone_of_the_responsible_team(
    due: DueIn | EndOfDay | None, teams: dict[str, ZoneInfo], of_policy: ZoneInfo, expected: ZoneInfo
) -> None:
    """L3: its calendar, else the first of the policy, else UTC; the end of a day is that of its own calendar."""
    one = replace(route(queue="Support"), due=due)
    of = replace(policy(one), zone=of_policy, zones=teams)
    known = in_org(of)
    assert zone_of_due(of, one, case(), known.circumstances) == expected
    found = judged(known, case())
    assert isinstance(found, Match)
    assert due != IN or f"{(NOW + timedelta(hours=4)).astimezone(expected):%H:%M %Z}" in found.due_text
    notified = replace(one, escalate=None, notify=Notify((Recipient("team", "leads"),)))
    assert team_of(notified, case()) == "leads"


def test_of_several_holds_the_one_that_ends_last_is_named() -> None:
    """L19"""
    long = Hold("", "", NOW - timedelta(hours=1), NOW + timedelta(hours=5), "w", "ann")
    short, ended = replace(long, until=NOW + timedelta(minutes=10)), replace(long, until=NOW)
    assert lasting([short, long, ended], NOW) == long
    by_field = replace(long, until=None, kind="field")
    assert lasting([by_field, long], NOW) == by_field
    assert lasting([ended], NOW) is None


HOLD = Hold("", "", NOW - timedelta(hours=1), NOW + timedelta(hours=1), "w", "ann")
LATER = NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("hold", "lasts"),
    [
        (HOLD, True),
        (replace(HOLD, until=NOW), False),
        (replace(HOLD, until=None), True),
        (replace(HOLD, released=LATER), False),
        (replace(HOLD, begin=LATER), True),
        (replace(HOLD, begin=LATER, released=LATER), False),
    ],
)
def test_a_hold_lasts_until_its_end_or_its_release(hold: Hold, *, lasts: bool) -> None:
    """L19: also in a run that is older than the hold, or its release."""
    assert hold.lasts(NOW) is lasts
