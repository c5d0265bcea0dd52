"""A run and a rehearsal, as text and as JSON."""

import json
from dataclasses import replace

import pytest

from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.pipeline.ports.writing import ErrorKind, RowError
from sfdc_escalator.reports.json.run import left_alone_text, run_json
from sfdc_escalator.reports.text.run import run_text
from tests.builders import AGENT, ORG, SUPPORT, case, identity, policy, route
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless
from tests.reports.runs import CONTRACT, INCOMPLETE, NEW, URGENT, rehearsal, run


def lines(report: str) -> list[str]:
    return [" ".join(line.split()) for line in report.splitlines() if line.strip(" ─")]


def test_a_rehearsal_shows_what_would_be_done_to_which_case_and_the_reason() -> None:
    result = rehearsal([replace(case(1), owner_name="Ann"), case(2, status="Working")])
    assert lines(run_text(result)) == [
        f"What a run would do on Acme (production, {ORG}) at 2026-03-02 15:00:00 UTC",
        "policies: support open cases: 10000",
        "ledger: memory level: guarded guard: full API calls: 0",
        f"plan {result.prepared.plan.digest[:16]} audit head none",
        "Case Route State Steps Reason",
        "00000001 urgent planned note, queue Ann -> Support, status New -> Escalated, priority Medium -> Status is New",
        "Urgent",
        "(one note in full: --case CASE; all notes: --json)",
        "No match: 1 case",
        "Route Missing Cases",
        "urgent Status is Working (asked for New: no) 1 00000002",
        "(all reasons of one case: --case CASE; of all cases: --left-alone FILE)",
        "2 cases read, 1 matched: 1 planned",
    ]


def test_a_run_says_what_it_did() -> None:
    result = run([case(1), case(2)], refused={case(2).id: RowError(ErrorKind.ROW, "REQUIRED", "no reason")})
    page = lines(run_text(result))
    assert page[0].startswith("Run run-1 on Acme")
    assert page[5].startswith("00000001 urgent applied note, queue")
    assert page[7].startswith("00000002 urgent rejected")
    assert "REQUIRED: no reason" in run_text(result)
    assert page[-1] == "2 cases read, 2 matched: 1 applied, 1 rejected"


def test_a_run_with_nothing_to_do_says_so() -> None:
    assert lines(run_text(run([])))[-1] == "0 cases read, 0 matched: nothing to do"


def test_what_became_of_other_escalations_stands_at_the_end() -> None:
    result = run([case(1), case(2)], gone={case(1).id})
    result = replace(result, unsettled=2)
    assert lines(run_text(result))[-1] == "2 cases read, 2 matched: 2 applied, 1 gone, 2 still not settled"


def test_the_reason_of_an_early_stop_stands_on_the_page() -> None:
    assert "The run stopped early: deadline" in lines(run_text(replace(run([case(1)]), stopped="deadline")))


def test_a_rehearsal_without_a_case_says_how_to_get_the_reasons() -> None:
    assert lines(run_text(rehearsal([])))[-3:] == [
        "No case comes near a match: no case is in the scope of the policies.",
        "The reasons of one case: sfdc-escalator explain CASE",
        "0 cases read, 0 matched: nothing to do",
    ]


def test_a_rehearsal_without_a_match_shows_the_nearest_misses() -> None:
    page = lines(run_text(rehearsal([case(1, status="Working")])))
    assert page[page.index("Nearest misses") + 2] == "00000001 urgent Status is Working (asked for New: no)"


def test_the_notes_are_shown_in_full_when_asked_for() -> None:
    page = run_text(rehearsal([case(1)]), all_notes=True)
    assert "The note for case 00000001:\n  | ESCALATION support/urgent\n" in page
    assert f"  | {identity(case(1)).line}\n" in page
    assert "one note in full" not in page


def test_only_the_most_common_reasons_are_shown() -> None:
    cases = [case(number, status=f"S{min(number, 3)}") for number in (1, 2, 2, 2, 2, 2)]
    cases = [replace(one, id=f"{number}", number=f"{number}") for number, one in enumerate(cases)]
    cases += [replace(case(7, status="S7"), number="7"), replace(case(8, status="S8"), number="8")]
    page = lines(run_text(rehearsal(cases)))
    start = page.index("No match: 8 cases")
    assert page[start + 2 : start + 5] == [
        "urgent Status is S2 (asked for New: no) 5 1, 2, 3, ...",
        "urgent Status is S1 (asked for New: no) 1 0",
        "urgent other reasons 2 7, 8",
    ]


def test_a_withheld_route_stands_once_with_its_reason() -> None:
    fresh = policy(route("fresh", NEW))
    page = lines(run_text(rehearsal([case(1), case(2)], fresh)))
    assert "Withheld: support/fresh (2 cases)" in page
    assert page[-1] == "2 cases read, 2 matched: 2 withheld"


