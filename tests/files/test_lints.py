"""What a policy says in vain is told with its line."""

from pathlib import Path

import pytest

from sfdc_escalator.files.policies import check_policies
from sfdc_escalator.wiring.validation import check

TOP = """\
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}, others: {queue: Others}}
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
"""


def reported(tmp_path: Path, text: str, *, fully: bool = False) -> list[tuple[int | None, str, str]]:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP + text, encoding="utf-8")
    found = check([path]).problems if fully else check_policies([path])
    return [(one.line, one.severity, one.message) for one in found]


def routes(*routes: str) -> str:
    lines = (f"  - {{name: r{number}, reason: x, {route}, escalate: {{}}}}\n" for number, route in enumerate(routes, 1))
    return "routes:\n" + "".join(lines)


def test_a_row_that_is_never_reached_is_an_error(tmp_path: Path) -> None:
    rows = "    - [[x, y], z, 1]\n    - [X, Z, 2]\n    - [w, z, 3]\n"
    tables = f"tables:\n  t:\n    by: [A, B]\n    rows:\n{rows}    else: 0\n"
    (one,) = reported(tmp_path, tables + routes("when: {table: t, is: 2}"))
    assert one == (10, "error", "row 2 of the table is never reached: row 1 takes its cases")


def test_a_row_that_several_rows_above_leave_no_case_for_is_an_error(tmp_path: Path) -> None:
    table = "when: {table: {by: A, rows: [[x, 1], [y, 2], [[x, %s], 3]], else: 0}, is: 2}"
    (one,) = reported(tmp_path, routes(table % "Y"))
    assert one[1:] == ("error", "row 3 of the table is never reached: the rows above take its cases")
    assert reported(tmp_path, routes(table % "z")) == []


def test_a_table_without_a_last_word_is_a_warning_unless_it_is_complete(tmp_path: Path) -> None:
    bare = "when: {age: CreatedDate, at_least: {by: Priority, values: {High: 1h}}}"
    assert [one[1:] for one in reported(tmp_path, routes(bare))] == [
        ("warning", "the table gives no value when no row matches")
    ]
    both = 'when: {age: CreatedDate, at_least: {by: Vip__c, values: {"true": 1h, "false": 2h}}}'
    assert reported(tmp_path, routes(both)) == []


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
        (
            "when: {age: CreatedDate, at_least: 2h}",
            "when: {age: CreatedDate, at_least: 4h, calendar: office}",
            True,
        ),
        ("when: {field: A, is_not: x}", "when: {field: A, is: y}", True),
        ("when: {field: A, is_not: x}", "when: {field: A, is_empty: true}", True),
        ("when: {field: A, is: false}", "when: {field: A, is_empty: true}", False),
        ("when: {field: A, is_empty: false}", "when: {any: [{field: A, is: y}, {field: A, more_than: 5}]}", True),
        ("when: {field: A, at_least: 5}", "when: {field: A, more_than: 5}", True),
        ("when: {field: A, is: true}", "when: {field: A, is: 1}", False),
        ("when: {field: A, is: 5}", "when: {field: A, is: '5.0'}", False),
        ("when: {field: A, starts_with: ab}", "when: {field: A, starts_with: abc}", True),
        ("when: {field: A, contains_any: [b]}", "when: {field: A, is: abc}", False),
        ("when: {field: A, contains_any: [b]}", "when: {field: A, contains_any: [b, c]}", False),
        ("when: {field: A, is: x}", "when: {field: A, is: x}, unless: {field: B, is: 1}", True),
        ("when: {age: CreatedDate, at_least: 2h}", "when: {idle: customer, at_least: 2h}", True),
        ("when: {left: T__c, at_most: 0m}", "when: {age: T__c, at_least: 1h}", True),
        (
            "when: {age: CreatedDate, at_least: 1h}",
            "when: {age: CreatedDate, at_least: {by: A, values: {x: 2h}, else: 4h}}",
            True,
        ),
        ("when: {field: A, in: [x, y]}", "when: {table: {by: A, values: {x: 1, y: 1}, else: 0}, is: 1}", True),
        ("when: {owner: user}", "when: {owner: member_of, in: [leads]}", True),
        ("when: {owner: member_of, in: [leads]}", "when: {owner: user}", False),
        ("when: {related: Tasks, at_least: 1}", "when: {related: Tasks, at_least: 2}", True),
        ("when: {related: Tasks, at_least: 1, within: 1d}", "when: {related: Tasks, at_least: 2}", False),
    ],
)
def test_a_route_below_one_that_takes_all_its_cases_is_reported(
    tmp_path: Path, above: str, below: str, shadowed: bool
) -> None:
    found = reported(tmp_path, routes(above, below))
    message = "route `r2` is never reached: every case of it matches `r1` (line 6)"
    assert found == ([(7, "warning", message)] if shadowed else [])


