"""The things that happened on a case since a time: its values now, comments, and the newest change of each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.world.case import FieldValues


class CommentSince(NamedTuple):
    """A comment, deleted or not. `key` is the key on its last line, if it has one: anybody may have written it."""

    author: str
    author_name: str
    at: datetime
    key: str | None = None
    is_deleted: bool = False


class ChangeSince(NamedTuple):
    """The newest change of a field in the history of a case: the user's id and name, and the time."""

    by: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseSince:
    """A case as it is now, deleted or not. `values` are those of the fields that steps write, `modified` is its
    LastModifiedDate. `master_id` names the case that it was merged into. `comments` are those since the time that was
    asked for, oldest first."""

    case_id: str
    number: str
    values: FieldValues = field(hash=False)
    modified: datetime | None = None
    is_closed: bool = False
    is_deleted: bool = False
    master_id: str | None = None
    comments: tuple[CommentSince, ...] = ()


Changes = Mapping[str, Mapping[str, ChangeSince]]
"""The newest change since a time, by case id and API name of the field."""
