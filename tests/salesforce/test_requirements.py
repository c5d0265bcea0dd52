"""What a policy demands and an org lacks, each thing once, with the routes that want it."""

from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.escalation.world.org import Describe, OrgFacts
from sfdc_escalator.salesforce.readiness.known_names import KnownNames
from sfdc_escalator.salesforce.readiness.requirements import FIELD_KEYS, Gap, lacks
from sfdc_escalator.salesforce.schema.describe import parse_fields, standard_describe
from tests.builders import condition_on, org_facts, policy, route


def org() -> OrgFacts:
    """With the fields of a new org, and the picklists of the builders'."""
    known, ours = standard_describe().objects, org_facts()
    return replace(ours, describe=Describe({**known, "Case": {**known["Case"], **ours.describe.objects["Case"]}}))


def test_a_complete_org_has_no_gaps() -> None:
    assert list(lacks(policy(route("a")), org(), KnownNames())) == []


def test_a_missing_queue_is_reported_once_with_every_route() -> None:
    wanted = policy(route("a", queue="suport"), route("b", queue="suport"), route("c", queue=None))
    message = "this org has no queue suport for cases (wanted by routes a, b)"
    assert list(lacks(wanted, org(), KnownNames())) == [
        Gap("suport", ("queue", "in"), message, "Support", routes=("a", "b"), expected="one of Support, Billing")
    ]


def test_a_missing_field_is_reported_with_the_nearest_one() -> None:
    [lack] = lacks(policy(route("a", when=condition_on("Prioritty", "x"))), org(), KnownNames())
    assert (lack.subject, lack.keys, lack.nearest, lack.severity) == ("Prioritty", FIELD_KEYS, "Priority", "error")
    assert lack.message == "Prioritty: Case has no Prioritty that the user may read (read by route a)"


def test_a_misspelt_value_is_reported_with_the_nearest_one() -> None:
    found = lacks(policy(route("a", status="Escalatd", priority="Urgentt")), org(), KnownNames())
    assert {(lack.subject, lack.nearest, lack.severity) for lack in found} == {
        ("Urgentt", "Urgent", "error"),
        ("Escalatd", "Escalated", "error"),
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "is not a value of this org's picklist"),
        ({"inactive": ("Parked",)}, "is inactive in this org's picklist"),
        ({"restricted": True}, "is not a value of this org's picklist"),
    ],
)
def test_a_value_outside_the_picklist_is_an_error_even_if_the_org_accepts_it(more: dict[str, Any], words: str) -> None:
    ours = org()
    case = dict(ours.describe.objects["Case"])
    case["Status"] = replace(case["Status"], **more)
    ours = replace(ours, describe=Describe({**ours.describe.objects, "Case": case}))
    [lack] = lacks(policy(route("a", status="Parked")), ours, KnownNames())
    assert (lack.severity, lack.nearest) == ("error", None)
    assert lack.message == f"Status 'Parked' {words} (written by route a)"


def test_a_queue_for_other_objects_is_reported_as_such() -> None:
    [lack] = lacks(policy(route("a", queue="Leads_Only")), org(), KnownNames(frozenset({"Leads_Only"})))
    assert (lack.message, lack.nearest) == (
        "the queue Leads_Only does not serve cases: add Case to its supported objects (Setup, Queues) "
        "(wanted by route a)",
        None,
    )


def test_describe_says_which_picklist_is_restricted_and_which_values_are_inactive() -> None:
    field = {"name": "Status", "type": "picklist", "filterable": True, "nillable": True, "updateable": True}
    values = [{"value": "New", "active": True}, {"value": "Old", "active": False}]
    restricted = parse_fields({"fields": [{**field, "restrictedPicklist": True, "picklistValues": values}]})["Status"]
    assert (restricted.restricted, restricted.values, restricted.inactive) == (True, ("New",), ("Old",))
    assert parse_fields({"fields": [field]})["Status"].restricted is False
