"""Every judgement has its reasons."""

from datetime import timedelta

from hypothesis import given, settings

from sfdc_escalator.escalation.conditions.comparison import Literal_
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.findings import reasons
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, judge
from sfdc_escalator.escalation.world.case import Case
from tests.builders import NOW, SCENE, case
from tests.escalation.conditions import CASES, CONDITIONS


def why(condition: Condition, one: Case, holding: bool = True) -> list[str]:
    return list(reasons(judge(condition, one, SCENE), holding))


def test_a_field_is_shown_with_its_value_and_the_expected_one() -> None:
    assert why(Field("Priority", "is", "high"), case(priority="High")) == ["Priority is High"]
    [actual] = why(Field("Status", "in", ("a", "b")), case(status=None), False)
    assert actual.startswith("Status is empty")
    assert "a, b" in actual


def test_an_age_is_shown_as_a_duration() -> None:
    condition = Age("at_least", timedelta(hours=4), path="CreatedDate")
    [actual] = why(condition, case(created=NOW - timedelta(hours=5)))
    assert actual == "CreatedDate was 5 h ago (at least 4 h)"
    [actual] = why(Age("at_least", timedelta(hours=4), path="Due__c"), case(), False)
    assert actual.startswith("Due__c was unknown")


def test_a_table_is_shown_with_its_inputs_in_one_line_of_bounded_length() -> None:
    table: Table[Literal_] = Table("severity", ("Impact__c", "Urgency__c"), (Row(("Company", "High"), "P1"),), "P2")
    condition = TableIs(table, "is", "P1")
    severe = case(1, {"Impact__c": "Company", "Urgency__c": "High"})
    assert why(condition, severe) == ["the table severity is P1, by Impact Company, Urgency High: P1"]
    [actual] = why(condition, case(1, {"Impact__c": "a\nb " + "x" * 1000, "Urgency__c": None}), False)
    assert "\n" not in actual
    assert len(actual) < 200
    assert actual.endswith(", Urgency empty: P2")


def test_the_found_words_are_shown_with_their_source() -> None:
    condition = Text(("Description", "Subject"), (parse_phrase("it broke"),))
    assert why(condition, case()) == ['Subject says "It broke"']
    [actual] = why(condition, case(fields={"Subject": "x"}), False)
    assert "none of the words" in actual
    assert "Description, Subject" in actual


def test_only_the_conditions_that_decided_are_shown() -> None:
    new, high = Field("Status", "is", "New"), Field("Priority", "is", "High")
    one = case(status="New", priority="Low")
    assert why(AnyOf((new, high)), one) == ["Status is New"]
    [actual] = why(All((new, high)), one, False)
    assert actual.startswith("Priority is Low")
    assert why(Not(high), one) == [actual]
    assert why(Not(new), one, False) == ["Status is New"]


def test_a_long_text_is_shown_short_and_on_one_line() -> None:
    [actual] = why(Field("Subject", "is_empty", False), case(fields={"Subject": "a\nb " + "x" * 100}))
    assert "\n" not in actual
    assert len(actual) < 110


@given(CONDITIONS, CASES)
@settings(max_examples=60, deadline=None)
def test_no_reason_contradicts_the_answer(condition: Condition, one: Case) -> None:
    finding = judge(condition, one, SCENE)
    assert not list(reasons(finding, not finding.holds))
