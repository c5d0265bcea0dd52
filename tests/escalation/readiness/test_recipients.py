"""The people and teams that a policy notifies are asked of the org (`validate --org`); they block nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Policy, PolicyOwner
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.policy.telling import NoticeRules, Notify, NotifyWhen, Recipient, Warn
from sfdc_escalator.escalation.readiness.fitness import Fitness, fitness, gaps, missing_kinds
from sfdc_escalator.escalation.readiness.gap import GapKind
from sfdc_escalator.escalation.readiness.inspection import Telling
from sfdc_escalator.escalation.readiness.rights import queues_mailed
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


def test_the_accountable_team_is_asked_for_as_any_route_may_be_withheld() -> None:
    of = telling(accountable="leads")
    assert [one.kind for one in gaps([of], with_lookups(), inspection())] == [GapKind.QUEUE]
    assert missing_kinds([of], with_lookups()) == {GapKind.QUEUE}
    assert gaps([replace(of, owner=PolicyOwner())], with_lookups(), inspection()) == ()


def test_those_who_are_notified_later_or_before_are_asked_for_too() -> None:
    of, person = telling(), (Recipient("person", "Leed__r"),)
    later = replace(of.routes[0], notify_when=NotifyWhen(closed=person))
    before = replace(of.routes[0], warn=Warn(timedelta(hours=1), person))
    for one in (later, before):
        (gap,) = gaps([replace(of, routes=(one,))], with_lookups(), inspection())
        assert (gap.kind, gap.nearest) == (GapKind.PERSON, "Lead__r")


@pytest.mark.parametrize("rules", [{"must_say": ("Nowhere__c", "reason")}, {"links": ("Nowhere__c",)}])
def test_a_field_that_only_notices_read_is_a_warning_and_stops_no_route(rules: dict[str, Any]) -> None:
    of = replace(telling(Recipient("team", "support")), notices=NoticeRules(**rules))
    (gap,) = gaps([of], with_lookups(), inspection())
    assert (gap.kind, gap.subject, gap.severity, gap.blocks) == (GapKind.FIELD, "Nowhere__c", "warning", False)
    read = replace(of.routes[0], when=Field("Nowhere__c", "is", "x"))
    (gap,) = gaps([replace(of, routes=(read,))], with_lookups(), inspection())
    assert (gap.kind, gap.severity) == (GapKind.FIELD, "error")


def test_no_case_is_rejected_because_nobody_can_be_notified() -> None:
    of, org = telling(Recipient("team", "leads"), by_rung=True), with_lookups()
    assert fitness(of, org) == Fitness({}, ())


def test_a_queue_that_another_route_moves_cases_to_is_an_error_once() -> None:
    told, moved = telling(Recipient("team", "leads")).routes[0], route("b", queue="Suport")
    (one,) = gaps([replace(policy(told, moved), teams=TEAMS)], with_lookups(), inspection())
    assert (one.severity, one.blocks, one.routes) == ("error", True, ("a", "b"))


# -- channels ----------------------------------------------------------------------------------------------------------


def notified(*tell: str, queue: str = "Support", production: bool = True, **team: Any) -> tuple[Policy, OrgFacts]:
    """A policy with one team that is notified, and an org."""
    channels = {"alarm": "slack", "bell": "salesforce", "mail": "email"}
    of = telling(Recipient("team", "support"))
    teams = {"support": TeamPeople(queue, tell=tell, **team)}
    known = replace(of, teams=teams, notices=NoticeRules(people="bell", channels=channels))
    return known, replace(with_lookups(), is_sandbox=not production)


def channel_gaps(
    of: tuple[Policy, OrgFacts], bells: Mapping[str, str] | None = None, **found: Any
) -> list[tuple[str, str]]:
    policy, org = of
    some = gaps([policy], org, inspection(telling=Telling(**found)), bells or {})
    return [(message(one), one.severity) for one in some]


NO_TYPE = (
    "the channel bell needs the custom notification type SFDC_Escalator, which this org does not have, or which this "
    "user cannot see: make it in Setup, Custom Notifications (used by route a)"
)
NO_RIGHT = (
    "this user does not have the permission Send Custom Notifications, which the channel bell needs: add it in a "
    "permission set (only orgs made before Winter '21 do not ask for it) (used by route a)"
)
NO_MAIL = (
    "the queue 'Support' has no e-mail address, by which the channel mail notifies the team support: add it in Setup, "
    "Queues, or give the team a `list` (notified by route a)"
)


@pytest.mark.parametrize(
    ("tell", "production", "severity"),
    [
        (("bell",), True, "error"),
        ((), True, "error"),
        (("bell", "alarm"), True, "warning"),
        (("bell",), False, "warning"),
    ],
)
def test_a_bell_without_its_type_is_an_error_where_nobody_else_would_be_reached(
    tell: tuple[str, ...], production: bool, severity: str
) -> None:
    of = notified(*tell, production=production)
    assert channel_gaps(of, bell_types=frozenset()) == [(NO_TYPE, severity)]
    assert channel_gaps(of, bell_types=frozenset({"SFDC_Escalator"})) == []


def test_a_type_that_the_org_names_is_looked_for_and_the_nearest_is_named() -> None:
    of, types = notified("bell"), frozenset({"Escalation_Bell"})
    (gap,) = gaps([of[0]], of[1], inspection(telling=Telling(types)), {"bell": "Escalations_Bell"})
    assert (gap.values["type"], gap.nearest, gap.allowed) == ("Escalations_Bell", "Escalation_Bell", tuple(types))
    assert channel_gaps(of, {"bell": "Escalation_Bell"}, bell_types=types) == []


@pytest.mark.parametrize(
    ("tell", "asks", "production", "severity"),
    [
        (("bell",), False, True, "warning"),
        (("bell",), True, True, "error"),
        (("bell", "alarm"), True, True, "warning"),
        (("bell",), True, False, "warning"),
    ],
)
def test_the_right_to_ring_is_an_error_where_the_org_asks_for_it_and_nobody_else_is_reached(
    tell: tuple[str, ...], asks: bool, production: bool, severity: str
) -> None:
    """An org made before Winter '21 does not ask for it."""
    of = notified(*tell, production=production)
    assert channel_gaps(of, may_ring=False, asks_right=asks) == [(NO_RIGHT, severity)]
    assert channel_gaps(notified("bell"), may_ring=True) == []


