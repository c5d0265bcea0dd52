"""The people and teams that a policy notifies are asked of the org (`validate --org`); they block nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Policy, PolicyOwner
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.policy.telling import Notify, Recipient
from sfdc_escalator.escalation.readiness.fitness import Fitness, fitness, gaps, missing_kinds
from sfdc_escalator.escalation.readiness.gap import GapKind
from sfdc_escalator.escalation.readiness.sentences import message
from sfdc_escalator.escalation.world.org import FieldInfo, OrgFacts
from tests.builders import policy, route
from tests.escalation.readiness.orgs import complete_org, inspection, with_field

TEAMS = {"support": TeamPeople("Support"), "leads": TeamPeople("Suport"), "boss": TeamPeople("", "Owner.Manger")}
UNREAD = "that the user may read (notified by route a)"
BY_REGION = Table("", ("Status",), (Row(("New",), "support"),), "leads")


def telling(*told: Recipient, by_rung: bool = False, accountable: str = "", queue: str | None = None) -> Policy:
    rung = Rung("late", After(timedelta(hours=1)), "closed", notify=Notify(told) if by_rung else Notify())
    one = replace(route("a", queue=queue), notify=Notify() if by_rung else Notify(digest=told), ladder=Ladder((rung,)))
    return replace(policy(one), teams=TEAMS, owner=PolicyOwner(accountable))


def with_lookups() -> OrgFacts:
    info = FieldInfo("Lead__c", "reference", reference_to=("User",), relationship="Lead__r")
    org = with_field(complete_org(), "OwnerId")
    case = {**org.describe.objects["Case"], "Lead__c": info}
    return replace(org, describe=replace(org.describe, objects={**org.describe.objects, "Case": case}))


@pytest.mark.parametrize("by_rung", [False, True])
@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("team", "support", None),
        ("team", "leads", ("this org has no queue 'Suport' for cases (required by route a)", "Support")),
        ("table", BY_REGION, ("this org has no queue 'Suport' for cases (required by route a)", "Support")),
        ("channel", "alarm", None),
        ("person", "Owner", None),
        ("person", "Owner.Manager", None),
        ("person", "Lead__r", None),
        ("person", "Lead__r.Manager", None),
        ("person", "Account.Owner", None),
        ("person", "CreatedBy", None),
        ("person", "Leed__r", (f"Leed__r: Case has no lookup Leed__r {UNREAD}", "Lead__r")),
        ("person", "Account", ("Account leads to Account, not to a user (notified by route a)", None)),
        ("team", "boss", (f"Owner.Manger: User has no lookup Manger {UNREAD}", "Manager")),
    ],
)  # fmt: skip
def test_a_recipient_that_the_org_does_not_have_is_a_warning(
    kind: str, name: str, expected: tuple[str, str | None] | None, by_rung: bool
) -> None:
    of = telling(Recipient(kind, name), by_rung=by_rung)  # type: ignore[arg-type]
    found = gaps([of], with_lookups(), inspection())
    assert [(message(one), one.nearest) for one in found] == ([expected] if expected else [])
    assert all((one.severity, one.blocks) == ("warning", False) for one in found)


def test_the_accountable_team_is_asked_for_where_a_ladder_may_be_exhausted() -> None:
    of = telling(accountable="leads")
    assert [one.kind for one in gaps([of], with_lookups(), inspection())] == [GapKind.QUEUE]
    assert missing_kinds([of], with_lookups()) == {GapKind.QUEUE}
    quiet = replace(of, routes=(replace(of.routes[0], ladder=Ladder()),))
    assert gaps([quiet], with_lookups(), inspection()) == ()


def test_no_case_is_rejected_because_nobody_can_be_notified() -> None:
    of, org = telling(Recipient("team", "leads"), by_rung=True), with_lookups()
    assert fitness(of, org) == Fitness({}, ())


def test_a_queue_that_another_route_moves_cases_to_is_an_error_once() -> None:
    told, moved = telling(Recipient("team", "leads")).routes[0], route("b", queue="Suport")
    (one,) = gaps([replace(policy(told, moved), teams=TEAMS)], with_lookups(), inspection())
    assert (one.severity, one.blocks, one.routes) == ("error", True, ("a", "b"))
