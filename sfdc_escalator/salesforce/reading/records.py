"""Records of a query as cases: values typed by describe, fields by the paths that the policies use."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from sfdc_escalator.escalation.world.case import Case, Comment, Value
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.shapes import Odd, taken_apart
from sfdc_escalator.salesforce.schema.describe import is_long_text
from sfdc_escalator.salesforce.schema.values import (
    TYPES,
    flag,
    given,
    instant,
    interned,
    needed,
    pick,
    plain,
    record_id,
    selected_value,
    text,
)

Answer = TypeVar("Answer")
ENGINE_FIELDS = (
    "Id",
    "CaseNumber",
    "OwnerId",
    "Status",
    "Priority",
    "CreatedDate",
    "AccountId",
    "ParentId",
    "Owner.Name",
    "Subject",
    "Account.Name",
)
# Automated users count neither as agents nor as customers (Object Reference, User.UserType).
NOBODY = frozenset({"AutomatedProcess", "CloudIntegrationUser", "System"})
DRAFT = "5"  # of EmailMessage.Status (Object Reference, EmailMessage)


def selected(paths: frozenset[str], describe: Describe) -> list[str]:
    """The fields that the poll reads: the engine's fields, and the paths that are not long text."""
    engine = [name for name in ENGINE_FIELDS if describe.field_at(name)]
    return [*engine, *sorted(path for path in paths if not is_long_text(describe.field_at(path)))]


class Column:
    """A reader of one path in records of an object."""

    def __init__(self, path: str, describe: Describe, start: str = "Case") -> None:
        info = describe.field_at(path, start)
        self.path, self._steps = path, path.split(".")
        self._convert = TYPES.get(info.type if info else "", plain)

    def value(self, record: Record) -> Value:
        found: Any = record
        try:
            for step in self._steps:
                found = selected_value(found, step)
            return None if found is None else self._convert(found)
        except Odd as error:
            raise Odd(f"{self.path}: {error}") from None

    def once(self, found: Any) -> Value:
        """A value that the field had once, perhaps when it had another type."""
        try:
            return None if found is None else self._convert(found)
        except Odd:
            return plain(found)


class CaseReader:
    """A reader of cases from records with the engine's fields and these paths."""

    def __init__(self, paths: Iterable[str], describe: Describe) -> None:
        self._columns = [Column(path, describe) for path in sorted(paths)]

    def cases(self, records: Sequence[Record]) -> list[Case]:
        return read(self.case, records)

    def case(self, record: Record) -> Case:
        return Case(
            id=needed(record, "Id", record_id),
            number=needed(record, "CaseNumber", text),
            owner_id=sys.intern(needed(record, "OwnerId", record_id)),
            status=given(record, "Status", interned),
            priority=given(record, "Priority", interned),
            created=needed(record, "CreatedDate", instant),
            account_id=given(record, "AccountId", record_id),
            parent_id=given(record, "ParentId", record_id),
            owner_name=given(pick(record, "Owner"), "Name", interned) or "",
            subject=given(record, "Subject", text) or "",
            account_name=given(pick(record, "Account"), "Name", interned) or "",
            fields={column.path: column.value(record) for column in self._columns},
        )


def comment_of(record: Record, us: frozenset[str]) -> Comment:
    published, user_type = given(record, "IsPublished", flag, selected_value) is True, user_type_of(record)
    customer = published and user_type not in NOBODY
    return Comment(
        author=author_of(record),
        at=needed(record, "CreatedDate", instant),
        body=given(record, "CommentBody", text, selected_value) or "",
        speaker="agent" if user_type == "Standard" else "customer" if customer else "nobody",
        by_person=is_by_person(record, us),
    )


def user_type_of(record: Record) -> str | None:
    return given(pick(record, "CreatedBy"), "UserType", text)


def author_of(record: Record) -> str:
    return sys.intern(needed(record, "CreatedById", record_id))


def is_by_person(record: Record, us: frozenset[str]) -> bool:
    """True if an active user of type Standard who is not one of ours created the record."""
    is_active = given(pick(record, "CreatedBy"), "IsActive", flag) is True
    return is_active and user_type_of(record) == "Standard" and given(record, "CreatedById", record_id) not in us


def email_of(record: Record, us: frozenset[str]) -> Comment | None:
    """The e-mail as a comment; None for a draft."""
    from sfdc_escalator.salesforce.reading.automatic import is_automatic
    from sfdc_escalator.salesforce.reading.mail_html import text_of

    incoming, status = given(record, "Incoming", flag, selected_value) is True, given(record, "Status", text)
    if status == DRAFT:
        return None
    body = given(record, "TextBody", text) or text_of(given(record, "HtmlBody", text) or "")
    subject, headers = given(record, "Subject", text) or "", given(record, "Headers", text) or ""
    by_nobody = is_automatic(headers, subject) or (not incoming and user_type_of(record) in NOBODY)
    created = needed(record, "CreatedDate", instant)
    return Comment(
        author=author_of(record),
        # The sender's clock writes MessageDate. A mail is not written after it arrived; imports are older than records.
        at=min(given(record, "MessageDate", instant) or created, created),
        body=f"{subject}\n{body}".strip(),
        speaker="nobody" if by_nobody else "customer" if incoming else "agent",
        source="emails",
        by_person=not (incoming or by_nobody) and is_by_person(record, us),
    )


def read(one: Callable[[Record], Answer], records: Iterable[Record]) -> list[Answer]:
    """Each record as read by `one`. Raises OrgUnavailable for a record with an unexpected shape."""
    with taken_apart("a record"):
        return [one(record) for record in records]
