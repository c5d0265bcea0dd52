"""Plain scalars that YAML reads as numbers: where the number does not write itself back, the text is kept and told."""

from pathlib import Path

import pytest

from sfdc_escalator.escalation.conditions.comparison import as_text
from sfdc_escalator.files.policies import read_policies
from sfdc_escalator.files.text.yaml_document import parse

OTHERWISE = {
    "1.10": 1.1, "10.50": 10.5, "12e3": 12000, "1E3": 1000, "1e-2": 0.01, "0x1F": 31, "0o17": 15, "+4930123": 4930123,
    "+49": 49, "-0": 0, "007": 7, "-01": -1, "00": 0, ".5": 0.5, "-.5": -0.5, "1.": 1, "+1.5": 1.5, "0.10": 0.1,
    "1.0e0": 1, "01.5": 1.5,
}  # fmt: skip
PLAIN = ("1", "-1", "0", "42", "1.5", "0.25", "-2.75", "3.0", "1_000", "1.2.3", "0b11", "1:30", "2026-11-25", "true")
PLACES = {
    "operator": "routes: [{name: a, reason: x, when: {field: A__c, is: %s}, escalate: {}}]",
    "negation": "routes: [{name: a, reason: x, when: {field: A__c, is_not: %s}, escalate: {}}]",
    "list": "routes: [{name: a, reason: x, when: {field: A__c, in: [x, %s]}, escalate: {}}]",
    "beginning": "routes: [{name: a, reason: x, when: {field: A__c, starts_with: %s}, escalate: {}}]",
    "part": "routes: [{name: a, reason: x, when: {any: [{not: {field: A__c, contains_any: [%s]}}]}, escalate: {}}]",
    "where": "routes: [{name: a, reason: x, when: {related: Tasks, where: {field: A__c, is: %s}}, escalate: {}}]",
    "cell": "tables: {t: {by: A__c, rows: [[%s, 1]], else: 2}}",
    "value of a table": "tables: {t: {by: A__c, values: {x: %s}, else: 2}}",
    "example": "examples: [{case: {A__c: %s}, expect: none}]",
}
ROUTE = "routes: [{name: a, reason: x, when: {field: B__c, is: x}, escalate: {}}]"


def told(tmp_path: Path, place: str, scalar: str) -> list[tuple[int | None, int | None, str, str, str | None]]:
    text = PLACES[place] % scalar
    lines = ["policy: p", text, *(() if text.startswith("routes") else (ROUTE,))]
    path = tmp_path / "p.yaml"
    path.write_text("\n".join(lines) + "\n")
    found = read_policies([path]).problems
    return [(one.line, one.column, one.severity, one.message, one.found) for one in found]


@pytest.mark.parametrize("scalar", OTHERWISE)
@pytest.mark.parametrize("place", PLACES)
def test_a_number_that_does_not_write_itself_back_is_a_warning_where_it_stands(
    tmp_path: Path, place: str, scalar: str
) -> None:
    column = PLACES[place].index("%s") + 1
    [(line, at, severity, message, found)] = told(tmp_path, place, scalar)
    assert (line, at, severity, found) == (2, column, "warning", scalar)
    assert message.startswith(f"{scalar} is read as the number ")


@pytest.mark.parametrize("scalar", [*PLAIN, *(f'"{one}"' for one in OTHERWISE), *(f"'{one}'" for one in OTHERWISE)])
@pytest.mark.parametrize("place", ["operator", "cell", "example"])
def test_a_text_in_quotes_and_a_number_that_writes_itself_back_are_no_word(
    tmp_path: Path, place: str, scalar: str
) -> None:
    assert told(tmp_path, place, scalar) == []


@pytest.mark.parametrize(("scalar", "number"), OTHERWISE.items())
def test_such_a_number_counts_as_a_number_and_as_the_text_of_the_file(scalar: str, number: float) -> None:
    value = parse("p.yaml", f"a: {scalar}\n").value["a"]
    assert value == number
    assert as_text(value) == scalar


@pytest.mark.parametrize("scalar", [".inf", "-.inf", ".nan", "1e999", "1234567890123456789"])
def test_a_number_that_cannot_be_held_is_an_error(tmp_path: Path, scalar: str) -> None:
    assert ("error", "the number is out of range") in [one[2:4] for one in told(tmp_path, "operator", scalar)]


def test_a_key_that_is_a_number_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"policy: p\ntables: {{t: {{by: A__c, values: {{007: x}}, else: y}}}}\n{ROUTE}\n")
    assert [one.message for one in read_policies([path]).problems] == ["a key must be a text"]
