"""Second looks: long text, and the records that conditions need besides fields, for cases that may still match.

All by id, 400 ids in a query, five queries in a call: the number of calls grows with the cases, not with the routes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.conditions.comparison import fold, same
from sfdc_escalator.escalation.conditions.speech.own_words import own_words
from sfdc_escalator.escalation.conditions.tree import lookups_of, paths_of
from sfdc_escalator.escalation.world.case import Case, Comment, Value, long_id
from sfdc_escalator.escalation.world.keys import key_of
from sfdc_escalator.escalation.world.needs import AUTHOR, COMMENTS, EMAILS, Answered, FieldChanges, Need, Records
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.shapes import taken_apart
from sfdc_escalator.salesforce.reading.facts import Facts
from sfdc_escalator.salesforce.reading.field_changes import HISTORY_FIELDS, history_names, with_field_changes
from sfdc_escalator.salesforce.reading.lookups import in_ids
from sfdc_escalator.salesforce.reading.records import Column, comment_of, email_of, read
from sfdc_escalator.salesforce.schema.describe import is_long_text
from sfdc_escalator.salesforce.schema.values import needed, pick, record_id
from sfdc_escalator.salesforce.soql import soql
from sfdc_escalator.salesforce.soql.soql import select

COMMENT_FIELDS = ("ParentId", "CommentBody", "IsPublished", "CreatedDate", *AUTHOR)
EMAIL_FIELDS = (
    "ParentId", "Incoming", "Status", "Subject", "TextBody", "HtmlBody", "Headers", "MessageDate", "CreatedDate",
    *AUTHOR,
)  # fmt: skip
ROOM = 10_000  # encoded bytes for the values of a query, which may hold 16,384 in all


@dataclass(frozen=True, slots=True)
class Look:
    """One kind of look-up: its queries, and how their records change the cases; `optional` if the org may lack it."""

    queries: Sequence[str]
    give: Callable[[Sequence[Case], Sequence[Record]], Iterable[Case]]
    optional: bool = False


def complete(client: Client, cases: Sequence[Case], needs: frozenset[Need], facts: Facts) -> tuple[Case, ...]:
    """See `Org.complete`."""
    looks = list(looks_for(cases, needs, facts))
    queries = [query for look in looks for query in look.queries]
    found = iter(client.try_lookups(queries))
    for look in looks:
        answers = [next(found) for _ in look.queries]
        if not (look.optional and any(map(is_unknown_object, answers))):
            cases = tuple(look.give(cases, [record for answer in answers for record in records_in(answer)]))
    return tuple(cases)


def is_unknown_object(answer: list[Record] | OrgUnavailable) -> bool:
    return isinstance(answer, Rejected) and answer.error_code == "INVALID_TYPE"


def records_in(answer: list[Record] | OrgUnavailable) -> list[Record]:
    if isinstance(answer, OrgUnavailable):
        raise answer
    return answer


def looks_for(cases: Sequence[Case], needs: frozenset[Need], facts: Facts) -> Iterator[Look]:
    case_ids, lookups = [case.id for case in cases], lookups_of(needs)
    long = sorted(path for path in paths_of(needs) if is_long_text(facts.describe.field_at(path)))
    if long:
        columns = [Column(path, facts.describe) for path in long]
        queries = in_ids(["Id", *long], "Case", "Id", case_ids)
        yield Look(queries, lambda cases, records: with_texts(cases, records, columns))
    if COMMENTS in lookups:
        queries = in_ids(COMMENT_FIELDS, "CaseComment", "ParentId", case_ids, "ORDER BY CreatedDate, Id")
        yield Look(queries, lambda cases, records: with_comments(cases, records, comment_of, facts.us))
    if EMAILS in lookups:
        queries = in_ids(EMAIL_FIELDS, "EmailMessage", "ParentId", case_ids, "ORDER BY CreatedDate, Id")
        yield Look(queries, lambda cases, records: with_comments(cases, records, email_of, facts.us), optional=True)
    if paths := sorted(one.path for one in lookups if isinstance(one, FieldChanges)):
        names = ",".join(soql.quote(name) for path in paths for name in history_names(path))
        tail = f"AND Field IN ({names}) ORDER BY CreatedDate, Id"
        queries = in_ids(HISTORY_FIELDS, "CaseHistory", "CaseId", case_ids, tail)
        yield Look(
            queries,
            lambda cases, records: with_field_changes(cases, records, paths, facts),
            optional=True,
        )
    for together in grouped(one for one in lookups if isinstance(one, Records)):
        yield look_at_records(together, cases, facts)
    for fragment in sorted(one.fragment for one in lookups if isinstance(one, Answered)):
        queries = in_ids(["Id"], "Case", "Id", case_ids, f"AND {soql.raw(fragment).text}")
        yield Look(queries, lambda cases, records, asked=fragment: with_answers(cases, records, asked))  # type: ignore[misc]


def with_texts(cases: Sequence[Case], records: Sequence[Record], columns: Sequence[Column]) -> Iterator[Case]:
    def texts(record: Record) -> tuple[str, dict[str, Value]]:
        return needed(record, "Id", record_id), {column.path: column.value(record) for column in columns}

    found = dict(read(texts, records))
    empty: Mapping[str, Value] = {column.path: None for column in columns}
    return (replace(case, fields={**case.fields, **found.get(case.id, empty)}) for case in cases)


def with_comments(
    cases: Sequence[Case],
    records: Sequence[Record],
    one: Callable[[Record, frozenset[str]], Comment | None],
    us: frozenset[str],
) -> Iterator[Case]:
    """Adds comments to the cases, oldest first, without our own and without notes that have a key."""
    found: dict[str, list[Comment]] = {}
    for case_id, comment in read(lambda record: (needed(record, "ParentId", record_id), one(record, us)), records):
        if comment and not is_ours(comment, us) and not has_key(comment):
            found.setdefault(case_id, []).append(comment)
    for case in cases:
        comments = [*case.comments, *found.get(case.id, ())]
        yield replace(case, comments=tuple(sorted(comments, key=lambda comment: comment.at)))


def is_ours(comment: Comment, us: frozenset[str]) -> bool:
    """True for our own case comments. We send no e-mails: an incoming one may be stored by our own user."""
    return comment.source == "comments" and comment.author in us


def has_key(comment: Comment) -> bool:
    """True if it is a note with a key; a customer's e-mail that quotes one is the customer's own."""
    answers = comment.source == "emails" and comment.speaker == "customer"
    return key_of(own_words(comment.body) if answers else comment.body) is not None


def grouped(asked: Iterable[Records]) -> list[tuple[Records, ...]]:
    """The groups that one query answers: they differ only in the fields that they read, and how far back."""
    groups: dict[Any, list[Records]] = {}
    for one in sorted(asked, key=repr):
        groups.setdefault((one.relation.lower(), one.through, one.same), []).append(one)
    return [tuple(group) for group in groups.values()]


def widest(group: Sequence[Records]) -> Records:
    """One look-up that covers the whole group."""
    limits = [one.within for one in group if one.within is not None]
    within = max(limits) if len(limits) == len(group) else None
    fields = tuple(dict.fromkeys(path for one in group for path in one.fields))
    return replace(group[0], fields=fields, within=within)


def look_at_records(group: Sequence[Records], cases: Sequence[Case], facts: Facts) -> Look:
    asked = widest(group)
    child = facts.describe.child(asked.relation, asked.through or "Case")
    if child is None:  # the route is reported as broken
        return Look((), lambda cases, _: cases)
    columns = [Column(path, facts.describe, child.sobject) for path in ("CreatedDate", *asked.fields, *asked.same)]
    fields = [child.field, *(column.path for column in columns)]
    parents = sorted({parent for case in cases if (parent := parent_of(case, asked.through))})
    if asked.same:
        queries = same_values(asked, cases, fields, child.sobject, facts)
    else:
        queries = in_ids(fields, child.sobject, child.field, parents)

    def give(cases: Sequence[Case], records: Sequence[Record]) -> Iterator[Case]:
        rows: dict[Value, list[tuple[Any, Mapping[str, Value]]]] = {}
        for record in records:
            row = {column.path: column.value(record) for column in columns}
            parent = pick(record, child.field)
            rows.setdefault(folded(row[asked.same[0]]) if asked.same else long_id(parent), []).append((parent, row))
        for case in cases:
            key = folded(case.fields.get(asked.same[0])) if asked.same else parent_of(case, asked.through)
            mine = tuple(row for parent, row in rows.get(key, ()) if belongs(row, parent, case, asked))
            yield replace(case, related={**case.related, **dict.fromkeys(group, mine)})

    return Look(queries, lambda cases, records: read_all(give, cases, records))


def read_all(give: Callable[..., Iterator[Case]], cases: Sequence[Case], records: Sequence[Record]) -> list[Case]:
    """The cases with their records. Raises OrgUnavailable for a record with an unexpected shape."""
    with taken_apart("a record"):
        return list(give(cases, records))


def folded(value: Value) -> Value:
    return fold(value) if isinstance(value, str) else value


def parent_of(case: Case, through: str) -> str | None:
    """The id of the record whose children count: the case itself, its contact or its account."""
    if not through:
        return case.id
    parent = case.account_id if through == "Account" else case.fields.get("ContactId")
    return long_id(parent) if isinstance(parent, str) else None


def belongs(row: Mapping[str, Value], parent: Any, case: Case, asked: Records) -> bool:
    if asked.through and (not parent or parent_of(case, asked.through) != long_id(parent)):
        return False
    return all(alike(row[path], case.fields.get(path)) for path in asked.same)


def alike(value: Value, other: Value) -> bool:
    if isinstance(other, (str, int, float, bool)):
        return same(value, other)
    return value is not None and value == other


def same_values(asked: Records, cases: Sequence[Case], fields: list[str], sobject: str, facts: Facts) -> list[str]:
    """Queries for the records whose first `same` field has the value of a case; other fields are compared here."""
    values = {case.fields.get(asked.same[0]) for case in cases} - {None}
    literals = sorted({literal for value in values if (literal := soql.literal(value))})
    back = f"AND CreatedDate >= {soql.instant(facts.now - asked.within)}" if asked.within else ""
    where = (f"{asked.same[0]} IN ({part})" for part in listed(literals))
    return [select(fields, sobject, condition, back) for condition in where]


def listed(literals: Iterable[str]) -> Iterator[str]:
    """The literals in comma-separated lists, each of a length that a query allows."""
    part = ""
    for literal in literals:
        longer = f"{part},{literal}" if part else literal
        if part and len(quote(longer, safe="")) > ROOM:
            yield part
            longer = literal
        part = longer
    if part:
        yield part


def with_answers(cases: Sequence[Case], records: Sequence[Record], fragment: str) -> Iterator[Case]:
    yes = set(read(lambda record: needed(record, "Id", record_id), records))
    return (replace(case, answers={**case.answers, fragment: case.id in yes}) for case in cases)
