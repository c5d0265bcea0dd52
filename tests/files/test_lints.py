"""What a policy says in vain is told with its line."""

from pathlib import Path

import pytest

from sfdc_escalator.files.policies import check_policies
from sfdc_escalator.wiring import check

TOP = """\
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}, others: {queue: Others}}
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
"""


def told(tmp_path: Path, text: str, *, fully: bool = False) -> list[tuple[int | None, str, str]]:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP + text, encoding="utf-8")
    found = check([path]) if fully else check_policies([path])
    return [(one.line, one.severity, one.message) for one in found]


def routes(*routes: str) -> str:
    lines = (f"  - {{name: r{number}, reason: x, {route}, escalate: {{}}}}\n" for number, route in enumerate(routes, 1))
    return "routes:\n" + "".join(lines)


def test_a_row_that_is_never_reached_is_an_error(tmp_path: Path) -> None:
    rows = "    - [[x, y], z, 1]\n    - [X, Z, 2]\n    - [w, z, 3]\n"
    tables = f"tables:\n  t:\n    by: [A, B]\n    rows:\n{rows}    else: 0\n"
    (one,) = told(tmp_path, tables + routes("when: {table: t, is: 2}"))
    assert one == (10, "error", "row 2 of the table is never reached: row 1 takes its cases")


def test_a_table_without_a_last_word_is_a_warning_unless_it_is_complete(tmp_path: Path) -> None:
    bare = "when: {age: CreatedDate, at_least: {by: Priority, values: {High: 1h}}}"
    assert [one[1:] for one in told(tmp_path, routes(bare))] == [
        ("warning", "the table says nothing where no row fits")
    ]
    both = 'when: {age: CreatedDate, at_least: {by: Vip__c, values: {"true": 1h, "false": 2h}}}'
    assert told(tmp_path, routes(both)) == []


@pytest.mark.parametrize(
    ("above", "below", "shadowed"),
    [
        ("when: {age: CreatedDate, at_least: 2h}", "when: {age: CreatedDate, at_least: 4h}", True),
        ("when: {age: CreatedDate, at_least: 4h}", "when: {age: CreatedDate, at_least: 2h}", False),
        ("when: {field: A, in: [x, y]}", "when: [{field: A, is: x}, {field: B, is: 1}]", True),
        ("when: {field: A, is: x}, unless: {field: C, is: 1}", "when: {field: A, is: x}", False),
        ("when: {text: [Subject, comments], mentions: [a, b]}", "when: {text: Subject, mentions: a}", True),
        (
            "when: {age: CreatedDate, at_least: 2h, calendar: office}",
            "when: {age: CreatedDate, at_least: 4h}",
            False,
        ),
    ],
)
def test_a_route_below_one_that_takes_all_its_cases_is_told(
    tmp_path: Path, above: str, below: str, shadowed: bool
) -> None:
    found = told(tmp_path, routes(above, below))
    message = "route `r2` is never reached: every case of it matches `r1` (line 6)"
    assert found == ([(7, "warning", message)] if shadowed else [])


def test_a_route_that_can_never_match_is_told(tmp_path: Path) -> None:
    (one,) = told(tmp_path, routes("when: [{field: A, is: x}, {field: A, is: y}]"))
    assert one[:2] == (6, "warning")
    assert "route `r1` can never match: A is x and A is y exclude each other" in one[2]
    (scoped,) = told(tmp_path, "scope: {field: Type, is: Bike}\n" + routes("when: {field: Type, is: Car}"))
    assert "can never match" in scoped[2]


def test_a_route_that_reads_every_open_case_is_told_with_its_line(tmp_path: Path) -> None:
    (one,) = told(tmp_path, routes("when: {text: comments, mentions: angry}"), fully=True)
    assert one[:2] == (6, "warning")
    assert "reads every open case" in one[2]


def test_a_route_that_needs_a_query_of_its_own_is_told_unless_it_says_that_it_means_it(tmp_path: Path) -> None:
    subquery = 'when: {soql: "Id IN (SELECT CaseId FROM ReturnOrder)"}'
    (one,) = told(tmp_path, routes(subquery), fully=True)
    assert one[:2] == (6, "warning")
    assert "route r1 needs a query of its own" in one[2]
    assert told(tmp_path, routes(f"{subquery}, scan: true"), fully=True) == []


NEVER = "routes: [{name: a, reason: x, when: {field: A, is: 1}, never: {queue: others}, escalate: %s%s}]\n"


@pytest.mark.parametrize(
    ("steps", "more", "message"),
    [
        ("{queue: others}", "", "escalate breaks `never`: its queue may be others"),
        ("{queue: {by: B, values: {x: others}, else: leads}}", "", "escalate breaks `never`: its queue may be others"),
        ("{queue: leads}", ", ladder: [{after: 1h, escalate: {queue: others}, until: closed}]", "ladder rung 1 breaks"),
    ],
)
def test_never_is_proved_for_every_step_and_every_rung(tmp_path: Path, steps: str, more: str, message: str) -> None:
    found = [one for one in told(tmp_path, NEVER % (steps, more)) if one[1] == "error"]
    assert len(found) == 1
    assert found[0][2].startswith(message)
