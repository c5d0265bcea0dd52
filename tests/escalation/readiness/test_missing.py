"""The requirements of a policy that an org does not meet, each one once, with its routes."""

from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import gaps
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind, field_keys
from sfdc_escalator.escalation.readiness.inspection import KnownNames
from sfdc_escalator.escalation.readiness.sentences import message
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.escalation.world.org import Child, Describe, OrgFacts
from sfdc_escalator.salesforce.schema.describe import parse_fields
from tests.builders import condition_on, note, policy, route
from tests.escalation.readiness.orgs import complete_org, inspection, with_field


def found(of: Policy, org: OrgFacts | None = None, known: KnownNames | None = None) -> tuple[Gap, ...]:
    return gaps([of], org or complete_org(), inspection(known_names=known or KnownNames()))


def with_quick_texts(*names: str) -> Policy:
    return policy(route("a", note_spec=replace(note(), quick_texts=names)))


def test_an_org_that_has_everything_has_no_gap() -> None:
    assert found(policy(route("a"))) == ()


def test_a_queue_is_one_gap_with_every_route_that_requires_it() -> None:
    wanted = policy(route("a", queue="suport"), route("b", queue="suport"), route("c", queue=None))
    [gap] = found(wanted)
    assert gap == Gap(
        GapKind.QUEUE,
        "suport",
        ("queue", "in"),
        nearest="Support",
        allowed=("Support", "Billing"),
        blocks=True,
        routes=("a", "b"),
        file="support.yaml",
    )
    assert message(gap) == "this org has no queue 'suport' for cases (required by routes a, b)"


def test_a_field_is_a_gap_with_the_nearest_one() -> None:
    [gap] = found(policy(route("a", when=condition_on("Prioritty", "x"))))
    assert (gap.subject, gap.keys, gap.nearest, gap.severity) == ("Prioritty", field_keys(), "Priority", "error")
    assert message(gap) == "Prioritty: Case has no Prioritty that the user may read (read by route a)"


def test_a_field_that_consists_of_several_cannot_be_read() -> None:
    org = with_field(complete_org(), "Subject", type="address")
    [gap] = found(policy(route("a", when=condition_on("Subject", "x"))), org)
    assert (gap.kind, gap.nearest) == (GapKind.COMPOUND_FIELD, None)


def test_a_misspelt_value_is_a_gap_with_the_nearest_one() -> None:
    some = found(policy(route("a", status="Escalatd", priority="Urgentt")))
    assert {(gap.subject, gap.nearest, gap.severity, gap.blocks) for gap in some} == {
        ("Urgentt", "Urgent", "error", True),
        ("Escalatd", "Escalated", "error", False),
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "is not a value of this org's picklist"),
        ({"inactive": ("Parked",)}, "is inactive in this org's picklist"),
        ({"restricted": True}, "is not a value of this org's picklist"),
    ],
)
def test_a_value_outside_the_picklist_is_an_error_even_where_the_org_stores_it(
    more: dict[str, Any], words: str
) -> None:
    [gap] = found(policy(route("a", status="Parked")), with_field(complete_org(), "Status", **more))
    assert (gap.severity, gap.nearest) == ("error", None)
    assert message(gap) == f"Status 'Parked' {words} (written by route a)"


@pytest.mark.parametrize(
    ("known", "kind", "nearest"),
    [
        (KnownNames(), GapKind.QUEUE, None),
        (KnownNames(queues=frozenset({"Leads_Only"})), GapKind.QUEUE_OBJECTS, None),
    ],
)
def test_a_queue_that_serves_other_objects_is_a_gap_of_its_own(
    known: KnownNames, kind: GapKind, nearest: str | None
) -> None:
    [gap] = found(policy(route("a", queue="Leads_Only")), known=known)
    assert (gap.kind, gap.nearest) == (kind, nearest)


@pytest.mark.parametrize(
    ("names", "texts", "expected"),
    [
        (("Escalation", "Other"), {}, [(GapKind.QUICK_TEXT, "Other", "Others", "warning")]),
        (("Escalation", "Other"), {"escalation": "{parts}"}, []),
        (
            ("Escalation",),
            {"escalation": "{!Case.Subjct}"},
            [(GapKind.QUICK_TEXT_FIELD, "Escalation", "Subject", "error")],
        ),
        (("Escalation",), {"escalation": "{part}"}, [(GapKind.PLACEHOLDER, "Escalation", None, "error")]),
        (
            ("Escalation",),
            {"escalation": "{part} {!Case.Subjct}"},
            [
                (GapKind.QUICK_TEXT_FIELD, "Escalation", "Subject", "error"),
                (GapKind.PLACEHOLDER, "Escalation", None, "error"),
            ],
        ),
    ],
)
def test_a_quick_text_has_to_be_there_and_to_be_filled(
    names: tuple[str, ...], texts: dict[str, str], expected: list[tuple[GapKind, str, str | None, str]]
) -> None:
    org = replace(complete_org(), quick_texts=texts)
    some = found(with_quick_texts(*names), org, KnownNames(quick_texts=("Others",)))
    assert [(gap.kind, gap.subject, gap.nearest, gap.severity) for gap in some] == expected


ORDERS = Describe(
    {"Case": complete_org().describe.objects["Case"], "Order__c": parse_fields({"fields": []})},
    {"Case": {"Orders__r": Child("Order__c", "Case__c")}},
)


@pytest.mark.parametrize(
    ("records", "kind", "nearest"),
    [
        (Records("Order__r"), GapKind.RELATION, "Orders__r"),
        (Records("Orders__r", fields=("State__c",)), GapKind.RELATED_FIELD, None),
        (Records("Orders__r", same=("State__c",)), GapKind.RELATED_FIELD, None),
    ],
)
def test_related_records_have_to_be_readable(records: Records, kind: GapKind, nearest: str | None) -> None:
    from sfdc_escalator.escalation.readiness.fields import unreadable_records

    gap = unreadable_records(records, ORDERS)
    assert gap is not None
    assert (gap.kind, gap.subject, gap.nearest) == (kind, records.relation, nearest)


def test_describe_says_which_picklist_is_restricted_and_which_values_are_inactive() -> None:
    field = {"name": "Status", "type": "picklist", "filterable": True, "nillable": True, "updateable": True}
    values = [{"value": "New", "active": True}, {"value": "Old", "active": False}]
    restricted = parse_fields({"fields": [{**field, "restrictedPicklist": True, "picklistValues": values}]})["Status"]
    assert (restricted.restricted, restricted.values, restricted.inactive) == (True, ("New",), ("Old",))
    assert parse_fields({"fields": [field]})["Status"].restricted is False
