"""A pattern that takes exponential time on the text of one case."""

import pytest

from sfdc_escalator.escalation.conditions.patterns import search
from tests.stories.world import World, advance, patch, select

HOSTILE = "x" * 32
POLICY = """
policy: support
routes:
  - name: first
    reason: It is first.
    when: [{field: Subject, matches: 'first'}]
    escalate: {note: {help_needed: Call back.}, status: Escalated}
  - name: doubled
    reason: It has a y.
    when: [{field: Subject, matches: '(x+)+y'}]
    escalate: {note: {help_needed: Call back.}, status: Escalated}
guards: {max_cases: 20, max_share_of_open: 100%}
"""


@pytest.fixture
def support(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(search, "LIMIT", 0.05)
    search.pattern.cache_clear()
    world.policy(POLICY)
    return world


def cases(*subjects: str) -> list[dict[str, str]]:
    created = "2026-03-02T09:00:00Z"
    return [
        {"CaseNumber": f"{place:08}", "Subject": subject, "Status": "New", "Priority": "Medium", "CreatedDate": created}
        for place, subject in enumerate(subjects, 1)
    ]


def test_one_hostile_text_holds_its_case_and_nine_others_escalate(support: World) -> None:
    org = support.org(Case=cases(*["xxy"] * 5, HOSTILE, *["first"] * 4))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["held"]) == (3, 9, 1), answer.err
    (held,) = [one for one in answer.json["escalations"] if one["state"] == "held"]
    assert (held["held_by"], held["route"], held["case_number"]) == ("pattern", "doubled", "00000006")
    assert "(x+)+y" in held["reason"]
    assert "Subject" in held["reason"]
    text = support.type("run").out
    assert "00000006" in text
    assert "(x+)+y" in text
    explained = support.type("explain", "00000006").out
    assert "takes too long" in explained
    assert [one["Status"] for one in select(org, "SELECT Status FROM Case WHERE CaseNumber = '00000006'")] == ["New"]


def test_a_route_above_that_matches_escalates_a_hostile_text(support: World) -> None:
    support.org(Case=cases(f"first {HOSTILE}"))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, [one["route"] for one in answer.json["escalations"]]) == (0, ["first"])


def test_an_open_escalation_stays_open_when_the_text_turns_hostile(support: World) -> None:
    support.policy(POLICY.replace("It has a y.", "It has a y.\n    rearm: 1h"))
    org = support.org(Case=cases("xxy"))
    assert support.run("--backlog", "escalate").code == 0
    ((case_id,),) = [list(one.values()) for one in select(org, "SELECT Id FROM Case")]
    patch(org, case_id, Subject=HOSTILE)
    answer = support.run()
    assert (answer.code, [one["state"] for one in answer.json["escalations"]]) == (0, ["already"])
    advance(org, "2h")
    patch(org, case_id, Subject="xxy")
    assert [one["state"] for one in support.run().json["escalations"]] == ["already"]


def test_a_hostile_text_is_held_where_the_pattern_is_in_unless(support: World) -> None:
    support.policy(
        POLICY.replace("matches: '(x+)+y'}]", "is_empty: false}]\n    unless: [{field: Subject, matches: '(x+)+y'}]")
    )
    support.org(Case=cases(HOSTILE, "other"))
    answer = support.run("--backlog", "escalate")
    assert [(one["case_number"], one["state"]) for one in answer.json["escalations"]] == [
        ("00000001", "held"), ("00000002", "applied"),
    ]  # fmt: skip


def test_a_held_case_is_not_adopted_with_the_backlog(support: World) -> None:
    """It may not match at all; to remember it as seen would hide it."""
    support.org(Case=cases(HOSTILE, "xxy"))
    answer = support.run("--backlog", "adopt")
    assert (answer.code, sorted(one["state"] for one in answer.json["escalations"])) == (3, ["already", "held"])


def test_validate_names_the_pattern_and_its_line(support: World) -> None:
    answer = support.type("validate", "--format", "json")
    (warning,) = [one for one in answer.json["problems"] if "can take very long" in one["message"]]
    assert (answer.code, warning["severity"], warning["line"]) == (0, "warning", 10)
    assert "(x+)+y" in warning["message"]
