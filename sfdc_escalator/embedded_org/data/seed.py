"""Fills an org with its data and with the records of every org: organization, token's user, statuses, defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.embedded_org.basics import clock, ids
from sfdc_escalator.embedded_org.data import automation_file, data_folder, tracking
from sfdc_escalator.embedded_org.data.data_folder import Folder, Record, Table
from sfdc_escalator.embedded_org.store import schema
from sfdc_escalator.embedded_org.store.database import Database
from sfdc_escalator.embedded_org.store.schema import SObject

_STATUSES = {"New": False, "Working": False, "Escalated": False, "Closed": True}
_FIRST_CASE = 1001


@dataclass(frozen=True, slots=True)
class Created:
    """The ids of a new org."""

    organization_id: str
    user_id: str


def create(database: Database, folder: Folder, organization_id: str, now: datetime) -> Created:
    """Adds the org's own records to those of the folder and fills an empty database with all of them.

    Raises InvalidData with every problem of the folder.
    """
    user = _people(folder)
    _group_names(folder)
    _organization(folder, organization_id)
    _hours(folder)
    _notification_type(folder)
    tracking.track(folder)
    _case_numbers(folder)
    _statuses(folder, _day_before(now))
    data_folder.check_ids(folder)
    data_folder.fill_ids(folder)
    _queues(folder)
    data_folder.fill_ids(folder)
    data_folder.resolve(folder)
    data_folder.check_unique(folder)
    automation = automation_file.load(folder)
    tracking.retrack(folder, automation)
    folder.raise_problems()
    _defaults(folder, user["Id"], now)
    _store(database, folder)
    database.automate(automation, user["Id"])
    return Created(organization_id, user["Id"])


def _people(folder: Folder) -> Record:
    """Adds the token's user and the profile, completes the names of persons, and returns the token's user."""
    profiles = folder.table("Profile")
    admin = ids.make("00e", 1)
    if not any(each.get("Id") == admin for each in profiles.records):
        profiles.add({"Id": admin, "Name": "System Administrator", "UserType": "Standard"})
    for name in ("User", "Contact"):
        table = folder.table(name)
        for record in table.records:
            _person(record)
    users = folder.table("User")
    for row, record in enumerate(users.records):
        record.setdefault("Username", f"user{row + 1}@embedded.example")
        record.setdefault("ProfileId", admin)
        record.setdefault("Alias", re.sub(r"\W", "", record["Username"])[:8])
    taken = {each["Username"] for each in users.records}
    username = next(n for n in _usernames() if n not in taken)
    return users.add({
        "Username": username, "FirstName": "Integration", "LastName": "User",
        "Name": "Integration User", "Alias": "integ", "Email": "integration@embedded.example", "ProfileId": admin,
        "CommunityNickname": "integration", "IsActive": 1, "UserType": "Standard",
    })  # fmt: skip


def _usernames() -> Any:
    yield "integration@embedded.example"
    number = 1
    while True:
        number += 1
        yield f"integration{number}@embedded.example"


def _person(record: Record) -> None:
    if "Name" in record and "LastName" not in record:
        first, _, last = str(record["Name"]).rpartition(" ")
        record["LastName"] = last[:80]
        if first:
            record.setdefault("FirstName", first[:40])
    parts = [record.get("FirstName"), record.setdefault("LastName", "Unnamed")]
    record.setdefault("Name", " ".join(each for each in parts if each))


def _group_names(folder: Folder) -> None:
    for record in folder.table("Group").records:
        name = record.get("Name") or str(record.get("DeveloperName", "Group")).replace("_", " ")
        record.setdefault("Name", name[:40])
        record.setdefault("DeveloperName", re.sub(r"\W+", "_", name).strip("_"))
        record.setdefault("Type", "Regular")


def _organization(folder: Folder, organization_id: str) -> None:
    folder.table("Organization").records[:] = []
    folder.table("Organization").lines[:] = []
    folder.table("Organization").add({
        "Id": organization_id, "Name": "Embedded Org", "OrganizationType": "Developer Edition", "IsSandbox": 1,
        "InstanceName": "EMB1", "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "GMT", "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1, "DefaultCaseAccess": "ReadEditTransfer", "IsReadOnly": 0,
    })  # fmt: skip


def _queues(folder: Folder) -> None:
    """Lets each queue of the data hold cases, unless QueueSobject.csv names its objects."""
    served = folder.table("QueueSobject")
    given = {str(each.get("QueueId")) for each in served.records}
    for group in folder.table("Group").records:
        if group["Type"] == "Queue" and not given & {group["Id"], group["Id"][:15], group["DeveloperName"]}:
            served.add({"QueueId": group["Id"], "SobjectType": "Case"})


def _hours(folder: Folder) -> None:
    hours = folder.table("BusinessHours")
    if not any(each.get("IsDefault") for each in hours.records):
        days = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
        always = {f"{day}{end}Time": "00:00:00.000Z" for day in days for end in ("Start", "End")}
        hours.add({"Name": "Default", "IsDefault": 1, "IsActive": 1, **always})
    folder.table("RecordType")


def _notification_type(folder: Folder) -> None:
    """Adds a type of custom notifications, unless CustomNotificationType.csv names those of the org."""
    if "CustomNotificationType" not in folder.tables:
        folder.table("CustomNotificationType").add({
            "DeveloperName": "SFDC_Escalator", "MasterLabel": "Escalations", "CustomNotifTypeName": "SFDC_Escalator",
            "Desktop": 1, "Mobile": 1, "Language": "en_US",
        })  # fmt: skip


def _case_numbers(folder: Folder) -> None:
    table = folder.table("Case")
    taken: set[str] = set()
    for row, record in enumerate(table.records):
        number = record.get("CaseNumber")
        if number in taken:
            folder.problem(table, row, "CaseNumber", f"case number {number} appears twice", found=str(number))
        elif number:
            taken.add(number)
    following = max((int(each) for each in taken if each.isdecimal()), default=_FIRST_CASE - 1)
    for record in table.records:
        if not record.get("CaseNumber"):
            following += 1
            record["CaseNumber"] = f"{following:08d}"


def _statuses(folder: Folder, yesterday: str) -> None:
    """Adds CaseStatus rows for the usual statuses and those in use; a status closed in one row is closed in all."""
    cases, statuses = folder.table("Case"), folder.table("CaseStatus")
    closed = dict(_STATUSES)
    closed.update(
        {str(each.get("ApiName") or each.get("MasterLabel")): bool(each.get("IsClosed")) for each in statuses.records}
    )
    for record in cases.records:
        status = record.setdefault("Status", "Closed" if record.get("IsClosed") else "New")
        closed[status] = closed.get(status, False) or bool(record.get("IsClosed"))
    for row, record in enumerate(cases.records):
        if record.setdefault("IsClosed", int(closed[record["Status"]])) != closed[record["Status"]]:
            folder.problem(cases, row, "IsClosed", f"status {record['Status']} is closed, but not in this row",
                           found="false", expected="true, because the status decides it")  # fmt: skip
        if record["IsClosed"]:
            record.setdefault("ClosedDate", record.get("LastModifiedDate") or record.get("CreatedDate") or yesterday)
    _status_rows(statuses, closed)


def _status_rows(statuses: Table, closed: dict[str, bool]) -> None:
    given = set()
    for record in statuses.records:
        name = record.get("ApiName") or record.get("MasterLabel")
        record.update(ApiName=name, MasterLabel=record.get("MasterLabel") or name, IsClosed=int(closed[str(name)]))
        given.add(name)
    for name, is_closed in closed.items():
        if name not in given:
            statuses.add(
                {"ApiName": name, "MasterLabel": name, "IsClosed": int(is_closed), "IsDefault": int(name == "New")}
            )
    for order, record in enumerate(statuses.records, 1):
        record.setdefault("SortOrder", order)


def _defaults(folder: Folder, user_id: str, now: datetime) -> None:
    yesterday = _day_before(now)
    hours = next(each["Id"] for each in folder.table("BusinessHours").records if each.get("IsDefault"))
    for table in folder.tables.values():
        preset = _preset(table, user_id, hours)
        for record in table.records:
            for name, value in preset.items():
                record.setdefault(name, value)
            _stamp(table.sobject, record, yesterday)
            if table.sobject.custom:
                record.setdefault("Name", record["Id"])
            if table.sobject.name == "ReturnOrder":
                record.setdefault("ReturnOrderNumber", record["Id"][7:15])


def _day_before(now: datetime) -> str:
    """The CreatedDate of a record without one."""
    return clock.stamp(now - timedelta(days=1))


def _preset(table: Table, user_id: str, hours: str) -> Record:
    """The values of fields left out; an empty cell of a given column stays null where the field may be null."""
    fields = table.sobject.fields
    given = {name for name in table.columns if fields[name].nillable and fields[name].type != "boolean"}
    preset = {name: value for name, value in schema.preset(table.sobject).items() if name not in given}
    preset.update({name: user_id for name in ("OwnerId", "CreatedById") if name in fields})
    return {**preset, "BusinessHoursId": hours} if table.sobject.name == "Case" else preset


def _stamp(sobject: SObject, record: Record, yesterday: str) -> None:
    if "CreatedDate" in sobject.fields:
        record.setdefault("CreatedDate", yesterday)
    if "LastModifiedDate" in sobject.fields:
        record.setdefault("LastModifiedDate", record["CreatedDate"])
        record.setdefault("LastModifiedById", record["CreatedById"])
    if "SystemModstamp" in sobject.fields:
        record.setdefault("SystemModstamp", record.get("LastModifiedDate", yesterday))


def _store(database: Database, folder: Folder) -> None:
    database.create(folder.schema)
    for table in folder.tables.values():
        columns = list(dict.fromkeys(name for record in table.records for name in record))
        if table.records:
            database.fill(table.sobject, columns, (tuple(map(record.get, columns)) for record in table.records))
    database.index()
