"""One query for all routes; a broken field breaks only its route; no page is lost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import pytest

from sfdc_escalator.errors import Invalid, OrgUnavailable
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.soql import Soql
from sfdc_escalator.escalation.conditions.tree import AnyOf
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.org import Caller, Describe, FieldInfo, OrgFacts
from sfdc_escalator.salesforce import standard_describe
from sfdc_escalator.salesforce.soql.splitting import ROOM
from tests.builders import AGENT, ME, NOW, note, numbered, policy, route
from tests.polls import whole
from tests.salesforce.conftest import DATA, ORG, URL, Stage, error, page

CUSTOM = {
    "Tags__c": FieldInfo("Tags__c", "multipicklist"),
    "Due__c": FieldInfo("Due__c", "date"),
    "Home__c": FieldInfo("Home__c", "location"),
}
STANDARD = standard_describe().objects
DESCRIBE = Describe({**STANDARD, "Case": {**STANDARD["Case"], **CUSTOM}})
SURVEY = OrgFacts(Caller(URL, ORG, ME, NOW - timedelta(minutes=1)), "Acme", False, {}, 10, DESCRIBE)
ENGINE = (
    "Id, CaseNumber, OwnerId, Status, Priority, CreatedDate, AccountId, ParentId, Owner.Name, Subject, Account.Name"
)


def is_(path: str, value: str) -> Condition:
    return Field(path, "is", value)


def record(number: int, **fields: Any) -> dict[str, Any]:
    engine = {
        "attributes": {"type": "Case"}, "Id": numbered("500", number), "CaseNumber": f"{number:08d}", "OwnerId": AGENT,
        "Status": "New", "Priority": None, "CreatedDate": "2026-03-01T10:00:00.000+0000", "AccountId": None,
        "ParentId": None, "IsClosed": False, "Origin": None, "Subject": None,
    }  # fmt: skip
    return engine | fields


def queries(stage: Stage) -> list[str]:
    urls = [urlsplit(call.request.url or "") for call in stage.mock.calls if call.request.method == "GET"]
    return [unquote_plus(url.query.removeprefix("q=")) for url in urls if url.path.endswith("/query/")]


def poll_policies(stage: Stage, *policies: Policy, case: str | None = None) -> Any:
    return whole(stage.org.poll(policies, SURVEY, case))


def test_all_routes_of_all_policies_are_one_query(stage: Stage) -> None:
    stage.answers("GET", "query/", page(record(1)))
    one = policy(route("a", is_("Origin", "Web")), route("b", is_("Subject", "x")))
    other = policy(route("c", is_("origin", "Phone")), name="other")
    found = poll_policies(stage, one, other)
    assert queries(stage) == [
        f"SELECT {ENGINE}, IsClosed, Origin FROM Case WHERE IsClosed = false"
        " AND (Origin = 'Web' OR Subject = 'x' OR origin = 'Phone') ORDER BY Id"
    ]
    assert stage.mock.calls[0].request.headers["Sforce-Query-Options"] == "batchSize=2000"
    assert (found.at, found.broken, [case.number for case in found.cases]) == (NOW, {}, ["00000001"])


def test_the_subject_and_the_accounts_name_come_with_the_poll_whatever_the_policies_read(stage: Stage) -> None:
    account = {"attributes": {"type": "Account"}, "Name": "Acme & Sons"}
    stage.answers("GET", "query/", page(record(1, Subject="It broke", Account=account), record(2, Account=None)))
    one, other = poll_policies(stage, policy(route(when=is_("Origin", "Web")))).cases
    assert (one.subject, one.account_name) == ("It broke", "Acme & Sons")
    assert (other.subject, other.account_name) == ("", "")


def test_a_subject_or_an_account_that_we_may_not_read_is_not_asked_for(stage: Stage) -> None:
    hidden = {name: info for name, info in STANDARD["Case"].items() if name != "Subject"}
    describe = Describe({**STANDARD, "Case": hidden, "Account": {}})
    stage.answers("GET", "query/", page(record(1)))
    found = whole(stage.org.poll([policy(route(when=is_("Origin", "Web")))], replace(SURVEY, describe=describe), None))
    assert queries(stage)[0].startswith(f"SELECT {ENGINE.removesuffix(', Subject, Account.Name')}, IsClosed, Origin")
    assert (found.cases[0].subject, found.cases[0].account_name) == ("", "")


@pytest.mark.parametrize("name", ["Subject", "Account", "Type"])
def test_a_field_that_the_answer_leaves_out_is_not_an_empty_field(stage: Stage, name: str) -> None:
    one = record(1, Account={"Type": "Gold", "attributes": {}})
    del (one["Account"] if name == "Type" else one)[name]
    stage.answers("GET", "query/", page(one))
    with pytest.raises(
        OrgUnavailable, match=r"unexpected shape \((Subject|Account\.Type): (Subject|Account|Type) is missing"
    ):
        poll_policies(stage, policy(route("a", is_("Subject", "x")), route("b", is_("Account.Type", "x"))))


def test_values_are_typed_and_keyed_as_the_policy_writes_them(stage: Stage) -> None:
    account = {"attributes": {"type": "Account"}, "Type": "Gold"}
    stage.answers("GET", "query/", page(
        record(1, Subject="x", Tags__c="red;blue", Due__c="2026-03-05", ClosedDate="2026-03-01T10:00:00.000+0000",
               Account=account, AccountId=numbered("001", 5)[:15], Owner={"Name": "Ann"}, IsEscalated=True),
        record(2, Subject=None, Tags__c=None, Due__c=None, ClosedDate=None, Account=None, Owner={"Name": "Bob"},
               IsEscalated=False),
    ))  # fmt: skip
    paths = ("subject", "Tags__c", "Due__c", "ClosedDate", "ACCOUNT.type", "Owner.Name", "IsEscalated")
    parts = note(NotePart("facts", (*paths, "Description", "comments.agent", "route.reason")))
    first, second = poll_policies(stage, policy(route(note_spec=parts))).cases
    assert (first.owner_name, second.owner_name) == ("Ann", "Bob")
    assert first.fields == {
        "subject": "x", "Tags__c": frozenset({"red", "blue"}), "Due__c": date(2026, 3, 5), "IsClosed": False,
        "ClosedDate": datetime(2026, 3, 1, 10, tzinfo=UTC), "ACCOUNT.type": "Gold", "Owner.Name": "Ann",
        "IsEscalated": True,
    }  # fmt: skip
    assert second.fields == {
        **dict.fromkeys(paths), "Owner.Name": "Bob", "IsEscalated": False, "IsClosed": False,
    }  # fmt: skip
    assert (first.account_id, second.account_id) == (numbered("001", 5), None)
    assert "Description" not in queries(stage)[0]


def test_pages_are_followed_and_a_case_counts_once(stage: Stage) -> None:
    more = "/services/data/v67.0/query/01gxx0000000001-2000"
    stage.answers("GET", "query/", page(record(2), record(3), more=more, total=4))
    stage.answers(
        "GET",
        "query/01gxx0000000001-2000",
        page(record(3), record(1)),
        headers={"Date": "Mon, 02 Mar 2026 15:09:00 GMT"},
    )
    found = poll_policies(stage, policy())
    assert [case.number for case in found.cases] == ["00000001", "00000002", "00000003"]
    assert found.at == NOW


MORE = "/services/data/v67.0/query/01gxx0000000001-2000"
NEXT_PAGE = MORE.removeprefix("/services/data/v67.0/")
LOST = [(error("INVALID_QUERY_LOCATOR"), 400), (error("INVALID_SESSION_ID"), 401), (error("QUERY_TIMEOUT"), 400)]


@pytest.mark.parametrize("lost", LOST, ids=["cursor", "login", "time"])
def test_lost_pages_go_on_behind_the_last_id_and_no_case_comes_twice(stage: Stage, lost: tuple[Any, int]) -> None:
    stage.answers("GET", "query/", page(record(1), record(2), more=MORE, total=3))
    stage.answers("GET", NEXT_PAGE, *lost)
    stage.answers("GET", "query/", page(record(2), record(3)))
    assert numbers_of(stage) == [[1, 2], [3]]
    assert queries(stage)[1].endswith(f"WHERE IsClosed = false AND Id > '{numbered('500', 2)}' ORDER BY Id")


def test_pages_are_taken_up_again_twice_in_a_run_and_then_it_is_the_orgs_error(stage: Stage) -> None:
    for number in (1, 2, 3):
        stage.answers("GET", "query/", page(record(number), more=MORE, total=9))
    stage.answers("GET", NEXT_PAGE, error("INVALID_QUERY_LOCATOR"), 400)
    pages = stage.org.poll([policy()], SURVEY, None)
    assert [int(next(pages).cases[0].number) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(OrgUnavailable, match="INVALID_QUERY_LOCATOR") as raised:
        next(pages)
    assert (len(queries(stage)), raised.value.exit_code) == (3, 5)


def test_a_query_whose_pages_do_not_add_up_is_read_again_and_what_was_missing_comes(stage: Stage) -> None:
    """The missing record may stand before the last id."""
    stage.answers("GET", "query/", page(record(1), record(3), total=3))
    stage.answers("GET", "query/", page(record(1), record(2), record(3)))
    assert numbers_of(stage) == [[1, 3], [2]]
    assert queries(stage)[0] == queries(stage)[1]


def test_a_case_of_two_queries_comes_once(stage: Stage) -> None:
    joined = Soql("Id IN (SELECT CaseId FROM CaseHistory)")
    stage.composite(page())
    stage.answers("GET", "query/", page(record(2), record(3)))
    stage.answers("GET", "query/", page(record(1), record(2), record(4)))
    assert numbers_of(stage, policy(route("a", is_("Origin", "Web")), route("b", joined))) == [[2, 3], [1, 4]]


def test_a_rejected_field_of_the_second_query_breaks_its_route_and_no_case_comes_twice(stage: Stage) -> None:
    joined = Soql("Id IN (SELECT CaseId FROM CaseHistory)")
    two = policy(route("a", is_("Origin", "Web")), route("b", joined))
    stage.composite(page())
    stage.answers("GET", "query/", page(record(2), record(3)))
    stage.answers("GET", "query/", error("INVALID_FIELD", "No such column"), 400)
    stage.composite(page(), (400, error("INVALID_FIELD", "No such column")))
    stage.answers("GET", "query/", page(record(2), record(3), record(4)))
    pages = list(stage.org.poll([two], SURVEY, None))
    assert [[int(case.number) for case in one.cases] for one in pages] == [[2, 3], [4], []]
    assert [list(one.broken) for one in pages] == [[], [("support", "b")], [("support", "b")]]


def numbers_of(stage: Stage, of: Policy | None = None) -> list[list[int]]:
    """The numbers of the cases of each page that has any."""
    pages = stage.org.poll([of or policy()], SURVEY, None)
    return [numbers for one in pages if (numbers := [int(case.number) for case in one.cases])]


def test_an_unknown_field_breaks_only_its_route_and_names_the_nearest(stage: Stage) -> None:
    stage.answers("GET", "query/", page(record(1)))
    bad = note(NotePart("facts", ("Account.Typ",)))
    found = poll_policies(
        stage,
        policy(route("a", is_("Subjekt", "x")), route("b", note_spec=bad), route("c"), route("d", is_("Home__c", "x"))),
    )
    assert (
        found.broken[("support", "a")] == "Subjekt: Case has no Subjekt that the user may read; did you mean Subject?"
    )
    assert found.broken[("support", "b")].endswith("did you mean Type?")
    assert "consists of several fields" in found.broken[("support", "d")]
    assert len(found.broken) == 3
    assert "Subjekt" not in queries(stage)[0]
    assert len(found.cases) == 1


def test_a_rejected_field_breaks_only_its_own_route(stage: Stage) -> None:
    """The field is error_text, but the query fails: each route is queried alone, and the others run."""
    stage.answers("GET", "query/", error("INVALID_FIELD", "No such column 'Origin'"), 400)
    stage.composite((400, error("INVALID_FIELD", "No such column 'Origin'")), page())
    stage.answers("GET", "query/", page(record(1)))
    found = poll_policies(stage, policy(route("a", is_("Origin", "Web")), route("b", is_("Subject", "x"))))
    assert list(found.broken) == [("support", "a")]
    assert "No such column 'Origin'" in found.broken[("support", "a")]
    assert [len(queries(stage)), "Origin" in queries(stage)[-1], len(found.cases)] == [2, False, 1]


def test_a_rejection_that_no_route_explains_is_an_error(stage: Stage) -> None:
    stage.answers("GET", "query/", error("MALFORMED_QUERY", "too complicated"), 400)
    stage.composite(page())
    with pytest.raises(OrgUnavailable, match="too complicated"):
        poll_policies(stage, policy())


def test_routes_that_can_match_nothing_need_no_call(stage: Stage) -> None:
    found = poll_policies(stage, policy(route("a", Field("Origin", "in", ()))))
    assert (found.cases, found.at, len(stage.mock.calls)) == ((), SURVEY.caller.now, 0)


def test_many_parts_of_texts_are_split_into_queries_of_allowed_length(stage: Stage) -> None:
    stage.answers("GET", "query/", page(record(1)))
    parts = tuple(f"word{number} and more of it, and more, and more of it" for number in range(400))
    poll_policies(stage, policy(route("a", Field("Subject", "contains_any", parts)), route("b", is_("Origin", "Web"))))
    asked = queries(stage)
    assert len(asked) > 2
    assert all(f"word{number} and" in "".join(asked) for number in range(400))
    assert all(soql.startswith("SELECT") and "IsClosed = false AND" in soql for soql in asked)
    assert all(len(call.request.url or "") <= ROOM + len(DATA) + 10 for call in stage.mock.calls)


def test_a_list_too_long_for_a_query_is_asked_for_in_several(stage: Stage) -> None:
    stage.answers("GET", "query/", page())
    values = tuple(f"{'x' * 90}{number}" for number in range(400))
    longest: Condition = Field("Subject", "in", values)
    poll_policies(stage, policy(route("a", AnyOf((longest, is_("Origin", "Web"))))))
    asked = queries(stage)
    assert len(asked) > 1
    assert all("WHERE IsClosed = false AND " in soql for soql in asked)
    assert all(sum(f"'{value}'" in soql for soql in asked) == 1 for value in (*values, "Web"))


@pytest.mark.parametrize(
    ("chosen", "where"),
    [
        ("00001026", "CaseNumber IN ('00001026')"),
        ("1026", "CaseNumber IN ('1026','00001026')"),
        ("CS-12", "CaseNumber IN ('CS-12')"),
        (numbered("500", 7), f"Id = '{numbered('500', 7)}'"),
        (numbered("500", 7)[:15], f"Id = '{numbered('500', 7)}'"),
    ],
)
def test_a_chosen_case_is_read_alone_with_any_criteria(stage: Stage, chosen: str, where: str) -> None:
    stage.answers("GET", "query/", page(record(7)))
    assert len(poll_policies(stage, policy(route("a", is_("Origin", "Web"))), case=chosen).cases) == 1
    assert queries(stage)[0].endswith(f"Origin FROM Case WHERE {where} ORDER BY Id")


@pytest.mark.parametrize("chosen", ["", "x' OR Id != '", "500000000000007AAB", "a" * 31, "0000\n1026"])
def test_a_chosen_case_that_is_neither_a_number_nor_an_id_is_refused(stage: Stage, chosen: str) -> None:
    with pytest.raises(Invalid, match="--case"):
        poll_policies(stage, policy(), case=chosen)


@pytest.mark.parametrize("broken", [{"Id": "x"}, {"CreatedDate": "today"}, {"OwnerId": None}, {"CreatedDate": None}])
def test_a_record_with_an_unexpected_shape_is_an_error(stage: Stage, broken: dict[str, Any]) -> None:
    stage.answers("GET", "query/", page(record(1, **broken)))
    with pytest.raises(OrgUnavailable, match="unexpected shape"):
        poll_policies(stage, policy())
