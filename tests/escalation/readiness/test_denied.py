"""The requirements of a policy that an inspection finds not to be met: rights, record types, filters, the poll."""

from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import gaps
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import QueryPlan, Sample
from sfdc_escalator.escalation.readiness.sentences import message
from sfdc_escalator.escalation.world.org import OrgFacts, Queue
from tests.builders import ME, SUPPORT, note, policy, route
from tests.escalation.readiness.orgs import complete_org, inspection, with_field

SUBJECT = policy(route("high", queue="Support", status="Escalated"))


def found(of: Policy = SUBJECT, org: OrgFacts | None = None, **changes: Any) -> tuple[Gap, ...]:
    return gaps([of], org or complete_org(), inspection(**changes))


def test_an_org_that_allows_everything_has_no_gap() -> None:
    assert found() == ()


def test_a_refused_route_is_an_error_of_its_own() -> None:
    [gap] = found(refused={("support", "high"): "No such column"})
    assert message(gap) == "route high: the org refuses its part of the poll: No such column"


def test_a_refused_poll_of_accepted_routes_is_an_error() -> None:
    [gap] = found(poll_refusal="the org answered QUERY_TOO_COMPLICATED: no")
    assert message(gap) == "the org refuses the poll: the org answered QUERY_TOO_COMPLICATED: no"


def test_a_refused_poll_of_several_policies_is_a_gap_without_a_file() -> None:
    both = [SUBJECT, policy(route("other"), name="other")]
    [gap] = gaps(both, complete_org(), inspection(poll_refusal="no"))
    assert (gap.file, found(poll_refusal="no")[0].file) == (None, "support.yaml")


@pytest.mark.parametrize(("cost", "warned"), [(2.4, True), (1.0, False), (0.2, False)])
def test_a_poll_that_is_not_selective_is_a_warning_however_few_cases_there_are(cost: float, warned: bool) -> None:
    some = found(plans=(QueryPlan("TableScan", cost, 9, 450), None))
    assert [(gap.kind, gap.severity) for gap in some] == ([(GapKind.POLL_SLOW, "warning")] if warned else [])


def test_a_record_type_that_does_not_offer_the_value_is_a_warning() -> None:
    offers = {"Retail": {"Status": frozenset({"new"})}, "Partner": {"Status": frozenset({"new", "escalated"})}}
    [gap] = found(picklists=offers)
    assert (message(gap), gap.severity) == (
        "Status 'Escalated' is not offered by these record types: Retail. Their cases may be rejected",
        "warning",
    )


def test_in_a_private_org_the_move_may_remove_the_right_to_edit() -> None:
    [gap] = found(sharing="Private")
    assert message(gap).startswith("the move to Support may cost the right to edit the case before route high can")
    assert gap.severity == "warning"


def test_a_case_of_the_queue_that_the_user_may_not_edit_proves_that_the_right_is_lost() -> None:
    [gap] = found(samples={"Support": Sample("00000042", editable=False)})
    for part in ("costs the right", "its case 00000042", "`fields: together`"):
        assert part in message(gap)
    assert gap.severity == "error"


@pytest.mark.parametrize("cause", ["modify all", "a member", "together", "a case of the queue", "nothing after it"])
def test_no_warning_where_the_user_keeps_the_right_or_needs_it_only_once(cause: str) -> None:
    of, org, changes = SUBJECT, complete_org(), {"sharing": "Private", "modifies_all": cause == "modify all"}
    if cause == "a member":
        org = replace(org, queues={"Support": Queue(SUPPORT.id, "Support", frozenset({ME}))})
    if cause == "together":
        of = replace(of, together=True)
    if cause == "nothing after it":
        of = policy(route("high", queue="Support"))
    samples = {"Support": Sample("00000042", editable=True)} if cause == "a case of the queue" else {}
    assert found(of, org, samples=samples, **changes) == ()


@pytest.mark.parametrize(
    ("readonly", "key"),
    [("OwnerId", "queue"), ("Status", "status"), ("Priority", "priority")],
)
def test_a_field_that_the_user_may_not_edit_is_an_error_at_its_step(readonly: str, key: str) -> None:
    of = policy(route("high", queue="Support", status="Escalated", priority="High"))
    [gap] = found(of, with_field(complete_org(), readonly, updateable=False))
    assert (gap.kind, gap.keys) == (GapKind.FIELD_READ_ONLY, (key,))
    assert message(gap) == (
        f"this user may not edit Case.{readonly}, which route high would set: give it edit access to the field in a "
        "permission set"
    )


def test_a_user_who_may_not_comment_can_leave_no_note() -> None:
    [gap] = found(may_comment=False)
    assert "may not create case comments" in message(gap)


def test_a_user_who_may_not_post_in_feeds_is_a_gap_where_the_policy_posts() -> None:
    posting = policy(route("high", note_spec=replace(note(), also_on="Account")))
    assert found(may_post=False) == ()
    assert [gap.kind for gap in found(posting, may_post=False) if gap.kind is not GapKind.FIELD] == [GapKind.POSTS]


def test_a_route_that_the_org_cannot_filter_is_a_warning_unless_it_is_intended() -> None:
    scans = frozenset({("support", "high")})
    [gap] = found(scans=scans)
    assert (gap.severity, "route high reads every open case" in message(gap)) == ("warning", True)
    assert found(policy(replace(route("high"), scan=True)), scans=scans) == ()
