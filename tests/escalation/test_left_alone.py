"""The reasons by which the cases without a match are counted."""

from datetime import timedelta

from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.left_alone import LeftAlone, Tally
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import EscalationState
from tests.builders import NOW, case, escalation, in_org, policy, remembering, route

HIGH, CLOSED = Field("Priority", "is", "High"), Field("Status", "is", "Closed")
TWO = policy(route("high", HIGH), route("closed", CLOSED))


def counted(*of: tuple[PolicyInOrg, Case]) -> LeftAlone:
    tally = Tally()
    for seen, one in of:
        tally.add({seen.policy.name: seen}, [NoMatch(seen.policy.name, one)])
    return tally.result()


def test_of_routes_that_are_equally_near_the_first_one_has_the_reason() -> None:
    seen = in_org(TWO)
    assert counted((seen, case(1)), (seen, case(2))).reasons == (("support/high: missing: Priority is High", 2),)


def test_cases_with_and_without_an_escalation_are_counted_apart_as_soon_as_it_is_known() -> None:
    before = escalation(case(2), EscalationState.APPLIED, "high", tried_at=NOW - timedelta(hours=1))
    known = in_org(TWO, remembering(before))
    found = counted((in_org(TWO), case(1)), (known, case(2)), (known, case(3)))
    texts = {one.text: one.numbers for one in found.by_route if one.route == "high"}
    assert sorted(texts.values()) == [("00000001", "00000003"), ("00000002",)]
    assert any(text.startswith("escalated by an earlier run; now ") for text in texts)
