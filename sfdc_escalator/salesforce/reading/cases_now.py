"""Cases as they are now, including deleted and merged ones, with the keys of their notes in the same answer."""

from collections.abc import Sequence

from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.keys import key_of
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.pipeline.ports.org import CaseNow
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.lookups import in_ids
from sfdc_escalator.salesforce.reading.poll import selected
from sfdc_escalator.salesforce.reading.records import CaseReader, pick, read
from sfdc_escalator.salesforce.soql.soql import ids, select

FATE = ("IsClosed", "IsDeleted", "MasterRecordId")


def cases_now(
    client: Client, case_ids: Sequence[str], paths: frozenset[str], users: frozenset[str], describe: Describe
) -> dict[str, CaseNow]:
    """See `Org.cases_now`."""
    if not case_ids:
        return {}
    known = frozenset(path for path in paths if describe.field_at(path))
    fields = list(dict.fromkeys((*selected(known, describe), *FATE)))
    by_us = select(["CommentBody"], "CaseComments", f"CreatedById IN {ids(sorted(users))}") if users else ""
    notes = [f"({by_us})"] if by_us else []
    answers = client.lookups(in_ids([*fields, *notes], "Case", "Id", case_ids), deleted=True)
    reader = CaseReader((path for path in known if path in fields), describe)
    found = read(lambda record: case_now(record, reader), (record for part in answers for record in part))
    return {one.case.id: one for one in found}


def case_now(record: Record, reader: CaseReader) -> CaseNow:
    master = pick(record, "MasterRecordId")
    notes = (pick(record, "CaseComments") or {}).get("records", ())
    keys = (key_of(pick(note, "CommentBody") or "") for note in notes)
    return CaseNow(
        case=reader.case(record),
        is_closed=pick(record, "IsClosed") is True,
        is_deleted=pick(record, "IsDeleted") is True,
        master_id=long_id(master) if master else None,
        keys=frozenset(key for key in keys if key),
    )


def merged_into(client: Client, case_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """See `Org.merged_into`."""
    answers = client.lookups(in_ids(("Id", "MasterRecordId"), "Case", "MasterRecordId", case_ids), deleted=True)
    found: dict[str, frozenset[str]] = {}
    for master, loser in read(merge, (record for part in answers for record in part)):
        found[master] = found.get(master, frozenset()) | {loser}
    return found


def merge(record: Record) -> tuple[str, str]:
    return long_id(pick(record, "MasterRecordId")), long_id(pick(record, "Id"))
