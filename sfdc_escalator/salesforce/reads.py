"""Look-ups by id: long text and comments of survivors, notes with a key, values after a commit. 2,000 ids to a call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sfdc_escalator.escalation.case import Case, Comment, Value, long_id
from sfdc_escalator.escalation.criteria import COMMENTS
from sfdc_escalator.escalation.history import Values
from sfdc_escalator.escalation.keys import key_of
from sfdc_escalator.escalation.org import Describe
from sfdc_escalator.pipeline.ports import KeyedNote
from sfdc_escalator.salesforce.client import Client, Record
from sfdc_escalator.salesforce.describe import is_long_text
from sfdc_escalator.salesforce.records import Column, comment_of, instant, pick, read
from sfdc_escalator.salesforce.soql import ids, select

IDS = 400  # a quoted id takes 27 encoded bytes of a query's 16,384
COMMENT_FIELDS = ("ParentId", "CommentBody", "CreatedById", "CreatedBy.UserType", "CreatedDate")
NOTE_FIELDS = ("ParentId", "CommentBody", "CreatedById", "CreatedDate")


def in_ids(fields: Iterable[str], source: str, key: str, case_ids: Sequence[str], tail: str = "") -> list[str]:
    """Queries for the records whose `key` is one of the ids, 400 ids to a query."""
    some = (case_ids[start : start + IDS] for start in range(0, len(case_ids), IDS))
    return [select(fields, source, f"{key} IN {ids(part)}", tail) for part in some]


def complete(
    client: Client, cases: Sequence[Case], paths: frozenset[str], us: frozenset[str], describe: Describe
) -> tuple[Case, ...]:
    """See `Org.complete`."""
    case_ids = [case.id for case in cases]
    long = sorted(path for path in paths if is_long_text(describe.field_at(path)))
    texts = in_ids(["Id", *long], "Case", "Id", case_ids) if long else []
    wanted = any(path.lower() == COMMENTS for path in paths)
    said = in_ids(COMMENT_FIELDS, "CaseComment", "ParentId", case_ids, "ORDER BY CreatedDate, Id") if wanted else []
    answers = client.lookups([*texts, *said])
    columns = [Column(path, describe) for path in long]
    values = _texts((record for part in answers[: len(texts)] for record in part), columns)
    comments = _comments((record for part in answers[len(texts) :] for record in part), us)
    empty: Mapping[str, Value] = dict.fromkeys(long)
    fields = [{**case.fields, **values.get(case.id, empty)} for case in cases]
    return tuple(
        replace(case, fields=texts, comments=comments.get(case.id, case.comments))
        for case, texts in zip(cases, fields, strict=True)
    )


def _texts(records: Iterable[Record], columns: Sequence[Column]) -> dict[str, dict[str, Value]]:
    def texts(record: Record) -> tuple[str, dict[str, Value]]:
        return long_id(pick(record, "Id")), {column.path: column.value(record) for column in columns}

    return dict(read(texts, records))


def _comments(records: Iterable[Record], us: frozenset[str]) -> dict[str, tuple[Comment, ...]]:
    """Comments by case, oldest first, without our own and without those that carry a key."""
    found: dict[str, list[Comment]] = {}
    for case_id, comment in read(lambda record: (long_id(pick(record, "ParentId")), comment_of(record)), records):
        if comment.author not in us and key_of(comment.body) is None:
            found.setdefault(case_id, []).append(comment)
    return {case_id: tuple(comments) for case_id, comments in found.items()}


def keyed_notes(client: Client, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
    """See `Org.keyed_notes`."""
    if not case_ids or not users:
        return ()
    by_us = f"AND CreatedById IN {ids(sorted(users))} ORDER BY CreatedDate, Id"
    # A note that somebody deleted was written all the same.
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
    body = pick(record, "CommentBody") or ""
    key = key_of(body)
    if key is None:
        return None
    return KeyedNote(
        key=key,
        line=body.rstrip().splitlines()[-1].strip(),
        case_id=long_id(pick(record, "ParentId")),
        author=long_id(pick(record, "CreatedById")),
        at=instant(pick(record, "CreatedDate")),
    )


def read_back(client: Client, case_ids: Sequence[str]) -> dict[str, Values]:
    """See `Org.read_back`."""
    answers = client.lookups(in_ids(("Id", "OwnerId", "Status", "Priority"), "Case", "Id", case_ids))
    return dict(read(_values, (record for part in answers for record in part)))


def _values(record: Record) -> tuple[str, Values]:
    owner = long_id(pick(record, "OwnerId"))
    return long_id(pick(record, "Id")), Values(owner, pick(record, "Status"), pick(record, "Priority"))