def test_a_broken_route_is_a_warning() -> None:
    result = rehearsal([case(1)], broken={("support", "urgent"): "no such field"})
    assert "! support/urgent cannot be carried out: no such field" in lines(run_text(result))
    assert run_json(result, "prod")["broken"] == [{"policy": "support", "route": "urgent", "reason": "no such field"}]


def test_every_key_of_the_contract_is_there_in_every_run() -> None:
    for result in (rehearsal([]), rehearsal([case(1)]), run([]), run([case(1)])):
        report = run_json(result, "prod")
        assert report.keys() >= CONTRACT
        assert report["notices"] == {"sent": 0, "waiting": 0, "undelivered": 0, "dropped": 0}
        assert json.loads(json.dumps(report)) == report


def test_an_escalation_in_json_has_its_steps_and_its_end() -> None:
    report = run_json(run([case(1, priority="Urgent")]), "prod")
    [escalation] = report["escalations"]
    note = escalation["steps"][0].pop("after")
    assert note.endswith(identity(case(1)).line)
    assert escalation == {
        "key": identity(case(1)).key,
        "case_id": case(1).id,
        "case_number": "00000001",
        "policy": "support",
        "route": "urgent",
        "rung": "start",
        "turn": 1,
        "due": None,
        "moment": None,
        "late_by": None,
        "moved": None,
        "state": "applied",
        "reason": "Because of urgent.",
        "held_by": None,
        "findings": ["Status is New"],
        "steps": [
            {"step": "note", "before": None, "state": "applied"},
            {"step": "queue", "before": AGENT, "after": SUPPORT.id, "state": "applied"},
            {"step": "status", "before": "New", "after": "Escalated", "state": "applied"},
            {"step": "priority", "before": "Urgent", "after": "Urgent", "state": "already_so"},
        ],
    }


def test_a_case_whose_note_lacks_a_part_is_held_by_its_note() -> None:
    report = run_json(rehearsal([case(1)], INCOMPLETE), "prod")
    assert (report["held"], report["matched"]) == (1, 1)
    assert [(one["state"], one["held_by"]) for one in report["escalations"]] == [("held", "note")]
    assert "offers" in report["escalations"][0]["reason"]


def test_the_counts_in_json_add_up_to_the_matches() -> None:
    refused = {case(2).id: RowError(ErrorKind.ROW, "REQUIRED", "no reason")}
    report = run_json(run([case(1), case(2), case(3, status="Working")], refused=refused), "prod")
    assert (report["polled"], report["matched"]) == (3, 2)
    assert {state.value: report[state.value] for state in State if report[state.value]} == {"applied": 1, "rejected": 1}
    assert sum(report[state.value] for state in State) == report["matched"] == len(report["escalations"])


def test_a_case_without_a_match_counts_in_json_and_is_listed_with_its_reasons_by_route() -> None:
    result = rehearsal([case(1, status="Working")])
    report = run_json(result, "prod")
    reasons = {"urgent": "Status is Working (asked for New: no)"}
    assert report["left_alone"] == {
        "count": 1,
        "reasons": [{"reason": "support/urgent: missing: Status is New", "count": 1}],
    }
    assert json.loads(left_alone_text(result)) == [
        {"policy": "support", "case_id": case(1).id, "case_number": "00000001", "reasons": reasons}
    ]
    assert report["nearest_misses"] == [
        {"policy": "support", "route": "urgent", "case_number": "00000001", "missing": list(reasons.values())}
    ]


@pytest.mark.parametrize("in_full", [False, True])
def test_hostile_texts_do_nothing_to_a_terminal(in_full: bool) -> None:
    hostile = replace(case(1, {"Subject": HOSTILE}, status="New"), number=HOSTILE, owner_name=HOSTILE)
    other = replace(case(2, status=HOSTILE), number=HOSTILE)
    refused = {case(1).id: RowError(ErrorKind.ROW, "REQUIRED", HOSTILE)}
    result = run([hostile, other], refused=refused, broken={("support", HOSTILE): HOSTILE})
    result = replace(result, stopped=HOSTILE)
    page = run_text(result, all_notes=in_full)
    assert_harmless(page)
    assert f"The run stopped early: {SHOWN}" in page
    assert run_json(result, "prod")["escalations"][0]["case_number"] == HOSTILE


def test_a_large_run_has_a_row_for_each_match() -> None:
    result = rehearsal([case(number) for number in range(1, 181)], URGENT)
    assert sum(line.startswith("000") for line in lines(run_text(result))) == 180
    assert len(run_json(result, "prod")["escalations"]) == 180