@pytest.mark.parametrize("found", [{"bell_types": frozenset(), "may_ring": False}, {"mails": {"Support": ""}}])
def test_channels_that_no_route_uses_need_nothing(found: dict[str, Any]) -> None:
    assert channel_gaps(notified("alarm"), **found) == []


def test_an_org_that_does_not_answer_has_no_gap() -> None:
    assert channel_gaps(notified("bell", "mail")) == []


@pytest.mark.parametrize(
    ("tell", "production", "severity"),
    [(("mail",), True, "error"), (("mail", "alarm"), True, "warning"), (("mail",), False, "warning")],
)
def test_a_queue_needs_an_e_mail_address_where_mail_is_the_only_way_to_its_team(
    tell: tuple[str, ...], production: bool, severity: str
) -> None:
    of = notified(*tell, production=production)
    assert channel_gaps(of, mails={"Support": ""}) == [(NO_MAIL, severity)]
    assert channel_gaps(of, mails={"Support": "support@example.com"}) == []


@pytest.mark.parametrize("team", [{"list": "support@example.com"}, {"person": "ann@example.com"}])
def test_the_list_or_the_person_of_a_team_counts_before_its_queue(team: dict[str, Any]) -> None:
    of = notified("mail", **team)
    assert queues_mailed([of[0]]) == frozenset()
    assert queues_mailed([notified("mail")[0]]) == {"Support"}
    assert channel_gaps(of, mails={"Support": ""}) == []
