"""The state of a ledger, as text and as JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Standing, StandingState
from sfdc_escalator.escalation.world.waitlist import PASSING, Forgotten, SelfCheck, Waiting
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus, RunRecord
from sfdc_escalator.pipeline.read_models.open_escalation import OpenEscalation
from sfdc_escalator.reports.json.status import status_json
from sfdc_escalator.reports.page import Detail, Page
from sfdc_escalator.reports.text.status.page import silence, status_text
from sfdc_escalator.reports.text.waiting import TO_DO, Heading, mail_text
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DONE = RunRecord("run-1", "00D000000000001EAA", "host", NOW, NOW, {"exit": 0, "applied": 2, "already": 0})
EMPTY = LedgerStatus("/ledger.db", None, None, 0, (), ())
LOST = Escalation("ESC-1", "support", "urgent", "500", EscalationState.UNKNOWN, case_number="00000001", message="cut")
REFUSED = replace(
    LOST, key="ESC-2", state=EscalationState.REJECTED, attempts=2, tried_at=NOW, case_number="00000002", message=""
)
HEADING = Heading("env", "run-1", 3, "/run.log", is_rehearsal=False)


def status(last: RunRecord | None = DONE, **more: object) -> LedgerStatus:
    return replace(EMPTY, last_run=last, last_success=DONE if last else None, **more)  # type: ignore[arg-type]


def test_an_empty_ledger_has_no_run_and_nothing_open() -> None:
    assert status_text(EMPTY, "no live run yet") == "0 open escalations\n! no live run yet\nLedger /ledger.db"
    assert status_json(EMPTY, "no live run yet") == {
        "ledger": "/ledger.db",
        "now": None,
        "last_run": None,
        "last_success": None,
        "silent": "no live run yet",
        "open": 0,
        "escalations": [],
        "due_list": {},
        "holds": [],
        "notices": {"waiting": 0, "undelivered": 0},
        "last_notices": [],
        "next_notices": [],
        "unsettled": [],
        "rejected": [],
        "waiting_for_people": [],
        "withheld": [],
        "review_overdue": [],
    }


def test_the_page_holds_the_last_run_the_last_success_and_what_waits() -> None:
    failed = RunRecord("run-2", DONE.organization_id, "host", NOW, NOW, {"exit": 5, "error": "org_unavailable"})
    page = status_text(status(failed, open=1, unsettled=(LOST,), rejected=(REFUSED,)), None)
    assert page.splitlines() == [
        "1 open escalation",
        "Ledger /ledger.db",
        "1 not settled yet:",
        "  ESC-1 case 00000001 support/urgent: cut",
        "1 rejected:",
        "  ESC-2 case 00000002 support/urgent: rejected; next try at 2026-03-02T16:00:00Z",
        "Last run run-2 at 2026-03-02T15:00:00Z on host: exit 5 (org_unavailable)",
        "Last run with exit code 0: run-1 at 2026-03-02T15:00:00Z",
    ]


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"exit": 0, "applied": 2, "already": 0}, "exit 0, 2 applied"),
        ({"exit": 0, "applied": 0}, "exit 0, nothing to do"),
        ({"exit": 4, "withheld": 9}, "exit 4, 9 withheld"),
        ({"exit": 3}, "exit 3"),
        (None, "still running, or killed before its end"),
    ],
)
def test_a_run_ends_with_its_exit_code_and_its_counts(result: dict[str, int] | None, outcome: str) -> None:
    last = replace(DONE, result=result, finished=NOW if result else None)
    assert status_text(status(last), None).splitlines()[-1].endswith(f"on host: {outcome}")


def test_a_run_without_an_end_has_no_exit_code_in_json() -> None:
    report = status_json(status(replace(DONE, result=None, finished=None)), None)
    assert report["last_run"] == {
        "run": "run-1",
        "organization_id": "00D000000000001EAA",
        "host": "host",
        "started": "2026-03-02T15:00:00Z",
        "finished": None,
        "exit": None,
    }
    assert report["last_success"]["exit"] == 0
    assert report["last_success"]["applied"] == 2


def test_an_escalation_that_waits_has_its_message_and_its_next_try_in_json() -> None:
    report = status_json(status(unsettled=(LOST,), rejected=(REFUSED,)), None)
    assert report["unsettled"] == [
        {
            "key": "ESC-1",
            "case_number": "00000001",
            "policy": "support",
            "route": "urgent",
            "state": "unknown",
            "message": "cut",
            "try_again_at": None,
        }
    ]
    assert report["rejected"][0]["try_again_at"] == "2026-03-02T16:00:00Z"


def test_a_long_list_ends_with_the_number_of_the_others() -> None:
    page = status_text(status(unsettled=(LOST,) * 23), None)
    assert page.splitlines()[-2] == "  ... and 3 more: sfdc-escalator status --all"
    assert "more" not in status_text(status(unsettled=(LOST,) * 23), None, Page(everything=True))


def test_a_quiet_page_holds_only_what_needs_a_person() -> None:
    page = Page(detail=Detail.QUIET)
    assert status_text(status(open=3), None, page) == ""
    assert status_text(status(open=3, rejected=(REFUSED,)), "no run since noon", page).splitlines() == [
        "! no run since noon",
        "1 rejected:",
        "  ESC-2 case 00000002 support/urgent: rejected; next try at 2026-03-02T16:00:00Z",
    ]
    assert len(status_json(status(unsettled=(LOST,) * 23), None)["unsettled"]) == 23


HELD = Waiting("held", "nothing in Workaround__c", "support", "high", "00000003", "ESC-3", ("workaround",))
WITHHELD = Waiting("withheld", "17 cases are too many", "support", "low", cases=17, numbers=("00000010", "00000011"))
BROKEN = Waiting("broken", "there is no queue Tier9", "support", "old")
STOPPED = Waiting("stopped", "the run stopped early: SIGTERM")


def test_the_page_lists_what_waits_for_a_person_once_and_what_is_withheld() -> None:
    rejected = Waiting("rejected", "no", "support", "urgent", "00000002", "ESC-2")
    found = status(waiting=(HELD, WITHHELD, BROKEN, STOPPED, rejected), rejected=(REFUSED,))
    assert status_text(found, None).splitlines()[2:-1] == [
        "3 waiting for a person:",
        "  case 00000003, route support/high: held, missing 'workaround' (nothing in Workaround__c)",
        "  route support/old: broken (there is no queue Tier9)",
        "  the run: stopped (the run stopped early: SIGTERM)",
        "1 route withheld:",
        "  route support/low: withheld, 17 cases (17 cases are too many)",
        "    cases 00000010, 00000011 and 15 more",
        "1 rejected:",
        "  ESC-2 case 00000002 support/urgent: rejected; next try at 2026-03-02T16:00:00Z",
    ]
    report = status_json(found, None)
    assert [one["state"] for one in report["waiting_for_people"]] == ["held", "broken", "stopped", "rejected"]
    assert report["withheld"] == [{"policy": "support", "route": "low", "count": 17, "reason": "17 cases are too many"}]


@pytest.mark.parametrize(
    ("last", "waiting", "needed"),
    [
        (DONE, (), False),
        (DONE, (HELD,), True),
        (DONE, (WITHHELD,), True),
        (replace(DONE, result={"exit": 5, "error": "org_unavailable"}), (), True),
        (replace(DONE, result={"exit": 4, "error": "plan_refused"}), (), True),
        (replace(DONE, result={"exit": 2, "error": "invalid"}), (), False),
        (replace(DONE, result=None), (), False),
        (None, (), False),
    ],
)
def test_a_person_is_needed_when_something_waits_or_the_last_run_failed(
    last: RunRecord | None, waiting: tuple[Waiting, ...], needed: bool
) -> None:
    assert status(last, waiting=waiting).needs_a_person is needed


def test_the_self_check_is_shown_where_it_was_asked_for() -> None:
    """L22"""
    start = OpenEscalation(LOST, Standing(StandingState.RUNNING))
    found = status(open=1, escalations=(start,), check=SelfCheck(1, (Forgotten("ESC-1", "runs passed by it"),), 4))
    assert status_text(found, None).splitlines()[-3:-1] == [
        "Self-check of 1 open escalation: 1 forgotten:",
        "  ESC-1 case 00000001 support/urgent: runs passed by it",
    ]
    assert status_json(found, None)["self_check"] == {
        "open": 1,
        "problems": [{"key": "ESC-1", "why": "runs passed by it"}],
        "ms": 4,
    }
    assert "Self-check of 0 open escalations: none is forgotten" in status_text(status(check=SelfCheck()), None)
    assert "self_check" not in status_json(status(), None)


def test_a_mail_says_for_each_state_what_to_do() -> None:
    assert TO_DO.keys() >= PASSING | {"held", "rejected", "unknown", "deferred", "undelivered", "withheld", "broken"}
    for state in TO_DO:
        one = replace(HELD, state=state)
        (text,) = [line for line in mail_text(HEADING, (one,), 1).splitlines() if line.startswith("  To do: ")]
        assert "{" not in text


def test_hostile_texts_do_nothing_in_a_mail() -> None:
    one = replace(HELD, reason=HOSTILE, case_number=HOSTILE, route=HOSTILE, missing=(HOSTILE,))
    page = mail_text(replace(HEADING, org=HOSTILE, log=HOSTILE), (one, replace(one, state="withheld")), 2)
    assert_harmless(page)
    assert len(page.splitlines()) == 13


def test_hostile_texts_do_nothing_to_a_terminal() -> None:
    one = replace(LOST, message=HOSTILE, case_number=HOSTILE, route=HOSTILE)
    failed = replace(DONE, host=HOSTILE, result={"exit": 1, "error": HOSTILE})
    page = status_text(status(failed, unsettled=(one,)), None)
    assert_harmless(page)
    assert len(page.splitlines()) == 5
    assert SHOWN in page
    report = status_json(status(failed, unsettled=(one,)), None)
    assert json.loads(json.dumps(report))["unsettled"][0]["message"] == HOSTILE


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (59, None),
        (60, None),
        (61, "no run since 2026-03-02T15:00:00Z (1 h 1 min)"),
        (2 * 1440 + 180, "no run since 2026-03-02T15:00:00Z (2 d 3 h)"),
    ],
)
def test_a_run_is_overdue_after_the_time_that_was_expected(minutes: int, text: str | None) -> None:
    assert silence(status(), NOW + timedelta(minutes=minutes), timedelta(hours=1)) == text


def test_a_short_silence_is_written_in_minutes() -> None:
    found = silence(status(), NOW + timedelta(minutes=6), timedelta(minutes=5))
    assert found == "no run since 2026-03-02T15:00:00Z (6 min)"


def test_without_a_run_there_is_no_live_run_yet() -> None:
    assert silence(EMPTY, NOW, timedelta(days=9)) == "no live run yet"
