"""The cases on which something happened since a time: rows of their history, messages and child records that are new.

The queries are for the whole org, not by id: their number grows with the kinds of look-ups, not with the cases.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, Answered, FieldChanges, Lookup, Records
from sfdc_escalator.escalation.world.org import Child, Describe
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.facts import Facts
from sfdc_escalator.salesforce.reading.field_changes import history_names
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import given, record_id
from sfdc_escalator.salesforce.soql import soql
from sfdc_escalator.salesforce.soql.soql import select

CASE_PREFIX = "500"  # of the id of a case
MOST_ROWS = 20_000  # of one kind, ten pages; above it, looking at all cases by id costs fewer calls
NOT_IN_ORG = frozenset({"INVALID_TYPE", "INVALID_TYPE_FOR_OPERATION"})


class Delta(NamedTuple):
    """A query for new records of one kind, and their field that names the case."""

    query: str
    case_field: str


def touched(client: Client, since: datetime, needs: frozenset[Lookup], facts: Facts) -> frozenset[str] | None:
    """See `Org.touched`. Left out is what our own users did."""
    if not all(map(can_be_queried, needs)):
        return None
    deltas = list(deltas_for(since, needs, facts))
    answers = client.try_lookups([delta.query for delta in deltas])
    found = [rows_of(answer) for answer in answers]
    if any(len(rows) > MOST_ROWS for rows in found):
        return None
    return frozenset(one for delta, rows in zip(deltas, found, strict=True) for one in case_ids(rows, delta.case_field))


def can_be_queried(need: Lookup) -> bool:
    """True if a new record that the need is about names its case."""
    return not isinstance(need, Answered) and not (isinstance(need, Records) and (need.through or need.same))


def deltas_for(since: datetime, needs: frozenset[Lookup], facts: Facts) -> Iterator[Delta]:
    after = f"CreatedDate >= {soql.instant(since)}"
    by_others = f"{after} AND CreatedById NOT IN {soql.ids(sorted(facts.us))}" if facts.us else after
    if names := history_fields(needs, facts.tracked):
        listed = ",".join(map(soql.quote, names))
        yield delta("CaseHistory", "CaseId", f"{by_others} AND Field IN ({listed})")
    if COMMENTS in needs:
        yield delta("CaseComment", "ParentId", by_others)
    if EMAILS in needs:  # our own user may store an incoming one
        yield delta("EmailMessage", "ParentId", f"{after} AND ParentId != null")
    for child in children_of(needs, facts.describe):
        yield delta(child.sobject, child.field, f"{after} AND {of_a_case(child, facts.describe)}")


def delta(sobject: str, case_field: str, where: str) -> Delta:
    return Delta(select([case_field], sobject, where, f"LIMIT {MOST_ROWS + 1}"), case_field)


def history_fields(needs: Iterable[Lookup], tracked: frozenset[str] | None) -> list[str]:
    """The names in CaseHistory of the fields that are needed and have a history."""
    paths = {need.path for need in needs if isinstance(need, FieldChanges)}
    kept = None if tracked is None else {name.lower() for name in tracked}
    return sorted(name for path in paths if kept is None or path.lower() in kept for name in history_names(path))


def children_of(needs: Iterable[Lookup], describe: Describe) -> list[Child]:
    """The child objects that are needed; a route with an unknown one is reported as broken."""
    found = {describe.child(need.relation) for need in needs if isinstance(need, Records)}
    return sorted(child for child in found if child)


def of_a_case(child: Child, describe: Describe) -> str:
    """The records with a case; a reference to several objects, such as a task's, is asked for its type."""
    reference = describe.field_at(child.field, child.sobject)
    if reference and reference.relationship and len(reference.reference_to) > 1:
        return f"{reference.relationship}.Type = 'Case'"
    return f"{child.field} != null"


def rows_of(answer: list[Record] | OrgUnavailable) -> list[Record]:
    """The records; none if the org does not have the object, or does not let it be queried."""
    if isinstance(answer, Rejected) and answer.error_code in NOT_IN_ORG:
        return []
    if isinstance(answer, OrgUnavailable):
        raise answer
    return answer


def case_ids(rows: Iterable[Record], case_field: str) -> Iterator[str]:
    found = read(lambda row: given(row, case_field, record_id), rows)
    return (one for one in found if one and one.startswith(CASE_PREFIX))
