"""Rungs that have no effect are warnings with the id of the rung and its line."""

from pathlib import Path

import pytest

from sfdc_escalator.files.policies import check_policies

TOP = """\
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}}
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
routes:
  - name: late
    reason: x
    when: [{field: Type, is: A}, {field: IsClosed, is: false}]
    escalate: {queue: leads}
"""
HIGH = "escalate: {priority: High}"


def reported(tmp_path: Path, *keys: str) -> list[tuple[int | None, str]]:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP + "".join(f"    {key}\n" for key in keys), encoding="utf-8")
    found = check_policies([path])
    assert all(one.severity == "warning" for one in found), found
    return [(one.line, one.message) for one in found]


def ladder(*rungs: str) -> str:
    return f"ladder: [{', '.join(f'{{{rung}, {HIGH}}}' for rung in rungs)}]"


AT_START = "`due` is at the start, and a `before_due` rung ends there"


@pytest.mark.parametrize(
    ("due", "rung", "why"),
    [
        ("{by: Type, values: {B: 1h}, else: 2h}", "after_due: 0m", None),
        ("0m", "before_due: 1h", AT_START),
        ("0m", "after_due: 1h", None),
        ("{by: Type, values: {A: 0m}, else: 0m}", "before_due: 1h", AT_START),
        ("{end_of: business_day, calendar: office}", "before_due: 1h", None),
    ],
)
def test_a_rung_whose_time_never_comes(tmp_path: Path, due: str, rung: str, why: str | None) -> None:
    expected = [(11, f"rung `r` can never be due: {why}")] if why else []
    assert reported(tmp_path, f"due: {due}", ladder(f"name: r, {rung}, until: closed")) == expected


def test_a_rung_without_steps_and_recipients_does_nothing(tmp_path: Path) -> None:
    message = "rung `after-1h` does nothing"
    assert reported(tmp_path, "ladder: [{after: 1h, until: closed}]") == [(10, message)]
    notified = "ladder: [{after: 1h, until: closed, notify: [leads]}]"
    assert (10, message) not in reported(tmp_path, notified)
    assert reported(tmp_path, ladder("after: 1h, until: closed")) == []


@pytest.mark.parametrize(
    ("due", "rung", "in_vain"),
    [
        ("8h", "before_due: 1h, repeat: {every: 1h, at_most: 2}", True),
        ("8h", "before_due: 1h, repeat: {every: 59m, at_most: 2}", False),
        ("1h", "before_due: 8h, repeat: {every: 2h, at_most: 2}", True),
        ("2h", "before_due: 8h, repeat: {every: 2h, at_most: 2}", False),  # due is rounded up to a full minute
        ("8h", "before_due: {by: Type, values: {A: 1h}, else: 3h}, repeat: {every: 3h, at_most: 1}", True),
        ("8h", "before_due: {by: Type, values: {A: 1h}, else: 3h}, repeat: {every: 2h, at_most: 1}", False),
        ("{end_of: business_day, calendar: office}", "before_due: 1h, repeat: {every: 2h, at_most: 1}", True),
        ("8h", "after_due: 1h, repeat: {every: 2h, at_most: 1}", False),
    ],
)
def test_a_repeat_that_would_come_when_the_case_is_due(tmp_path: Path, due: str, rung: str, in_vain: bool) -> None:
    """L4"""
    message = "`repeat` of rung `r` has no effect: its second turn would come when the case is due"
    found = reported(tmp_path, f"due: {due}", ladder(f"name: r, {rung}, until: closed"))
    assert found == ([(11, message)] if in_vain else [])


@pytest.mark.parametrize(
    ("first", "second", "beaten"),
    [
        ("after: 1h, until: closed", "after: 1h, until: closed", True),
        ("after: 1h, until: acknowledged", "after: 1h, until: closed", True),
        ("after: 1h, until: closed", "after: 1h, until: acknowledged", False),
        ("after: 1h, until: closed", "after: 2h, until: closed", False),
        ("after: 1h, until: closed", "after: 1h, calendar: office, until: closed", False),
        ("after: 1h, until: closed, repeat: {every: 1h, at_most: 1}", "after: 1h, until: closed", False),
        ("after_due: 1h, until: closed", "after_due: 1h, until: closed", True),
        ("after_due: 1h, until: closed", "after_due: 0m, until: closed", False),
        ("before_due: 9h, until: closed", "before_due: 8h, until: closed", True),  # both at the start
        ("before_due: 3h, until: closed", "before_due: 2h, until: closed", False),
        ("before_due: 1h, until: closed", "after_due: 1h, until: closed", False),
    ],
)
def test_a_rung_that_a_later_one_always_beats(tmp_path: Path, first: str, second: str, beaten: bool) -> None:
    """L8"""
    keys = "due: 4h", ladder(f"name: a, {first}", f"name: b, {second}")
    message = (
        "rung `a` is never carried out: `b` (line 11) is due at the same time, and `catch_up: highest` carries out the "
        "last of them"
    )
    assert reported(tmp_path, *keys, "catch_up: highest") == ([(11, message)] if beaten else [])
    assert reported(tmp_path, *keys) == []


GOES_ON = "a rung with `until: acknowledged` goes on until the case is closed"
EXCLUDE = f"`acknowledged` can never hold: Status is x and Status is y exclude each other; {GOES_ON}"
NOTHING = f"`acknowledged` proves nothing: it holds for every case that the route matches; {GOES_ON}"


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        ("[{field: Status, is: x}, {field: Status, is: y}]", EXCLUDE),
        ("{any: [{field: Status, is: x}, {field: Status, is: y}]}", None),
        ("{field: Type, is: A}", NOTHING),
        ("[{owner: user}, {field: Type, in: [A, B]}]", NOTHING),
        ("{any: [{owner: user}, {field: Type, is: A}]}", None),
        ("{field: Type, is: B}", None),
        ("{owner: user}", None),
        ("{spoke: agent}", None),
    ],
)
def test_a_proof_that_nobody_can_give(tmp_path: Path, proof: str, message: str | None) -> None:
    """L14"""
    keys = f"acknowledged: {proof}", ladder("after: 1h, until: acknowledged")
    assert reported(tmp_path, *keys) == ([(10, message)] if message else [])
    assert reported(tmp_path, keys[0], ladder("after: 1h, until: closed")) == []


def test_a_ladder_without_acknowledged_is_proved_by_what_people_do(tmp_path: Path) -> None:
    assert reported(tmp_path, ladder("after: 1h, until: acknowledged")) == []


def test_a_single_rung_without_a_list_has_its_line_too(tmp_path: Path) -> None:
    found = reported(tmp_path, "due: 0m", f"ladder: {{before_due: 1h, {HIGH}, until: closed}}")
    assert found == [(11, f"rung `before-due-1h` can never be due: {AT_START}")]
