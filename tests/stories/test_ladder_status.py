"""`status` and `explain` say where each ladder stands, over the embedded org, from the ledger alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.ledger.store import open_ledger
from sfdc_escalator.ledger.trail.holding import hold
from tests.stories.ladders import POLICY, later
from tests.stories.stopped_org import act, run
from tests.stories.test_main_job import case, start
from tests.stories.world import Answer, World, advance, select

FAR = ("--expect-every", "100000h")
ZONED = POLICY.replace(
    "routes:\n", 'calendars: {office: {timezone: America/Chicago, open: {mon-fri: "09:00-17:00"}}}\nroutes:\n'
)
START, DUE = "2026-03-02T15:00:00Z", "2026-03-02T19:00:00Z"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
def support(stopped: World) -> World:
    stopped.policy(ZONED)
    return stopped


def begun(world: World, *cases: Any) -> Any:
    """An org in which a run has started an escalation of each case."""
    org = start(world, *(cases or (case(1),)))
    run(world, "--backlog", "escalate")
    return org


def page(world: World, *words: str, code: int = 0) -> str:
    answer: Answer = world.type("status", *FAR, *words)
    assert answer.code == code, answer.out + answer.err
    return answer.out


def status(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    answer = world.type("status", "--json", *FAR, *words)
    assert answer.code == code, answer.out + answer.err
    return answer.json


def explained(world: World, number: str = "00000001") -> dict[str, Any]:
    answer = world.type("explain", number, "--json")
    assert answer.code == 0, answer.err
    (ladder,) = answer.json["ladders"]
    found: dict[str, Any] = ladder
    return found


def test_status_lists_each_open_escalation_with_what_was_climbed_and_what_comes_next(support: World) -> None:
    begun(support)
    (fresh,) = status(support)["escalations"]
    assert fresh["next"] == {"rung": "after-30m", "turn": 1, "at": "2026-03-02T15:30:00Z"}
    assert later(support, 30) == [("after-30m", 1, "applied")]
    report = status(support)
    assert report["now"] == "2026-03-02T15:30:00Z"
    (one,) = report["escalations"]
    (start_of_it,) = select(support.orgs[0], "SELECT Id FROM Case")
    assert one == {
        "key": one["key"],
        "case_id": start_of_it["Id"],
        "case_number": "00000001",
        "policy": "support",
        "route": "urgent",
        "episode": 1,
        "started": START,
        "due": DUE,
        "state": "running",
        "acknowledged": None,
        "climbed": [
            {
                "rung": "after-30m",
                "turn": 1,
                "moment": "2026-03-02T15:30:00Z",
                "climbed_at": "2026-03-02T15:30:00Z",
                "skipped": False,
            }
        ],
        "next": {"rung": "remind", "turn": 1, "at": "2026-03-02T16:00:00Z"},
        "held": None,
        "aside": [],
    }
    assert report["due_list"] == {
        "leads": [
            {
                "key": one["key"],
                "case_number": "00000001",
                "policy": "support",
                "route": "urgent",
                "due": DUE,
                "overdue": False,
            }
        ]
    }


def test_skipped_turns_have_no_time(support: World) -> None:
    """L5"""
    begun(support)
    later(support, 30)
    later(support, 150)
    (one,) = status(support)["escalations"]
    assert [(turn["rung"], turn["turn"], turn["skipped"], turn["climbed_at"]) for turn in one["climbed"]] == [
        ("after-30m", 1, False, "2026-03-02T15:30:00Z"),
        ("remind", 1, True, None),
        ("remind", 2, True, None),
        ("remind", 3, False, "2026-03-02T18:00:00Z"),
    ]


def test_the_page_shows_clock_times_in_the_zone_of_the_policy(support: World) -> None:
    begun(support)
    lines = page(support).splitlines()
    assert [*lines[:2], *lines[3:8]] == [
        "1 open escalation: 1 running",
        "  support/urgent: 1 running",
        "As of 2026-03-02T15:00:00Z",
        "1 due within 24 hours:",
        "  team leads:",
        "    Mon 13:00 CST  case 00000001 support/urgent",
        "1 rung to come if nobody acts:",
    ]
    assert lines[8] == "  Mon 09:30 CST  case 00000001 support/urgent: after-30m"


def test_status_for_another_time_tells_what_is_overdue_then(support: World) -> None:
    begun(support)
    report = status(support, "--now", "2026-03-02T19:00:01Z")
    assert report["now"] == "2026-03-02T19:00:01Z"
    assert report["due_list"]["leads"][0]["overdue"] is True
    assert status(support, "--now", "2026-03-01T18:59:59Z")["due_list"] == {}
    assert page(support, "--now", "2026-03-02T19:00:01Z").count("  overdue\n") == 1


def test_who_took_the_case_is_named_and_rungs_until_closed_go_on(support: World) -> None:
    """L13"""
    org = begun(support)
    advance(org, "10m")
    (one,) = select(org, "SELECT Id FROM Case")
    act(org, act="edit", case=one["Id"], fields={"OwnerId": "bob@support.example"}, by="bob@support.example")
    (bob,) = select(org, "SELECT Id FROM User WHERE Username = 'bob@support.example'")
    told = explained(support)  # before any run has seen it
    assert told["state"] == "acknowledged"
    later(support, 20)
    (found,) = status(support)["escalations"]
    assert found["state"] == "acknowledged"
    assert found["acknowledged"] == {"at": "2026-03-02T15:10:00Z", "by": bob["Id"], "how": "owner"}
    assert found["next"] == {"rung": "late", "turn": 1, "at": DUE}
    ladder = explained(support)
    assert {name: value for name, value in ladder.items() if name != "text"} == found
    assert ladder["text"].splitlines()[1:] == [
        f"  acknowledged by {bob['Id']} at Mon 09:10 CST (owner)",
        "  next: late, Mon 13:00 CST, unless the case is closed",
    ]


def test_explain_prints_what_comes_next_unless_somebody_takes_the_case(support: World) -> None:
    begun(support)
    later(support, 31)
    ladder = explained(support)
    assert ladder["text"].splitlines() == [
        f"ladder of support/urgent ({ladder['key']}): running, started Mon 09:00 CST, due Mon 13:00 CST",
        "  climbed after-30m at Mon 09:31 CST",
        "  next: remind, Mon 10:00 CST, unless somebody takes it",
    ]
    assert ladder["text"] in support.type("explain", "00000001").out


def test_an_exhausted_ladder_is_listed_and_needs_nobody(support: World) -> None:
    """L16"""
    begun(support)
    for minutes in (30, 30, 60, 60, 60):
        later(support, minutes)
    report = status(support)
    (one,) = report["escalations"]
    assert (one["state"], one["next"], report["exit"]) == ("exhausted", None, 0)
    text = page(support)
    assert "1 exhausted: nobody acted, and no rung is left:\n  case 00000001 support/urgent\n" in text
    assert explained(support)["text"].endswith("  no rung is left, and nobody acted")


def test_a_closed_case_is_not_listed(support: World) -> None:
    """L16"""
    org = begun(support)
    (one,) = select(org, "SELECT Id FROM Case")
    act(org, act="close", case=one["Id"], by="bob@support.example")
    assert support.type("explain", "00000001", "--json").json["ladders"] == []
    later(support, 30)
    assert status(support)["escalations"] == []
    assert "0 open escalations\n" in page(support)


def test_a_hold_counts_as_soon_as_it_is_said_and_until_it_ends(support: World) -> None:
    """L19"""
    begun(support)
    report = status(support)
    (one,) = report["escalations"]
    new = Hold(one["case_id"], "00000001", NOW, NOW + timedelta(hours=2), "The lawyers have it.", "ann")
    with open_ledger(report["ledger"], create=False) as ledger:
        hold(ledger, report["last_run"]["organization_id"], new)
    (held,) = status(support)["escalations"]
    said = {"by": "ann", "from": START, "until": "2026-03-02T17:00:00Z", "why": "The lawyers have it."}
    assert (held["state"], held["held"]) == ("held", said)
    (listed,) = status(support)["holds"]
    assert {name: listed[name] for name in said} == said
    assert "1 hold:\n  case 00000001: held until Mon 11:00 CST by ann: The lawyers have it.\n" in page(support)
    assert "held until Mon 11:00 CST by ann" in explained(support)["text"]
    over = status(support, "--now", "2026-03-02T17:00:00Z")
    assert (over["holds"], over["escalations"][0]["state"]) == ([], "running")


def test_rungs_that_came_later_stand_aside(support: World) -> None:
    """L21"""
    support.policy(ZONED[: ZONED.index("    ladder:")] + ZONED[ZONED.index("guards:") :])
    begun(support)
    assert status(support)["escalations"][0]["state"] == "no_ladder"
    support.policy(ZONED)
    later(support, 60)
    (one,) = status(support)["escalations"]
    assert (one["state"], one["aside"]) == ("aside", ["after-30m", "late", "remind"])
    assert explained(support)["aside"] == ["after-30m", "late", "remind"]


def test_escalations_whose_route_is_gone_are_listed(support: World) -> None:
    """L21"""
    begun(support)
    support.policy(ZONED.replace("name: urgent", "name: other").replace("starts_with: urgent", "starts_with: other"))
    later(support, 30)
    assert status(support)["escalations"][0]["state"] == "removed"
    assert "1 left by their policy: it no longer has the route:\n  case 00000001 support/urgent\n" in page(support)
    assert explained(support)["state"] == "removed"


def test_a_review_is_due_some_time_after_the_first_run_with_the_present_text(support: World) -> None:
    reviewed = ZONED.replace("routes:\n", "owner: {accountable: leads, review_every: 2w}\nroutes:\n")
    support.policy(reviewed)
    begun(support)
    assert status(support, "--now", "2026-03-16T14:59:59Z")["review_overdue"] == []
    assert status(support, "--now", "2026-03-16T15:00:00Z")["review_overdue"] == ["support"]
    assert "Review overdue: support\n" in page(support, "--now", "2026-03-16T15:00:00Z")
    later(support, 600)
    assert status(support, "--now", "2026-03-16T15:00:00Z")["review_overdue"] == ["support"]
    support.policy(reviewed.replace("Call back.", "Call back now."))
    later(support, 60)
    assert status(support, "--now", "2026-03-16T15:00:00Z")["review_overdue"] == []
    assert status(support, "--now", "2026-03-17T02:00:00Z")["review_overdue"] == ["support"]


def test_what_is_held_or_withheld_is_listed_with_its_cases(support: World) -> None:
    support.policy(ZONED.replace("max_cases: 10", "max_cases: 1"))
    start(support, case(1), case(2))
    run(support, "--backlog", "escalate", code=4)
    text = page(support, code=3)
    assert "1 route withheld:\n" in text
    assert "    cases 00000001, 00000002\n" in text


def test_a_ledger_without_runs_has_no_time(support: World, tmp_path: Any) -> None:
    open_ledger(str(tmp_path / "new.db"), create=True).close()
    report = status(support, "--ledger", str(tmp_path / "new.db"), code=3)
    assert (report["now"], report["escalations"], report["due_list"]) == (None, [], {})
