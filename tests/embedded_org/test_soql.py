"""SOQL: the result of each construct, and the errors for queries that cannot be run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql.syntax import parse
from tests.embedded_org.client import NOW, Client, sub, write_folder

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
        ("CreatedDate > 0999-01-01T00:00:00Z", "1234"),  # a year of three digits is long ago
        ("CreatedDate < LAST_N_YEARS:1200", ""),
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
        ("Owner.Profile.Name = 'system administrator'", "2"),
        ("Owner.Profile.Name != null", "2"),
        ("Owner.UserRole.Name = null", "1234"),
        ("AssetId = null", "1234"),
        ("toLabel(Status) = 'new'", "13"),
        ("CreatedDate = LAST_N_DAYS:7", "3"),
        ("CreatedDate < LAST_N_DAYS:7", "124"),
        ("CreatedDate >= N_DAYS_AGO:19", "23"),
        ("CreatedDate = N_DAYS_AGO:19", "2"),
        ("CreatedDate != LAST_MONTH", "4"),
        ("CreatedDate = THIS_YEAR", "1234"),
        ("CreatedDate > TODAY", ""),
        ("CreatedDate <= TODAY", "1234"),
        ("ClosedDate = THIS_YEAR OR ClosedDate = null", "1234"),
        ("CALENDAR_MONTH(CreatedDate) = 2", "123"),
        ("CALENDAR_YEAR(CreatedDate) = 2026 AND DAY_IN_MONTH(CreatedDate) IN (1, 27)", "134"),
        ("DAY_ONLY(CreatedDate) = 2026-02-27", "3"),
        ("DAY_ONLY(CreatedDate) = LAST_MONTH", "123"),
        ("HOUR_IN_DAY(CreatedDate) >= 8", "12"),
        ("HOUR_IN_DAY(convertTimezone(CreatedDate)) < 8", "34"),
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
        ("SELECT toLabel(Subject) FROM Case", "INVALID_FIELD", "field Subject does not support function toLabel"),
        ("SELECT FORMAT(CreatedDate) FROM Case", "MALFORMED_QUERY", "FORMAT() is not supported by this org"),
        ("SELECT FORMAT(MIN(CreatedDate)) FROM Case", "MALFORMED_QUERY", "MIN() here is not supported"),
        ("SELECT Id FROM Case ORDER BY toLabel(Status)", "MALFORMED_QUERY", "TOLABEL() here is not supported"),
        ("SELECT Id FROM Case WHERE CALENDAR_YEAR(Subject) = 2026", "INVALID_FIELD", "does not support function"),
        ("SELECT Id FROM Case WHERE HOUR_IN_DAY(Account.LastActivityDate) = 8", "INVALID_FIELD", "does not support"),
        ("SELECT Id FROM Case WHERE CALENDAR_YEAR(CreatedDate) = '2026'", "INVALID_FIELD", "must be of type int"),
        ("SELECT Id FROM Case WHERE DAY_ONLY(CreatedDate) = 2026-02-10T08:00:00Z", "INVALID_FIELD", "of type date"),
        ("SELECT Id FROM Case WHERE CreatedDate IN (TODAY, YESTERDAY)", "MALFORMED_QUERY", "TODAY is not supported"),
        ("SELECT Id FROM Case WHERE Subject = TODAY", "MALFORMED_QUERY", "TODAY is not supported"),
        ("SELECT Id FROM Case WHERE CreatedDate = LAST_N_DAYS:99999999999", "MALFORMED_QUERY", "is too far away"),
        ("SELECT Id FROM Case WHERE CreatedDate = LAST_N_DAYS", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Case FOR", "MALFORMED_QUERY", "FOR is not supported"),
        ("SELECT Id FROM Case FOR VIEW", "MALFORMED_QUERY", "FOR VIEW is not supported by this org"),
        ("SELECT Id FROM Case ORDER BY Id FOR REFERENCE", "MALFORMED_QUERY", "FOR REFERENCE is not supported"),
        ("SELECT Id FROM Case WHERE Subject = 'x' FOR UPDATE", "MALFORMED_QUERY", "FOR UPDATE is not supported"),
        ("SELECT Id FROM Case USING SCOPE mine", "MALFORMED_QUERY", "USING SCOPE is not supported by this org"),
        ("SELECT Id FROM Case WHERE Status = 'New' WITH SECURITY_ENFORCED", "MALFORMED_QUERY",
         "WITH SECURITY_ENFORCED is not supported by this org"),
        ("SELECT Id FROM Case with user_mode LIMIT 1", "MALFORMED_QUERY", "WITH USER_MODE is not supported"),
        ("SELECT TYPEOF Owner WHEN User THEN Email ELSE Name END FROM Case", "MALFORMED_QUERY",
         "TYPEOF is not supported by this org"),
        ("SELECT c.Id FROM Case c, c.Contact n", "MALFORMED_QUERY", "a list of objects in FROM is not supported"),
        ("SELECT Status, COUNT(Id) FROM Case GROUP BY ROLLUP(Status)", "MALFORMED_QUERY", "ROLLUP"),
        ("SELECT Id FROM Case WHERE Subject = 'FOR VIEW' AND", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Case WHERE Owner.Manager.Name = 'x'", "INVALID_FIELD", "relationship 'Manager'"),
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
        ("Status, CreatedDate DESC", "3124"), ("Priority", "4123"),
        ("Priority DESC NULLS LAST", "3214"), ("Account.Name, CaseNumber", "3124"),
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


@pytest.mark.parametrize(("end", "count"), [(f"LIMIT {'9' * 5_000}", 4), (f"LIMIT {'0' * 5_000}", 0)])
def test_a_limit_of_thousands_of_digits_is_a_number(reading: Client, end: str, count: int) -> None:
    (found,) = reading.composite(sub("GET", f"/query?q=SELECT Id FROM Case {end}", "q"))
    assert found["body"]["totalSize"] == count


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


def test_no_row_is_missed_by_paging_through_ids_or_texts(tmp_path: Path) -> None:
    """`ORDER BY` and `>` go by the same order; ids differ by letter case alone."""
    names = [f"{one}{two}{three}" for one in "aAbB_" for two in "zZ_9é" for three in "xX-ßİ"]
    subjects = "\n".join(["Subject", *names])
    with EmbeddedOrg(data=write_folder(tmp_path, {"Case": subjects + "\n"}), now=NOW) as made, Client(made) as client:
        for number in range(300 - len(names)):
            client.call("POST", "/sobjects/Case", json={"Subject": f"more {number}"})
        for field in ("Id", "CaseNumber", "Subject"):
            seen: list[str] = []
            for _ in range(20):
                where = f"WHERE {field} > '{seen[-1]}'" if seen else ""
                page = client.query(f"SELECT {field} FROM Case {where} ORDER BY {field} LIMIT 37")["records"]
                if not page:
                    break
                seen += [each[field] for each in page]
            every = {each[field] for each in client.query(f"SELECT {field} FROM Case")["records"]}
            assert {each.upper() for each in every} == {each.upper() for each in seen}, field
        assert sorted(made_ids := client.ids("SELECT Id FROM Case")) == client.ids("SELECT Id FROM Case ORDER BY Id")
        assert len(made_ids) == 300


def test_a_picklist_is_sorted_by_the_order_of_its_values(org: Client) -> None:
    described = org.call("GET", "/sobjects/Case/describe").json()["fields"]
    values = next([one["value"] for one in each["picklistValues"]] for each in described if each["name"] == "Priority")
    assert values == ["High", "Medium", "Low"]
    found = org.query("SELECT Priority FROM Case WHERE Priority != null ORDER BY Priority")["records"]
    assert [each["Priority"] for each in found] == values
    (most,) = org.query("SELECT MIN(Priority) low, MAX(Priority) high FROM Case")["records"]
    assert (most["low"], most["high"]) == ("High", "Low")
    grouped = org.query("SELECT Priority FROM Case GROUP BY Priority ORDER BY Priority DESC NULLS LAST")["records"]
    assert [each["Priority"] for each in grouped] == ["Low", "Medium", "High", None]


def test_texts_are_sorted_by_their_upper_case_form(org: Client) -> None:
    for name in ("a_b", "aZb", "AAB", "a1b"):
        org.call("POST", "/sobjects/Account", json={"Name": name, "Type": "Letter"})
    found = org.query("SELECT Name FROM Account WHERE Type = 'Letter' ORDER BY Name")["records"]
    assert [each["Name"] for each in found] == ["a1b", "AAB", "aZb", "a_b"]


def test_labels_profiles_and_assets_are_read(org: Client) -> None:
    asset = org.call("POST", "/sobjects/Asset", json={"Name": "Pump", "SerialNumber": "7"}).json()["id"]
    case = org.case("00001002")
    assert org.call("PATCH", f"/sobjects/Case/{case}", json={"AssetId": asset}).status_code == 204
    (found,) = org.query(
        "SELECT toLabel(Status), toLabel(Priority) shown, Priority, Asset.Name, Owner.Profile.Name, "
        "Owner.UserRole.Name "
        "FROM Case WHERE Asset.SerialNumber = '7'"
    )["records"]
    assert (found["Status"], found["shown"], found["Priority"], found["Asset"]["Name"]) == (
        "Working", "Medium", "Medium", "Pump"
    )  # fmt: skip
    assert found["Owner"]["Profile"]["attributes"]["type"] == "Profile"
    assert found["Owner"]["Profile"]["Name"]
    assert found["Owner"]["UserRole"] is None
    queued = org.query("SELECT Owner.Profile.Name FROM Case WHERE CaseNumber = '00001001'")["records"][0]
    assert queued["Owner"]["Profile"] is None


def test_relative_dates_begin_at_midnight_of_the_user(tmp_path: Path) -> None:
    """At 03:30 UTC it is still the day before in Chicago."""
    cases = "CaseNumber,CreatedDate\n1,2026-02-28T05:59:00Z\n2,2026-02-28T06:00:00Z\n3,2026-03-01T03:00:00Z\n"
    now = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)
    with EmbeddedOrg(data=write_folder(tmp_path, {"Case": cases}), now=now) as made, Client(made) as client:
        me = client.call("GET", "/services/oauth2/userinfo").json()["user_id"]

        def numbers(where: str) -> str:
            found = client.query(f"SELECT CaseNumber FROM Case WHERE {where} ORDER BY CaseNumber")["records"]
            return "".join(each["CaseNumber"] for each in found)

        assert (numbers("CreatedDate = TODAY"), numbers("CreatedDate = YESTERDAY")) == ("3", "12")
        client.call("PATCH", f"/sobjects/User/{me}", json={"TimeZoneSidKey": "America/Chicago"})
        assert (numbers("CreatedDate = TODAY"), numbers("CreatedDate = YESTERDAY")) == ("23", "1")
        assert numbers("HOUR_IN_DAY(convertTimezone(CreatedDate)) = 0") == "2"
        client.call("PATCH", f"/sobjects/User/{me}", json={"LocaleSidKey": "de_DE"})
        refused = client.query("SELECT Id FROM Case WHERE CreatedDate = THIS_WEEK")
        assert "a week in the locale de_DE is not supported by this org" in refused[0]["message"]
