"""Tables, owners and raw filters: the conditions on what a case is, besides its fields."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operand, Operator, options, same
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.soql import Soql
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import Not, judge
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.escalation.world.needs import Answered
from sfdc_escalator.escalation.world.org import Queue
from tests.builders import AGENT, BILLING, NOW, SCENE, SUPPORT, case, numbered, policy, route

Words = Table[str | int | float | bool]
URGENCY: Words = Table(
    "urgency",
    ("Impact__c", "Vip__c"),
    (
        Row(("High", True), "Critical"),
        Row((("High", "Medium"), False), "Urgent"),
        Row((("High", "Medium", "Low"), (True, False)), "High"),
    ),
    "Low",
)
NO_ELSE: Words = replace(URGENCY, otherwise=None)
QUEUES = Circumstances(NOW, {"Support": SUPPORT, "Billing": BILLING})


# -- which row -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("impact", "vip", "given_value"),
    [
        ("High", True, "Critical"),
        (" hIGH ", True, "Critical"),
        ("High", False, "Urgent"),
        ("Medium", False, "Urgent"),
        ("Medium", True, "High"),
        ("Low", False, "High"),
        ("None", True, "Low"),
        (None, True, "Low"),
        ("", False, "Low"),
    ],
)
def test_the_first_row_whose_cells_all_fit_gives_the_value_and_else_the_rest(
    impact: str | None, vip: bool, given_value: str
) -> None:
    assert URGENCY.value(case(fields={"Impact__c": impact, "Vip__c": vip})) == given_value


@pytest.mark.parametrize(
    ("value", "cell", "fits"),
    [
        (None, False, True),  # a null checkbox is false
        (None, True, False),
        (None, "", False),
        ("", "", False),
        ("x", "", False),
        ("*", "*", True),
        ("x", "*", False),  # no cell stands for anything: `else` does
        (5, 5, True),
        (5.0, "5", True),
        (5, (4, 5), True),
        (True, "true", True),
        (frozenset({"a"}), "A", True),
        (frozenset({"a", "b"}), "a", False),
        ("x", (), False),
    ],
)
def test_a_cell_fits_as_is_and_in_do(value: Value, cell: Operand, fits: bool) -> None:
    one = case(fields={"A": value})
    assert Row((cell,), 1).matches(one, ("A",)) is fits
    assert Field("A", "in", options(cell)).holds(one, SCENE) is fits


def test_a_field_that_was_never_read_fits_no_cell_but_that_of_an_unticked_checkbox() -> None:
    assert [Row((cell,), 1).matches(case(), ("Nowhere__c",)) for cell in ("x", True, 0, False)] == [
        False,
        False,
        False,
        True,
    ]


CELL = st.sampled_from(["a", "B", ("a", "b"), True, 5])
SEEN: st.SearchStrategy[Value] = st.sampled_from(["a", "b", "c", None, True, 5, ""])
ROWS = st.lists(st.tuples(CELL, CELL, st.integers(0, 3)), min_size=1, max_size=5)


@given(ROWS, st.sampled_from([None, 9]), SEEN, SEEN)
@settings(max_examples=150, deadline=None)
def test_a_table_is_its_rows_tried_one_after_the_other(
    rows: list[tuple[Operand, Operand, int]], otherwise: int | None, first: Value, second: Value
) -> None:
    table = Table("t", ("A", "B"), tuple(Row((one, two), value) for one, two, value in rows), otherwise)
    expected = otherwise
    for one, two, value in rows:
        if any(same(first, cell) for cell in options(one)) and any(same(second, cell) for cell in options(two)):
            expected = value
            break
    found = table.value(case(fields={"A": first, "B": second}))
    assert found == expected
    assert found is None or found in table.values


# -- total or not --------------------------------------------------------------------------------------------------


def test_every_value_that_a_table_may_give_is_known_before() -> None:
    assert URGENCY.values == ("Critical", "Urgent", "High", "Low")
    assert NO_ELSE.values == ("Critical", "Urgent", "High")


@pytest.mark.parametrize("otherwise", [0, False, ""])
def test_an_else_of_nought_is_an_else(otherwise: str | int | bool) -> None:
    table: Words = Table("t", ("A",), (Row(("x",), 1),), otherwise)
    assert table.values == (1, otherwise)
    assert table.value(case()) == otherwise
    assert TableIs(table, "is_empty", False).holds(case(), SCENE) is (otherwise != "")


OPERANDS: list[tuple[Operator, Operand, bool]] = [
    ("is", "Critical", False),
    ("is_not", "Critical", True),
    ("in", ("Critical", "Urgent"), False),
    ("not_in", ("Critical", "Urgent"), True),
    ("at_least", 1, False),
    ("at_most", 1, False),
    ("more_than", 1, False),
    ("less_than", 1, False),
]


@pytest.mark.parametrize(("operator", "operand", "holds"), OPERANDS)
def test_a_table_that_says_nothing_is_like_an_empty_field(operator: Operator, operand: Operand, holds: bool) -> None:
    nothing = case(fields={"Impact__c": None})
    assert TableIs(NO_ELSE, operator, operand).holds(nothing, SCENE) is holds
    assert Field("Impact__c", operator, operand).holds(nothing, SCENE) is holds


# -- a table as the subject of a condition -------------------------------------------------------------------------

SCORES: Words = Table("score", ("Risk__c",), (Row(("High",), 8), Row(("Low",), 2.5)), 5)


@pytest.mark.parametrize(
    ("operator", "limit", "matching"),
    [
        ("is", 5, ["None"]),
        ("is_not", 5, ["High", "Low"]),
        ("in", (8, "2.5"), ["High", "Low"]),
        ("at_least", 5, ["High", "None"]),
        ("more_than", 5, ["High"]),
        ("at_most", 5, ["Low", "None"]),
        ("less_than", 5, ["Low"]),
    ],
)
def test_a_table_is_compared_as_a_field_is_and_its_limits_are_inclusive(
    operator: Operator, limit: Operand, matching: list[str]
) -> None:
    condition = TableIs(SCORES, operator, limit)
    cases = {risk: case(fields={"Risk__c": risk}) for risk in ("High", "Low", "None")}
    assert [risk for risk, one in cases.items() if condition.holds(one, SCENE)] == matching


def test_a_condition_on_a_table_says_what_the_table_gave() -> None:
    one = case(fields={"Impact__c": "High", "Vip__c": True})
    finding = judge(TableIs(URGENCY, "is", "critical"), one, SCENE)
    assert (finding.holds, finding.seen) == (True, "Critical")
    assert TableIs(URGENCY, "is", "x").needs == {"Impact__c", "Vip__c"}


# -- a table in place of what a field is compared with -------------------------------------------------------------

LEAST: Words = Table("least", ("Tier__c",), (Row(("Gold",), 1), Row(("Silver",), 3)))


@pytest.mark.parametrize(
    ("operator", "tier", "holding"),
    [
        ("at_least", "Gold", [1, 2, 3, 4]),
        ("at_least", "silver", [3, 4]),
        ("more_than", "Silver", [4]),
        ("at_most", "Silver", [1, 2, 3]),
        ("less_than", "Silver", [1, 2]),
        ("is", "Silver", [3]),
        ("is_not", "Silver", [1, 2, 4]),
    ],
)
def test_each_row_may_have_a_limit_of_its_own(operator: Operator, tier: str, holding: list[int]) -> None:
    condition = Field("Count__c", operator, LEAST)
    counted = [n for n in (1, 2, 3, 4) if condition.holds(case(fields={"Count__c": n, "Tier__c": tier}), SCENE)]
    assert counted == holding


@pytest.mark.parametrize("operator", ["is", "is_not", "at_least", "at_most", "more_than", "less_than"])
@pytest.mark.parametrize("tier", ["Bronze", None])
def test_a_case_for_which_the_table_gives_no_limit_does_not_match(operator: Operator, tier: str | None) -> None:
    condition = Field("Count__c", operator, LEAST)
    for count in (None, 0, 9):
        assert not condition.holds(case(fields={"Count__c": count, "Tier__c": tier}), SCENE)


def test_a_table_in_place_is_read_with_the_field_and_with_the_steps() -> None:
    assert Field("Count__c", "at_least", LEAST).needs == {"Count__c", "Tier__c"}
    stepping = policy(route(priority=Table("p", ("Impact__c",), (Row(("High",), "Urgent"),), "High")))
    assert "Impact__c" in stepping.needs()


# -- whose the case is ---------------------------------------------------------------------------------------------

MEMBER = next(iter(SUPPORT.members))


@pytest.mark.parametrize(
    ("condition", "owner", "holds"),
    [
        (Owner("user"), AGENT, True),
        (Owner("user"), MEMBER, True),
        (Owner("user"), SUPPORT.id, False),
        (Owner("in_queue", ("Support",)), SUPPORT.id, True),
        (Owner("in_queue", ("Support",)), BILLING.id, False),
        (Owner("in_queue", ("Billing", "Support")), SUPPORT.id, True),
        (Owner("in_queue", ("Support",)), MEMBER, False),
        (Owner("in_queue", ("Nowhere",)), SUPPORT.id, False),
        (Owner("in_queue", ()), SUPPORT.id, False),
        (Owner("member_of", ("Support",)), MEMBER, True),
        (Owner("member_of", ("Support",)), AGENT, False),
        (Owner("member_of", ("Support",)), SUPPORT.id, False),
        (Owner("member_of", ("Billing",)), MEMBER, False),
        (Owner("member_of", ("Billing", "Support")), MEMBER, True),
        (Owner("member_of", ("Nowhere", "Support")), MEMBER, True),
    ],
)
def test_the_owner_is_a_user_or_in_a_queue_or_a_member_of_a_team(condition: Owner, owner: str, holds: bool) -> None:
    one = case(owner=owner)
    assert condition.holds(one, QUEUES) is holds
    assert Not(condition).holds(one, QUEUES) is not holds


def test_a_user_may_be_a_member_of_several_teams() -> None:
    both = Circumstances(NOW, {"Support": SUPPORT, "Second": Queue(numbered("00G", 3), "Second", SUPPORT.members)})
    for name in ("Support", "Second"):
        assert Owner("member_of", (name,)).holds(case(owner=MEMBER), both)


@pytest.mark.parametrize(("name", "seen"), [("Ann Agent", "Ann Agent"), ("", AGENT)])
def test_an_owner_is_shown_by_name_where_the_org_told_one(name: str, seen: str) -> None:
    assert Owner("user").look(replace(case(owner=AGENT), owner_name=name), QUEUES) == seen


# -- raw filters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "holds"), [({}, False), ({"A = 1": False}, False), ({"A = 1": True}, True), ({"a = 1": True}, False)]
)
def test_only_the_orgs_own_yes_to_that_very_filter_makes_it_hold(answers: dict[str, bool], holds: bool) -> None:
    condition = Soql("A = 1")
    one = replace(case(fields={"A": 1}), answers=answers)
    assert condition.holds(one, SCENE) is holds
    assert condition.look(one, SCENE) == answers.get("A = 1")
    assert condition.needs == {Answered("A = 1")}


@pytest.mark.parametrize(
    "condition",
    [TableIs(URGENCY, "is", "Low"), Owner("user"), Soql("A = 1"), Field("A", "is", 1), Field("Count__c", "is", LEAST)],
)
def test_time_alone_changes_no_fact(condition: Condition) -> None:
    assert list(condition.crossings(case(), SCENE)) == []
