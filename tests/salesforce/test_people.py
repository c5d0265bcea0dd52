"""The people of an org are read in few calls."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.answers.tampering import VALUES, Tampering, places
from tests.salesforce.channels import ANN, an_org, never
from tests.salesforce.channels import QUEUE as SUPPORT
from tests.salesforce.conftest import Stage, page
from tests.sampling import some

USER, QUEUE, GROUP = long_id("005000000000002"), long_id("00G000000000001"), long_id("00G000000000002")
MEMBER = {"Id": USER, "Name": "Ann", "IsActive": True, "Email": None, "TimeZoneSidKey": "GMT", "ManagerId": None}
NAMED = {"Id": QUEUE, "Name": "Support", "Email": "support@example.com"}


def users(count: int) -> list[str]:
    return [long_id(f"005{number:012d}") for number in range(count)]


def test_two_thousand_users_are_one_call(stage: Stage) -> None:
    stage.composite(*[page() for _ in range(5)])
    stage.org.people(users(2000))
    assert len(stage.mock.calls) == 1
    stage.composite(*[page() for _ in range(5)])
    stage.composite(page())
    stage.org.people(users(2001))
    assert len(stage.mock.calls) == 3


def test_users_and_queues_are_asked_in_one_call(stage: Stage) -> None:
    stage.composite(page(MEMBER), page(NAMED), page({"GroupId": QUEUE, "UserOrGroupId": USER}))
    found = stage.org.people([USER, QUEUE, USER])
    assert (found.persons[USER].email, found.persons[USER].manager_id) == ("", "")
    assert found.groups[QUEUE].members == {USER}
    assert len(stage.mock.calls) == 1


def test_each_level_of_groups_inside_is_one_more_call_and_a_circle_ends(stage: Stage) -> None:
    stage.composite(page(NAMED), page({"GroupId": QUEUE, "UserOrGroupId": GROUP}))
    stage.composite(page({"GroupId": GROUP, "UserOrGroupId": QUEUE}, {"GroupId": GROUP, "UserOrGroupId": USER}))
    assert stage.org.people([QUEUE]).groups[QUEUE].members == {USER}
    assert len(stage.mock.calls) == 2


def test_without_ids_nothing_is_asked(stage: Stage) -> None:
    stage.org.people([])
    assert len(stage.mock.calls) == 0


@pytest.mark.parametrize("wrong", [{"IsActive": None}, {"IsActive": "yes"}, {"Id": "x"}, {"Email": 5}])
def test_a_user_of_another_shape_is_an_answer_of_another_shape(stage: Stage, wrong: dict[str, object]) -> None:
    stage.composite(page({**MEMBER, **wrong}))
    with pytest.raises(OrgUnavailable, match="unexpected shape"):
        stage.org.people([USER])


def test_a_wrong_value_in_an_answer_is_read_or_is_an_error_of_the_org(tmp_path: Path) -> None:
    with an_org(tmp_path / "org", GroupMember=[{"GroupId": "Support", "UserOrGroupId": "ann@example.com"}]) as org:

        def asked(tampering: Tampering) -> list[tuple[str, Any]]:
            with pytest.MonkeyPatch.context() as patch:
                tampering.installed(patch)
                with SalesforceOrg(org.instance_url, org.access_token, budget=0, sleep=never) as found:
                    found.people([ANN, SUPPORT])
            return tampering.answers

        tries = [(place, name) for place in places(asked(Tampering())) for name in VALUES]
        for place, name in some(tries, 100):
            with suppress(OrgUnavailable):
                asked(Tampering(place, VALUES[name]))
