"""JSON as commands print it."""

import json

import pytest

from sfdc_escalator.pipeline.preparing.examine import examine
from sfdc_escalator.reports.json.document import json_text
from sfdc_escalator.reports.json.explain import explain_json
from sfdc_escalator.reports.json.run import run_json
from tests.builders import caller, case, remembering, render
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.reports.hostile import HOSTILE
from tests.reports.runs import URGENT, rehearsal

HALF = "half of a pair: \ud800"


@pytest.mark.parametrize("text", [HALF, HOSTILE, "\udfff\ud800", "\\\ud800", "Grüße \U0001f600", ""])
def test_json_can_be_printed_and_read_back_whatever_its_texts_hold(text: str) -> None:
    printed = json_text({text: [text]})
    assert json.loads(printed.encode()) == {text: [text]}


def test_what_a_terminal_would_obey_or_hide_is_an_escape_and_nothing_else_is() -> None:
    assert json_text("Grüße \x9b\x7f\u202e\U000e0041\u200d!") == '"Grüße \\u009b\\u007f\\u202e\\udb40\\udc41\u200d!"'


def test_half_of_a_pair_is_escaped() -> None:
    assert json_text("Grüße \U0001f600 \ud800") == '"Grüße \U0001f600 \\ud800"'


def test_a_run_on_a_case_with_half_of_a_pair_can_be_printed() -> None:
    printed = json_text(run_json(rehearsal([case(1, status=HALF)]), "acme")).encode()
    assert b"half of a pair: \\ud800" in printed
    assert json.loads(printed)["matched"] == 0


def test_an_explanation_of_a_case_with_half_of_a_pair_can_be_printed() -> None:
    about = FakeOrg([case(1, status=HALF)]), caller(), FakeLedger(remembering()), [URGENT]
    examined = examine(*about, case(1).id, render, accepts_clock=False)
    printed = json_text(explain_json(examined)).encode()
    assert b"half of a pair: \\ud800" in printed
    assert json.loads(printed)["policies"][0]["routes"][0]["matches"] is False