def test_a_route_that_several_above_take_all_cases_of_is_reported(tmp_path: Path) -> None:
    whens = ("{field: A, is: x}", "{field: C, is: x}", "{field: A, is_not: x}", "{field: B, is: y}")
    found = reported(tmp_path, routes(*(f"when: {when}" for when in whens)))
    message = "route `r4` is never reached: every case of it matches `r1` (line 6) or `r3` (line 8)"
    assert found == [(9, "warning", message)]


AGE = "age CreatedDate"
IMPOSSIBLE = [
    ("[{field: A, is: x}, {field: A, not_in: [x, y]}]", "A is x and A not in x, y exclude each other"),
    (
        "[{field: A, in: [x, y]}, {field: A, is_not: x}, {field: A, is_not: y}]",
        "A in x, y and A is not x and A is not y exclude each other",
    ),
    ("[{field: A, at_least: 5}, {field: A, is_empty: true}]", "A at least 5 and A is empty true exclude each other"),
    ("[{field: A, at_least: 5}, {field: A, in: [3, 4]}]", "A at least 5 and A in 3, 4 exclude each other"),
    (
        "{field: D__c, at_least: 2026-05-01, at_most: 2026-01-01}",
        "D__c at least 2026-05-01 and D__c at most 2026-01-01 exclude each other",
    ),
    ("[{field: A, starts_with: ab}, {field: a, is: cd}]", "A starts with ab and a is cd exclude each other"),
    ("{field: A, is: x}, unless: [{field: A, in: [x, z]}]", "A is x and not (A in x, z) exclude each other"),
    (
        "{age: CreatedDate, at_least: 4h, at_most: 2h}",
        f"{AGE} at least 4 h and {AGE} at most 2 h exclude each other",
    ),
    (
        "[{idle: customer, at_least: 2d}, {age: CreatedDate, at_most: 1d}]",
        f"{AGE} at least 2 d and {AGE} at most 1 d exclude each other",
    ),
    ("[{owner: user}, {owner: in_queue, in: [leads]}]", "owner user and owner in queue Leads exclude each other"),
    (
        "{related: Tasks, at_least: 3, at_most: 1}, scan: true",
        "related Tasks at least 3 and related Tasks at most 1 exclude each other",
    ),
    ("{table: {by: A, values: {x: High}, else: Low}, is: Urgent}", "no row gives table is Urgent"),
    (
        "[{field: A, is: z}, {table: {by: A, values: {x: High}, else: Low}, is: High}]",
        "A is z and A in x exclude each other",
    ),
    (
        "{any: [{all: [{field: A, is: x}, {field: A, is: y}]}, {field: B, at_least: 2, at_most: 1}]}",
        "A is x and A is y exclude each other",
    ),
]


@pytest.mark.parametrize(("when", "why"), IMPOSSIBLE, ids=[when for when, _ in IMPOSSIBLE])
def test_demands_that_no_case_meets_together_are_reported(tmp_path: Path, when: str, why: str) -> None:
    (one,) = reported(tmp_path, routes(f"when: {when}"), fully=True)
    assert one == (6, "warning", f"route `r1` can never match: {why}")


@pytest.mark.parametrize(
    "when",
    [
        "[{field: A, is: 5}, {field: A, is: '5'}]",
        "[{field: A, is_not: x}, {field: A, is_empty: true}]",
        "[{field: A, is: false}, {field: A, is_empty: true}]",
        "[{field: A, contains_any: [x]}, {field: A, contains_any: [y]}]",
        "[{field: A, contains_any: [x]}, {field: A, is: axe}]",
        "[{field: A, matches: '^x'}, {field: A, matches: 'y$'}]",
        "[{age: CreatedDate, at_most: 4h, calendar: office}, {age: CreatedDate, at_least: 2d}]",
        "[{idle: customer, at_most: 1h}, {age: CreatedDate, at_least: 2d}]",
        "[{left: T__c, at_most: 0m}, {age: T__c, at_least: 1h}]",
        "[{not: {owner: user}}, {owner: in_queue, in: [leads, others]}]",
        "[{owner: member_of, in: [leads]}, {owner: member_of, in: [others]}]",
        "[{field: A, is: y}, {table: {by: A, values: {x: High}, else: Low}, is: Low}]",
        "{field: IsClosed, is: true}",
    ],
)
def test_demands_that_some_case_meets_are_not_reported(tmp_path: Path, when: str) -> None:
    assert reported(tmp_path, routes(f"when: {when}")) == []


