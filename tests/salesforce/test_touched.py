"""The cases on which something happened since a time: one composite call for all kinds, whatever the org lacks."""

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, FieldChanges, Lookup, Records
from sfdc_escalator.salesforce.org import SalesforceOrg
from sfdc_escalator.salesforce.reading.touched import MOST_ROWS
from tests.builders import ME, NOW, numbered, policy, route
from tests.salesforce.conftest import Stage, error, page
from tests.stories.world import Row, World

TASKS, OWNER = Records("Tasks"), FieldChanges("OwnerId")
USUAL: frozenset[Lookup] = frozenset({OWNER, COMMENTS, EMAILS, TASKS})
ONE, TWO, THREE = (numbered("500", number) for number in (1, 2, 3))
GONE = (400, error("INVALID_TYPE", "sObject type 'EmailMessage' is not supported."))


def queries(stage: Stage) -> list[str]:
    return [unquote(url).partition("?q=")[2] for url in stage.urls()]


def test_the_usual_kinds_are_asked_in_one_call(stage: Stage) -> None:
    """L15."""
    stage.identified()
    stage.composite(
        page({"CaseId": ONE}, {"CaseId": ONE}), page({"ParentId": TWO}), page({"ParentId": TWO[:15]}),
        page({"WhatId": THREE}, {"WhatId": numbered("001", 1)}, {"WhatId": None}),
    )  # fmt: skip
    before = stage.org.api_calls
    assert stage.org.touched(NOW, USUAL) == frozenset({ONE, TWO, THREE})
    assert stage.org.api_calls - before == 1
    since, others = "CreatedDate >= 2026-03-02T15:00:00Z", f"CreatedById NOT IN ('{ME}')"
    owner = "'Owner','ownerAccepted','ownerAssignment','ownerEscalated'"
    assert queries(stage) == [
        f"SELECT CaseId FROM CaseHistory WHERE {since} AND {others} AND Field IN ({owner}) LIMIT 20001",
        f"SELECT ParentId FROM CaseComment WHERE {since} AND {others} LIMIT 20001",
        f"SELECT ParentId FROM EmailMessage WHERE {since} AND ParentId != null LIMIT 20001",
        f"SELECT WhatId FROM Task WHERE {since} AND What.Type = 'Case' LIMIT 20001",
    ]


def test_more_than_five_kinds_need_another_call(stage: Stage) -> None:
    stage.composite(*[page()] * 5)
    stage.composite(page({"CaseId": TWO}))
    more: set[Lookup] = {Records("WorkOrders"), Records("ReturnOrders")}
    assert stage.org.touched(NOW, USUAL | more) == frozenset({TWO})
    assert len(stage.mock.calls) == 2


def test_the_same_child_records_are_asked_once(stage: Stage) -> None:
    stage.composite(page({"WhatId": ONE}))
    kinds = {TASKS, Records("tasks", ("Subject",)), Records("Tasks", within=timedelta(days=1))}
    assert stage.org.touched(NOW, frozenset(kinds)) == frozenset({ONE})
    assert len(stage.urls()) == 1


def test_all_pages_count(stage: Stage) -> None:
    stage.composite(page({"ParentId": ONE}, more="/services/data/v67.0/query/01g-2000", total=2))
    stage.answers("GET", "query/01g-2000", page({"ParentId": TWO}))
    assert stage.org.touched(NOW, frozenset({COMMENTS})) == frozenset({ONE, TWO})


def test_what_the_org_does_not_have_is_left_out(stage: Stage) -> None:
    stage.composite(page({"CaseId": ONE}), page({"ParentId": TWO}), GONE, page({"WhatId": THREE}))
    assert stage.org.touched(NOW, USUAL) == frozenset({ONE, TWO, THREE})
    assert stage.org.touched(NOW, frozenset({Records("No_Such__r")})) == frozenset()


@pytest.mark.parametrize(
    ("part", "kind", "message"),
    [
        ((403, error("INSUFFICIENT_ACCESS")), OrgUnavailable, "INSUFFICIENT_ACCESS"),
        ((400, error("QUERY_TIMEOUT")), OrgUnavailable, "QUERY_TIMEOUT"),
        ((401, error("INVALID_SESSION_ID")), LoginRefused, "log in again"),
        (page({"ParentId": "x"}), OrgUnavailable, "record id"),
    ],
)
def test_any_other_failure_is_an_error(stage: Stage, part: Any, kind: type[Exception], message: str) -> None:
    stage.composite(page(), part, page(), page())
    with pytest.raises(kind, match=message):
        stage.org.touched(NOW, USUAL)


def test_after_too_much_has_happened_all_cases_are_to_be_looked_at(stage: Stage) -> None:
    stage.composite(page(*[{"ParentId": ONE}] * (MOST_ROWS + 1)))
    assert stage.org.touched(NOW, frozenset({COMMENTS})) is None


# -- over an org -----------------------------------------------------------------------------------------------------


def case(number: int) -> Row:
    return {"CaseNumber": f"{number:08}", "Subject": "Hello", "Status": "New"}


def touched(org: EmbeddedOrg, *needs: Lookup) -> frozenset[str] | None:
    """The cases touched since the beginning, in the sight of a run that reads fields with a history, and tasks."""
    held = InState("at_least", timedelta(hours=1), paths=("Status",))
    of = policy(route("a", held), route("b", Related(TASKS, "at_least", 1)))
    with SalesforceOrg(org.instance_url, org.access_token, sleep=lambda _: None) as door:
        door.facts(door.identify(), [of])
        return door.touched(NOW, frozenset(needs))


def test_a_field_without_a_history_touches_no_case(world: World) -> None:
    org = world.org(Case=[case(1), case(2)])
    org.act("edit", case="00000001", fields={"Subject": "Other"})
    two = org.act("edit", case="00000002", fields={"Status": "Working"})["id"]
    assert touched(org, FieldChanges("Subject")) == frozenset()
    assert touched(org, FieldChanges("Subject"), FieldChanges("Status")) == frozenset({two})


def test_tasks_of_other_objects_touch_no_case(world: World) -> None:
    org = world.org(Case=[case(1)], Account=[{"Name": "Acme", "Id": numbered("001", 1)}])
    org.act("create", object="Task", fields={"WhatId": numbered("001", 1), "Subject": "Call"})
    assert touched(org, TASKS) == frozenset()
    org.act("create", object="Task", fields={"WhatId": "00000001", "Subject": "Call"})
    assert len(touched(org, TASKS) or ()) == 1
