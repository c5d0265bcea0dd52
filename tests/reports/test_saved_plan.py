"""The reports of an apply and of a comparison: what is different, by whom, and no text of strangers is obeyed."""

import json
from dataclasses import replace
from datetime import timedelta

from sfdc_escalator.escalation.decisions.outcome import State, applied_outcome, undone_outcome
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.saved.differences import Difference
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.saved.plan_diff import Changed, Dropped, PlanDiff
from sfdc_escalator.pipeline.applying.apply import Applied
from sfdc_escalator.pipeline.saved.recheck import Checked, Refused
from sfdc_escalator.pipeline.saved.result import SavedResult
from sfdc_escalator.reports.page import PLAIN
from sfdc_escalator.reports.saved.as_json import applied_json, diff_json
from sfdc_escalator.reports.saved.as_text import applied_text, diff_text
from tests.builders import AGENT, BILLING, NOW, ORG, SUPPORT, org_facts, planned, policy, route

OF = policy(route(status="Escalated", priority="Urgent"))
ONE, TWO, THREE = (planned(number, OF) for number in (1, 2, 3))
EVIL = "Ann\x1b[2J\n::error::\u202e"
PLAN = SavedPlan("env", ORG, NOW, NOW, EVIL, (), "", {}, RunOptions(), (ONE, TWO), sha256="ab" * 32)
FOUND = (
    Difference("owner", AGENT, SUPPORT.id, AGENT, NOW + timedelta(minutes=1), EVIL),
    Difference("hold", None, f"held: {EVIL}", "nora", NOW),
    Difference("deleted", "open", "deleted"),
)


def result(*, whole: bool) -> SavedResult:
    reason = undone_outcome(ONE, State.WITHHELD, "different")
    ends = (reason, undone_outcome(TWO, State.WITHHELD, "others") if whole else applied_outcome(TWO))
    checked = Checked((), (Refused(replace(ONE, owner_name=EVIL), FOUND),), {}, NOW, 2)
    facts = org_facts(queues=(SUPPORT, BILLING))
    return SavedResult("run", PLAN, facts, NOW, checked, Applied({}), ends, whole, 0, None, "full", "memory")


def test_a_refusal_names_each_difference_with_who_made_it_and_when() -> None:
    text = applied_text(result(whole=True), PLAIN)
    assert "Different: 1 of 2 orders" in text
    assert f"case 00000001 support/urgent {ONE.key}" in text
    assert ", is Support (by Ann" in text
    assert ", 2026-03-02 15:01:00 UTC)" in text
    assert "Nothing was done." in text
    assert text.endswith("2 orders: 2 withheld")


def test_a_part_that_was_applied_is_listed_beside_what_was_left_out() -> None:
    text = applied_text(result(whole=False), PLAIN)
    assert text.endswith("2 orders: 1 escalated (1 urgent), 1 withheld")
    assert "Nothing was done." not in text


def test_no_text_of_a_stranger_controls_the_terminal() -> None:
    dropped = Dropped(ONE, f"already: {EVIL}")
    diff = PlanDiff((replace(THREE, owner_name=EVIL),), (dropped,), (Changed(TWO, TWO),), ("support",))
    for text in (applied_text(result(whole=True), PLAIN), diff_text(PLAN, diff, org_facts())):
        assert not set(text) & set("\x1b\u202e")
        assert not any(line.startswith("::") for line in text.splitlines())
        assert "\\x1b" in text


def test_a_difference_has_the_documented_members() -> None:
    found = applied_json(result(whole=True), "env")
    [refused] = found["refused"]
    assert refused.keys() >= {"key", "case_id", "case_number", "differences"}
    assert refused["differences"][0]["at"] == "2026-03-02T15:01:00Z"
    assert all(one.keys() >= {"what", "before", "now", "by", "at"} for one in refused["differences"])
    assert found["matched"] == sum(found[state.value] for state in State)
    assert json.dumps(found)
    assert "error" not in applied_json(result(whole=False), "env")


def test_a_comparison_lists_what_is_added_dropped_and_changed() -> None:
    diff = PlanDiff((THREE,), (Dropped(ONE, "no route matches it"),), (Changed(TWO, TWO),))
    lines = diff_text(PLAN, diff, org_facts()).splitlines()
    assert [line[:20] for line in lines[1:4]] == [
        "  + case 00000003 su",
        "  - case 00000001 su",
        "  ~ case 00000002 su",
    ]
    assert lines[-1] == "1 to add, 1 to drop, 1 to change"
    found = diff_json(PLAN, diff)
    assert [[one["case_number"] for one in found[name]] for name in ("add", "drop", "change")] == [
        ["00000003"], ["00000001"], ["00000002"],
    ]  # fmt: skip
    assert ONE.note not in json.dumps(found)
