"""SOQL: the result of each construct, and the errors for queries that cannot be run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql.syntax import parse
from tests.embedded_org.client import Client, sub

SAMPLES = Path(__file__).parents[3] / "shared" / "golden" / "soql_cases.json"


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("Priority = 'HIGH'", "1"),
        ("Priority != 'High'", "234"),  # inequality is true of a missing value
        ("Priority <> 'High'", "234"),
        ("NOT Priority = 'High'", "23"),  # negation is not
        ("Priority NOT IN ('High')", "23"),
        ("Priority NOT IN ('High') OR Priority = null", "234"),
        ("Priority IN ('high', 'LOW')", "13"),
        ("Priority IN ('High', null)", "14"),
        ("Priority = null", "4"),
        ("Priority != null", "123"),
        ("Subject = ''", "4"),
        ("Subject = 'it\\'s été'", "3"),
        ("Subject LIKE '%ÉTÉ'", "3"),
        ("Subject LIKE '%100\\%\\_now'", "2"),
        ("Subject LIKE '%100__now'", "2"),
        ("Subject LIKE '%100\\_\\_now'", ""),
        ("(NOT Subject LIKE 'refund%') AND Status = 'New'", "13"),
        ("Reassignments__c >= 3", "14"),
        ("Reassignments__c < 7", "12"),
        ("Reassignments__c = null", "3"),
        ("Reassignments__c IN (0, 7.0)", "24"),
        ("Vip__c = TRUE", "14"),
        ("Vip__c = null", "23"),  # a checkbox is never null: `= null` means false
        ("Vip__c != null", "14"),
        ("IsClosed = false", "123"),
        ("CreatedDate < 2026-02-10T08:00:00Z", "14"),
        ("CreatedDate <= 2026-02-10T09:00:00+01:00", "124"),
        ("Account.Type = 'Partner'", "4"),
        ("Account.Type != 'Partner'", "123"),  # also without an account
        ("Account.Type = null", "3"),
        ("Contact.Account.Name = 'acme'", "2"),
        ("Owner.Type = 'Queue'", "134"),
        ("Owner.Name LIKE 'first%'", "14"),
        ("Owner.IsActive = TRUE", "2"),
        ("ContactEmail = 'KIM@example.org'", "2"),
        ("Tags__c INCLUDES ('red;blue')", "1"),
        ("Tags__c INCLUDES ('green', 'blue')", "14"),
        ("Tags__c EXCLUDES ('red')", "4"),
        ("Tags__c = 'red'", "2"),
        ("Status = 'New' AND (Priority = 'Low' OR Vip__c = TRUE)", "13"),
        ("NOT (Status = 'New' OR Status = 'Closed')", "2"),
        ("Id IN (SELECT ParentId FROM CaseComment)", "12"),
        ("Id NOT IN (SELECT ParentId FROM CaseComment WHERE IsPublished = TRUE)", "234"),
        ("AccountId IN (SELECT Id FROM Account WHERE Type = 'Customer')", "12"),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE Type = 'Customer')", "4"),
        ("Id IN (SELECT Case__c FROM RMA__c) AND Id IN (SELECT ParentId FROM CaseComment)", "1"),
        ("Case.Subject = 'Cannot log in'", "1"),
    ],
)  # fmt: skip
def test_a_condition_finds_its_cases(reading: Client, where: str, numbers: str) -> None:
    found = reading.query(f"SELECT CaseNumber FROM Case WHERE {where} ORDER BY CaseNumber")
    assert "records" in found, found
    assert "".join(each["CaseNumber"][-1] for each in found["records"]) == numbers


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELEKT Id FROM Case", "MALFORMED_QUERY", "unexpected token: SELEKT"),
        ("SELECT Id, FROM Case", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Case WHERE Subject = \"x\"", "MALFORMED_QUERY", "no viable alternative at character '\"'"),
        ("SELECT Id FROM Case WHERE Status = 'a' AND Status = 'b' OR Status = 'c'", "MALFORMED_QUERY", "token: 'OR'"),
        ("SELECT Id FROM Case WHERE Status = 'a' AND NOT Status = 'b'", "MALFORMED_QUERY", "token: 'Status'"),
        ("SELECT Id FROM Case WHERE Subject = 'a\\q'", "MALFORMED_QUERY", "Illegal character sequence '\\q'"),
        ("SELECT Id FROM Case WHERE Subject = 'a\\%'", "MALFORMED_QUERY", "Illegal character sequence"),
        ("SELECT Id FROM Case WHERE Id IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Id FROM Case WHERE CreatedDate = TODAY", "MALFORMED_QUERY", "TODAY is not supported"),
        ("SELECT Id FROM Case WHERE Description = 'x'", "INVALID_FIELD", "'Description' can not be filtered"),
        ("SELECT Id FROM Case ORDER BY Description", "MALFORMED_QUERY", "'Description' can not be sorted"),
        ("SELECT Bacon__c FROM Case", "INVALID_FIELD", "No such column 'Bacon__c' on entity 'Case'"),
        ("SELECT Id FROM Cas", "INVALID_TYPE", "sObject type 'Cas' is not supported"),
        ("SELECT Boss.Name FROM Case", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Owner.Manager.Name FROM Case", "INVALID_FIELD", "Didn't understand relationship 'Manager'"),
        ("SELECT Id, (SELECT Id FROM Comments) FROM Case", "INVALID_FIELD", "relationship 'Comments'"),
        ("SELECT Id, id FROM Case", "INVALID_FIELD", "duplicate field selected: id"),
        ("SELECT Id FROM Case WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD", "of type dateTime and should not"),
        ("SELECT Id FROM Case WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Case WHERE Status = 5", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Case WHERE Vip__c = 'true'", "INVALID_FIELD", "must be of type boolean and should not"),
        ("SELECT Id FROM Case WHERE Reassignments__c = '3'", "INVALID_FIELD", "must be of type double and should not"),
        ("SELECT Id FROM Case WHERE Reassignments__c LIKE '3'", "INVALID_FIELD", "invalid operator on double field"),
        ("SELECT Id FROM Case WHERE OwnerId LIKE '005%'", "INVALID_FIELD", "invalid operator on reference field"),
        ("SELECT Id FROM Case WHERE Status INCLUDES ('New')", "INVALID_FIELD", "invalid operator on picklist field"),
        ("SELECT Id FROM Case WHERE Status > null", "INVALID_FIELD", "cannot compare with null"),
        ("SELECT Id FROM Case WHERE Id = 'nothing'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: nothing"),
        ("SELECT Id FROM Case WHERE CreatedDate > 2026-13-01T00:00:00Z", "MALFORMED_QUERY", "not a valid datetime"),
        ("SELECT Id FROM Case LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "apiName Case is 2000"),
        ("SELECT Id FROM Case WHERE Vip__c = TRUE OR Id IN (SELECT CaseId FROM CaseHistory)", "MALFORMED_QUERY", "Se"),
        ("SELECT Id FROM Case WHERE NOT Id IN (SELECT ParentId FROM CaseComment)", "MALFORMED_QUERY", "Semi join"),
        ("SELECT Id FROM Case WHERE Id IN (SELECT ParentId FROM Case)", "MALFORMED_QUERY", "same object type"),
        ("SELECT Id FROM Case WHERE Id IN (SELECT WhatId FROM Task)", "MALFORMED_QUERY", "'Task' is not supported"),
        ("SELECT Id FROM Case WHERE Account.Id IN (SELECT AccountId FROM Contact)", "MALFORMED_QUERY", "left operand"),
        ("SELECT Id FROM Case WHERE Status IN (SELECT ApiName FROM CaseStatus)", "INVALID_FIELD", "selected field"),
        ("SELECT Id FROM Case WHERE AccountId IN (SELECT Id FROM Contact)", "INVALID_FIELD", "selected field"),
        ("SELECT Id FROM Case WHERE Id IN (SELECT ParentId FROM CaseComment LIMIT 1)", "MALFORMED_QUERY", "LIMIT"),
        (
            "SELECT Id FROM Case WHERE Id IN (SELECT ParentId FROM CaseComment WHERE ParentId IN (SELECT CaseId FROM "
            "CaseHistory))", "MALFORMED_QUERY", "Semi join",
        ),
        (
            "SELECT Id FROM Case WHERE Id IN (SELECT ParentId FROM CaseComment) AND Id IN (SELECT CaseId FROM "
            "CaseHistory) AND Id NOT IN (SELECT Case__c FROM RMA__c)", "MALFORMED_QUERY", "at most 2",
        ),
        ("SELECT Status, COUNT(Id) FROM Case", "MALFORMED_QUERY", "Field must be grouped or aggregated: Status"),
        ("SELECT COUNT(Id) FROM Case GROUP BY CreatedDate", "MALFORMED_QUERY", "'CreatedDate' can not be grouped"),
        ("SELECT COUNT() n FROM Case", "MALFORMED_QUERY", "COUNT() must be the only element"),
        ("SELECT COUNT(Id) FROM Case GROUP BY Id", "MALFORMED_QUERY", "Grouped field should not be aggregated: Id"),
        (
            "SELECT Account.Name, Owner.Name FROM Case GROUP BY Account.Name, Owner.Name",
            "MALFORMED_QUERY", "duplicate alias: Name",
        ),
        ("SELECT Id key FROM Case", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT toLabel(Status) FROM Case", "MALFORMED_QUERY", "TOLABEL() is not supported"),
        ("SELECT Id FROM Case WHERE CALENDAR_YEAR(CreatedDate) = 2026", "MALFORMED_QUERY", "not supported"),
        ("SELECT Id FROM Case FOR", "MALFORMED_QUERY", "FOR is not supported"),
        ("SELECT Id FROM Case FOR VIEW", "MALFORMED_QUERY", "unexpected token: 'VIEW'"),
        ("SELECT FIELDS(ALL) FROM Case", "MALFORMED_QUERY", "LIMIT of at most 200"),
        (
            "SELECT Id FROM Case WHERE UserRecordAccess.HasEditAccess = TRUE", "INVALID_FIELD",
            "'HasEditAccess' can not be filtered",
        ),
        ("SELECT HasEditAccess FROM UserRecordAccess", "MALFORMED_QUERY", "by UserId and RecordId"),
        ("", "MALFORMED_QUERY", "A query string has to be specified"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_run_is_an_error_and_never_an_answer(
    reading: Client, soql: str, code: str, message: str
) -> None:
    found = reading.query(soql)
    assert isinstance(found, list), found
    assert found[0]["errorCode"] == code
    assert message in found[0]["message"]


@pytest.mark.parametrize(
    "where",
    ["NOT (" * 3_000 + "Status = 'x'" + ")" * 3_000, "(" * 5_000 + "Status = 'x'" + ")" * 5_000],
    ids=["negations", "parentheses"],
)
def test_a_query_nested_too_deeply_is_answered(reading: Client, where: str) -> None:
    (found,) = reading.composite(sub("GET", f"/query?q=SELECT Id FROM Case WHERE {where}", "q"))
    assert found["httpStatusCode"] in (200, 400)
    assert found["body"] == {"totalSize": 0, "done": True, "records": []} or (
        found["body"][0]["errorCode"] in ("QUERY_TOO_COMPLICATED", "MALFORMED_QUERY")
    )


def test_a_thousand_alternatives_fit_in_one_condition(reading: Client) -> None:
    where = " OR ".join(f"Subject = 'nothing {i}'" for i in range(2_000)) + " OR CaseNumber = '00001001'"
    (found,) = reading.composite(sub("GET", f"/query?q=SELECT Id FROM Case WHERE {where}", "q"))
    assert found["body"]["totalSize"] == 1


def test_limits_of_a_statement_and_of_a_literal() -> None:
    with pytest.raises(ApiError, match="can not be longer than 100000 characters"):
        parse("SELECT Id FROM Case WHERE Subject = 'x'" + " " * 100_000)
    with pytest.raises(ApiError, match="4000"):
        parse(f"SELECT Id FROM Case WHERE Subject = '{'x' * 4001}'")


def test_an_error_shows_the_place_in_a_long_query_of_several_lines(reading: Client) -> None:
    found = reading.query("SELECT Id,\n  Subject,Status,Priority,CreatedDate,Nonsense__c FROM Case")
    first = found[0]["message"].split("\n")
    assert first[1].startswith("Subject,Status,Priority,CreatedDate,Nonsense__c")
    assert first[2].index("^") == first[1].index("Nonsense__c")
    assert first[3] == "ERROR at Row:2:Column:39"


def test_parents_children_and_rights_come_in_one_record(reading: Client) -> None:
    (case,) = reading.query(
        "SELECT Id, Owner.Name, Owner.Type, Account.Name, Contact.Name, CreatedBy.Name, "
        "UserRecordAccess.HasEditAccess, (SELECT CommentBody FROM CaseComments ORDER BY CommentBody DESC LIMIT 1) "
        "FROM Case WHERE CaseNumber = '00001001'"
    )["records"]
    assert list(case)[:3] == ["attributes", "Id", "Owner"]
    assert case["Owner"]["attributes"]["type"] == "Name"
    assert "/sobjects/Group/00G" in case["Owner"]["attributes"]["url"]
    assert (case["Owner"]["Name"], case["Owner"]["Type"]) == ("First line", "Queue")
    assert case["CreatedBy"]["attributes"]["type"] == "User"
    assert case["Contact"] is None
    assert case["UserRecordAccess"]["HasEditAccess"] is True
    assert case["CaseComments"]["totalSize"] == 1
    assert case["CaseComments"]["records"][0]["CommentBody"] == "second"
    (bare,) = reading.query("SELECT Id, (SELECT Id FROM CaseComments) FROM Case WHERE CaseNumber = '00001003'")[
        "records"
    ]
    assert bare["CaseComments"] is None


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("Subject", "4132"), ("Subject DESC", "4231"), ("Subject NULLS LAST", "1324"),
        ("Subject DESC NULLS LAST", "2314"),
        ("Status, CreatedDate DESC", "4312"), ("Account.Name, CaseNumber", "3124"),
    ],
)  # fmt: skip
def test_rows_are_ordered_with_nulls_first_or_last(reading: Client, order: str, numbers: str) -> None:
    found = reading.query(f"SELECT CaseNumber FROM Case ORDER BY {order}")["records"]
    assert "".join(each["CaseNumber"][-1] for each in found) == numbers


@pytest.mark.parametrize(
    ("soql", "records"),
    [
        ("SELECT COUNT(Id) FROM Case", [{"expr0": 4}]),
        ("SELECT Status, COUNT(Id) n FROM Case GROUP BY Status HAVING COUNT(Id) > 1", [{"Status": "New", "n": 2}]),
        (
            "SELECT Account.Name, MAX(Reassignments__c) FROM Case GROUP BY Account.Name ORDER BY MAX(Reassignments__c) "
            "DESC NULLS LAST LIMIT 1", [{"Name": "Umbrella", "expr0": 7}],
        ),
        ("SELECT SUM(Reassignments__c) s, COUNT_DISTINCT(Status) d FROM Case", [{"s": 10, "d": 3}]),
    ],
)  # fmt: skip
def test_aggregates_are_computed_by_group(reading: Client, soql: str, records: list[dict[str, Any]]) -> None:
    found = reading.query(soql)["records"]
    assert [each.pop("attributes") for each in found] == [{"type": "AggregateResult"}] * len(records)
    assert found == records


def test_count_answers_a_total_and_no_records(reading: Client) -> None:
    assert reading.query("select count() from Case") == {"totalSize": 4, "done": True, "records": []}
    assert reading.query("SELECT COUNT() FROM Case LIMIT 3")["totalSize"] == 3


def test_rights_of_a_user_are_queried_by_record(reading: Client) -> None:
    me, case = reading.call("GET", "/services/oauth2/userinfo").json()["user_id"], reading.case("00001001")
    (found,) = reading.query(
        f"SELECT RecordId, HasTransferAccess FROM UserRecordAccess WHERE UserId = '{me}' AND RecordId IN ('{case}')"
    )["records"]
    assert (found["RecordId"], found["HasTransferAccess"]) == (case, True)


UNSUPPORTED = ("//", "/*", "Contact..", " offset", "A + B", "LIMIT -10", "OFFSET -10")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the collected queries are not here")
def test_the_grammar_agrees_with_salesforces_own_on_collected_queries() -> None:
    """It refuses unsupported queries, and never accepts a query that Salesforce refuses, except for newer names."""
    different = []
    for each in json.loads(SAMPLES.read_text())["cases"]:
        try:
            parse(each["soql"])
            accepted = True
        except ApiError:
            accepted = False
        later = any(word in each["soql"].lower() for word in ("count() myalias", " with", "account for"))
        if accepted != each["valid"] and not later and not any(part in each["soql"] for part in UNSUPPORTED):
            different.append((each["valid"], each["soql"]))
    assert [each for each in different if each[1] != "SELECT Name FROM Account OFFSET"] == []


def test_the_first_and_the_last_text_are_found_ignoring_case(org: Client) -> None:
    for name in ("beta", "GAMMA", "Alpha", "alpine"):
        org.call("POST", "/sobjects/Account", json={"Name": name, "Type": "Letter"})
    (found,) = org.query("SELECT MIN(Name) low, MAX(Name) high FROM Account WHERE Type = 'letter'")["records"]
    assert (found["low"], found["high"]) == ("Alpha", "GAMMA")
    many = org.query("SELECT Type FROM Account GROUP BY Type HAVING MAX(Name) > 'Delta'")["records"]
    assert {each["Type"] for each in many} == {"Letter", "Partner"}
