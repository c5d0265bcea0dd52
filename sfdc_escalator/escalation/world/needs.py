"""The needs of a condition: fields of the case, and lookups that are read only for cases that may still match."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages on the case, oldest first."""

    source: Literal["comments", "emails"]


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """The changes of a field of the case."""

    path: str


@dataclass(frozen=True, slots=True)
class Records:
    """Records next to the case, with the fields that are read of them; CreatedDate is always among them.

    `relation` is the child relationship's name, of the case or of the record that `through` names. With `same`, all
    records of that object count whose fields have the values that the case has, as far back as `within` says.
    """

    relation: str
    fields: tuple[str, ...] = ()
    through: Literal["", "Contact", "Account"] = ""
    same: tuple[str, ...] = ()
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The org's answer to a raw SOQL fragment for the case."""

    fragment: str


Lookup = Messages | FieldChanges | Records | Answered
AUTHOR = ("CreatedById", "CreatedBy.UserType", "CreatedBy.IsActive")
"""The fields that name who created a record, and whether that is a person."""
COMMENTS, EMAILS = Messages("comments"), Messages("emails")
MESSAGES = frozenset({COMMENTS, EMAILS})
Need = str | Lookup
"""One thing that a condition reads: the path of a field, or a lookup."""
