"""What is said of an org that was asked, and of what was tried out in it."""

from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.escalation.readiness.inspection import QueryPlan
from sfdc_escalator.pipeline.ports.inspector import Rehearsal, Rollback
from sfdc_escalator.pipeline.readiness import Readiness
from sfdc_escalator.reports.json.org import org_json, rehearsed, remarks
from sfdc_escalator.reports.text.org import org_text
from tests.escalation.readiness.orgs import complete_org, inspection

HONOURED = Rollback("honoured", "a note on case 00000001 was written and rolled back")
TRIED = Rehearsal(HONOURED, routes=1, rolled_back=True, marked=1, variants=1, tried=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "the steps of 1 route, rolled back on a case, then carried out on 1 marked case, deleted again: every "
             "step as the policy says"),
        ({"routes": 3, "marked": 2, "failed": 1}, "carried out on 2 marked cases, deleted again: 1 failed"),
        ({"kept_from": ("Leads",)}, "deleted again (not with Leads: this user could not delete such cases): every"),
        ({"rolled_back": False}, "the steps of 1 route, carried out on 1 marked case, deleted again: every step"),
        ({"rolled_back": False, "marked": 0}, "nothing: there is no step that could be tried"),
        ({"variants": 300, "tried": 200}, "; only the first 200 of 300 variants were tried"),
    ],
)  # fmt: skip
def test_a_rehearsal_says_what_was_tried_and_with_what_result(changes: dict[str, Any], words: str) -> None:
    assert words in rehearsed(replace(TRIED, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plans": (QueryPlan("Index", 0.2, 900, 450_000),)}, "The poll: Index, about 900 of 450,000 cases"),
        ({"plans": (None,)}, "The org does not say how it would run the poll."),
        ({"flows": ("Case_Router",)}, "Active record-triggered flow Case_Router on Case: a run reads back"),
        ({"assignment_rules": ("A", "B")}, "Active assignment rules A, B on Case: switched off in our writes"),
        (
            {"flows": None, "validation_rules": None},
            "Active validation rules and record-triggered flows on Case cannot",
        ),
        ({"sharing": None}, "The sharing model of Case cannot be read"),
        (
            {"calls_per_run": 5},
            "about 5 API calls, each 200 cases escalated 3 more. Every ten minutes that is 720 a day",
        ),
    ],
)
def test_a_remark_is_worth_knowing_and_no_problem(changes: dict[str, Any], words: str) -> None:
    assert words in "\n".join(remarks(inspection(**changes), complete_org(), ()))


def test_files_that_were_not_checked_in_the_org_are_named_first() -> None:
    assert next(remarks(inspection(), complete_org(), ("a.yaml", "b.yaml"))) == (
        "Not checked in the org, as they have errors: a.yaml, b.yaml."
    )


@pytest.mark.parametrize(
    ("is_sandbox", "rehearsal", "state", "words"),
    [
        (True, None, "not_probed", "not probed: --probe tries it out in a sandbox."),
        (False, None, "not_probed", "not probed: this is production, where validate writes nothing."),
        (True, TRIED, "honoured", "honoured: a note on case 00000001 was written and rolled back."),
    ],
)
def test_the_org_is_described_alike_in_text_and_json(
    is_sandbox: bool, rehearsal: Rehearsal | None, state: str, words: str
) -> None:
    found = Readiness(replace(complete_org(), is_sandbox=is_sandbox), inspection(), (), rehearsal)
    about, text = org_json("env", found, ()), org_text(found, ())
    assert words in text
    assert (about["all_or_nothing"], about["guard"], about["sandbox"]) == (state, "full", is_sandbox)
    assert f"You are {about['username']} in {about['name']} ({about['organization_id']}, " in text
    assert (about["rehearsal"] or "") in text


def test_names_of_the_org_cannot_forge_a_line() -> None:
    facts = replace(complete_org(), name="Acme\n\x1b[2Jok")
    found = Readiness(facts, inspection(flows=("A\nok",)), ())
    assert "Acme\\n\\x1b[2Jok" in org_text(found, ())
    assert "ok" not in org_text(found, ()).splitlines()
