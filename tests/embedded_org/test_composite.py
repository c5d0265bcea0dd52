"""Composite: one call with up to 25 subrequests, with or without all-or-none, in order or not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded_org.client import BASE, NO_RULES, Client, rows, sub

HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def note(case: str, text: str = "a note") -> dict[str, Any]:
    return {"ParentId": case, "CommentBody": text, "IsPublished": False}


def codes(answer: list[dict[str, Any]]) -> list[int]:
    return [each["httpStatusCode"] for each in answer]


def test_subrequests_run_in_order_and_may_use_earlier_answers(org: Client) -> None:
    case = org.case("00001001")
    made, read, patched, queried = org.composite(
        sub("POST", "/sobjects/CaseComment", "note", note(case, "Aller")),
        sub("GET", "/sobjects/CaseComment/@{note.id}?fields=ParentId,CommentBody", "read"),
        sub("PATCH", "/sobjects/Case/@{read.ParentId}", "move", {"Subject": "see @{read.CommentBody}"}),
        sub("GET", "/query?q=SELECT Id, Subject FROM Case WHERE Id = '@{read.ParentId}'", "query"),
        collateSubrequests=False,
    )
    assert made["httpHeaders"]["Location"] == f"{BASE}/sobjects/CaseComment/{made['body']['id']}"
    assert (made["httpStatusCode"], patched["httpStatusCode"], patched["body"]) == (201, 204, None)
    assert read["body"]["CommentBody"] == "Aller"
    assert queried["body"]["records"][0]["Subject"] == "see Aller"


def test_a_query_and_an_escaped_reference_in_a_url(org: Client) -> None:
    found, read = org.composite(
        sub("GET", "/query?q=SELECT+Id+FROM+Case+WHERE+CaseNumber%3D%2700001001%27", "q"),
        sub("GET", "/sobjects/Case/%40%7Bq.records%5B0%5D.Id%7D?fields=CaseNumber", "r"),
    )
    assert found["body"]["totalSize"] == 1
    assert read["body"]["CaseNumber"] == "00001001"


@pytest.mark.parametrize(
    "reference", ["q.records[4].Id", "q.records[0].id", "q.nothing", "later.id", "q", "q.records[0].Id.x"]
)
def test_a_reference_without_a_value_halts_its_subrequest_and_what_depends_on_it(org: Client, reference: str) -> None:
    """Field names are case-sensitive: a query gives `Id`, not `id`."""
    answer = org.composite(
        sub("GET", "/query?q=SELECT Id FROM Case", "q"),
        sub("GET", f"/sobjects/Case/@{{{reference}}}?fields=Id", "r"),
        sub("GET", "/sobjects/Case/@{r.Id}?fields=Id", "s"),
        sub("POST", "/sobjects/Account", "later", {"Name": "New"}),
        collateSubrequests=False,
    )
    assert codes(answer) == [200, 400, 400, 201]
    assert answer[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert answer[1]["body"][0]["message"].startswith(
        f"Invalid reference specified. No value for {reference} found in "
    )
    assert answer[2]["body"][0]["message"] == "Execution halted as previous operation (r) was not successful."


def test_with_all_or_none_one_failure_undoes_everything(org: Client) -> None:
    case = org.case("00001001")
    before = org.query(f"SELECT FIELDS(STANDARD) FROM Case WHERE Id = '{case}'")
    answer = org.composite(
        sub("POST", "/composite/sobjects", "notes", rows("CaseComment", note(case), all_or_none=True)),
        sub("PATCH", f"/sobjects/Case/{case}", "status", {"Status": "Escalated"}),
        sub("PATCH", f"/sobjects/Case/{case}", "wrong", {"IsClosed": True}),
        sub("PATCH", f"/sobjects/Case/{case}", "priority", {"Priority": "High"}),
        allOrNone=True, collateSubrequests=False,
    )  # fmt: skip
    assert codes(answer) == [400] * 4
    assert [each["body"][0]["message"] == HALTED for each in answer] == [True, True, False, True]
    assert answer[2]["body"][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.query(f"SELECT FIELDS(STANDARD) FROM Case WHERE Id = '{case}'") == before
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 3
    assert org.query("SELECT COUNT() FROM CaseHistory")["totalSize"] == 0
    assert [each["written"] for each in org.org.requests() if each["method"] == "POST"] == [[]]


def test_without_all_or_none_a_failure_leaves_the_others(org: Client) -> None:
    case = org.case("00001001")
    answer = org.composite(
        sub("PATCH", f"/sobjects/Case/{case}", "a", {"Status": "Escalated"}),
        sub("PATCH", f"/sobjects/Case/{case}", "b", {"Nonsense": 1}),
        sub("PATCH", f"/sobjects/Case/{case}", "c", {"Priority": "Low"}),
        collateSubrequests=False,
    )
    assert codes(answer) == [204, 400, 204]
    (found,) = org.query(f"SELECT Status, Priority FROM Case WHERE Id = '{case}'")["records"]
    assert (found["Status"], found["Priority"]) == ("Escalated", "Low")


def test_a_guard_that_needs_the_last_row_of_a_query_stops_the_whole_call(org: Client) -> None:
    first, second = org.case("00001001"), org.case("00001002")
    fresh = f"SELECT Id FROM Case WHERE Id IN ('{first}', '{second}') AND LastModifiedDate <= 2026-02-25T00:00:00Z"
    guard = [
        sub("GET", f"/query?q={fresh}", "fresh"),
        sub("GET", "/sobjects/Case/@{fresh.records[1].Id}?fields=Id", "guard"),
        sub(
            "POST", "/composite/sobjects", "notes", rows("CaseComment", note(first), note(second)), httpHeaders=NO_RULES
        ),
    ]
    assert codes(org.composite(*guard, allOrNone=True, collateSubrequests=False)) == [200, 200, 200]
    org.call("PATCH", f"/sobjects/Case/{second}", json={"Subject": "touched"})
    stopped = org.composite(*guard, allOrNone=True, collateSubrequests=False)
    assert codes(stopped) == [400, 400, 400]
    assert stopped[1]["body"][0]["message"].startswith("Invalid reference specified.")
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 5


def test_a_composite_that_is_undone_still_shows_success_of_its_rows(org: Client) -> None:
    """As in the REST guide: only the failed row shows it."""
    case = org.case("00001001")
    answer = org.composite(
        sub("PATCH", f"/sobjects/Case/{case}", "status", {"Status": "Escalated"}),
        sub("POST", "/composite/sobjects", "notes", rows("CaseComment", note(case), note("500000000000009AAA"))),
        allOrNone=True, collateSubrequests=False,
    )  # fmt: skip
    assert codes(answer) == [400, 200]
    assert [each["success"] for each in answer[1]["body"]] == [True, False]
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 3


def test_without_outer_all_or_none_the_collection_decides(org: Client) -> None:
    case = org.case("00001001")
    answer = org.composite(
        sub("POST", "/composite/sobjects", "a", rows("CaseComment", note(case), note("500000000000009AAA"))),
        sub("POST", "/composite/sobjects", "b", rows("CaseComment", note(case), note(""), all_or_none=True)),
    )
    assert [each["success"] for each in answer[0]["body"]] == [True, False]
    assert answer[1]["body"][0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert answer[1]["body"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 4


def test_collated_subrequests_keep_no_order_but_answers_do(org: Client) -> None:
    """From v49, without `collateSubrequests: false`, similar subrequests have no promised order."""
    case = org.case("00001001")
    steps = [sub("PATCH", f"/sobjects/Case/{case}", name, {"Priority": name}) for name in ("one", "two", "three")]
    answer = org.composite(*steps)
    assert [each["referenceId"] for each in answer] == ["one", "two", "three"]
    assert org.query(f"SELECT Priority FROM Case WHERE Id = '{case}'")["records"][0]["Priority"] == "one"
    org.composite(*steps, collateSubrequests=False)
    assert org.query(f"SELECT Priority FROM Case WHERE Id = '{case}'")["records"][0]["Priority"] == "three"
    org.composite(*({**each, "httpHeaders": NO_RULES} for each in steps))
    assert org.query(f"SELECT Priority FROM Case WHERE Id = '{case}'")["records"][0]["Priority"] == "three"


def test_collated_subrequests_keep_the_order_of_their_references(org: Client) -> None:
    answer = org.composite(
        sub("POST", "/sobjects/Account", "a", {"Name": "Parent"}),
        sub("POST", "/sobjects/Contact", "c", {"LastName": "Child", "AccountId": "@{a.id}"}),
    )
    assert codes(answer) == [201, 201]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"referenceId": "has space"}, "must start with a letter or a number"),
        ({"referenceId": "_x"}, "must start with a letter or a number"),
        ({"referenceId": "other"}, "must be unique"),
        ({"referenceId": None}, "Required fields are missing: [referenceId]"),
        ({"httpHeaders": {"Authorization": "Bearer x"}}, "can't be set on a subrequest"),
        ({"httpHeaders": {"content-type": "text/plain"}}, "can't be set on a subrequest"),
        ({"headers": {}}, 'Unrecognized field "headers"'),
    ],
)
def test_a_malformed_subrequest_fails_the_whole_call(org: Client, change: dict[str, Any], message: str) -> None:
    good = sub("POST", "/sobjects/Account", "other", {"Name": "Never"})
    bad = {**sub("GET", "/sobjects/Case", "mine"), **change}
    answer = org.call("POST", "/composite", json={"compositeRequest": [good, bad]})
    assert answer.status_code == 400
    assert message in answer.json()[0]["message"]
    assert org.query("SELECT COUNT() FROM Account WHERE Name = 'Never'")["totalSize"] == 0


def test_more_than_25_subrequests_or_5_large_ones_are_one_error(org: Client) -> None:
    many = [sub("GET", "/sobjects/Case", f"r{i}") for i in range(26)]
    (answer,) = org.composite(*many)
    assert answer["body"][0]["errorCode"] == "LIMIT_EXCEEDED"
    assert answer["referenceId"] is None
    large = [sub("GET", "/query?q=SELECT Id FROM Case", f"q{i}") for i in range(3)]
    large += [sub("POST", "/composite/sobjects", f"c{i}", rows("Account", {"Name": "x"})) for i in range(3)]
    assert org.composite(*large)[0]["body"][0]["errorCode"] == "LIMIT_EXCEEDED"
    assert codes(org.composite(*large[:5])) == [200] * 5


def test_a_resource_not_allowed_in_a_composite_is_not_found(org: Client) -> None:
    answer = org.composite(
        sub("POST", "/composite", "a", {"compositeRequest": []}),
        sub("GET", "/limits", "b"),
        {"method": "GET", "url": "/sobjects/Case", "referenceId": "c"},
    )
    assert codes(answer) == [404, 404, 404]


def test_a_case_changed_since_is_not_written(org: Client) -> None:
    case = org.case("00001001")
    stale = {**NO_RULES, "If-Unmodified-Since": "Fri, 20 Feb 2026 07:59:59 GMT"}
    exact = {**NO_RULES, "If-Unmodified-Since": "Fri, 20 Feb 2026 08:00:00 GMT"}
    answer = org.composite(
        sub("PATCH", f"/sobjects/Case/{case}", "stale", {"Status": "Escalated"}, httpHeaders=stale),
        sub("PATCH", f"/sobjects/Case/{case}", "exact", {"Status": "Working"}, httpHeaders=exact),
    )
    assert codes(answer) == [412, 204]
