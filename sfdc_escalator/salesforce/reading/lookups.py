"""Look-ups by id: notes with a key, and values after a commit; 2,000 ids in a call."""

from collections.abc import Iterable, Sequence

from sfdc_escalator.escalation.world.case import FieldValues, long_id
from sfdc_escalator.escalation.world.keys import key_of
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import flag, given, instant, needed, record_id, selected_value, text
from sfdc_escalator.salesforce.soql.soql import ids, select

IDS = 400  # a quoted id takes 27 encoded bytes of a query's 16,384
NOTE_FIELDS = ("ParentId", "CommentBody", "IsPublished", "CreatedById", "CreatedDate")


def in_ids(fields: Iterable[str], source: str, key: str, case_ids: Sequence[str], tail: str = "") -> list[str]:
    """Queries for the records whose `key` is one of the ids, 400 ids in a query."""
    some = (case_ids[start : start + IDS] for start in range(0, len(case_ids), IDS))
    return [select(fields, source, f"{key} IN {ids(part)}", tail) for part in some]


def keyed_notes(client: Client, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
    """See `Org.keyed_notes`."""
    if not case_ids or not users:
        return ()
    by_us = f"AND CreatedById IN {ids(sorted(users))} ORDER BY CreatedDate, Id"
    # A deleted note counts: it was written.
    answers = client.lookups(in_ids(NOTE_FIELDS, "CaseComment", "ParentId", case_ids, by_us), deleted=True)
    notes = [note for note in read(_note, (record for part in answers for record in part)) if note]
    return tuple(sorted(notes, key=lambda note: note.at))


def keyed_notes_everywhere(client: Client, users: frozenset[str]) -> tuple[KeyedNote, ...]:
    """See `Org.keyed_notes_everywhere`."""
    if not users:
        return ()
    queries = in_ids(("Id", *NOTE_FIELDS), "CaseComment", "CreatedById", sorted(users), "ORDER BY CreatedDate, Id")
    answers = client.lookups(queries)
    notes = [note for note in read(_note, (record for part in answers for record in part)) if note]
    return tuple(sorted(notes, key=lambda note: note.at))


def _note(record: Record) -> KeyedNote | None:
    body = given(record, "CommentBody", text, selected_value) or ""
    key = key_of(body)
    if key is None:
        return None
    return KeyedNote(
        key=key,
        line=body.rstrip().splitlines()[-1].strip(),
        case_id=needed(record, "ParentId", record_id),
        author=needed(record, "CreatedById", record_id),
        at=needed(record, "CreatedDate", instant),
        published=given(record, "IsPublished", flag, selected_value) is True,
    )


def read_back(client: Client, case_ids: Sequence[str], fields: Sequence[str]) -> dict[str, FieldValues]:
    """See `Org.read_back`."""

    def values(record: Record) -> tuple[str, FieldValues]:
        found = {name: given(record, name, text) for name in fields}
        return needed(record, "Id", record_id), {name: normal(name, value) for name, value in found.items()}

    answers = client.lookups(in_ids(("Id", *fields), "Case", "Id", case_ids))
    return dict(read(values, (record for part in answers for record in part)))


def normal(field: str, value: str | None) -> str | None:
    """The value of a field as decisions compare it: the id of an owner has 18 characters."""
    return long_id(value) if value and field == "OwnerId" else value
