"""Every type of field against every operator and kind of value: a comparison that cannot be met is an error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from sfdc_escalator.escalation.conditions.comparison import TESTS, Literal_, Operator, moment, number
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.leaf import Comparison
from sfdc_escalator.escalation.conditions.shared_keys import SIDES
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.readiness.comparisons import CALLED, TIME, misfit, value_gaps
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.escalation.world.forms.written_number import as_written
from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.salesforce.schema.values import TYPES
from tests.builders import NOW, SCENE, case

OWNER = "005000000000001AAA"
LITERALS: Sequence[Literal_] = (
    "High", "yes", "true", "false", True, False, 1, 0, 5, 2.5, as_written(1.1, "1.10"), as_written(49, "49.0"), "5",
    "2026-11-25", "2026-11-25T09:00:00Z", "2026-11-25T09:00:00", "09:00:00.000Z", "09:00", OWNER, OWNER[:15], "A;B",
    "1.5.2", "nan", "inf",
)  # fmt: skip
NUMBERS = ("int", "double", "currency", "percent", "long")
STEP = timedelta(days=1)


def held(kind: str, literal: Literal_) -> Iterator[Value]:
    """Values that a field of this type may have, as they are read from the org; some of them near the literal."""
    text = str(literal).lower() if isinstance(literal, bool) else getattr(literal, "written", str(literal))
    at, figure = moment(text), number(literal)
    if kind == "boolean":
        yield from (True, False)
    elif kind in NUMBERS:
        yield from (None, 7)
        near = figure if figure is not None and abs(figure) < 1e15 else 3
        yield from map(int if kind in ("int", "long") else float, (near - 1, near, near + 1))
    elif kind == "datetime":
        known = at if isinstance(at, datetime) else datetime(2020, 1, 1, tzinfo=UTC)
        yield from (None, known - STEP, known, known + STEP)
    elif kind == "date":
        known_day = at if at is not None and not isinstance(at, datetime) else date(2020, 1, 1)
        yield from (None, known_day - STEP, known_day, known_day + STEP)
    elif kind == "time":
        night = "00:00:00.000Z"
        around = (night[:start] + text + night[start + len(text) :] for start in range(len(night)))
        yield from (None, "16:37:38.678Z", *(one for one in (text, *around) if TIME.fullmatch(one)))
    elif kind in ("id", "reference"):
        yield from (*(() if kind == "id" else (None,)), OWNER, "abcdefghijklmnoAAA")
        yield from (text + OWNER[len(text) :],) if len(text) <= len(OWNER) and text.isalnum() else ()
    elif kind == "multipicklist":
        yield from (None, *(TYPES[kind](one) for one in ("Other", *text.split(";"), f"{text};Other")))
    else:
        yield from (None, "Other", text, f"see {text} there")


def info(kind: str) -> FieldInfo:
    return FieldInfo("F__c", kind)


def may_stand(kind: str, operator: str, literal: Literal_) -> bool:
    """True where the language takes this value, and where samples can decide."""
    if operator in SIDES:
        return isinstance(literal, (int, float)) != isinstance(literal, bool) or moment(str(literal)) is not None
    return operator != "is_empty" and (operator != "matches" or kind not in ("time", "id", "reference"))


CELLS = [
    *(cell for cell in product(CALLED, TESTS, LITERALS) if may_stand(*cell)),
    *((kind, "is_empty", flag) for kind, flag in product(CALLED, (True, False))),
]  # fmt: skip


@pytest.mark.parametrize("kind", CALLED)
def test_each_comparison_is_an_error_or_is_met_by_some_case_and_not_by_another(kind: str) -> None:
    for _, operator, literal in (cell for cell in CELLS if cell[0] == kind):
        condition = Field("F__c", operator, (literal,) if operator in ("in", "not_in", "contains_any") else literal)
        answers = {condition.holds(case(fields={"F__c": value}), SCENE) for value in held(kind, literal)}
        wrong = misfit(info(kind), Comparison("F__c", operator, (literal,)), literal)
        if wrong is None and not (kind == "id" and operator == "is_empty"):
            assert answers == {True, False}, (kind, operator, literal)
        if wrong is not None and wrong.constant:
            assert len(answers) == 1, (kind, operator, literal)


@pytest.mark.parametrize(("kind", "value"), [
    ("datetime", NOW - STEP), ("date", date(2020, 1, 1)), ("time", "09:00:00.000Z"), ("string", "now"), ("int", 5),
    ("boolean", True), ("multipicklist", frozenset({"now"})), ("picklist", "now"), ("reference", OWNER),
])  # fmt: skip
def test_a_clock_or_a_word_is_an_error_or_is_met_by_some_case(kind: str, value: Value) -> None:
    one = case(fields={"F__c": value})
    words = "09" if kind == "time" else str(OWNER if kind == "reference" else "now")
    conditions = (
        Age("at_least", timedelta(hours=1), path="F__c"),
        Left("at_most", timedelta(hours=1), path="F__c"),
        Text(("F__c",), (parse_phrase(words),)),
    )
    describe = Describe({"Case": {"F__c": info(kind)}})
    for condition in conditions:
        [asked] = condition.comparisons()
        errors = list(value_gaps(describe, asked))
        assert bool(errors) != condition.holds(one, SCENE), condition


RIGHT: Mapping[tuple[str, Operator, Literal_], tuple[str, str | None]] = {
    ("datetime", "less_than", "2026-11-25"): ("a time with its zone, such as 2026-01-31T09:00:00Z",
                                              "2026-11-25T00:00:00Z"),
    ("datetime", "at_least", "2026-11-25T09:00:00"): ("a time with its zone, such as 2026-01-31T09:00:00Z",
                                                      "2026-11-25T09:00:00Z"),
    ("date", "less_than", "2026-11-25T00:00:00Z"): ("a date, such as 2026-01-31", "2026-11-25"),
    ("boolean", "is", "yes"): ("true or false", "true"),
    ("boolean", "is_not", 0): ("true or false", "false"),
    ("string", "is", as_written(1.1, "1.10")): ('"1.10" in quotes', None),
    ("double", "at_least", "2026-11-25"): ("a number", None),
    ("reference", "in", OWNER[:15]): ("an id of 18 characters", OWNER),
    ("multipicklist", "starts_with", "A"): ("`contains_any: [...]` for a multi-picklist", None),
    ("time", "is", "09:00"): ("a time such as 09:00:00.000Z", "09:00:00.000Z"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "spelling"), RIGHT.items())
def test_the_error_has_the_right_spelling(
    cell: tuple[str, Operator, Literal_], spelling: tuple[str, str | None]
) -> None:
    kind, operator, literal = cell
    wrong = misfit(info(kind), Comparison("F__c", operator, (literal,)), literal)
    assert wrong is not None
    assert (wrong.expected, wrong.nearest) == spelling


CHOICES = replace(info("picklist"), values=("Waiting on Customer", "New"), inactive=("On Hold",))
SEVERAL = replace(CHOICES, type="multipicklist")


@pytest.mark.parametrize("field", [CHOICES, SEVERAL, replace(CHOICES, restricted=True)])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("new", None),
        (" Waiting on customer ", None),
        ("Waiting on Cust", "compared_value"),
        ("ON HOLD", "compared_inactive"),
    ],
)
@pytest.mark.parametrize("operator", ["is", "is_not", "in", "not_in", "cell", "contains_any"])
def test_a_compared_value_that_a_picklist_does_not_offer_is_a_warning(
    field: FieldInfo, operator: str, value: str, found: str | None
) -> None:
    if operator == "contains_any" and field.type == "picklist":
        value = value.strip()
        found = None if value == "Waiting on Cust" else found  # a part of a value
    gaps = list(value_gaps(Describe({"Case": {"F__c": field}}), Comparison("F__c", operator, (value,))))
    assert [(gap.kind, gap.severity) for gap in gaps] == ([(found, "warning")] if found else [])
    if found == "compared_value":
        assert gaps[0].nearest == "Waiting on Customer"


@pytest.mark.parametrize(("operator", "part", "known"), [
    ("starts_with", "wait", True), ("starts_with", "customer", False), ("contains_any", "on cust", True),
    ("contains_any", "cost", False), ("matches", "^New$", True), ("matches", "^Old", False),
])  # fmt: skip
def test_a_part_that_no_value_of_the_picklist_has_is_a_warning(operator: str, part: str, known: bool) -> None:
    gaps = list(value_gaps(Describe({"Case": {"F__c": CHOICES}}), Comparison("F__c", operator, (part,))))
    assert [gap.severity for gap in gaps] == ([] if known else ["warning"])
