"""Tries out whether an org takes everything back when a part of a request fails: by a note that is rolled back."""

import uuid

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.policy.steps import NOTE
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.inspector import Rollback
from sfdc_escalator.pipeline.ports.writing import Answer, ErrorKind, Moved, NotExecuted, RolledBack, Unknown
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.composite import query_path
from sfdc_escalator.salesforce.line.failures import Unanswered, error_text
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import given, needed, record_id, text
from sfdc_escalator.salesforce.soql.soql import ids, instant, select
from sfdc_escalator.salesforce.writing.answer import read_answer
from sfdc_escalator.salesforce.writing.write import (
    FRESH,
    LAST,
    MARGIN,
    Composite,
    Part,
    collection,
    get,
    guard_query,
)

WORDS = "sfdc-escalator tries out whether this org takes back what it rolls back. Nobody should ever read this."


def rollback(client: Client, org_facts: OrgFacts, case: tuple[str, str], *, weak: bool) -> Rollback:
    """Writes a note on a case of a sandbox in a request that must fail, and looks for it afterwards."""
    case_id, number = case
    caller, mark = org_facts.caller, uuid.uuid4().hex
    request = doomed(client.base, case_id, mark, guard_query([case_id], caller.now, caller.user_id, weak=weak))
    answer = sent(client, request)
    by_us = f"ParentId IN {ids([case_id])} AND CreatedById IN {ids([caller.user_id])}"
    query = select(["Id", "CommentBody"], "CaseComment", f"{by_us} AND CreatedDate >= {instant(caller.now - MARGIN)}")
    left = _marked(client, query, mark)
    if left:
        _delete(client, left)
    return conclusion(answer, left, _marked(client, query, mark) if left else [], number)


def doomed(base: str, case_id: str, mark: str, guard: str) -> Composite:
    """The note comes first, then a reference to the second of one case: it can never hold."""
    note = {
        "attributes": {"type": "CaseComment"},
        "ParentId": case_id,
        "CommentBody": f"{WORDS} {mark}",
        "IsPublished": False,
    }
    requests = [
        collection(base, NOTE, "POST", [note]),
        get(base, FRESH, query_path(guard)),
        get(base, LAST, f"sobjects/Case/@{{{FRESH}.records[1].Id}}?fields=Id"),
    ]
    body = {"allOrNone": True, "collateSubrequests": False, "compositeRequest": requests}
    return Composite(body, (Part(NOTE, (case_id,)), Part(FRESH), Part(LAST)))


def conclusion(answer: Answer, left: list[str], still: list[str], number: str) -> Rollback:
    """From the answer, the notes that were found afterwards, and those that could not be deleted."""
    if left:
        then = f"could not be deleted: delete {', '.join(still)}" if still else "was deleted"
        return Rollback("broken", f"the org kept a note of a request that failed, on case {number}; it {then}")
    match answer:
        case Moved():
            return Rollback("honoured", f"a note on case {number} was written and rolled back")
        case RolledBack(error=error) if error.fault is ErrorKind.ROW:
            return Rollback(
                "refused", f"the org refuses a note on case {number}: {error_text(error.code, error.message)}"
            )
        case RolledBack(error=error):
            return Rollback("not_probed", error_text(error.code, error.message))
        case NotExecuted(reason=reason) | Unknown(reason=reason):
            return Rollback("not_probed", reason)
    return Rollback("broken", "the org says that a request succeeded that cannot succeed")


def sent(client: Client, request: Composite) -> Answer:
    try:
        sent = client.send(request.body)
    except Unanswered as error:
        return Unknown(error.message) if error.sent else NotExecuted(error.message)
    except OrgUnavailable as error:
        return NotExecuted(error.message)
    return read_answer(sent.status, sent.text, request.parts, "probe")


def _marked(client: Client, query: str, mark: str) -> list[str]:
    """The ids of the notes of this probe."""
    rows = client.lookups([query])[0]
    notes = read(lambda record: (needed(record, "Id", record_id), given(record, "CommentBody", text) or ""), rows)
    return [note_id for note_id, body in notes if mark in body]


def _delete(client: Client, note_ids: list[str]) -> None:
    """Tried once; the caller reads again."""
    paths = [f"{client.base}/sobjects/CaseComment/{note_id}" for note_id in note_ids[:25]]
    requests = [{"method": "DELETE", "url": url, "referenceId": f"d{place}"} for place, url in enumerate(paths)]
    sent(client, Composite({"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests}, ()))
