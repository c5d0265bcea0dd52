"""A run and a rehearsal, as text and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from unicodedata import east_asian_width

import pytest

from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.decisions.outcome import State, applied_outcome
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.pipeline.ports.writing import ErrorKind, RowError
from sfdc_escalator.reports.json.run import no_match_line, run_json
from sfdc_escalator.reports.page import Detail, Page
from sfdc_escalator.reports.text.outcomes.cases import case_lines
from sfdc_escalator.reports.text.run import run_text
from sfdc_escalator.reports.values import unstyled
from tests.builders import AGENT, ORG, SUPPORT, case, identity, policy, route
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless
from tests.reports.runs import CONTRACT, INCOMPLETE, NEW, URGENT, rehearsal, run


def taken(listed: list[str], one: NoMatch, reasons: Mapping[str, str]) -> None:
    listed.append(no_match_line(one, reasons))


def lines(report: str) -> list[str]:
    return [" ".join(line.split()) for line in report.splitlines() if line.strip(" ─")]


def test_a_rehearsal_shows_what_would_be_done_to_which_case_and_the_reason() -> None:
    first = replace(case(1), owner_name="Ann", account_name="Acme")
    result = rehearsal([first, case(2, status="Working")])
    assert lines(run_text(result)) == [
        "1 to escalate (1 urgent); 1 of 2 cases matches no route",
        f"What a run would do on Acme (production, {ORG}) at 2026-03-02 15:00:00 UTC",
        "policies: support open cases: 10000",
        "ledger: memory level: guarded guard: full API calls: 0",
        f"plan {result.prepared.plan.digest[:16]} audit head none",
        "00000001 planned urgent It broke (Acme)",
        "note, queue Ann -> Support, status New -> Escalated, priority Medium -> Urgent",
        "Status is New",
        "(one note in full: --case CASE; all notes: -v)",
        "No match: 1 case",
        "Route Missing Cases",
        "urgent Status is Working (asked for New: no) 1 00000002",
        "(all reasons of one case: --case CASE; of all cases: --left-alone FILE)",
        "2 cases read, 1 matched: 1 planned",
    ]


def test_a_run_says_what_it_did() -> None:
    result = run([case(1), case(2)], refused={case(2).id: RowError(ErrorKind.ROW, "REQUIRED", "no reason")})
    page = lines(run_text(result))
    assert page[0] == "1 escalated (1 urgent), 1 rejected; 2 cases read"
    assert page[1].startswith("Run run-1 on Acme")
    assert (page[5], page[8]) == ("00000001 applied urgent It broke", "00000002 rejected urgent It broke")
    assert page[6].startswith("note, queue")
    assert "REQUIRED: no reason" in run_text(result)
    assert page[-1] == "2 cases read, 2 matched: 1 applied, 1 rejected"


def test_a_run_with_nothing_to_do_says_so() -> None:
    assert lines(run_text(run([])))[-1] == "0 cases read, 0 matched: nothing to do"


def test_what_became_of_other_escalations_stands_at_the_end() -> None:
    result = run([case(1), case(2)], gone={case(1).id})
    result = replace(result, unsettled=2)
    assert lines(run_text(result))[-1] == "2 cases read, 2 matched: 2 applied, 1 gone, 2 still not settled"


def test_the_reason_of_an_early_stop_stands_on_the_page() -> None:
    assert "! The run stopped early: deadline" in lines(run_text(replace(run([case(1)]), stopped="deadline")))


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


def test_only_the_most_common_reasons_are_shown_the_value_where_it_is_that_of_one_case() -> None:
    wanted = [Field("Status", "is", "New"), *(Field(name, "is", "x") for name in ("A__c", "B__c", "C__c"))]
    missing = {"Status": 4, "A__c": 1, "B__c": 1, "C__c": 1}
    cases: list[Case] = []
    for name in [name for name, count in missing.items() for _ in range(count)]:
        number = len(cases) + 1
        fields = {**dict.fromkeys(missing, "x"), "Status": "New", name: f"y{number}"}
        cases.append(replace(case(number, fields), number=str(number)))
    page = lines(run_text(rehearsal(cases, policy(route("urgent", All(tuple(wanted)))))))
    start = page.index("No match: 7 cases")
    assert page[start + 2 : start + 5] == [
        "urgent missing: Status is New 4 1, 2, 3, ...",
        "urgent A__c is y5 (asked for x: no) 1 5",
        "urgent other reasons 2 6, 7",
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
    listed: list[str] = []
    listing = partial(taken, listed)
    report = run_json(rehearsal([case(1, status="Working")], listing=listing), "prod")
    reasons = {"urgent": "Status is Working (asked for New: no)"}
    assert report["left_alone"] == {
        "count": 1,
        "reasons": [{"reason": "support/urgent: missing: Status is New", "count": 1}],
    }
    assert list(map(json.loads, listed)) == [
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


def test_the_page_shows_fifty_cases_and_all_of_them_when_asked_for() -> None:
    result = rehearsal([case(number) for number in range(1, 181)], URGENT)
    shown = run_text(result).splitlines()
    assert shown[0].startswith("180 to escalate (180 urgent)")
    assert (numbers_on(shown), "... and 130 more: --all" in shown) == (50, True)
    assert numbers_on(run_text(result, page=Page(everything=True)).splitlines()) == 180
    assert len(run_json(result, "prod")["escalations"]) == 180


def numbers_on(page: list[str]) -> int:
    return sum(line.startswith("000") for line in page)


def test_cases_that_an_earlier_run_escalated_come_last() -> None:
    escalated = [applied_outcome(order) for order in rehearsal([case(1)]).prepared.plan.orders]
    outcomes = [replace(one, state=State.ALREADY) for one in escalated] + escalated
    assert [line.split()[1] for line in case_lines(outcomes, {}) if line.startswith("0")] == ["applied", "already"]


def test_a_quiet_page_is_empty_unless_something_needs_a_person() -> None:
    page = Page(detail=Detail.QUIET)
    assert run_text(run([case(1)]), page=page) == ""
    refused = {case(2).id: RowError(ErrorKind.ROW, "REQUIRED", "no reason")}
    result = replace(run([case(1), case(2)], refused=refused), stopped="deadline")
    shown = lines(run_text(result, page=page, warned=["an old key"]))
    assert [line for line in shown if line.startswith("000")] == ["00000002 rejected urgent It broke"]
    assert {"REQUIRED: no reason", "! The run stopped early: deadline"} <= set(shown)
    assert not any("No match" in line or "old key" in line for line in shown)


def test_a_full_page_has_every_note_and_every_reason_against_a_route() -> None:
    names = ("A__c", "B__c", "C__c", "D__c", "E__c")
    wanted = policy(route("urgent", All(tuple(Field(name, "is", "x") for name in names))))
    cases = [case(number, {**dict.fromkeys(names, "x"), name: "y"}) for number, name in enumerate(names, 2)]
    page = run_text(rehearsal([case(1, dict.fromkeys(names, "x")), *cases], wanted), page=Page(detail=Detail.FULL))
    assert "The note for case 00000001:" in page
    assert [f"{name} is y (asked" in page for name in names] == [True] * 5
    assert "other reasons" not in page


@pytest.mark.parametrize("width", [40, 60, 80])
def test_subject_and_account_have_room_whatever_their_script(width: int) -> None:
    wide = {"Subject": "画面が真っ暗になりました。" * 9}
    smile = {"Subject": "broken \N{CRYING FACE} again and again " * 9}
    cases = [
        replace(case(1, wide), subject=wide["Subject"], account_name="株式会社" * 9),
        replace(case(2, smile), subject=smile["Subject"], account_name="\N{TEDDY BEAR}" * 20),
        replace(case(3), subject="x" * 200, account_name=""),
    ]
    page = Page(width)
    shown = [line for line in run_text(rehearsal(cases), page=page).splitlines() if "..." in line]
    assert len(shown) == 3
    assert [line for line in shown if cell_width(line) > width] == []


def cell_width(line: str) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in line)


def test_states_have_colours_and_keep_their_words() -> None:
    refused = {case(2).id: RowError(ErrorKind.ROW, "REQUIRED", "no reason")}
    result = run([case(1), case(2)], refused=refused)
    coloured = run_text(result, page=Page(colours=True))
    assert "\x1b[32mapplied \x1b[0m" in coloured
    assert "\x1b[31mrejected\x1b[0m" in coloured
    plain = run_text(result)
    assert "\x1b" not in plain
    assert unstyled(coloured) == plain
