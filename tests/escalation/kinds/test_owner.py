"""`owner`: a user, a queue, or a member of a team."""

from dataclasses import replace

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.tree import Not
from sfdc_escalator.escalation.world.org import Queue
from tests.builders import AGENT, BILLING, NOW, SUPPORT, case, numbered

QUEUES = Circumstances(NOW, {"Support": SUPPORT, "Billing": BILLING})
MEMBER = next(iter(SUPPORT.members))


@pytest.mark.parametrize(
    ("condition", "owner", "holds"),
    [
        (Owner("user"), AGENT, True),
        (Owner("user"), MEMBER, True),
        (Owner("user"), SUPPORT.id, False),
        (Owner("in_queue", ("Support",)), SUPPORT.id, True),
        (Owner("in_queue", ("Support",)), BILLING.id, False),
        (Owner("in_queue", ("Billing", "Support")), SUPPORT.id, True),
        (Owner("in_queue", ("Support",)), MEMBER, False),
        (Owner("in_queue", ("Nowhere",)), SUPPORT.id, False),
        (Owner("in_queue", ()), SUPPORT.id, False),
        (Owner("member_of", ("Support",)), MEMBER, True),
        (Owner("member_of", ("Support",)), AGENT, False),
        (Owner("member_of", ("Support",)), SUPPORT.id, False),
        (Owner("member_of", ("Billing",)), MEMBER, False),
        (Owner("member_of", ("Billing", "Support")), MEMBER, True),
        (Owner("member_of", ("Nowhere", "Support")), MEMBER, True),
    ],
)
def test_the_owner_is_a_user_or_in_a_queue_or_a_member_of_a_team(condition: Owner, owner: str, holds: bool) -> None:
    one = case(owner=owner)
    assert condition.holds(one, QUEUES) is holds
    assert Not(condition).holds(one, QUEUES) is not holds


def test_a_user_may_be_a_member_of_several_teams() -> None:
    both = Circumstances(NOW, {"Support": SUPPORT, "Second": Queue(numbered("00G", 3), "Second", SUPPORT.members)})
    for name in ("Support", "Second"):
        assert Owner("member_of", (name,)).holds(case(owner=MEMBER), both)


@pytest.mark.parametrize(("name", "seen"), [("Ann Agent", "Ann Agent"), ("", AGENT)])
def test_an_owner_is_shown_by_name_where_the_org_gives_one(name: str, seen: str) -> None:
    assert Owner("user").look(replace(case(owner=AGENT), owner_name=name), QUEUES) == seen
