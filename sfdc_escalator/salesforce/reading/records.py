"""Records of a query as cases: values typed by describe, fields by the paths that the policies use."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from html import unescape
from typing import Any, TypeVar

from sfdc_escalator.escalation.world.case import Case, Comment, Value, long_id
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.line.failures import not_an_org
from sfdc_escalator.salesforce.line.pages import Record

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


def instant(text: str) -> datetime:
    """A datetime as REST answers it, such as `2026-03-01T10:00:00.000+0000`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def chosen(text: str) -> frozenset[str]:
    return frozenset(text.split(";"))


CONVERTERS: dict[str, Callable[[str], Value]] = {
    "datetime": instant,
    "date": date.fromisoformat,
    "multipicklist": chosen,
    # The same few texts occur in thousands of cases.
    "picklist": sys.intern,
    "reference": sys.intern,
}


def pick(record: Any, name: str) -> Any:
    """The value under a key of a record, ignoring case; None when the key or the record is missing."""
    if record is None or name in record:
        return None if record is None else record[name]
    wanted = name.lower()
    return next((value for key, value in record.items() if key.lower() == wanted), None)


class Column:
    """A reader of one path in records of an object."""

    def __init__(self, path: str, describe: Describe, start: str = "Case") -> None:
        info = describe.field_at(path, start)
        self.path, self._steps = path, path.split(".")
        self._convert = CONVERTERS.get(info.type if info else "")

    def value(self, record: Record) -> Value:
        found: Any = record
        for step in self._steps:
            found = pick(found, step)
        return self.converted(found)

    def converted(self, found: Any) -> Value:
        """A value from REST in the field's type."""
        return self._convert(found) if self._convert and isinstance(found, str) else found


class CaseReader:
    """A reader of cases from records with the engine's fields and these paths."""

    def __init__(self, paths: Iterable[str], describe: Describe) -> None:
        self._columns = [Column(path, describe) for path in sorted(paths)]

    def cases(self, records: Sequence[Record]) -> list[Case]:
        return read(self.case, records)

    def case(self, record: Record) -> Case:
        account, parent = pick(record, "AccountId"), pick(record, "ParentId")
        return Case(
            id=long_id(pick(record, "Id")),
            number=str(pick(record, "CaseNumber")),
            owner_id=sys.intern(long_id(pick(record, "OwnerId"))),
            status=interned(pick(record, "Status")),
            priority=interned(pick(record, "Priority")),
            created=instant(pick(record, "CreatedDate")),
            account_id=account and long_id(account),
            parent_id=parent and long_id(parent),
            owner_name=interned(pick(pick(record, "Owner"), "Name")) or "",
            fields={column.path: column.value(record) for column in self._columns},
        )


def interned(text: str | None) -> str | None:
    return None if text is None else sys.intern(text)


def comment_of(record: Record) -> Comment:
    published, user_type = pick(record, "IsPublished") is True, pick(pick(record, "CreatedBy"), "UserType")
    customer = published and user_type not in NOBODY
    return Comment(
        author=sys.intern(long_id(pick(record, "CreatedById"))),
        at=instant(pick(record, "CreatedDate")),
        body=pick(record, "CommentBody") or "",
        speaker="agent" if user_type == "Standard" else "customer" if customer else "nobody",
    )


def email_of(record: Record) -> Comment | None:
    """The e-mail as a comment; None for a draft."""
    incoming, status = pick(record, "Incoming") is True, str(pick(record, "Status"))
    if status == DRAFT:
        return None
    body = pick(record, "TextBody") or without_tags(pick(record, "HtmlBody") or "")
    user_type = pick(pick(record, "CreatedBy"), "UserType")
    by_nobody = is_automatic(record) or (not incoming and user_type in NOBODY)
    return Comment(
        author=sys.intern(long_id(pick(record, "CreatedById"))),
        at=instant(pick(record, "MessageDate") or pick(record, "CreatedDate")),
        body=f"{pick(record, 'Subject') or ''}\n{body}".strip(),
        speaker="nobody" if by_nobody else "customer" if incoming else "agent",
        source="emails",
    )


def is_automatic(email: Record) -> bool:
    """True if a machine wrote the e-mail: an out-of-office answer is not an answer of a person."""
    headers, subject = pick(email, "Headers") or "", pick(email, "Subject") or ""
    return bool(AUTOMATIC.search(headers) or AUTOMATIC_SUBJECT.match(subject))


def without_tags(html: str) -> str:
    """The text of an HTML e-mail, with line ends where the layout breaks."""
    return unescape(TAG.sub("", BREAK.sub("\n", HIDDEN.sub("", html))))


def read(one: Callable[[Record], Answer], records: Iterable[Record]) -> list[Answer]:
    """Each record as read by `one`. Raises OrgUnavailable for a record with an unexpected shape."""
    try:
        return [one(record) for record in records]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise not_an_org(f"a record with an unexpected shape ({type(error).__name__})") from None
