"""The frame of every page, its colours, and its pictures."""

import builtins
from collections.abc import Mapping
from typing import Any

import pytest

from sfdc_escalator.reports.html.charts import Bar, Point, bars, columns, pairs
from sfdc_escalator.reports.html.page import html_page, shown, web_address
from sfdc_escalator.reports.html.pictures import picture
from sfdc_escalator.reports.html.procedure.procedure_page import procedure_html
from tests.builders import policy
from tests.reports.hostile import HOSTILE, assert_harmless
from tests.reports.html.checks import assert_page, colours, contrast, parsed

BARS = bars([Bar("a", "x", 3), Bar("a", "y", 2), Bar("b", "x", 1)], "cases")
SPECS = {
    "bars": BARS,
    "hostile": bars([Bar(f"<script>{HOSTILE}</script>", "&\x00", 3), Bar("b", "y", 1)], "cases"),
    "columns": columns(
        [Point("2026-03-01", "a", 1), Point("2026-03-03", "b", 2)], ["2026-03-01", "2026-03-02", "2026-03-03"], "runs"
    ),
    "pairs": pairs([Bar("Bike", "escalated", 40), Bar("Bike", "all open", 20)], "percent"),
}


@pytest.mark.parametrize("dark", [0, 1])
def test_every_text_and_every_bar_can_be_told_from_its_ground_in_light_and_in_dark(dark: int) -> None:
    found = colours(procedure_html(policy()))[dark]
    grounds = [found[name] for name in ("page", "card", "wash")]
    low = {name: contrast(found[name], ground) for name in ("ink", "quiet", "link") for ground in grounds}
    assert {name: ratio for name, ratio in low.items() if ratio < 4.5} == {}
    assert contrast(found["ink"], found["warn-wash"]) >= 4.5
    assert contrast(found["mark"], found["card"]) >= 3
    series = {name: contrast(found[name], found["page"]) for name in found if name[0] == "c" and name[1:].isdigit()}
    assert len(series) == 8
    assert {name: ratio for name, ratio in series.items() if ratio < 3} == {}


@pytest.mark.parametrize("name", SPECS)
def test_a_picture_is_small_and_holds_shapes_and_texts_alone(name: str) -> None:
    drawn = picture(SPECS[name], "p", f"Title {HOSTILE} <b>")
    assert drawn.startswith("<svg viewBox=")
    assert len(drawn) < 6_000
    page = f"<!DOCTYPE html><title>x</title>{drawn}"
    tags = {str(one.tag).rpartition("}")[2] for one in parsed(page).iter()} - {"html", "head", "body"}
    assert tags <= {"svg", "g", "path", "line", "text", "rect", "title"}
    assert [word for word in ("http", "font-family", "<script", "#000", 'style="f') if word in drawn] == []
    assert_harmless(drawn)


def test_the_colours_of_a_picture_are_those_of_the_page() -> None:
    drawn = picture(BARS, "p", "Title")
    assert 'class="f-1"' in drawn
    assert 'class="f-2"' in drawn
    assert 'fill="' not in drawn


def test_without_the_extra_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pictures(monkeypatch)
    assert picture(BARS, "p", "Title") == ""


def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refused(name: str, values: Mapping[str, Any] | None = None, *more: Any) -> Any:
        if name == "vl_convert":
            raise ImportError(name)
        return imported(name, values, *more)

    monkeypatch.setattr(builtins, "__import__", refused)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://acme.example/x?a=1&b=2", "https://acme.example/x?a=1&b=2"),
        ("http://127.0.0.1:8000/lightning", "http://127.0.0.1:8000/lightning"),
        ("javascript:alert(1)", ""),
        ("JavaScript:alert(1)//https://x.example", ""),
        ("data:text/html,<script>alert(1)</script>", ""),
        ("file:" + "///etc/passwd", ""),
        ("//evil.example", ""),
        ("https://evil.example/ onmouseover=x", ""),
        ("https://\u202eevil.example", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_become_links(text: str, address: str) -> None:
    assert web_address(text) == address


def test_signs_that_hide_or_reorder_others_are_escapes_and_lines_stay() -> None:
    assert shown("a\n\u202eb\r\nGrüße") == "a\n\\u202eb\nGrüße"
    assert_harmless(str(shown(HOSTILE)))


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(Exception, match="is undefined"):
        html_page("procedure.html.j2")


def test_the_page_of_the_smallest_policy_is_a_page() -> None:
    assert_page(procedure_html(policy()))
