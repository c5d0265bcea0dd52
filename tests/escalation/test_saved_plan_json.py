"""A saved plan is plain data: its text comes back as the same plan, and its sha256 names that text."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.order_json import canonical
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Guards
from sfdc_escalator.escalation.policy.steps import Step
from sfdc_escalator.escalation.policy.telling import Cap, NoticeRules, Quiet
from sfdc_escalator.escalation.saved.guards_json import guards_json, guards_of
from sfdc_escalator.escalation.saved.plan import (
    Adopted,
    PlannedStanding,
    PolicyOfPlan,
    SavedPlan,
    Withheld,
    WithheldCase,
)
from sfdc_escalator.escalation.saved.plan_diff import plan_diff
from sfdc_escalator.escalation.saved.plan_json import plan_json, plan_text, sha256_of
from sfdc_escalator.escalation.saved.plan_of import plan_of
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Standing, StandingState
from tests.builders import NOW, SUPPORT, identity, planned, policy, route
from tests.builders import case as a_case
from tests.notices import notice

ORG = long_id("00D000000000001")
QUEUE = long_id(SUPPORT.id[:15])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SHARES = st.integers(0, 10_000).map(lambda one: Fraction(one, 10_000)) | st.fractions(0, 1)
GUARDS = st.builds(Guards, st.integers(0, 10**9), SHARES, st.integers(0, 10**9), SHARES)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def order(number: int, words: str = "Please") -> Order:
    """An order whose ids and key are sound, and whose note is these words."""
    made = planned(number, policy(route(status="Escalated", priority="Urgent")))
    of = replace(made.identity, organization_id=ORG)
    owner = long_id(made.before["OwnerId"][:15]) if made.before["OwnerId"] else None
    steps = []
    for step in made.steps:
        if step.is_note:
            steps.append(Step("note", None, f"{words}\n\n{of.line}"))
        elif step.name == "queue":
            steps.append(replace(step, before=owner, after=QUEUE))
        else:
            steps.append(step)
    return replace(made, identity=of, before={**made.before, "OwnerId": owner}, steps=tuple(steps))


def notice_of(one: Order) -> Notice:
    about = Escalation.of(one.identity, EscalationState.APPLIED)
    made = notice(replace(about, case_number=one.case_number), within=timedelta(hours=24), group="x")
    return replace(made, message=replace(made.message, id=made.id))


def plan(*orders: Order, **more: object) -> SavedPlan:
    made = SavedPlan("env", ORG, NOW, NOW, "nora", (), "digest", {"support": Guards()}, RunOptions(), orders)
    return replace(made, **more)  # type: ignore[arg-type]


PLANS = st.builds(
    lambda words, org, by, guards, at, choices: plan(
        *(replace(order(n, one), owner_name=one, findings=(one,)) for n, one in enumerate(words, 1)),
        org=org,
        made_by=by,
        guards={"support": guards},
        polled_at=at,
        choices=choices,
    ),
    st.lists(TEXT, max_size=3),
    TEXT,
    TEXT,
    GUARDS,
    TIMES,
    st.builds(
        RunOptions, st.sampled_from([None, "adopt", "escalate"]), st.none() | st.integers(1, 99), st.none() | TEXT
    ),
)


@given(PLANS)
@settings(max_examples=60, deadline=None)
def test_a_plan_comes_back_equal_from_its_text(made: SavedPlan) -> None:
    text = plan_text(made)
    found = json.loads(text)
    assert plan_of(found) == replace(made, sha256=sha256_of(found))
    assert canonical(found) == text == plan_text(plan_of(found))


def test_every_member_comes_back_equal() -> None:
    one = order(1)
    made = plan(
        replace(one, notices=(notice_of(one),)),
        policies=(PolicyOfPlan("support", "digest"),),
        withheld=(Withheld("support", "old", "too many", (WithheldCase("ESC-1", "500", "1"),)),),
        adopted=(Adopted(Identity(ORG, "support", "old", a_case(7).id), "00000007", "digest", ("It waits.",)),),
        live=(("support", "old"), ("support", "urgent")),
        bypassing=frozenset({("support", "urgent")}),
        rungs={("support", "urgent", "late"): None, ("support", "urgent", "after-30m"): NOW},
        standings={one.key: PlannedStanding(Standing(StandingState.RUNNING, "late", 1, NOW, team="leads"), True)},
        rules={"support": NoticeRules(cap=Cap(6, timedelta(minutes=15)), quiet=Quiet(time(20), time(8)))},
    )
    assert plan_of(json.loads(plan_text(made))) == replace(made, sha256=sha256_of(plan_json(made)))


@given(GUARDS)
@settings(max_examples=60, deadline=None)
def test_guards_are_exact(guards: Guards) -> None:
    assert guards_of(guards_json(guards)) == guards


def test_the_sha256_is_that_of_the_object_without_it() -> None:
    found = json.loads(plan_text(plan(order(1))))
    assert sha256_of(found) == found["sha256"] == sha256_of({**found, "sha256": "another"})
    assert sha256_of({**found, "org": "other"}) != found["sha256"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"case_id":"500000000000001AAA"', '"case_id":"500000000000001AAB"', "not a record id"),
        ('"case_id":"500000000000001AAA"', '"case_id":"003000000000001AAA"', "begins with 500"),
        ("start/1/1", "start/1/2", "the last line of its note"),
        ('"turn":1', '"turn":2', "the key"),
        ('"step":"status"', '"step":"dance"', "'dance' is not a step"),
        (f'"after":"{QUEUE}"', '"after":"500000000000001AAA"', "begins with 00G or 005"),
        ('"status":"New"', '"status":"Open"', "the step status begins at"),
        ('"note":"', f'"note":"{"x" * 4000}', "longer than 4000 bytes"),
        ('"backlog":null', '"backlog":"all"', "not a choice for a backlog"),
        ('"now":"2026-03-02T15:00:00Z"', '"now":"2026-03-02T15:00:00"', "has no zone"),
        ('"max_cases":200', '"max_cases":"200"', "are not counts"),
        ('"live":[]', '"life":[]', "live"),
        ('"guards":{"support":', '"guards":{"other":', "the policy support has orders and no guards"),
        ('"now":"2026-', '"now":"9999-', "is not between 1970 and 2500"),
        ('"moment":null', '"moment":"0001-01-01T00:00:00+14:00"', "is not between 1970 and 2500"),
        ('"rejections":0', '"rejections":"x"', "not a count"),
        ('"rejections":0', f'"rejections":{10**30}', "not a count"),
        ('"values":{}', '"values":{"Reason":1}', "not a text"),
        ('"watched":false', '"watched":"no"', "`watched` is true or false"),
        ('"choices":{', '"choices":[{', None),
    ],
)
def test_anything_but_a_plan_is_a_value_error(old: str, new: str, message: str | None) -> None:
    text = plan_text(plan(order(1)))
    assert old in text
    if message is None:
        text, new = text.replace('"choices":{"case":null,"limit":null,"route":null}', '"choices":[]'), ""
        found = json.loads(text)
    else:
        found = json.loads(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message or "indices"):
        plan_of(found)


def test_one_case_is_not_written_twice() -> None:
    other = replace(order(1), identity=replace(order(1).identity, episode=2))
    steps = (Step("note", None, f"Please\n\n{other.identity.line}"), *other.steps[1:])
    with pytest.raises(ValueError, match=r"order 2: the case .* is written twice"):
        plan_of(json.loads(plan_text(plan(order(1), replace(other, steps=steps)))))
    with pytest.raises(ValueError, match=r"order 2: the key .* stands twice"):
        plan_of(json.loads(plan_text(plan(order(1), order(1)))))


def test_a_diff_compares_keys_and_steps_and_not_what_changes_by_itself() -> None:
    one, two, three = order(1), order(2), order(3)
    changed = replace(two, steps=(*two.steps[:-1], replace(two.steps[-1], before="Low")))
    found = plan_diff([one, two], [replace(changed, owner_name="x"), three], [])
    assert ([a.key for a in found.added], [d.order.key for d in found.dropped]) == ([three.key], [one.key])
    assert [change.now.key for change in found.changed] == [two.key]
    assert plan_diff([one], [order(1, "other words")], []).is_empty
    assert identity(a_case(1)).route == "urgent"


def test_a_diff_compares_the_notes_of_a_policy_that_changed() -> None:
    one, other = order(1), order(1, "other words")
    (changed,) = plan_diff([one], [other], [], [one.identity.policy]).changed
    assert changed.has_another_note
    assert plan_diff([one], [one], [], [one.identity.policy]).is_empty
    assert plan_diff([one], [other], [], ["another"]).is_empty
