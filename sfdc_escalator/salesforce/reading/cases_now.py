"""Cases as they are now, including deleted and merged ones: with the keys of their notes in the same answer, or with
their comments since a time and who changed a field last; and the number of open ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.figures.in_common import EMPTY, OpenCases
from sfdc_escalator.escalation.saved.since import CaseSince, Changes, ChangeSince, CommentSince
from sfdc_escalator.escalation.world.case import ATTRIBUTES
from sfdc_escalator.escalation.world.keys import key_of
from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.pipeline.ports.org import CaseNow
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.composite import query_path
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.shapes import objects
from sfdc_escalator.salesforce.reading.field_changes import history_names
from sfdc_escalator.salesforce.reading.lookups import in_ids, normal
from sfdc_escalator.salesforce.reading.records import CaseReader, read, selected
from sfdc_escalator.salesforce.schema.describe import parse_fields
from sfdc_escalator.salesforce.schema.values import (
    count,
    flag,
    given,
    instant,
    needed,
    pick,
    record_id,
    selected_value,
    text,
)
from sfdc_escalator.salesforce.soql import soql
from sfdc_escalator.salesforce.soql.soql import ids, quote, select

FATE = ("IsClosed", "IsDeleted", "MasterRecordId")
CLOSED_AT = "ClosedDate"
OPEN = "SELECT COUNT() FROM Case WHERE IsClosed = false"
UNQUOTED = frozenset({"boolean", "int", "double", "percent"})
CASE = ("Id", "CaseNumber", *ATTRIBUTES, "LastModifiedDate", *FATE)
COMMENT = ("ParentId", "CommentBody", "CreatedById", "CreatedBy.Name", "CreatedDate", "IsDeleted")
CHANGE = ("CaseId", "Field", "CreatedById", "CreatedBy.Name", "CreatedDate")
FIELDS = {name.lower(): field for field in ATTRIBUTES for name in history_names(field)}
NOT_IN_ORG = "INVALID_TYPE"


def cases_now(
    client: Client, case_ids: Sequence[str], paths: frozenset[str], users: frozenset[str], describe: Describe
) -> dict[str, CaseNow]:
    """See `Org.cases_now`."""
    if not case_ids:
        return {}
    known = frozenset(path for path in paths if describe.field_at(path))
    closing = [CLOSED_AT] if describe.field_at(CLOSED_AT) else []
    fields = list(dict.fromkeys((*selected(known, describe), *FATE, *closing)))
    by_us = select(["CommentBody"], "CaseComments", f"CreatedById IN {ids(sorted(users))}") if users else ""
    notes = [f"({by_us})"] if by_us else []
    answers = client.lookups(in_ids([*fields, *notes], "Case", "Id", case_ids), deleted=True)
    reader = CaseReader((path for path in known if path in fields), describe)
    found = read(lambda record: case_now(record, reader), (record for part in answers for record in part))
    return {one.case.id: one for one in found}


def case_now(record: Record, reader: CaseReader) -> CaseNow:
    notes = given(pick(record, "CaseComments"), "records", objects) or ()
    keys = (key_of(given(note, "CommentBody", text, selected_value) or "") for note in notes)
    return CaseNow(
        case=reader.case(record),
        is_closed=given(record, "IsClosed", flag, selected_value) is True,
        is_deleted=given(record, "IsDeleted", flag) is True,
        master_id=given(record, "MasterRecordId", record_id),
        keys=frozenset(key for key in keys if key),
        closed_at=given(record, CLOSED_AT, instant),
    )


def merged_into(client: Client, case_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """See `Org.merged_into`."""
    answers = client.lookups(in_ids(("Id", "MasterRecordId"), "Case", "MasterRecordId", case_ids), deleted=True)
    found: dict[str, frozenset[str]] = {}
    for master, loser in read(merge, (record for part in answers for record in part)):
        found[master] = found.get(master, frozenset()) | {loser}
    return found


def merge(record: Record) -> tuple[str, str]:
    return needed(record, "MasterRecordId", record_id), needed(record, "Id", record_id)


# -- the number of open cases ------------------------------------------------------------------------------------------


def open_cases(client: Client, values: Mapping[str, Sequence[str]], standard: Describe) -> OpenCases:
    """The number of open cases, and of those with each of these values by field; a field that the org refuses is left
    out. Each value takes a query."""
    (fields,) = client.get("sobjects/Case/describe")
    describe = Describe({"Case": parse_fields(fields)}).over(standard)
    known = {path: info for path in values if (info := describe.field_at(path))}
    wanted = [(path, value) for path in known for value in values[path]]
    queries = [OPEN, *(f"{OPEN} AND {path} = {literal_of(known[path], value)}" for path, value in wanted)]
    every, *answers = client.try_get(*map(query_path, queries))
    found: dict[str, dict[str, int]] = {}
    for (path, value), answer in zip(wanted, answers, strict=True):
        if not isinstance(answer, Rejected):
            found.setdefault(path, {})[value] = total(answer)
    return OpenCases(total(every), found)


def total(answer: object) -> int:
    if isinstance(answer, OrgUnavailable):
        raise answer
    return needed(answer, "totalSize", count)


def literal_of(info: FieldInfo, value: str) -> str:
    if value == EMPTY:
        return "null"
    return value if info.type in UNQUOTED else quote(value)


# -- since a time ------------------------------------------------------------------------------------------------------


def cases_since(client: Client, case_ids: Sequence[str], since: datetime) -> tuple[Mapping[str, CaseSince], datetime]:
    """See `Org.cases_since`. The time of the first answer is that of all: what happens later is seen by the guard."""
    cases, at = client.timed_lookups(in_ids(CASE, "Case", "Id", case_ids), deleted=True)
    later = f"AND CreatedDate >= {soql.instant(since.replace(microsecond=0))} ORDER BY CreatedDate, Id"
    comments = client.lookups(in_ids(COMMENT, "CaseComment", "ParentId", case_ids, later), deleted=True)
    said: dict[str, tuple[CommentSince, ...]] = {}
    for case_id, comment in read(comment_since, (record for part in comments for record in part)):
        said[case_id] = (*said.get(case_id, ()), comment)
    found = read(lambda record: case_since(record, said), (record for part in cases for record in part))
    return {one.case_id: one for one in found}, at


def case_since(record: Record, said: Mapping[str, tuple[CommentSince, ...]]) -> CaseSince:
    case_id = needed(record, "Id", record_id)
    values = {name: normal(name, given(record, name, text)) for name in ATTRIBUTES}
    return CaseSince(
        case_id=case_id,
        number=needed(record, "CaseNumber", text),
        values=values,
        modified=given(record, "LastModifiedDate", instant, selected_value),
        is_closed=given(record, "IsClosed", flag, selected_value) is True,
        is_deleted=given(record, "IsDeleted", flag) is True,
        master_id=given(record, "MasterRecordId", record_id),
        comments=said.get(case_id, ()),
    )


def comment_since(record: Record) -> tuple[str, CommentSince]:
    body = given(record, "CommentBody", text, selected_value) or ""
    by, at = needed(record, "CreatedById", record_id), needed(record, "CreatedDate", instant)
    is_deleted = given(record, "IsDeleted", flag) is True
    return needed(record, "ParentId", record_id), CommentSince(by, name_in(record), at, key_of(body), is_deleted)


def changes_since(client: Client, case_ids: Sequence[str], since: datetime) -> Changes:
    """See `Org.changes_since`. An org without a history of cases has no such object."""
    names = ",".join(soql.quote(name) for field in ATTRIBUTES for name in history_names(field))
    moment = soql.instant(since.replace(microsecond=0))
    tail = f"AND Field IN ({names}) AND CreatedDate >= {moment} ORDER BY CreatedDate, Id"
    answers = client.try_lookups(in_ids(CHANGE, "CaseHistory", "CaseId", case_ids, tail))
    found: dict[str, dict[str, ChangeSince]] = {}
    for answer in answers:
        if isinstance(answer, Rejected) and answer.error_code == NOT_IN_ORG:
            continue
        if isinstance(answer, OrgUnavailable):
            raise answer
        for case_id, field, change in read(change_since, answer):  # oldest first
            found.setdefault(case_id, {})[field] = change
    return found


def change_since(record: Record) -> tuple[str, str, ChangeSince]:
    by, at = given(record, "CreatedById", record_id) or "", needed(record, "CreatedDate", instant)
    field = FIELDS.get(needed(record, "Field", text).lower(), "")
    return needed(record, "CaseId", record_id), field, ChangeSince(by, name_in(record), at)


def name_in(record: Record) -> str:
    return given(pick(record, "CreatedBy"), "Name", text) or ""
