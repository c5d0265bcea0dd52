"""Cases of our own in a sandbox, known by a mark in their Subject: made for a rehearsal, deleted after it.

The org is always asked for them by the mark: so a lost answer changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.pipeline.ports.writing import Answer, Committed, NotExecuted, RolledBack
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import error_text
from sfdc_escalator.salesforce.readiness.probe import sent
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import needed, record_id, text
from sfdc_escalator.salesforce.soql.soql import quote, select
from sfdc_escalator.salesforce.writing.write import NO_ASSIGNMENT, Composite, Part, collection

MARK = "sfdc-escalator probe"


@dataclass(frozen=True, slots=True)
class Marked:
    """(id, number) of each case; with the reason where there are none."""

    cases: tuple[tuple[str, str], ...]
    reason: str = ""


def create(client: Client, mark: str, count: int) -> Marked:
    records = [{"attributes": {"type": "Case"}, "Subject": mark} for _ in range(count)]
    rows = Part("marked", tuple(str(place) for place in range(count)))
    request = collection(client.base, rows.reference, "POST", records)
    answer = sent(client, Composite(in_one(request), (rows,)))
    made = marked(client, mark)
    if made or isinstance(answer, (RolledBack, NotExecuted)):
        return Marked(tuple(made), "" if made else reason(answer))
    later = f"should cases with the Subject {mark!r} appear later, delete them"
    return Marked((), f"no clear answer came ({reason(answer)}), and none is there yet; {later}")


def delete(client: Client, mark: str, user_id: str) -> list[str]:
    """The marked cases that are left, each with the reason; none as a rule."""
    made = marked(client, mark)
    if not made:
        return []
    answer = all_of(client, "DELETE", made)
    if made := marked(client, mark):  # a queue's case can often be taken back, where only its owner may delete it
        all_of(client, "PATCH", made, OwnerId=user_id)
        answer = all_of(client, "DELETE", made)
        made = marked(client, mark)
    refusal = "" if isinstance(answer, Committed) else f": {reason(answer)}"
    return [f"case {number}{refusal}" for _, number in made]


def all_of(client: Client, method: str, cases: Sequence[tuple[str, str]], **fields: str) -> Answer:
    rows = Part("marked", tuple(case_id for case_id, _ in cases))
    url = f"{client.base}/composite/sobjects"
    records = [{"attributes": {"type": "Case"}, "id": case_id, **fields} for case_id in rows.case_ids]
    some: dict[str, Any] = {"url": f"{url}?ids={','.join(rows.case_ids)}&allOrNone=false"}
    if fields:
        some = {"url": url, "body": {"allOrNone": False, "records": records}}
    request = {"method": method, "referenceId": rows.reference, "httpHeaders": NO_ASSIGNMENT, **some}
    return sent(client, Composite(in_one(request), (rows,)))


def whatever_happens(client: Client, mark: str, user_id: str) -> list[str]:
    """As `delete`, but raises nothing, even when somebody interrupts it again."""
    message = ""
    for _ in range(2):
        try:
            return delete(client, mark, user_id)
        except OrgUnavailable as error:
            message = error.message
        except KeyboardInterrupt:
            message = "interrupted while they were deleted"
            break
    return [f"perhaps every case with the Subject {mark!r}: {message}"]


def marked(client: Client, mark: str) -> list[tuple[str, str]]:
    return list(numbered(client, f"Subject = {quote(mark)}"))


def of_earlier_probes(client: Client) -> list[str]:
    """The numbers of cases that an earlier probe could not delete, for example because its process was killed."""
    return [number for _, number in numbered(client, f"Subject LIKE {quote(MARK + ' %')}")]


def numbered(client: Client, where: str) -> Iterator[tuple[str, str]]:
    rows = client.lookups([select(["Id", "CaseNumber"], "Case", where, "ORDER BY Id")])[0]
    yield from read(lambda record: (needed(record, "Id", record_id), needed(record, "CaseNumber", text)), rows)


def in_one(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOrNone": False, "collateSubrequests": False, "compositeRequest": [request]}


def reason(answer: Answer) -> str:
    if isinstance(answer, RolledBack):
        return error_text(answer.error.code, answer.error.message)
    return str(getattr(answer, "reason", None) or "the org reports success")
