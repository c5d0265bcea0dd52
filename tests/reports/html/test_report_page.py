"""The report page: every figure with its definition and its table, and a picture where one helps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.escalation.figures.figure import Figure, Part, Row
from sfdc_escalator.escalation.figures.period import Period
from sfdc_escalator.pipeline.read_models.report import Report
from sfdc_escalator.reports.html.report.report_page import report_html
from tests.channels.hostile import TEXTS
from tests.reports.html.checks import assert_page, elements, text_of
from tests.reports.html.test_page import without_pictures

ZONE = ZoneInfo("America/Chicago")
PERIOD = Period(datetime(2026, 3, 1, tzinfo=ZONE), datetime(2026, 4, 1, tzinfo=ZONE), ZONE)
FIRST = date(2026, 3, 1)
PER_DAY = Figure("escalations", "Escalations per day", "Those that started.", "escalations", ("day", "route"), (
    Row(2, "urgent", day=FIRST), Row(1, "late", day=FIRST), Row(4, "urgent", day=FIRST + timedelta(days=2)),
))  # fmt: skip
MEDIAN = Figure("first_act_median", "Time to the first act, median", "Half took no longer.", "seconds",
    ("route", "team"), (Row(7200, "urgent", "leads"), Row(45, "late", "leads")))  # fmt: skip
WITHIN = Figure("closed_within_due", "Closed within the due time", "Of all with one.", "escalations", ("route",),
    (Row(3, "urgent", of=4), Row(0, "late", of=2)))  # fmt: skip
COMMON = Figure("in_common", "What the cases have in common", "Top values.", "escalations", ("field", "item"), (
    Row(30, of=60, against=Part(10, 100), more={"field": "Product__c", "item": "Bike"}),
    Row(6, of=60, more={"field": "Product__c", "item": "Mat"}),
))  # fmt: skip
NONE = Figure("rejected", "Rejected", "By the org.", "escalations", ("route",))
REPORT = Report(
    PERIOD, (PER_DAY, MEDIAN, WITHIN, COMMON, NONE), ("Something is left out.",), "/ledger.db", ("00D",), ("support",),
    datetime(2026, 4, 1, 3, tzinfo=UTC),
)  # fmt: skip


def page(report: Report = REPORT) -> str:
    html = report_html(report)
    assert_page(html)
    return html


def tables(html: str) -> list[str]:
    return [text_of(one) for one in elements(html, "table")]


def test_every_figure_has_its_heading_its_definition_and_its_numbers() -> None:
    html = page()
    assert [text_of(one) for one in elements(html, "h3")] == [one.title for one in REPORT.figures if one.rows]
    assert [one.definition for one in REPORT.figures if one.rows and one.definition not in html] == []
    assert tables(html) == [
        "DayLateUrgentTogether 2026-03-01123 2026-03-03044 Together167",
        "RouteTeamTime UrgentLeads2 h LateLeads45 s",
        "RouteEscalationsShareOf Urgent375%4 Late00%2",
        "FieldValueEscalationsShareOfOf all open Product__cBike3050%6010% Product__cMat610%60not compared",
    ]
    assert "None in this period: rejected." in text_of(elements(html, "main")[0])
    assert "Something is left out." in html


def test_under_each_picture_stand_its_numbers() -> None:
    html = page()
    drawn = [one for one in elements(html, "figure") if any(child.tag.endswith("svg") for child in one)]
    assert len(drawn) == 4
    assert all(len(list(one.iter("{http://www.w3.org/1999/xhtml}table"))) == 1 for one in drawn)


def test_a_day_without_escalations_has_its_place_in_the_picture() -> None:
    [drawn] = elements(page(replace(REPORT, figures=(PER_DAY,))), "svg")
    assert "2026-03-02" in text_of(drawn)


def test_without_the_extra_the_tables_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with_pictures = tables(page())
    without_pictures(monkeypatch)
    html = page()
    assert elements(html, "svg") == []
    assert tables(html) == with_pictures


def test_a_long_period_is_shown_by_weeks_and_many_routes_as_others() -> None:
    rows = [Row(1, f"route-{number:02}", day=FIRST + timedelta(days=day)) for day in range(90) for number in range(9)]
    html = page(replace(REPORT, figures=(replace(PER_DAY, rows=tuple(rows)),)))
    [table] = elements(html, "table")
    heads = [text_of(one) for one in table.iter() if one.attrib.get("scope") == "col"]
    assert heads == ["Day", "Route 00", "Route 01", "Route 02", "Route 03", "Route 04", "Others", "Together"]
    assert "2026-W10" in text_of(table)
    assert text_of(table).endswith("Together9090909090360810")
    assert len(html) < 40_000


def test_a_period_in_which_nothing_happened_says_so() -> None:
    assert "Nothing happened in this period" in page(replace(REPORT, figures=(NONE,)))


@pytest.mark.parametrize("name", TEXTS)
def test_a_value_of_a_case_is_shown_as_text(name: str) -> None:
    rows = (Row(1, of=2, more={"field": "Product__c", "item": TEXTS[name]}), *COMMON.rows)
    page(replace(REPORT, figures=(replace(COMMON, rows=rows),)))


def test_a_figure_that_the_page_does_not_know_is_shown_as_well() -> None:
    html = page(replace(REPORT, figures=(replace(WITHIN, name="new_one"),)))
    assert "Further figures" in [text_of(one) for one in elements(html, "h2")]