RARE = '  rare: {timezone: UTC, open: {sun: "09:00-09:01"}}\n'


@pytest.mark.parametrize(
    "condition",
    [
        "{age: CreatedDate, calendar: rare, at_least: 5000h}",
        "{age: CreatedDate, calendar: rare, at_least: 900 business days}",
        "{idle: agent, calendar: rare, at_most: 5000h}",
        "{age: CreatedDate, calendar: {by: A, values: {x: rare}, else: office}, at_least: 5000h}",
        "{age: CreatedDate, calendar: rare, at_least: {by: A, values: {x: 5000h}, else: 1h}}",
    ],
)
def test_a_limit_of_open_time_that_takes_more_than_ten_years_is_an_error(tmp_path: Path, condition: str) -> None:
    path = tmp_path / "policy.yaml"
    top = TOP.replace("calendars: {office:", "calendars:\n  office:").replace("}}}\n", "}}\n") + RARE
    text = top + routes(f"when: {condition}")
    path.write_text(text)
    (one,) = check_policies([path])
    assert (one.severity, one.message) == ("error", "by the calendar `rare` this takes more than ten years")
    line = text.splitlines()[7]
    assert (one.line, one.column) == (8, line.index(str(one.found)) + 1)
    path.write_text(top + routes(f"when: {condition}".replace("rare", "office").replace("5000h", "500h")))
    assert check_policies([path]) == ()


def test_a_route_that_can_never_match_is_reported(tmp_path: Path) -> None:
    (one,) = reported(tmp_path, routes("when: [{field: A, is: x}, {field: A, is: y}]"))
    assert one[:2] == (6, "warning")
    assert "route `r1` can never match: A is x and A is y exclude each other" in one[2]
    (scoped,) = reported(tmp_path, "scope: {field: Type, is: Bike}\n" + routes("when: {field: Type, is: Car}"))
    assert "can never match" in scoped[2]


def test_a_route_that_reads_every_open_case_is_reported_with_its_line(tmp_path: Path) -> None:
    (one,) = reported(tmp_path, routes("when: {text: comments, mentions: angry}"), fully=True)
    assert one[:2] == (6, "warning")
    assert "reads every open case" in one[2]


def test_a_route_that_needs_a_query_of_its_own_is_reported_unless_it_says_that_it_means_it(tmp_path: Path) -> None:
    subquery = 'when: {soql: "Id IN (SELECT CaseId FROM ReturnOrder)"}'
    (one,) = reported(tmp_path, routes(subquery), fully=True)
    assert one[:2] == (6, "warning")
    assert "route r1 needs a query of its own" in one[2]
    assert reported(tmp_path, routes(f"{subquery}, scan: true"), fully=True) == []


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
    found = [one for one in reported(tmp_path, NEVER % (steps, more)) if one[1] == "error"]
    assert len(found) == 1
    assert found[0][2].startswith(message)


RUNG = "tables: {who: {by: B, values: {x: others}, else: leads}, rank: {by: B, values: {x: High}, else: Low}}\n"
RUNG += "routes: [{name: a, reason: x, when: {field: A, is: 1}, never: %s, escalate: {queue: leads},\n"
RUNG += "  ladder: [{after: 1h, escalate: {priority: Low}, until: closed},\n"
RUNG += "    {name: second, after: 2h, escalate: %s, until: closed}]}]\n"


