"""Tables for people."""

from sfdc_escalator.reports.terminal import table
from tests.reports.hostile import HOSTILE, SHOWN, assert_harmless


def test_a_table_has_a_title_a_head_and_a_row_for_each_entry() -> None:
    assert table(("Case", "State"), [("00000001", "applied"), ("00000002", "-")], title="Two cases").splitlines() == [
        "Two cases",
        "",
        " Case       State",
        " " + "─" * 18,
        " 00000001   applied",
        " 00000002   -",
    ]


def test_markup_and_control_characters_in_a_cell_are_text() -> None:
    shown = table(("Case", "Why"), [("[red]1[/red]", HOSTILE)], title=HOSTILE)
    assert_harmless(shown)
    assert "[red]1[/red]" in shown
    assert SHOWN[:20] in shown


def test_a_long_cell_is_folded_and_nothing_of_it_is_lost() -> None:
    text = "x" * 500
    lines = table(("Case", "Why"), [("00000001", text)]).splitlines()
    assert max(map(len, lines)) <= 120
    assert "".join(lines).count("x") == 500


def test_a_large_table_has_all_its_rows() -> None:
    shown = table(("Case",), [(f"{number:08d}",) for number in range(5_000)])
    assert sum(line.strip().isdigit() for line in shown.splitlines()) == 5_000
