"""Every queue and every priority that a route may give is in one variant of its steps."""

from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.readiness.step_variants import step_variants
from tests.builders import SUPPORT, org_facts, policy, route

QUEUES = Table("", ("Type",), (Row(("A",), Team("support", "Support")),), Team("billing", "Billing"))
PRIORITIES = Table("", ("Type",), (Row(("A",), "Low"), Row(("B",), "Medium")), "High")


def test_a_route_without_tables_has_one_variant() -> None:
    [variant] = step_variants([policy(route("a", queue="Support", status="Escalated"))], org_facts())
    assert (variant.name, variant.queue) == ("route a", "Support")
    assert variant.values == {"OwnerId": SUPPORT.id, "Status": "Escalated"}
    assert variant.saves_after_move


def test_the_variants_contain_every_value_of_tables_of_different_length() -> None:
    some = step_variants([policy(route("a", queue=QUEUES, priority=PRIORITIES))], org_facts())
    assert [variant.name for variant in some] == [
        "route a (Support, Low)",
        "route a (Billing, Medium)",
        "route a (Support, High)",
    ]


def test_a_route_whose_queues_are_all_missing_has_no_variant() -> None:
    assert step_variants([policy(route("a", queue="Nowhere"))], org_facts()) == []


def test_nothing_is_saved_after_the_move_where_the_fields_go_together() -> None:
    [variant] = step_variants([policy(route("a", status="Escalated"), together=True)], org_facts())
    assert not variant.saves_after_move
