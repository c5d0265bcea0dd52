"""What the examples of a policy expect is tried; each is a case within the policy's scope."""

from pathlib import Path

import pytest

from sfdc_escalator.wiring.validation import check

TOP = """\
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}, others: {queue: Others}}
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
"""


def reported(tmp_path: Path, text: str) -> list[tuple[int | None, str, str]]:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP + text, encoding="utf-8")
    return [(one.line, one.severity, one.message) for one in check([path]).problems]


EXAMPLES = """\
routes:
  - {name: late, reason: x, when: {age: CreatedDate, calendar: office, at_least: 4h}, escalate: {queue: leads}}
  - {name: rma, reason: x, when: {related: ReturnOrders, through: Contact, at_least: 2}, scan: true,
     escalate: {priority: High}}
examples:
"""


@pytest.mark.parametrize(
    ("example", "why"),
    [
        ("{age: 4h, expect: late}", None),
        ("{age: 3h, expect: none}", None),
        ("{age: 3h, expect: late}", "the route late does not match: CreatedDate was 3 h ago (at least 4 h: no)"),
        ("{age: 5h, expect: none}", "the route late matches, which none should"),
        ("{related: {Contact.ReturnOrders: 2}, expect: rma, priority: High}", None),
        ("{related: {Contact.ReturnOrders: 1}, expect: rma}", "the route rma does not match"),
        ("{age: 5h, expect: late, queue: Others}", "its queue is Leads, not Others"),
        (
            "{age: 5h, related: {Contact.ReturnOrders: 2}, expect: rma}",
            "the route late matches, which comes before rma",
        ),
    ],
)
def test_an_example_that_comes_out_otherwise_is_an_error_with_its_reason(
    tmp_path: Path, example: str, why: str | None
) -> None:
    found = reported(tmp_path, EXAMPLES + f"  - {example}\n")
    if why is None:
        assert found == []
    else:
        (one,) = found
        assert one[:2] == (10, "error")
        assert one[2].startswith(f"the example does not give the expected result: {why}")


def test_an_example_that_expects_an_unknown_route_is_reported_with_the_nearest(tmp_path: Path) -> None:
    (one,) = reported(tmp_path, EXAMPLES + "  - {age: 5h, expect: lat}\n")
    assert "unknown route `lat`" in one[2]


def test_an_example_for_which_a_table_has_no_row_would_be_held(tmp_path: Path) -> None:
    text = """\
routes:
  - name: late
    reason: x
    when: {field: Type, is: A}
    escalate: {queue: {by: Origin, values: {Web: leads}}}
examples: [{case: {Type: A, Origin: %s}, expect: late}]
"""
    assert [one[1] for one in reported(tmp_path, text % "Web")] == ["warning"]
    *_, (line, severity, message) = reported(tmp_path, text % "Fax")
    assert (line, severity) == (10, "error")
    assert message.endswith("its queue comes from a table with no row for it, so it would be held")


SCOPED = """\
scope: %s
routes: [{name: flagged, reason: x, when: {field: Flag__c, is: true}, escalate: {queue: leads}}]
examples: [%s]
"""
TYPED = "{field: Type, in: [Phone, Web]}"


@pytest.mark.parametrize("route", ["flagged", "none"])
@pytest.mark.parametrize(
    "scope",
    [
        TYPED,
        "{field: RecordType.DeveloperName, is: Member}",
        "[{field: IsClosed, is: false}, {field: Type, is_empty: false}]",
        "{all: [{field: Type, is: Phone}, {not: {field: Origin, is_empty: true}}]}",
        "{any: [{field: Type, is: Phone}, {field: Origin, is: Web}]}",
        "{owner: user}",
        "{age: CreatedDate, at_least: 1h}",
        "{spoke: customer}",
        "{idle: customer, at_least: 1d}",
        "{text: [Subject, comments], mentions: help}",
        "{related: Tasks, at_least: 1}",
        "{table: {by: Type, values: {Phone: a}, else: b}, is: a}",
        "{in_state: Status, at_least: 1d}",
        "{field: IsClosed, is: true}",
    ],
)
def test_what_the_scope_demands_counts_as_met_when_an_example_says_nothing_about_it(
    tmp_path: Path, scope: str, route: str
) -> None:
    flag = "true" if route == "flagged" else "false"
    found = reported(tmp_path, SCOPED % (scope, f"{{case: {{Flag__c: {flag}}}, expect: {route}}}"))
    assert [one for one in found if one[1] == "error"] == []


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (TYPED, "case: {Flag__c: true, Type: Fax}"),
        (TYPED, "case: {Flag__c: true, type: Fax}"),
        (TYPED, "case: {Flag__c: true, Type: null}"),
        ("{all: [{field: Origin, is: Web}, {field: Type, is: Phone}]}", "case: {Flag__c: true, Type: Fax}"),
        ("{any: [{field: Origin, is: Web}, {field: Type, is: Phone}]}", "case: {Flag__c: true, Type: Fax}"),
        ("{not: {field: Type, is: Fax}}", "case: {Flag__c: true, Type: Fax}"),
        ("{field: Type, is: Phone}", "case: {Flag__c: true, IsClosed: true}"),
        ("{age: CreatedDate, at_least: 1h}", "case: {Flag__c: true}, age: 30m"),
        ("{idle: customer, at_least: 1d}", "case: {Flag__c: true}, customer_spoke: 2h"),
        ("{not: {spoke: agent}}", "case: {Flag__c: true}, agent_spoke: 2h"),
        ("{related: Tasks, at_least: 2}", "case: {Flag__c: true}, related: {Tasks: 1}"),
        ("{owner: user}", "case: {Flag__c: true, OwnerId: 00G000000000001AAA}"),
    ],
)
def test_what_an_example_says_of_the_scope_is_judged(tmp_path: Path, scope: str, said: str) -> None:
    (one,) = reported(tmp_path, SCOPED % (scope, f"{{{said}, expect: flagged}}"))
    assert one[1] == "error"
    assert "the route flagged does not match: " in one[2]
    assert reported(tmp_path, SCOPED % (scope, f"{{{said}, expect: none}}")) == []


def test_a_field_of_an_example_may_be_written_in_any_case(tmp_path: Path) -> None:
    example = "{case: {FLAG__C: true, type: web, priority: Low}, expect: flagged, priority: low}"
    assert reported(tmp_path, SCOPED % (TYPED, example)) == []


def test_what_a_route_itself_demands_is_never_taken_for_met(tmp_path: Path) -> None:
    (one,) = reported(tmp_path, SCOPED % (TYPED, "{case: {Type: Web}, expect: flagged}"))
    assert "the route flagged does not match: Flag__c" in one[2]