@pytest.mark.parametrize(
    ("never", "steps", "broken"),
    [
        ("{queue: others}", "{queue: {table: who}}", "queue may be others"),
        ("{queue: others}", "{queue: {by: B, rows: [[x, leads], [y, others]], else: leads}}", "queue may be others"),
        ("{queue: others}", "{queue: {by: B, values: {x: leads}, else: others}}", "queue may be others"),
        ("{queue: same}", "{queue: {table: who}}", "queue may be others"),  # another team with the same queue
        ("{priority: High}", "{priority: {table: rank}}", "priority may be High"),
        ("{priority: Medium}", "{priority: {table: rank}}", None),
        ("{status: Closed}", "{status: closed}", "status may be closed"),
        ("{status: Closed}", "{status: Open}", None),
        ("{queue: others}", "{queue: {by: B, values: {x: leads}, else: leads}}", None),
    ],
)
def test_never_is_proved_for_the_tables_of_rungs(tmp_path: Path, never: str, steps: str, broken: str | None) -> None:
    path = tmp_path / "policy.yaml"
    teams = TOP.replace("others: {queue: Others}", "others: {queue: Others}, same: {queue: Others}")
    path.write_text(teams + RUNG % (never, steps), encoding="utf-8")
    found = [(one.line, one.message) for one in check_policies([path]) if one.severity == "error"]
    assert found == ([(8, f"ladder rung 2 breaks `never`: its {broken}")] if broken else [])


def test_a_standard_field_that_is_probably_misspelt_is_reported_with_the_nearest(tmp_path: Path) -> None:
    when = "[{field: Priorty, is: x}, {age: CreatdDate, at_least: 1h}, {field: Acount.Type, in: [x]}"
    when += ", {text: Suject, mentions: x}]"
    example = "examples: [{case: {Stauts: New}, age: 2h, expect: none}]\n"
    found = reported(tmp_path, routes(f"when: {when}") + example, fully=True)
    assert [one[1:] for one in found] == [
        ("warning", "no standard field is called `Priorty`"),
        ("warning", "no standard field is called `CreatdDate`"),
        ("warning", "no standard field is called `Acount.Type`"),
        ("warning", "no standard field is called `Suject`"),
        ("warning", "no standard field is called `Stauts`"),
    ]
    nearest = [one.nearest for one in check([tmp_path / "policy.yaml"]).problems]
    assert nearest == ["Priority", "CreatedDate", "Account.Type", "Subject", "Status"]


def test_fields_of_features_custom_fields_and_fields_of_other_records_are_not_called_misspelt(tmp_path: Path) -> None:
    paths = (
        "ServiceContractId", "Language", "CreatorName", "Sorce__c", "Priorty__c", "Acount__r.Name", "priority",
        "Account.CleanStatus", "Owner.Manager.Name", "Account.Owner.Email", "RecordType.DeveloperName",
        "Asset.Product2.Name",
    )  # fmt: skip
    conditions = ", ".join(f"{{field: {path}, is_empty: false}}" for path in paths)
    other = "{related: Tasks, where: {field: Subjct, is: x}}"
    assert reported(tmp_path, routes(f"when: [{conditions}, {other}]"), fully=True) == []


def test_a_checkbox_that_is_compared_with_a_text_is_an_error_with_what_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP + "scope: {field: IsClosed, is: no}\n" + routes("when: {field: IsEscalated, in: [YES, true]}"))
    found = [
        (one.line, one.column, one.severity, one.message, one.found, one.nearest) for one in check([path]).problems
    ]
    assert found == [
        (5, 30, "error", "`IsClosed` is a checkbox", "no", "false"),
        (7, 59, "error", "`IsEscalated` is a checkbox", "YES", "true"),
    ]
    assert (
        reported(tmp_path, routes("when: [{field: Answer__c, is: no}, {field: IsEscalated, is: 'true'}]"), fully=True)
        == []
    )


def test_a_policy_with_large_tables_and_many_choices_is_read_at_once(tmp_path: Path) -> None:
    rows = "".join(f"      - [a{n}, b{n}, {'High' if n % 2 else 'Low'}]\n" for n in range(60))
    tables = f"tables:\n  t:\n    by: [A__c, B__c]\n    rows:\n{rows}    else: Low\n"
    fields = ", ".join(f"{{field: F{n}__c, is: x}}" for n in range(60))
    wide = [f"when: [{{table: t, is: High}}, {{any: [{fields}]}}, {{field: C__c, is: c{n}}}]" for n in range(12)]
    assert reported(tmp_path, tables + routes(*wide)) == []
    found = reported(tmp_path, tables + routes(wide[0], wide[0].replace("c0", "c1"), wide[0]))
    assert [one[2][:31] for one in found] == ["route `r3` is never reached: ev"]
