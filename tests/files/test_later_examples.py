"""An example says what the ladder has done some time after the start when nobody acts; `validate` tries it."""

from pathlib import Path

import pytest

from sfdc_escalator.wiring.validation import check

TOP = """\
policy: support
priorities: [Low, Medium, High, Critical]
teams: {leads: {queue: Support_Leads}, agents: {queue: Agents}}
calendars: {office: {timezone: UTC, open: {mon: "09:00-10:00"}}}
routes:
  - name: late
    reason: x
    when: {field: Type, is: A}
    escalate: {queue: agents, priority: Medium}
    due: 4h
    ladder: %s
examples:
"""
LADDER = """
      - {after: 30m, escalate: {priority: High}, until: acknowledged}
      - {after: 2h, calendar: office, escalate: {queue: leads}, until: acknowledged}
      - {name: due, after_due: 0m, escalate: {priority: Critical, status: Overdue}, until: closed}
"""


LATE = "case: {Type: A}, expect: late"


def reported(tmp_path: Path, then: str, ladder: str = LADDER, example: str = LATE) -> list[str]:
    path = tmp_path / "policy.yaml"
    path.write_text(f"{TOP % ladder.rstrip()}  - {{{example},\n     then: {then}}}\n", encoding="utf-8")
    errors = [one for one in check([path]).problems if one.severity == "error"]
    last = len(path.read_text(encoding="utf-8").splitlines())
    assert {one.line for one in errors} <= ({last} if example == LATE else {last - 1, last})
    return [one.message for one in errors]


@pytest.mark.parametrize(
    "then",
    [
        "{after 29m: {priority: Medium, queue: agents}}",
        "{after 30m: {priority: High, queue: Agents}}",
        "{after 31m: {priority: High}, after 2h: {queue: leads, priority: High}}",
        "{after 2h: {queue: Support_Leads}}",
        "{after 239m: {priority: High}, after 4h: {priority: Critical, status: Overdue, queue: leads}}",
        "{after 30d: {priority: Critical}}",
        "{}",
    ],
)
def test_an_example_whose_ladder_does_what_it_expects_is_valid(tmp_path: Path, then: str) -> None:
    assert reported(tmp_path, then) == []


WRONG = "the example does not give the expected result: "


def test_another_value_is_one_error_at_its_line(tmp_path: Path) -> None:
    assert reported(tmp_path, "{after 31m: {priority: Critical}}") == [
        f"{WRONG}31 min after the start its priority is High, not Critical; rungs that are carried out by then when "
        "nobody acts: after-30m"
    ]
    assert reported(tmp_path, "{after 29m: {queue: leads}}") == [
        f"{WRONG}29 min after the start its queue is Agents, not leads; rungs that are carried out by then when nobody "
        "acts: none"
    ]
    assert len(reported(tmp_path, "{after 31m: {priority: Critical}, after 5h: {queue: agents}}")) == 2


@pytest.mark.parametrize(
    ("ladder", "then"),
    [
        (
            "[{after: 1 business days, calendar: office, escalate: {priority: High}, until: closed}]",
            "24h: {priority: High}",
        ),
        ("[{before_due: 1h, escalate: {priority: High}, until: closed}]", "3h: {priority: High}"),
        ("[{before_due: 1h, escalate: {priority: High}, until: closed}]", "179m: {priority: Medium}"),
        (
            "[{after: {by: Type, values: {A: 1h}, else: 2h}, name: t, escalate: {priority: High}, until: closed}]",
            "1h: {priority: High}",
        ),
        (
            "[{after: 1h, escalate: {priority: {by: Priority, values: {Medium: High}, else: Critical}}, until: closed,"
            " repeat: {every: 1h, at_most: 1}}]",
            "2h: {priority: Critical}",
        ),
        (
            "[{name: a, after: 1h, escalate: {status: One}, until: closed},"
            " {name: b, after: 1h, escalate: {status: Two}, until: closed}]",
            "60m: {status: One}",
        ),
        (
            "[{name: a, after: 1h, escalate: {status: One}, until: closed},"
            " {name: b, after: 1h, escalate: {status: Two}, until: closed}]",
            "61m: {status: Two}",
        ),
        (
            "[{name: a, after: 1h, escalate: {priority: {by: Origin, values: {Web: High}}}, until: closed}]",
            "2h: {priority: Medium}",
        ),
    ],
)
def test_times_and_values_of_rungs_are_those_of_the_case(tmp_path: Path, ladder: str, then: str) -> None:
    assert reported(tmp_path, f"{{after {then}}}", ladder) == []


def test_a_time_that_lies_behind_very_many_turns_is_refused(tmp_path: Path) -> None:
    ladder = "[{after: 1m, escalate: {priority: High}, until: closed, repeat: {every: 1m, at_most: 99999}}]"
    [message] = reported(tmp_path, "{after 9h: {priority: High}}", ladder)
    assert message == f"{WRONG}its ladder has more than 500 turns 9 h after the start: name an earlier time"


@pytest.mark.parametrize(
    ("then", "example", "message"),
    [
        ("{after 31m: {priority: High}}", "case: {Type: B}, expect: none", "`then` follows a route"),
        ("{31m: {priority: High}}", LATE, "`31m` is not a time after the start"),
        ("{after soon: {priority: High}}", LATE, "`after soon` is not a duration"),
        ("{after 31m: {prioritty: High}}", LATE, "unknown key `prioritty`"),
    ],
)
def test_what_cannot_be_expected_is_refused(tmp_path: Path, then: str, example: str, message: str) -> None:
    assert reported(tmp_path, then, example=example) == [message]


def test_an_example_whose_route_does_not_match_says_nothing_of_its_ladder(tmp_path: Path) -> None:
    [message] = reported(tmp_path, "{after 31m: {priority: Low}}", example="case: {Type: B}, expect: late")
    assert message.startswith(f"{WRONG}the route late does not match: ")
