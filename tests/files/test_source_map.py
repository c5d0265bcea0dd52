"""Where a policy file says what only the org can find wrong."""

from pathlib import Path

import pytest

from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.files.source_map import SourceMap
from sfdc_escalator.files.text.yaml_document import parse

POLICY = """\
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}}
tables:
  urgency: {by: [Impact__c, Reason], rows: [[Hot, Low, Hot], [Hot, High, Cold]], else: Warm}
  texts: {by: Type, values: {Phone: HIP phone}, else: HIP}
defaults: {status: Open, note: {quick_text: [{table: texts}, Escalations]}}
routes:
  - {name: a, reason: x, when: {field: Type, in: [Leads, Phone]}, escalate: {queue: leads, priority: {table: urgency}}}
"""
GIVEN = ("values", "rows", "else")


@pytest.mark.parametrize(
    ("text", "keys", "places"),
    [
        ("Leads", ("queue", "in"), [(3, 24), (9, 51)]),
        ("Leads", ("queue",), [(3, 24)]),
        ("Open", ("status",), [(7, 20)]),
        ("Escalations", ("quick_text",), [(7, 62)]),
        ("HIP phone", ("quick_text", *GIVEN), [(6, 37)]),
        ("HIP", ("quick_text", *GIVEN), [(6, 55)]),
        ("Hot", ("priority", *GIVEN), [(5, 56)]),  # given, not looked at
        ("Cold", ("priority", *GIVEN), [(5, 74)]),
        ("Warm", ("priority", *GIVEN), [(5, 88)]),
        ("High", ("queue",), [(2, 27)]),  # among other words
        ("Nowhere", ("queue",), [(1, 9)]),  # the policy as a whole
    ],
)
def test_a_text_is_found_under_its_key_or_where_a_table_gives_it(
    text: str, keys: tuple[str, ...], places: list[tuple[int, int]]
) -> None:
    assert list(SourceMap(parse("policy.yaml", POLICY)).places_of(text, keys)) == places


def test_places_are_those_of_the_file_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "policy: support\nteams: {leads: {queue: Leads}}\n"
        "routes: [{name: a, reason: x, when: {field: A__c, is: x}, escalate: {queue: leads}}]\n"
    )
    loaded = load_policies([path])
    path.unlink()
    assert loaded.sources[str(path)].places_of("Leads", ("queue",)) == ((2, 24),)
