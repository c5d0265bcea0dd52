"""The problems of validate, and commands that failed."""

import json

import pytest

from sfdc_escalator.errors import EscalatorError, Invalid, OrgUnavailable, Problem, RunBusy
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.reports.json.problems import failure_json, problem_json
from sfdc_escalator.reports.text.problems import as_github, as_junit, as_text
from tests.reports.hostile import HOSTILE, assert_harmless
from tests.reports.runs import CONTRACT


def test_a_problem_has_its_place_and_what_was_found_and_expected() -> None:
    assert problem_json(Problem("unknown key", "a.yaml", 3, 5, "statsu", "a key", "status")) == {
        "file": "a.yaml",
        "line": 3,
        "column": 5,
        "message": "unknown key",
        "found": "statsu",
        "expected": "a key",
        "nearest": "status",
    }


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (EscalatorError("oh"), "unexpected", 1),
        (Invalid("no"), "invalid", 2),
        (OrgUnavailable("away"), "org_unavailable", 5),
    ],
)
def test_a_failure_has_its_code_message_and_exit_code(error: EscalatorError, code: str, exit_code: int) -> None:
    assert failure_json(error) == {
        "error": {"code": code, "message": error.message, "problems": []},
        "exit": exit_code,
    }


def test_a_failure_lists_its_problems_and_leaves_no_place_out() -> None:
    failure = failure_json(Invalid("no", [Problem(HOSTILE)]))
    assert failure["error"]["problems"] == [
        {
            "file": None,
            "line": None,
            "column": None,
            "message": HOSTILE,
            "found": None,
            "expected": None,
            "nearest": None,
        }
    ]
    assert json.loads(json.dumps(failure)) == failure


@pytest.mark.parametrize(("stuck", "exit_code"), [(False, 0), (True, 3)])
def test_a_run_that_finds_another_one_has_the_keys_of_a_run_and_did_nothing(stuck: bool, exit_code: int) -> None:
    busy = failure_json(RunBusy("busy", host="host", pid=7, since="2026-03-02T15:00:00Z", stuck=stuck))
    assert busy["busy"] == {"host": "host", "pid": 7, "since": "2026-03-02T15:00:00Z"}
    assert {busy[state.value] for state in State} == {0}
    assert busy["notices"] == {"sent": 0, "waiting": 0, "undelivered": 0, "dropped": 0}
    assert {busy[name] for name in ("polled", "matched", "recovered", "bounced", "gone")} == {0}
    assert (busy["policies"], busy["escalations"], busy["plan_digest"], busy["api_calls"]) == ([], [], None, 1)
    assert busy.keys() >= CONTRACT
    assert busy["exit"] == exit_code


def test_problems_can_be_printed_in_every_form_whatever_their_texts_hold() -> None:
    problems = [Problem(HOSTILE, "a.yaml", 3, 5, HOSTILE, HOSTILE, HOSTILE)]
    assert_harmless(as_text(["a.yaml"], problems, strict=True))
    assert_harmless(as_github(problems, HOSTILE))
    as_junit(["a.yaml"], problems, HOSTILE, strict=True).encode()
