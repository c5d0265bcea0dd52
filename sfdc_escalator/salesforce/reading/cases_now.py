"""Cases as they are now, including deleted and merged ones, with the keys of their notes in the same answer."""

from collections.abc import Sequence

from sfdc_escalator.escalation.world.keys import key_of
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.pipeline.ports.org import CaseNow
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.shapes import objects
from sfdc_escalator.salesforce.reading.lookups import in_ids
from sfdc_escalator.salesforce.reading.poll import selected
from sfdc_escalator.salesforce.reading.records import CaseReader, read
from sfdc_escalator.salesforce.schema.values import flag, given, instant, needed, pick, record_id, selected_value, text
from sfdc_escalator.salesforce.soql.soql import ids, select

FATE = ("IsClosed", "IsDeleted", "MasterRecordId")
CLOSED_AT = "ClosedDate"


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
