"""Proofs about two conditions by their form are never wrong."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operand, Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.proof.implication import contradiction, implies
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import Case
from tests.builders import AGENT, BILLING, NOW, SCENE, SUPPORT, case, comment, numbered
from tests.escalation.conditions import CASES, CONDITIONS

HOUR = timedelta(hours=1)


@given(st.lists(CONDITIONS, min_size=1, max_size=3), CONDITIONS, st.lists(CASES, min_size=5, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_condition_that_implies_another_never_matches_without_it(
    parts: list[Condition], other: Condition, some: list[Case]
) -> None:
    for one, wanted in ((All((*parts, other)), other), (parts[0], other), (other, AnyOf((*parts, other)))):
        if implies(one, wanted):
            assert not [case for case in some if one.holds(case, SCENE) and not wanted.holds(case, SCENE)]
    assert implies(All((*parts, other)), other)


SIMPLE = st.builds(
    Field,
    st.sampled_from(["Status", "Amount__c", "Vip__c"]),
    st.sampled_from(["is", "is_not", "at_least", "at_most", "more_than", "less_than"]),
    st.sampled_from(["New", "High", 0, 1, 5, True, False]),
)


@given(st.lists(SIMPLE, min_size=2, max_size=4), st.lists(CASES, min_size=8, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_contradiction_never_matches(parts: list[Condition], some: list[Case]) -> None:
    condition = All(tuple(parts))
    if contradiction(condition) is not None:
        assert not any(condition.holds(case, SCENE) for case in some)


@given(st.lists(CONDITIONS, min_size=2, max_size=4), st.lists(CASES, min_size=8, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_condition_that_can_match_is_never_called_impossible(parts: list[Condition], some: list[Case]) -> None:
    condition = All(tuple(parts))
    if contradiction(condition) is not None:
        assert not [case for case in some if condition.holds(case, SCENE)]


def status(operator: Operator, operand: Operand) -> Field:
    return Field("Status", operator, operand)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (status("is", "new"), status("in", ("New", "Open")), True),
        (status("in", ("New", "Open")), status("is", "New"), False),
        (Age("at_least", 4 * HOUR, path="A"), Age("at_least", HOUR, path="A"), True),
        (Age("at_least", HOUR, path="A"), Age("at_least", 4 * HOUR, path="A"), False),
        (Age("at_least", 4 * HOUR, path="A"), Age("at_least", HOUR, path="B"), False),
        (Idle("at_least", 4 * HOUR, who="agent"), Idle("at_least", HOUR, who="customer"), False),
        (status("is", "New"), AnyOf((status("is", "Old"), status("is", "New"))), True),
        (AnyOf((status("is", "New"), status("is", "Open"))), status("in", ("New", "Open", "x")), True),
        (Not(status("is", "New")), Not(status("is", "New")), True),
    ],
)
def test_a_narrower_condition_implies_the_wider(one: Condition, other: Condition, expected: bool) -> None:
    assert implies(one, other) is expected


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((status("is", "New"), status("is", "Open")), 1),
        ((status("is", "New"), status("in", ("new", "Open"))), 0),
        ((status("is", "New"), status("is_empty", True)), 1),
        ((Field("V", "is", True), Field("V", "is", False)), 1),
        ((Field("A", "at_least", 5), Field("A", "at_most", 4)), 1),
        ((Field("A", "at_least", 5), Field("A", "at_most", 5)), 0),
        ((Field("A", "more_than", 5), Field("A", "at_most", 5)), 1),
        ((Age("at_least", 4 * HOUR, path="A"), Age("at_most", HOUR, path="A")), 1),
        ((Age("at_least", HOUR, path="A"), Age("less_than", HOUR, path="A")), 1),
        ((Age("at_least", HOUR, path="A"), Age("at_most", HOUR, path="A")), 0),
    ],
)
def test_demands_that_no_case_can_meet_together_are_found(parts: tuple[Condition, ...], found: int) -> None:
    assert (contradiction(All(parts)) is not None) == bool(found)


WITH_QUEUES = Circumstances(NOW, {"Support": SUPPORT, "Billing": BILLING})
OFFICE = Calendar("office", ZoneInfo("UTC"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
SIDES: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
LIMITS = st.integers(0, 60).map(lambda hours: hours * HOUR)
CALENDARS = st.sampled_from([None, OFFICE])
TABLES = st.builds(
    lambda first, other: Table("t", ("Status",), (Row(("New",), first),), other), LIMITS, st.one_of(st.none(), LIMITS)
)
TIMED: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Age, st.sampled_from(SIDES), st.one_of(LIMITS, TABLES), CALENDARS, path=st.just("CreatedDate")),
    st.builds(Left, st.sampled_from(SIDES), LIMITS, path=st.just("CreatedDate")),
    st.builds(Idle, st.sampled_from(SIDES), LIMITS, CALENDARS, who=st.sampled_from(["agent", "anyone"])),
    st.sampled_from([Owner("user"), Owner("in_queue", ("Support",)), Owner("member_of", ("Support",))]),
    st.builds(status, st.sampled_from(["is", "is_not"]), st.sampled_from(["New", "Open"])),
)
MIXED = st.recursive(
    TIMED,
    lambda parts: st.one_of(
        st.builds(All, st.lists(parts, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Not, parts),
    ),
    max_leaves=6,
)
SPOKEN = st.lists(st.integers(0, 60).map(lambda hours: comment("x", minutes_ago=60 * hours)), max_size=2)
AGED = st.builds(
    lambda hours, owner, state, said: case(created=NOW - hours * HOUR, owner=owner, status=state, comments=said),
    st.integers(0, 70),
    st.sampled_from([AGENT, numbered("005", 7), SUPPORT.id, BILLING.id]),
    st.sampled_from(["New", "Open", None]),
    SPOKEN,
)


@given(MIXED, MIXED, st.lists(AGED, min_size=10, max_size=10))
@settings(max_examples=120, deadline=None)
def test_proofs_about_times_owners_and_tables_are_never_wrong(
    one: Condition, other: Condition, some: list[Case]
) -> None:
    if implies(one, other):
        assert not [case for case in some if one.holds(case, WITH_QUEUES) and not other.holds(case, WITH_QUEUES)]
    if contradiction(one) is not None:
        assert not [case for case in some if one.holds(case, WITH_QUEUES)]
