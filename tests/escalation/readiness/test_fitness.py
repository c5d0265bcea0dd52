"""The gaps between a policy and an org that a run needs."""

from sfdc_escalator.escalation.readiness.fitness import fitness
from tests.builders import org_facts, policy, route


def test_a_route_to_a_queue_that_the_org_does_not_have_is_unfit_and_the_nearest_name_is_given() -> None:
    reasons = fitness(policy(route("a", queue="Suport"), route("b")), org_facts()).unfit
    assert reasons == {"a": "this org has no queue 'Suport' for cases; did you mean Support?"}


def test_a_priority_outside_a_restricted_picklist_is_unfit() -> None:
    reasons = fitness(policy(route("a", priority="Urgentt")), org_facts()).unfit
    assert "did you mean Urgent" in reasons["a"]


def test_a_status_outside_an_open_picklist_is_only_a_warning() -> None:
    unsure = policy(route("a", status="Escalatd"), route("b", status="ESCALATED"))
    assert fitness(unsure, org_facts()).unfit == {}
    [warning] = fitness(unsure, org_facts()).warnings
    assert warning.startswith(
        "route a: Status 'Escalatd' is not a value of this org's picklist; did you mean Escalated"
    )


def test_a_short_form_of_a_picklist_value_has_the_whole_value_as_the_nearest() -> None:
    [warning] = fitness(policy(route("a", status="Esc")), org_facts()).warnings
    assert "did you mean Escalated" in warning


def test_a_route_without_queue_status_and_priority_is_fit_for_every_org() -> None:
    assert fitness(policy(route(queue=None)), org_facts(queues=())).unfit == {}
