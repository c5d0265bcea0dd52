"""Conditions that only answer have the meaning of `judge`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.answering.answers import answer_of
from sfdc_escalator.escalation.conditions.answering.sieve import Answers
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import TESTS, Operand, Operator
from sfdc_escalator.escalation.conditions.comparison import test_of as prepared
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES, Milestone
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.leaf import Lack, Leaf
from sfdc_escalator.escalation.conditions.patterns.search import Pattern
from sfdc_escalator.escalation.conditions.speech.words import mentioned, parse_phrase, saying
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, could_hold, judge
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, FieldChanges, Need, Records
from tests.builders import NOW, SCENE, case
from tests.escalation.conditions import CASES, CONDITIONS, LEAVES, LISTS, LITERALS, PATHS, VALUES

HOUR = timedelta(hours=1)
RETURNS = Records("ReturnOrders")
COUNTED: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
RECORDS = st.lists(
    st.integers(0, 50).map(lambda hours: {"CreatedDate": NOW - hours * HOUR, "Status": "New"}), max_size=3
)
OTHERS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(
        Related,
        st.just(RETURNS),
        st.sampled_from(COUNTED),
        st.integers(0, 3),
        st.sampled_from([None, Field("Status", "is", "New"), Field("Status", "matches", "^n")]),
        st.sampled_from([None, 9 * HOUR]),
        st.sampled_from([None, "escalation"]),
    ),
    st.builds(Milestone, st.just("due"), st.sampled_from([HOUR, 9 * HOUR])),
    st.builds(
        Age,
        st.sampled_from(COUNTED),
        st.just(4 * HOUR),
        path=st.sampled_from(PATHS),
        except_while=st.sampled_from([Field("Status", "is", "High"), Field("Status", "matches", "^h")]),
    ),
)
EVERY = st.recursive(
    LEAVES | OTHERS | CONDITIONS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple).map(All),
        st.lists(inner, max_size=4).map(tuple).map(AnyOf),
        inner.map(Not),
    ),
    max_leaves=8,
)
READ: st.SearchStrategy[Case] = st.builds(
    lambda one, related: replace(one, related=related),
    CASES,
    st.sampled_from([(), (RETURNS,), (RETURNS, MILESTONES)]).flatmap(
        lambda read: st.fixed_dictionaries({records: RECORDS.map(tuple) for records in read})
    ),
)
SCENES = st.builds(
    lambda at, newer: replace(SCENE, escalated_at=at, newer_messages=newer),
    st.sampled_from([None, NOW - 2 * HOUR]),
    st.booleans(),
)
NEEDS: tuple[Need, ...] = (*PATHS, COMMENTS, EMAILS, RETURNS, FieldChanges("Status"))
UNREAD = st.frozensets(st.sampled_from(NEEDS), max_size=3)


@given(EVERY, READ, SCENES)
@settings(deadline=None)
def test_an_answer_is_that_of_the_judgement(condition: Condition, one: Case, scene: Circumstances) -> None:
    assert answer_of(condition)(one, scene) is judge(condition, one, scene).holds


@given(EVERY, READ, SCENES, UNREAD)
@settings(deadline=None)
def test_an_answer_is_open_where_what_was_not_read_decides(
    condition: Condition, one: Case, scene: Circumstances, unread: frozenset[Need]
) -> None:
    may, may_not = (could_hold(condition, one, scene, unread, want) for want in (True, False))
    assert answer_of(condition, unread)(one, scene) is (None if may and may_not else may)


def test_an_answer_is_open_where_a_search_that_takes_too_long_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pattern, "found_in", lambda self, text: None if text == "slow" else text == "found")
    search, open_case = Field("Subject", "matches", "slow, found or not"), Field("Status", "is", "New")
    of = {text: case(status="New", fields={"Subject": text, "Status": "New"}) for text in ("slow", "found", "other")}
    assert [answer_of(search)(one, SCENE) for one in of.values()] == [None, True, False]
    assert [answer_of(Not(search))(one, SCENE) for one in of.values()] == [None, False, True]
    assert answer_of(All((search, open_case)))(of["slow"], SCENE) is None
    assert answer_of(All((search, Not(open_case))))(of["slow"], SCENE) is False
    assert answer_of(AnyOf((search, open_case)))(of["slow"], SCENE) is True


@pytest.mark.parametrize("asked", [Field("Subject", "is", "x"), Field("Subject", "contains_any", ("x",))])
def test_a_field_that_was_not_read_leaves_out_no_condition(asked: Field) -> None:
    condition, unread = All((asked, Field("Status", "is", "New"))), frozenset[Need]({"Subject"})
    here = case(fields={"Status": "New"})
    assert answer_of(condition, unread)(here, SCENE) is None
    assert [answer(here, SCENE) for _, answer in Answers([("", condition)], unread).of(here)] == [None]


@pytest.mark.parametrize("values", [(True, 1, 1.0), (1.0, 1, True), (1, True), (False, 0), (0, False, None)])
def test_values_that_python_takes_for_equal_are_kept_apart(values: Sequence[Value]) -> None:
    conditions: list[Condition] = [Field("Vip__c", "is", True), Field("Vip__c", "is", 1), Field("Vip__c", "is", False)]
    answers = Answers(list(enumerate(conditions)))
    for value in values:
        here = case(fields={"Vip__c": value})
        found = [place for place, answer in answers.of(here) if answer(here, SCENE)]
        assert found == [place for place, one in enumerate(conditions) if judge(one, here, SCENE).holds]


@given(st.lists(EVERY, max_size=6), READ, UNREAD)
@settings(deadline=None)
def test_only_conditions_that_do_not_hold_are_left_out(
    conditions: list[Condition], one: Case, unread: frozenset[Need]
) -> None:
    answers = Answers(list(enumerate(conditions)), unread)
    kept = [place for place, answer in answers.of(one) if answer(one, SCENE) is not False]
    assert kept == [place for place, condition in enumerate(conditions) if could_hold(condition, one, SCENE, unread)]


@given(
    st.lists(
        st.sampled_from(["Status", "Subject"]).flatmap(
            lambda path: st.builds(Field, st.just(path), st.sampled_from(["is", "in", "is_not"]), LISTS)
        ),
        max_size=9,
    ),
    READ,
)
@settings(deadline=None)
def test_conditions_on_the_same_field_are_kept_by_its_value(conditions: list[Field], one: Case) -> None:
    found = Answers([(condition, All((condition,))) for condition in conditions]).of(one)
    assert [each for each, answer in found if answer(one, SCENE)] == [
        each for each in conditions if each.holds(one, SCENE)
    ]


@pytest.mark.parametrize("value", ["T3", "t3 ", "T100", None, "", 3, True, frozenset({"T3"})])
def test_of_many_routes_few_are_asked(value: Value) -> None:
    conditions = [(place, All((Field("Type", "is", f"T{place}"),))) for place in range(100)]
    found = Answers([*conditions, (100, Field("Status", "is", "New"))]).of(case(fields={"Type": value}))
    assert [place for place, _ in found] == ([3, 100] if value in ("T3", "t3 ", frozenset({"T3"})) else [100])


@given(st.sampled_from([*TESTS]), LITERALS | LISTS, VALUES)
@settings(deadline=None)
def test_a_prepared_test_is_the_test(operator: Operator, operand: Operand, value: Value) -> None:
    assert prepared(operator, operand)(value) == TESTS[operator](value, operand)


ODD_TEXTS = (
    "é", "E\u0301", "ß", "SS", "\ufb01", "FI", "\u0130", "I\u0307", "\u0131", "\u212a", "K", "don\u2019t", "Don't",
    "re\u00adfund", "refund", "\u00a0", " \t", "5", "5.0", "true", "\0High", "High ",
)  # fmt: skip
ODD_VALUES: tuple[Value, ...] = (*ODD_TEXTS, None, True, False, 1, 1.0, 5, 5.0, -0.0, frozenset({"E\u0301", "ss"}))


@pytest.mark.parametrize("operator", [one for one in TESTS if one != "matches"])
def test_a_prepared_test_is_the_test_for_odd_texts_too(operator: Operator) -> None:
    operands: tuple[Operand, ...] = (*ODD_TEXTS, True, False, 1, 5.0)
    for operand, value in product(operands, ODD_VALUES):
        assert prepared(operator, operand)(value) == TESTS[operator](value, operand), (operand, value)


PHRASES = ("refund", "speak|talk to a manager", "...", "- refund", "ﬁle it", "a|b c|d", "re-fund")
SAID = st.lists(
    st.sampled_from(
        ["refund", "re\u200bfund", "Speak", "talk", "to", "a", "manager", "managers", "...", "FILE", "ﬁle", "it"]
    ),
    max_size=8,
).flatmap(lambda words: st.sampled_from([" ", "\u200b", "-", "\n"]).map(lambda gap: gap.join(words)))


@given(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=3), SAID)
@settings(deadline=None)
def test_a_text_says_what_is_found_in_it(phrases: list[str], text: str) -> None:
    parsed = [parse_phrase(one) for one in phrases]
    assert saying(parsed)(text) == (mentioned(text, parsed, ()) is not None)


@given(LEAVES | OTHERS, READ, SCENES)
@settings(deadline=None)
def test_what_a_condition_lacks_is_what_its_words_say(leaf: Leaf, one: Case, scene: Circumstances) -> None:
    finding = leaf.judged(one, scene)
    if not finding.holds:
        missed = leaf.missed(finding)
        assert leaf.lack(one, scene) == Lack(missed.short, missed.share)
