"""One case explained, as text, as JSON and as an example."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import yaml

from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.pipeline.preparing.examine import Examined, examine
from sfdc_escalator.reports.json.explain import explain_json
from sfdc_escalator.reports.text.example import commented, duration, example_text, quoted
from sfdc_escalator.reports.text.explain import explain_text
from tests.builders import AGENT, NOW, caller, case, policy, remembering, render, route
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless
from tests.reports.runs import NEW, URGENT

WAITING = Age("at_least", timedelta(hours=25), path="CreatedDate")
TREE = policy(route("urgent", All((NEW, AnyOf((Field("Priority", "is", "High"), Not(NEW)))))))
URL = f"https://acme.my.salesforce.com/{case(1).id}"


def examined(one: Case, of: Policy = URGENT, live: tuple[str, ...] = ("urgent",)) -> Examined:
    ledger = FakeLedger(remembering(live=live))
    return examine(FakeOrg([one]), caller(), ledger, [of], one.id, render, accepts_clock=False)


def test_a_match_is_shown_with_its_steps_and_the_value_of_each_condition() -> None:
    assert explain_text(examined(case(1))).splitlines() == [
        f"case 00000001  {URL}",
        "It broke",
        f"status New, priority Medium, owner {AGENT}",
        "at 2026-03-02 15:00:00 UTC",
        "",
        "policy support: planned by the route urgent: note, queue, status, priority",
        "",
        "  urgent: matches",
        "    yes  all of",
        "      yes  IsClosed is false",
        "      yes  Status is New",
    ]


def test_no_match_is_shown_with_what_is_missing_and_the_time_at_which_it_matches() -> None:
    page = explain_text(examined(case(1), policy(route("urgent", WAITING)))).splitlines()
    assert page[5] == "policy support: no match"
    assert page[7] == "  urgent: does not match"
    assert page[-1] == "    time alone will make it match at 2026-03-02 16:00 UTC, in 1 h"


def test_a_condition_that_time_does_not_change_says_so() -> None:
    page = explain_text(examined(case(1, status="Working"))).splitlines()
    assert page[-2:] == [
        "    missing: Status is Working (asked for New: no)",
        "    time alone will not make it match",
    ]


def test_groups_of_conditions_are_shown_as_a_tree() -> None:
    assert explain_text(examined(case(1), TREE)).splitlines()[7:] == [
        "  urgent: does not match",
        "    no   all of",
        "      yes  IsClosed is false",
        "      no   all of",
        "        yes  Status is New",
        "        no   any of",
        "          no   Priority is Medium (asked for High: no)",
        "          no   not",
        "            yes  Status is New",
        "    missing: Priority is Medium (asked for High: no)",
        "    time alone will not make it match",
    ]
    [of_route] = explain_json(examined(case(1), TREE))["policies"][0]["routes"]
    [_, group] = of_route["conditions"]["parts"]
    new = {"condition": "Status is New", "kind": "field", "holds": True, "seen": "New"}
    high = {"condition": "Priority is Medium (asked for High: no)", "kind": "field", "holds": False, "seen": "Medium"}
    negated = {"condition": "not", "holds": False, "parts": [new]}
    either = {"condition": "any of", "holds": False, "parts": [high, negated]}
    assert group == {"condition": "all of", "holds": False, "parts": [new, either]}


def test_what_keeps_a_match_from_being_escalated_is_an_obstacle() -> None:
    page = explain_text(examined(case(1), live=()))
    assert page.splitlines()[-1].startswith("    obstacle: its backlog is not decided yet")
    [one] = explain_json(examined(case(1), live=()))["policies"][0]["routes"]
    assert one["obstacles"][0].startswith("its backlog is not decided yet")


def test_the_json_holds_the_case_the_match_and_each_route() -> None:
    report = explain_json(examined(case(1)))
    assert report["case"] == {"id": case(1).id, "number": "00000001", "url": URL}
    assert report["now"] == "2026-03-02T15:00:00Z"
    [of_policy] = report["policies"]
    assert (of_policy["policy"], of_policy["decision"]["state"]) == ("support", "planned")
    [of_route] = of_policy["routes"]
    assert {name: of_route[name] for name in ("route", "matches", "missing", "obstacles")} == {
        "route": "urgent",
        "matches": True,
        "missing": [],
        "obstacles": [],
    }
    assert json.loads(json.dumps(report)) == report


def test_a_case_without_a_match_has_no_decision_in_json() -> None:
    report = explain_json(examined(case(1, status="Working")))
    assert report["policies"][0]["decision"] is None
    assert report["policies"][0]["routes"][0]["matches_at"] is None


def test_a_case_is_an_example_that_can_be_pasted() -> None:
    text = example_text(examined(case(1)))
    assert text == '# support\n  - {case: {Status: "New"}, age: 24h, expect: urgent}'
    assert yaml.safe_load(text) == [{"case": {"Status": "New"}, "age": "24h", "expect": "urgent"}]


def test_a_remark_on_an_example_stays_a_comment() -> None:
    text = commented("# support", f"this example gives another result: {HOSTILE}", "  - {expect: none}")
    assert text.splitlines()[1:] == [
        f"  # this example gives another result: {SHOWN}",
        "  # - {expect: none}",
    ]


@pytest.mark.parametrize(
    "value",
    ["plain", "a\x85b\u2028c", "\u202etxt.exe", "\x1b[2J\x00\x7f", "Ä 中 \U0001f468", "tag \U000e0041", 3, None],
)
def test_a_value_of_an_example_is_read_back_as_it_is_and_does_nothing_to_a_terminal(value: object) -> None:
    text = quoted(value)
    assert_harmless(text)
    assert yaml.safe_load(text) == value


def test_hostile_texts_do_nothing_to_a_terminal_and_stay_in_their_place() -> None:
    hostile = replace(case(1, status=HOSTILE, priority=HOSTILE), number=HOSTILE, owner_name=HOSTILE)
    page = explain_text(examined(hostile))
    assert_harmless(page)
    assert len(page.splitlines()) == len(explain_text(examined(case(1, status="Working"))).splitlines())
    example = example_text(examined(hostile))
    assert_harmless(example)
    assert all(line.startswith(("#", "  #", "  - ")) for line in example.splitlines())
    assert explain_json(examined(hostile))["case"]["number"] == HOSTILE


def test_a_policy_with_many_routes_is_explained_route_by_route() -> None:
    many = policy(*(route(f"r{number}", Field("Status", "is", str(number))) for number in range(200)))
    assert len(explain_json(examined(case(1), many))["policies"][0]["routes"]) == 200
    assert explain_text(examined(case(1), many)).count("does not match") == 200


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(0), "0m"),
        (timedelta(seconds=-5), "0m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=1), "1h"),
        (timedelta(minutes=61), "61m"),
        (timedelta(days=3653), "87672h"),
    ],
)
def test_a_duration_is_written_as_in_a_policy(ago: timedelta, text: str) -> None:
    assert duration(ago) == text


def test_the_time_of_an_explanation_is_the_org_s() -> None:
    assert explain_json(examined(case(1)))["now"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
