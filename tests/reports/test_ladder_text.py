"""Ladders in words and as JSON: where an escalation stands, what was climbed, and what comes next."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Hold, LadderFacts, Standing, StandingState
from sfdc_escalator.escalation.world.policy_use import PolicyUse, next_uses
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus
from sfdc_escalator.pipeline.read_models.open_escalation import Climbed, OpenEscalation, climbed_of, open_escalation
from sfdc_escalator.reports.json.ladder import open_json
from sfdc_escalator.reports.json.status import status_json
from sfdc_escalator.reports.ladder_text import clock, ladder_text, next_text, zone_of
from sfdc_escalator.reports.text.status.page import status_text
from tests.reports.hostile import HOSTILE, assert_harmless

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHICAGO = ZoneInfo("America/Chicago")
FACTS = LadderFacts(NOW - 4 * HOUR, NOW + HOUR)
START = Escalation(
    "ESC-1", "support", "urgent", "500", EscalationState.APPLIED, tried_at=NOW, case_number="00000001", ladder=FACTS
)
RUNNING = Standing(StandingState.RUNNING, "late", 1, NOW + HOUR, team="leads")
ONE = OpenEscalation(START, RUNNING, (Climbed("first", 1, NOW - 2 * HOUR, NOW - HOUR),))
HOLD = Hold("500", "00000001", NOW - HOUR, NOW + HOUR, "The lawyers have it.", "ann")
ACTED = Acknowledged(NOW - HOUR, "005", "owner")


def status(*found: OpenEscalation, holds: tuple[Hold, ...] = (), **uses: PolicyUse) -> LedgerStatus:
    return LedgerStatus(
        "/l.db", None, None, len(found), (), (), now=NOW, escalations=found, holds=holds, policy_uses=uses
    )


def stands(state: StandingState, **facts: object) -> OpenEscalation:
    return OpenEscalation(replace(START, ladder=replace(FACTS, **facts)), Standing(state))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOW + HOUR, "Mon 10:00 CST"),
        (NOW + timedelta(days=6), "Sun 10:00 CDT"),
        (NOW + timedelta(days=6, minutes=1), "Sun 2026-03-08 10:01 CDT"),
        (NOW - timedelta(days=7), "Mon 2026-02-23 09:00 CST"),
    ],
)
def test_a_time_near_now_has_the_day_of_the_week_and_another_one_its_date(at: datetime, text: str) -> None:
    assert clock(at, CHICAGO, NOW) == text


@pytest.mark.parametrize("name", ["", "Nowhere/Town", "../../etc/passwd", "\x00", "x" * 5000])
def test_a_zone_that_is_not_known_here_is_utc(name: str) -> None:
    assert zone_of(name).key == "UTC"


@pytest.mark.parametrize(
    ("one", "until", "text"),
    [
        (ONE, "acknowledged", "next: late, Mon 10:00 CST, unless somebody takes it"),
        (ONE, "closed", "next: late, Mon 10:00 CST, unless the case is closed"),
        (ONE, "", "next: late, Mon 10:00 CST"),
        (replace(ONE, standing=replace(RUNNING, turn=3)), "", "next: late (turn 3), Mon 10:00 CST"),
        (replace(ONE, standing=replace(RUNNING, at=NOW)), "", "next: late, Mon 09:00 CST (the next run climbs it)"),
        (replace(ONE, standing=replace(RUNNING, at=NOW), hold=HOLD), "", "next: late, Mon 09:00 CST"),
        (stands(StandingState.EXHAUSTED), "", "no rung is left, and nobody acted"),
        (stands(StandingState.ACKNOWLEDGED), "", "no rung is left"),
        (stands(StandingState.ASIDE), "", "no rung takes part: all came into the policy after the start"),
        (stands(StandingState.REMOVED), "", "the policy no longer has this route"),
        (stands(StandingState.NO_LADDER), "", "the route has no ladder"),
        (stands(StandingState.RUNNING), "", "the next run reads the start note"),
    ],
)
def test_what_comes_next_is_one_line(one: OpenEscalation, until: str, text: str) -> None:
    assert next_text(one, CHICAGO, NOW, until) == text


def test_the_text_of_a_ladder_has_all_that_happened() -> None:
    skipped = Climbed("second", 2, NOW - HOUR, None)
    acted = replace(START, ladder=replace(FACTS, acknowledged=ACTED))
    standing = replace(RUNNING, state=StandingState.HELD, aside=("new",))
    one = OpenEscalation(acted, standing, (*ONE.climbed, skipped), HOLD)
    assert ladder_text(one, CHICAGO, NOW, "closed").splitlines() == [
        "ladder of support/urgent (ESC-1): held, started Mon 05:00 CST, due Mon 10:00 CST",
        "  acknowledged by 005 at Mon 08:00 CST (owner)",
        "  climbed first at Mon 08:00 CST",
        "  skipped second (turn 2) (was due Mon 08:00 CST)",
        "  held until Mon 10:00 CST by ann: The lawyers have it.",
        "  next: late, Mon 10:00 CST, unless the case is closed",
        "  aside, because newer than the escalation: new",
    ]


@pytest.mark.parametrize(
    ("standing", "facts", "hold", "state"),
    [
        (None, None, None, "no_ladder"),
        (None, FACTS, None, "aside"),
        (RUNNING, FACTS, None, "running"),
        (RUNNING, FACTS, HOLD, "held"),
        (RUNNING, FACTS, replace(HOLD, route="other"), "running"),
        (Standing(StandingState.REMOVED), FACTS, HOLD, "removed"),
        (None, None, HOLD, "no_ladder"),
        (replace(RUNNING, state=StandingState.HELD), FACTS, None, "running"),
        (replace(RUNNING, state=StandingState.HELD), replace(FACTS, acknowledged=ACTED), None, "acknowledged"),
        (Standing(StandingState.HELD), FACTS, None, "exhausted"),
        (Standing(StandingState.HELD, aside=("late",)), FACTS, None, "aside"),
    ],
)
def test_the_state_is_that_of_the_last_run_unless_a_hold_began_or_ended_since(
    standing: Standing | None, facts: LadderFacts | None, hold: Hold | None, state: str
) -> None:
    """L19: a hold that a person says counts at once."""
    one = open_escalation(replace(START, ladder=facts), standing, (), [hold] if hold else [])
    assert (one.state, bool(one.hold)) == (state, hold is not None and hold.route == "")


def test_turns_that_were_never_sent_are_not_climbed() -> None:
    rung = replace(START, rung="late", moment=NOW, ladder=None)
    states = {state: climbed_of([replace(rung, state=state)]) for state in EscalationState}
    assert {state for state, found in states.items() if not found} == {"planned", "superseded"}
    assert {state for state, found in states.items() if found and found[0].is_skipped} == {"skipped"}


def test_an_escalation_without_a_start_read_or_a_ladder_is_whole_in_json() -> None:
    report = open_json(open_escalation(replace(START, ladder=None, tried_at=None), None, (), ()))
    assert (report["started"], report["due"], report["acknowledged"], report["next"]) == (None, None, None, None)


def test_the_page_counts_by_state_and_route_and_lists_the_nearest_twenty() -> None:
    many = [
        replace(
            ONE,
            start=replace(START, case_number=f"{number:08}", ladder=replace(FACTS, due=NOW + number * HOUR)),
            standing=replace(RUNNING, at=NOW + (30 - number) * HOUR),
        )
        for number in range(26)
    ]
    other = stands(StandingState.EXHAUSTED, due=None)
    other = replace(other, start=replace(other.start, route="other"))
    lines = status_text(status(*many, other), None).splitlines()
    assert [*lines[:3], *lines[4:6]] == [
        "27 open escalations: 26 running, 1 exhausted",
        "  support/other: 1 exhausted",
        "  support/urgent: 26 running",
        "As of 2026-03-02T15:00:00Z",
        "25 due within 24 hours:",
    ]
    assert lines[7] == "    Mon 15:00 UTC  case 00000000 support/urgent"
    assert lines[27] == "    ... and 5 more: sfdc-escalator status --all"
    assert lines[28:30] == ["26 rungs to come if nobody acts:", "  Mon 20:00 UTC  case 00000025 support/urgent: late"]
    assert lines[-3:] == [
        "  ... and 6 more: sfdc-escalator status --all",
        "1 exhausted: nobody acted, and no rung is left:",
        "  case 00000001 support/other",
    ]


def test_the_due_list_is_by_team_and_says_what_is_overdue() -> None:
    overdue = replace(START, ladder=replace(FACTS, due=NOW - HOUR))
    late = OpenEscalation(overdue, Standing(StandingState.RUNNING))
    report = status_json(status(ONE, late), None)["due_list"]
    assert {team: [one["overdue"] for one in found] for team, found in report.items()} == {"": [True], "leads": [False]}
    text = status_text(status(ONE, late), None)
    assert "  without a team:\n    Mon 14:00 UTC  case 00000001 support/urgent  overdue\n  team leads:\n" in text


def test_a_hold_is_listed_with_its_policy_and_route() -> None:
    found = status(holds=(replace(HOLD, policy="support", route="urgent"),), support=PolicyUse("d", NOW, NOW))
    assert "1 hold:\n  case 00000001 support/urgent: held until Mon 16:00 UTC by ann" in status_text(found, None)
    assert status_json(found, None)["holds"][0]["route"] == "urgent"
    assert status_json(status(holds=(HOLD,)), None)["holds"][0]["route"] is None


def test_hostile_texts_of_ladders_do_nothing_to_a_terminal() -> None:
    acted = replace(FACTS, acknowledged=Acknowledged(NOW, HOSTILE, HOSTILE))
    start = replace(START, case_number=HOSTILE, route=HOSTILE, ladder=acted)
    hold = replace(HOLD, case_number=HOSTILE, why=HOSTILE, by=HOSTILE)
    one = OpenEscalation(start, replace(RUNNING, rung=HOSTILE, team=HOSTILE, aside=(HOSTILE,)), ONE.climbed, hold)
    text = ladder_text(one, CHICAGO, NOW)
    assert_harmless(text)
    assert len(text.splitlines()) == 6
    page = status_text(status(one, replace(one, hold=None), holds=(hold,), **{HOSTILE: PolicyUse("d", NOW, NOW)}), None)
    assert_harmless(page)
    assert len(page.splitlines()) == 12
    assert json.loads(json.dumps(open_json(one)))["held"]["why"] == HOSTILE


def test_a_policy_is_in_use_since_the_first_run_with_its_present_text() -> None:
    day = timedelta(days=1)
    first = PolicyUse("one", NOW, NOW, 14 * day)
    again = PolicyUse("one", NOW + HOUR, NOW + HOUR, 14 * day)
    assert next_uses({}, {"support": first}, NOW) == {"support": first}
    assert next_uses({"support": first}, {"support": again}, NOW + HOUR) == {"support": replace(again, since=NOW)}
    changed = replace(again, digest="two")
    assert next_uses({"support": first}, {"support": changed}, NOW + HOUR) == {"support": changed}
    assert next_uses({"old": first}, {}, NOW + HOUR) == {"old": first}
    assert next_uses({"old": first}, {}, NOW + day) == {}
    assert not first.is_overdue(NOW + 14 * day - timedelta(seconds=1))
    assert first.is_overdue(NOW + 14 * day)
    assert not replace(first, review_every=None).is_overdue(NOW + 999 * day)
