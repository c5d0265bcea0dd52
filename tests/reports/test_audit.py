"""The audit trail, as text and as JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sfdc_escalator.pipeline.read_models.audit_trail import AuditEvent, EscalationEntry, OrgPruned, Verification
from sfdc_escalator.reports.json.audit import list_json, show_json, verify_json
from sfdc_escalator.reports.page import Page
from sfdc_escalator.reports.text.audit import list_text, show_text, verify_text
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ENTRY = EscalationEntry(
    "ESC-0000-0000-0001", "500000000000001AAA", "00000001", "support", "urgent", "start", "applied", NOW, "run-1"
)
BODY = {
    "about": {"seq": 7},
    "escalation": {"state": "applied", "message": "", "attempts": 0, "ended_at": None},
    "reasons": ["first", "second", {"by": "Ann"}],
}
EVENT = AuditEvent(7, NOW, "applied", "run-1", "ab" * 32, BODY, "Hand-off\n\nESC-0000-0000-0001 support/urgent")


def test_an_empty_ledger_has_no_escalations() -> None:
    assert list_text("/ledger.db", []) == "The ledger /ledger.db has no escalations."
    assert list_json("/ledger.db", []) == {"ledger": "/ledger.db", "escalations": []}


def test_the_list_names_the_rung_of_a_turn() -> None:
    listed = list_text("/ledger.db", [replace(ENTRY, rung="late"), ENTRY])
    assert [line.split()[5] for line in listed.splitlines()[5:]] == ["urgent/late", "urgent"]


def test_the_list_names_the_policy_of_each_escalation_where_there_are_several() -> None:
    listed = list_text("/ledger.db", [ENTRY, replace(ENTRY, policy="sales")], Page(120))
    assert [line.split()[5] for line in listed.splitlines()[5:]] == ["support/urgent", "sales/urgent"]


def test_the_list_has_a_row_for_each_escalation() -> None:
    assert list_text("/ledger.db", [ENTRY]).splitlines() == [
        "1 escalation of support: 1 applied",
        "Ledger /ledger.db",
        "",
        " Key                 Case      State    Last event UTC    Route",
        " " + "─" * 63,
        " ESC-0000-0000-0001  00000001  applied  2026-03-02 15:00  urgent",
    ]
    assert list_text("/ledger.db", [ENTRY], Page(100)).splitlines()[-1].endswith(" run-1")
    assert list_json("/ledger.db", [ENTRY])["escalations"] == [
        {
            "key": "ESC-0000-0000-0001",
            "case_id": "500000000000001AAA",
            "case_number": "00000001",
            "policy": "support",
            "route": "urgent",
            "rung": "start",
            "state": "applied",
            "at": "2026-03-02T15:00:00Z",
            "run": "run-1",
        }
    ]


def test_a_list_that_is_cut_says_so_and_how_to_see_more() -> None:
    first = list_text("/ledger.db", [ENTRY], cut=True).splitlines()[0]
    assert first == "The newest 1 escalation of support (more of them: --limit N, or --all): 1 applied"


def test_an_event_shows_its_values_that_are_not_empty_and_its_note() -> None:
    assert show_text([EVENT]).splitlines() == [
        "2026-03-02T15:00:00Z  APPLIED     #7  abababababababab",
        "    escalation.attempts: 0",
        "    escalation.state: applied",
        "    reasons: first",
        "    reasons: second",
        '    reasons: {"by": "Ann"}',
        "    | Hand-off",
        "    | ",
        "    | ESC-0000-0000-0001 support/urgent",
    ]


def test_an_event_in_json_holds_what_was_hashed() -> None:
    assert show_json("/ledger.db", "ESC-1", [EVENT, replace(EVENT, seq=8, note=None)]) == {
        "ledger": "/ledger.db",
        "key": "ESC-1",
        "events": [
            {
                "seq": 7,
                "at": "2026-03-02T15:00:00Z",
                "event": "applied",
                "hash": "ab" * 32,
                "note_text": "Hand-off\n\nESC-0000-0000-0001 support/urgent",
                "texts": {},
                "body": BODY,
            },
            {
                "seq": 8,
                "at": "2026-03-02T15:00:00Z",
                "event": "applied",
                "hash": "ab" * 32,
                "note_text": None,
                "texts": {},
                "body": BODY,
            },
        ],
    }


def test_a_trail_without_problems_is_whole() -> None:
    found = Verification(3, "ab" * 32, ())
    assert verify_text("/ledger.db", found) == f"The audit trail of /ledger.db is whole: 3 events, head {'ab' * 32}"
    assert verify_json("/ledger.db", found) == {
        "ok": True,
        "events": 3,
        "head": "ab" * 32,
        "problems": (),
        "erased": (),
        "idle_runs": 0,
        "pruned": [],
        "ledger": "/ledger.db",
    }


def test_a_trail_that_was_pruned_says_before_which_day() -> None:
    pruned = (OrgPruned(NOW - timedelta(days=9), 1, 2, 3, 4, 5, 6), OrgPruned(NOW, 10, 20, 30, 40, 50, 60))
    found = Verification(3, "ab" * 32, (), pruned=pruned)
    assert verify_text("/ledger.db", found).splitlines() == [
        f"The audit trail of /ledger.db is whole: 3 events, pruned before 2026-03-02, head {'ab' * 32}",
        "Pruned, as events record it: 22 events, 33 texts, 44 notices of 11 escalations; 55 idle runs",
    ]
    assert verify_json("/ledger.db", found)["pruned"][0] == {
        **pruned[0]._asdict(),
        "before": "2026-02-21T15:00:00Z",
    }


def test_a_broken_trail_names_every_problem_first() -> None:
    found = Verification(0, None, ("event 1 is missing", "event 2 was changed"))
    assert verify_text("/ledger.db", found).splitlines() == [
        "! event 1 is missing",
        "! event 2 was changed",
        "The audit trail of /ledger.db is BROKEN: it was changed or damaged: 0 events, head none",
    ]
    assert verify_json("/ledger.db", found)["ok"] is False


def test_hostile_texts_do_nothing_to_a_terminal() -> None:
    event = replace(EVENT, note=f"first\n{HOSTILE}", body={HOSTILE: HOSTILE, "list": [HOSTILE]})
    entry = replace(ENTRY, case_number=HOSTILE, route=HOSTILE)
    pages = (
        list_text("/ledger.db", [entry]),
        show_text([event]),
        verify_text("/ledger.db", Verification(1, None, (HOSTILE,))),
    )
    for page in pages:
        assert_harmless(page)
    assert f"    {SHOWN}: {SHOWN}" in pages[1]
    report = json.loads(json.dumps(show_json("/ledger.db", "ESC-1", [event])))
    assert report["events"][0]["note_text"] == f"first\n{HOSTILE}"


def test_a_large_trail_is_listed_whole() -> None:
    entries = [replace(ENTRY, key=f"ESC-{number:014d}") for number in range(1_000)]
    assert sum(line.startswith(" ESC-") for line in list_text("/ledger.db", entries).splitlines()) == 1_000
    assert len(list_json("/ledger.db", entries)["escalations"]) == 1_000
