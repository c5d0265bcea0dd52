"""Records of a query as cases: values typed by describe, fields by the paths that the policies use."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from typing import Any, TypeVar

from sfdc_escalator.escalation.world.case import Case, Comment, Value
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.shapes import Odd, taken_apart
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
)
# Automated users count neither as agents nor as customers (Object Reference, User.UserType).
NOBODY = frozenset({"AutomatedProcess", "CloudIntegrationUser", "System"})
DRAFT = "5"  # of EmailMessage.Status (Object Reference, EmailMessage)
# Automatic answers: RFC 3834 (`no` is a person), headers of older mailers, subjects for mails without headers.
AUTOMATIC = re.compile(
    r"^(auto-submitted:\s*(?!no\b)\S|x-auto(reply|respond\w*):|precedence:\s*auto_reply)", re.IGNORECASE | re.MULTILINE
)
AUTOMATIC_SUBJECT = re.compile(
    r"\s*(auto(matic|matische)?[- ]?(reply|response|antwort)|out of (the )?office|abwesenheitsnotiz"
    r"|r\u00e9ponse automatique)\s?:",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
BREAK = re.compile(r"<(br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")


class Column:
    """A reader of one path in records of an object."""

    def __init__(self, path: str, describe: Describe, start: str = "Case") -> None:
        info = describe.field_at(path, start)
        self.path, self._steps = path, path.split(".")
        self._convert = TYPES.get(info.type if info else "", plain)

    def value(self, record: Record) -> Value:
        found: Any = record
        for step in self._steps:
            found = pick(found, step)
        try:
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
            fields={column.path: column.value(record) for column in self._columns},
        )


def comment_of(record: Record) -> Comment:
    published, user_type = given(record, "IsPublished", flag) is True, user_type_of(record)
    customer = published and user_type not in NOBODY
    return Comment(
        author=sys.intern(needed(record, "CreatedById", record_id)),
        at=needed(record, "CreatedDate", instant),
        body=given(record, "CommentBody", text) or "",
        speaker="agent" if user_type == "Standard" else "customer" if customer else "nobody",
    )


def user_type_of(record: Record) -> str | None:
    return given(pick(record, "CreatedBy"), "UserType", text)


def email_of(record: Record) -> Comment | None:
    """The e-mail as a comment; None for a draft."""
    incoming, status = given(record, "Incoming", flag) is True, given(record, "Status", text)
    if status == DRAFT:
        return None
    body = given(record, "TextBody", text) or without_tags(given(record, "HtmlBody", text) or "")
    user_type = user_type_of(record)
    by_nobody = is_automatic(record) or (not incoming and user_type in NOBODY)
    return Comment(
        author=sys.intern(needed(record, "CreatedById", record_id)),
        at=given(record, "MessageDate", instant) or needed(record, "CreatedDate", instant),
        body=f"{given(record, 'Subject', text) or ''}\n{body}".strip(),
        speaker="nobody" if by_nobody else "customer" if incoming else "agent",
        source="emails",
    )


def is_automatic(email: Record) -> bool:
    """True if a machine wrote the e-mail: an out-of-office answer is not an answer of a person."""
    headers, subject = given(email, "Headers", text) or "", given(email, "Subject", text) or ""
    return bool(AUTOMATIC.search(headers) or AUTOMATIC_SUBJECT.match(subject))


def without_tags(html: str) -> str:
    """The text of an HTML e-mail, with line ends where the layout breaks."""
    return unescape(TAG.sub("", BREAK.sub("\n", HIDDEN.sub("", html))))


def read(one: Callable[[Record], Answer], records: Iterable[Record]) -> list[Answer]:
    """Each record as read by `one`. Raises OrgUnavailable for a record with an unexpected shape."""
    with taken_apart("a record"):
        return [one(record) for record in records]
