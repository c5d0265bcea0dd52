"""Data folders: their content, and the faults that are reported."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg, InvalidData, Problem
from sfdc_escalator.embedded_org.basics.ids import canonical
from sfdc_escalator.embedded_org.store import database
from sfdc_escalator.embedded_org.store.file import connected
from tests.embedded_org.client import FILES, NOW, Client, write_folder

CASE_ID = "500000000000001AAA"


def problems_of(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(InvalidData) as caught:
        EmbeddedOrg(data=folder, now=NOW)
    return caught.value.problems


@pytest.mark.parametrize(
    ("name", "text", "line", "column", "message", "nearest"),
    [
        ("Case", "Subject,Prioriti\na,b\n", 1, 2, "no field Prioriti", "Priority"),
        ("Case", "Subject,Subject\na,b\n", 1, 2, "appears twice", None),
        ("Case", "Subject,Status\na\n", 2, None, "has 1 cell", None),
        ("Case", "Subject,Status\n\"two\nlines\",New\nonly\n", 4, None, "has 1 cell", None),
        ("Case", "Size__c:numbre\n1\n", 1, 1, "numbre is not a type", "number"),
        ("Case", "Size__c:number\nmany\n", 2, 1, "'many' is not a value of", None),
        ("Case", "Size__c:number\nnan\n", 2, 1, "'nan' is not a value of", None),
        ("Case", "Vip__c:checkbox\nyes\n", 2, 1, "'yes' is not a value of", None),
        ("Case", "Day__c:date\n1.2.2026\n", 2, 1, "'1.2.2026' is not a value of", None),
        ("Case", "Other__c:reference\nx\n", 1, 1, "a reference needs the name of its object", None),
        ("Case", "Other__c:reference(Acount)\nx\n", 1, 1, "Acount is not an object", "Account"),
        ("Case", "CreatedDate\n2026-02-01T10:00:00\n", 2, 1, "is not a value of", None),
        ("Case", "CreatedDate\n2026-03-01T10:00:01Z\n", 2, 1, "later than the org's clock", None),
        ("Case", "CreatedDate\n0001-01-01T00:00:00+14:00\n", 2, 1, "is not a value of", None),
        ("Case", "Subject\n\"two\nlines\"\n\"never closed\n", 4, None, "a quote that opens in this row", None),
        ("Case", f"Description\nshort\n{'x' * 140_000}\n", 3, None, "is not CSV: field larger", None),
        ("Case", "Subject,OwnerId\na,nobody\n", 2, 2, "names no record", None),
        ("Case", "Subject,OwnerId\na,first_lin\n", 2, 2, "names no record", "first_line"),
        ("Case", "Id\n500000000000001AAB\n", 2, 1, "not a valid id", CASE_ID),
        ("Case", "Id\n001000000000001AAA\n", 2, 1, "not an id of Case", None),
        ("Case", f"Id\n{CASE_ID}\n500000000000001\n", 3, 1, "appears twice", None),
        ("Case", "CaseNumber\n00000001\n00000001\n", 3, 1, "appears twice", None),
        ("Case", f"Subject\n{'x' * 256}\n", 2, 1, "is not a value of", None),
        ("Case", "Status,IsClosed\nDone,true\nDone,false\n", 3, 2, "closed, but not in this row", None),
        ("Case", "ContactEmail\nx@example.org\n", 1, 1, "is a copy of Contact.Email", None),
        ("Acount", "Name\nx\n", None, None, "Acount is not an object", "Account"),
        ("Account", "", None, None, "is empty", None),
        ("Contact", "LastName,AccountId\nx,Twice\n", 2, 2, "names 2 records", None),
        ("Key__c", "Key__c:external_id\nA\na\nA\n", 4, 1, "appears twice", None),
    ],
)  # fmt: skip
def test_every_fault_is_reported_at_its_place_with_what_is_expected(
    tmp_path: Path, name: str, text: str, line: int | None, column: int | None, message: str, nearest: str | None
) -> None:
    files = {
        "Case": "Subject\nfine\n",
        "Group": "Name,DeveloperName,Type\nFirst,first_line,Queue\n",
        "Account": "Name\nTwice\nTwice\n",
    }
    (found,) = problems_of(write_folder(tmp_path, {**files, name: text}))
    assert (Path(found.file).name, found.line, found.column) == (f"{name}.csv", line, column)
    assert message in found.message
    assert found.nearest == nearest


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"Subject\nfine\n\xff\xfe\n", 3, "is not UTF-8"),
        (b"Subject\nfine\nbi\x00nary\n", 3, "is not text"),
        (b'Subject\n"open\n', 2, "is not CSV"),
        (b" \n\n", None, "is empty"),
    ],
)
def test_a_file_that_is_not_csv_in_utf_8_is_one_problem(
    tmp_path: Path, content: bytes, line: int | None, message: str
) -> None:
    (tmp_path / "Case.csv").write_bytes(content)
    (found,) = problems_of(tmp_path)
    assert (found.line, message in found.message) == (line, True)


def test_every_problem_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {"Case": "Subjct,Vip__c:checkbox\na,1\nb,2\n", "Account": "Nam\nx\n"})
    assert [(Path(each.file).name, each.line) for each in problems_of(folder)] == [
        ("Account.csv", 1),
        ("Case.csv", 1),
        ("Case.csv", 2),
        ("Case.csv", 3),
    ]


def test_an_export_of_an_org_can_be_loaded(tmp_path: Path) -> None:
    """Header names in any case, times with offsets, system users, deleted rows."""
    text = (
        "ID,SUBJECT,CREATEDDATE,LASTMODIFIEDDATE,CREATEDBYID,ISDELETED\n"
        f"{CASE_ID},kept,2026-01-01T00:00:00.000+0000,2026-01-02T00:00:00.999Z,ann@example.org,false\n"
        ",gone,2026-01-01T01:00:00+01:00,,,TRUE\n"
    )
    folder = write_folder(tmp_path, {"Case": text, "User": FILES["User"]})
    with EmbeddedOrg(data=folder, now=NOW) as made, Client(made) as client:
        (kept,) = client.query("SELECT Subject, LastModifiedDate, LastModifiedBy.Name FROM Case")["records"]
        assert client.query("SELECT COUNT() FROM Case", "/queryAll")["totalSize"] == 2
    assert kept["LastModifiedDate"] == "2026-01-02T00:00:00.000+0000"
    assert kept["LastModifiedBy"]["Name"] == "Ann Ash"


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    (found,) = problems_of(write_folder(tmp_path, {"Account": "Name\nx\n"}))
    assert "no Case.csv" in found.message
    (missing,) = problems_of(tmp_path / "nowhere")
    assert "does not exist" in missing.message


def test_missing_system_fields_are_a_day_before_the_clock(reading: Client) -> None:
    """A missing CreatedDate is a day before the clock; the other fields are equal to it."""
    fields = "CreatedDate, LastModifiedDate, SystemModstamp, CreatedBy.Username"
    (account,) = reading.query(f"SELECT {fields} FROM Account WHERE Name = 'Acme'")["records"]
    assert account["CreatedDate"] == account["LastModifiedDate"] == "2026-02-28T10:00:00.000+0000"
    assert account["SystemModstamp"] == account["CreatedDate"]
    (case,) = reading.query("SELECT CreatedDate, LastModifiedDate FROM Case WHERE CaseNumber = '00001003'")["records"]
    assert case["CreatedDate"] == case["LastModifiedDate"] == "2026-02-27T06:00:00.000+0000"


def test_ids_are_made_valid_and_given_ids_are_kept(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {"Case": f"Id,Subject\n{CASE_ID[:15]},given\n,made\n"})
    with EmbeddedOrg(data=folder, now=NOW) as made, Client(made) as client:
        found = client.ids("SELECT Id FROM Case ORDER BY Subject")
    assert found[0] == CASE_ID
    assert canonical(found[1]) == found[1]
    assert found[1].startswith("500")


def test_every_org_has_standard_records_besides_its_data(reading: Client) -> None:
    """The organization, the token's user, a serving queue, statuses, default business hours."""
    assert reading.query("SELECT Id, IsSandbox FROM Organization")["records"][0]["Id"] == reading.org.organization_id
    me = reading.call("GET", "/services/oauth2/userinfo").json()["user_id"]
    (user,) = reading.query(f"SELECT IsActive, UserType FROM User WHERE Id = '{me}'")["records"]
    assert (user["IsActive"], user["UserType"]) == (True, "Standard")
    served = reading.query("SELECT Queue.DeveloperName FROM QueueSobject WHERE SobjectType = 'Case'")["records"]
    assert {each["Queue"]["DeveloperName"] for each in served} == {"first_line", "second_line"}
    closed = reading.query("SELECT ApiName FROM CaseStatus WHERE IsClosed = TRUE")["records"]
    assert [each["ApiName"] for each in closed] == ["Closed"]
    assert reading.query("SELECT COUNT() FROM BusinessHours WHERE IsDefault = TRUE")["totalSize"] == 1


