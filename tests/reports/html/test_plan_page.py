"""The plan page: a card for each case, everything in short that is not escalated, and texts of strangers as text."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.ladder import After, AfterDue, DueIn, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Guards
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.policy.telling import NoticeRules, Notify, Recipient
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.html.plan.plan_page import plan_html
from tests.builders import caller, case, note, policy, route
from tests.channels.hostile import TEXTS
from tests.reports.html.checks import assert_page, elements, links, text_of
from tests.reports.html.test_page import without_pictures
from tests.reports.runs import INCOMPLETE, NEW, URGENT, rehearsal

LADDER = Ladder((
    Rung("after-30m", After(timedelta(minutes=30)), "acknowledged"),
    Rung("late", AfterDue(timedelta()), "closed", notify=Notify((Recipient("person", "Owner.Manager"),))),
))  # fmt: skip
TOLD = Notify((Recipient("team", "support", urgent=True),))
NOTIFYING = replace(
    policy(replace(URGENT.routes[0], ladder=LADDER, due=DueIn(timedelta(hours=24)), notify=TOLD)),
    teams={"support": TeamPeople("Support", tell=("desk",))},
    notices=NoticeRules(channels={"desk": "log"}, links=("Project_Link__c",)),
)
URL = caller().instance_url
LINK = "https://projects.example/7?a=1&b=2"


def named(number: int, fields: dict[str, Any] | None = None, **more: Any) -> Case:
    return replace(case(number, fields), owner_name="Ann", account_name="Acme", **more)


def page(result: Result) -> str:
    html = plan_html(result, "prod")
    assert_page(html, f"{URL}/lightning/r/Case/", LINK)
    return html


def cards(html: str) -> list[str]:
    return [text_of(one) for one in elements(html, "article")]


def test_a_card_says_everything_about_a_case() -> None:
    html = page(rehearsal([named(1, {"Project_Link__c": LINK})], NOTIFYING))
    [found] = cards(html)
    for text in (
        "00000001 It broke", "Acme", "owner Ann", "ESC-", "Status is New", "Owner: Ann → Support",
        "Status: New → Escalated", "Priority: Medium → Urgent", "ESCALATION support/urgent", "Because of urgent.",
        "startMon 15:00 UTC", "After 30mMon 15:30 UTC", "LateTue 15:00 UTC",
        "dueTue 2026-03-03 15:00 UTC", "Support by desk, urgent",
    ):  # fmt: skip
        assert text in found
    assert list(links(html)) == [f"{URL}/lightning/r/Case/{case(1).id}/view", LINK]


def test_the_note_stands_in_full_line_by_line() -> None:
    result = rehearsal([named(1)])
    [written] = elements(page(result), "pre")
    assert written.text == result.outcomes[0].note


def test_a_step_that_changes_nothing_says_why() -> None:
    [found] = cards(page(rehearsal([replace(named(1), priority="High")], policy(route("urgent", NEW, priority="Low")))))
    assert "Priority: High (a priority is never lowered)" in found


def test_the_summary_counts_by_route_and_team() -> None:
    html = page(rehearsal([named(1), named(2)]))
    table = text_of(elements(html, "table")[0])
    assert table == "RouteTeamCases UrgentSupport2 Together2"
    assert text_of(elements(html, "svg")[0]).startswith("Cases to escalate, by route and team")


def test_without_the_extra_the_table_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pictures(monkeypatch)
    html = page(rehearsal([named(1)]))
    assert elements(html, "svg") == []
    assert "UrgentSupport1" in text_of(elements(html, "table")[0])


def test_what_is_not_escalated_stands_in_short_with_its_reason() -> None:
    few = replace(URGENT, guards=Guards(max_cases=1))
    html = page(rehearsal([named(1), named(2), case(3, status="Working")], few))
    tables = [text_of(one) for one in elements(html, "table")]
    assert any("withheldUrgent2 cases at once is more than max_cases: 1" in one for one in tables), tables
    assert any("support/urgent: missing: Status is New1" in one for one in tables), tables
    assert "No case is escalated now." in html
    assert cards(html) == []


def test_a_held_case_says_which_part_is_missing() -> None:
    html = page(rehearsal([named(1)], INCOMPLETE))
    [found] = [text_of(one) for one in elements(html, "table")]
    assert "held" in found
    assert "offers" in found


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_a_stranger_is_shown_as_text(name: str) -> None:
    """In the subject, the account, the owner, the note and a link of the policy."""
    text = TEXTS[name]
    spec = note(template=lambda context: f"Help\n{text[:2000].encode(errors='replace').decode()}\n")
    of = replace(NOTIFYING, routes=(replace(NOTIFYING.routes[0], escalate=route("urgent", note_spec=spec).escalate),))
    one = replace(named(1, {"Project_Link__c": text}), subject=text, account_name=text, owner_name=text)
    html = plan_html(rehearsal([one], of), "prod")
    assert_page(html, f"{URL}/lightning/r/Case/")
    signs = "\u202e\u2066\u200b\x00\x1b\x7f\x9b\ufeff"
    assert [sign for sign in signs if sign in html] == []


def test_200_cases_with_notes_of_800_bytes_are_less_than_300_kb() -> None:
    spec = note(template=lambda context: f"{'A line of the note, as long as lines are.' * 19}\n")
    escalate = NOTIFYING.routes[0].escalate
    assert escalate is not None
    of = replace(
        NOTIFYING,
        routes=(replace(NOTIFYING.routes[0], escalate=replace(escalate, note=spec)),),
        guards=Guards(max_cases=200),
    )
    cases = [replace(named(number), subject="A subject of the usual length, that says it") for number in range(1, 201)]
    result = rehearsal(cases, of, RunOptions())
    html = plan_html(result, "prod")
    assert html.count("<article>") == 200
    assert len(html.encode()) < 300_000
