"""Priorities that a policy looks for although its `priorities` does not list them."""

from pathlib import Path

import pytest

from sfdc_escalator.files.policies import read_policies

TOP = "policy: p\npriorities: [P4, P3, P2, P1]\n"
ROUTE = "routes: [{name: a, reason: x, escalate: {}, when: %s}]\n"
OTHER = ROUTE % "{field: Subject, is: x}"


def told(tmp_path: Path, text: str) -> list[tuple[int | None, int | None, str, str | None]]:
    """Line, column, severity and value of each problem."""
    path = tmp_path / "p.yaml"
    path.write_text(text)
    found = read_policies([path]).problems
    return [(one.line, one.column, one.severity, one.found) for one in found if "`priorities`" in one.message]


@pytest.mark.parametrize(
    "when",
    [
        "{age: CreatedDate, at_least: {by: Priority, values: {>High: 18h, P2: 24h}, else: 32h}}",
        "{age: CreatedDate, at_least: {by: [Type, Priority], rows: [[High, >High, 18h], [x, [P1], 24h]], else: 2h}}",
        "{field: Priority, is: >High}",
        "{field: Priority, is_not: >High}",
        "{field: priority, in: [P1, >High]}",
        "{field: Priority, not_in: [>High]}",
        "{field: Priority, starts_with: >Hi}",
        "{field: Parent.Priority, is: >High}",
        "{any: [{not: {all: [{field: Priority, is: >High}]}}]}",
        "{age: CreatedDate, at_least: 1h, except_while: {field: Priority, is: >High}}",
        "{field: Priority, is: {by: Type, values: {x: >High}, else: P1}}",
        "{table: {by: Priority, values: {>High: 1}, else: 2}, is: 1}",
    ],
)
def test_a_priority_that_is_looked_up_and_not_listed_is_a_warning_where_it_stands(tmp_path: Path, when: str) -> None:
    text, column = ROUTE % when.replace(">", ""), (ROUTE % when).index(">") + 1
    value = "Hi" if ">Hi}" in when else "High"
    assert told(tmp_path, TOP + text) == [(3, column, "warning", value)]


@pytest.mark.parametrize(
    "when",
    [
        "{field: Priority, in: [p1, ' P2 ']}",
        "{field: Priority, starts_with: P}",
        "{field: Priority, matches: '^P[12]$'}",
        "{field: Priority, is_empty: true}",
        "{field: Account.Priority, is: High}",
        "{field: Type, is: High}",
        "{related: Tasks, where: {field: Priority, is: High}}",
        "{age: CreatedDate, at_least: {by: Priority, values: {P1: 18h}, else: 32h}}",
    ],
)
def test_what_is_listed_or_is_another_priority_is_no_word(tmp_path: Path, when: str) -> None:
    assert told(tmp_path, TOP + ROUTE % when) == []


def test_tables_scope_and_steps_are_checked_as_well(tmp_path: Path) -> None:
    tables = (
        "tables: {t: {by: Priority, values: {High: 18h, P2: 24h}, else: 32h}}\nscope: {field: Priority, is: Medium}\n"
    )
    teams = "teams: {x: {queue: X}}\n"
    route = OTHER.replace("escalate: {}", "escalate: {queue: {by: Priority, values: {Low: x}, else: x}}")
    assert [one[3] for one in told(tmp_path, TOP + tables + teams + route)] == ["High", "Medium", "Low"]


def test_a_policy_that_lists_no_priorities_is_no_word(tmp_path: Path) -> None:
    assert told(tmp_path, "policy: p\n" + ROUTE % "{field: Priority, is: Urgent}") == []


def test_an_example_may_try_a_priority_that_is_not_listed(tmp_path: Path) -> None:
    assert told(tmp_path, TOP + OTHER + "examples: [{case: {Priority: High}, expect: none}]\n") == []