def test_an_org_is_a_sandbox_until_it_is_said_to_be_production_and_its_file_keeps_that(tmp_path: Path) -> None:
    folder, db = write_folder(tmp_path / "data"), tmp_path / "org.db"
    for production, is_sandbox in ((False, True), (True, False), (False, False)):
        with EmbeddedOrg(data=folder, db=db, now=NOW, production=production) as made, Client(made) as client:
            (found,) = client.query("SELECT IsSandbox FROM Organization")["records"]
            assert found["IsSandbox"] is is_sandbox


def test_members_of_a_queue_are_named_by_their_natural_keys(tmp_path: Path) -> None:
    files = {**FILES, "GroupMember": "GroupId,UserOrGroupId\nfirst_line,ann@example.org\nfirst_line,second_line\n"}
    with EmbeddedOrg(data=write_folder(tmp_path, files), now=NOW) as made, Client(made) as client:
        found = client.query("SELECT Group.DeveloperName, UserOrGroup.Name FROM GroupMember ORDER BY UserOrGroup.Name")
    assert [(each["Group"]["DeveloperName"], each["UserOrGroup"]["Name"]) for each in found["records"]] == [
        ("first_line", "Ann Ash"),
        ("first_line", "Second line"),
    ]


def test_a_status_given_as_closed_is_a_closed_status(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {"Case": "Subject,Status,IsClosed\na,Resolved,true\nb,Resolved,\nc,New,\n"})
    with EmbeddedOrg(data=folder, now=NOW) as made, Client(made) as client:
        assert client.query("SELECT COUNT() FROM Case WHERE IsClosed = TRUE AND ClosedDate != null")["totalSize"] == 2
        # a case is not closed after the last time that it was modified
        found = client.query("SELECT ClosedDate, LastModifiedDate FROM Case WHERE IsClosed = TRUE")["records"]
        assert all(each["ClosedDate"] <= each["LastModifiedDate"] for each in found)
        statuses = client.query("SELECT ApiName, IsClosed FROM CaseStatus")["records"]
    assert {each["ApiName"] for each in statuses if each["IsClosed"]} == {"Resolved", "Closed"}


