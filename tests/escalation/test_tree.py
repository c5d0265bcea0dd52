"""Conditions have one meaning."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, could_hold, judge
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import COMMENTS, Need
from tests.builders import SCENE, case, policy, route
from tests.escalation.conditions import CASES, CONDITIONS, PATHS

YES, NO = All(()), AnyOf(())
DAY = timedelta(days=1)


@given(CONDITIONS, CASES)
@settings(max_examples=150, deadline=None)
def test_judging_with_and_without_reasons_gives_the_same_answer(condition: Condition, one: Case) -> None:
    assert judge(condition, one, SCENE).holds == condition.holds(one, SCENE)


@given(CONDITIONS, CASES)
@settings(max_examples=100, deadline=None)
def test_not_is_the_exact_complement(condition: Condition, one: Case) -> None:
    assert Not(condition).holds(one, SCENE) != condition.holds(one, SCENE)
    assert Not(Not(condition)).holds(one, SCENE) == condition.holds(one, SCENE)


@given(CONDITIONS, CASES, st.frozensets(st.sampled_from((*PATHS, COMMENTS))))
@settings(max_examples=200, deadline=None)
def test_a_case_that_matches_once_its_texts_are_read_is_read(
    condition: Condition, complete: Case, unread: frozenset[Need]
) -> None:
    fields = {path: value for path, value in complete.fields.items() if path not in unread}
    polled = replace(complete, fields=fields, comments=() if COMMENTS in unread else complete.comments)
    if condition.holds(complete, SCENE):
        assert could_hold(condition, polled, SCENE, unread)


@given(CONDITIONS, CASES)
@settings(max_examples=50, deadline=None)
def test_with_everything_read_could_hold_means_holds(condition: Condition, one: Case) -> None:
    assert could_hold(condition, one, SCENE, frozenset()) == condition.holds(one, SCENE)


def test_a_case_that_nothing_unread_can_make_match_is_not_read() -> None:
    words = Text(("Description",), (parse_phrase("refund"),))
    condition = All((Field("Status", "is", "Closed"), words))
    assert not could_hold(condition, case(status="New"), SCENE, frozenset({"Description"}))
    assert could_hold(condition, case(status="closed"), SCENE, frozenset({"Description"}))
    assert not could_hold(Not(AnyOf((Field("Status", "is", "New"), words))), case(), SCENE, frozenset({"Description"}))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (All((YES, YES)), True),
        (All((YES, NO)), False),
        (AnyOf((NO, YES)), True),
        (AnyOf((NO, NO)), False),
        (Not(NO), True),
        (Field("Status", "is", "new"), True),
        (Field("Missing__c", "is_empty", True), True),
        (Field("Missing__c", "is_not", "x"), True),
        (Field("Missing__c", "is", "x"), False),
    ],
)
def test_a_list_means_all_and_any_means_one(condition: Condition, expected: bool) -> None:
    assert condition.holds(case(status="New"), SCENE) is expected


def test_only_open_cases_match_unless_the_policy_mentions_isclosed() -> None:
    closed = case(fields={"IsClosed": True})
    silent, speaking = route("a"), route("b", Not(Field("isclosed", "is", False)))
    assert not policy(silent).condition(silent).holds(closed, SCENE)
    assert policy(silent).condition(silent).holds(case(), SCENE)
    assert policy(speaking).condition(speaking).holds(case(fields={"isclosed": True}), SCENE)
    scoped = policy(silent, scope=[Field("IsClosed", "in", (True, False))])
    assert scoped.condition(silent).holds(closed, SCENE)


def test_the_scope_is_added_to_every_route() -> None:
    scoped = policy(route("a"), route("b"), scope=[Field("Subject", "is", "mine")])
    for one in scoped.routes:
        assert not scoped.condition(one).holds(case(), SCENE)
        assert scoped.condition(one).holds(case(fields={"Subject": "Mine"}), SCENE)


def test_every_path_of_a_condition_is_known() -> None:
    words = Text(("Subject", "comments"), (parse_phrase("x"),))
    condition = AnyOf((Not(Field("A", "is", 1)), All((Age("at_least", DAY, path="B"), words))))
    assert condition.needs == {"A", "B", "Subject", COMMENTS}