def test_custom_objects_and_fields_are_described_and_queried(reading: Client) -> None:
    (case,) = reading.query(
        "SELECT Reassignments__c, Vip__c, (SELECT Name, Opened__c FROM RMAs__r ORDER BY Name) FROM Case "
        "WHERE CaseNumber = '00001001'"
    )["records"]
    assert (case["Reassignments__c"], case["Vip__c"]) == (3, True)
    assert [each["Name"] for each in case["RMAs__r"]["records"]] == ["R-1", "R-2"]
    described = reading.call("GET", "/sobjects/RMA__c/describe").json()
    reference = next(each for each in described["fields"] if each["name"] == "Case__c")
    assert (described["custom"], reference["referenceTo"], reference["relationshipName"]) == (True, ["Case"], "Case__r")
    assert reading.query("SELECT Case__r.Subject FROM RMA__c WHERE Name = 'R-1'")["records"][0]["Case__r"]["Subject"]


def test_the_work_to_load_and_look_up_grows_with_the_number_of_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts calls and steps of the database, not seconds: twice the cases, about twice the work."""
    connect, work = connected, Counter[str]()

    def counted(path: Path | None) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_progress_handler(lambda: work.update(steps=1), 100)
        return connection

    monkeypatch.setattr(database, "connected", counted)

    def needed(cases: int) -> Counter[str]:
        lines = "".join(f"Subject {i},New,2026-01-01T00:00:00Z,{i % 9}\n" for i in range(cases))
        text = {"Case": "Subject,Status,CreatedDate,Moves__c:number\n" + lines}
        folder = write_folder(tmp_path / str(cases), text)
        work.clear()
        sys.setprofile(lambda *_: work.update(calls=1))
        try:
            made = EmbeddedOrg(data=folder, now=NOW)
        finally:
            sys.setprofile(None)
        with made, Client(made) as client:
            assert client.query("SELECT COUNT() FROM Case WHERE Moves__c >= 3")["totalSize"] > cases * 0.6
        return +work

    small, large = needed(1_000), needed(2_000)
    assert {kind: large[kind] < 2.5 * small[kind] for kind in small} == {"calls": True, "steps": True}


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        EmbeddedOrg(now=datetime(2026, 3, 1))  # noqa: DTZ001
