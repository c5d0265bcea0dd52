"""The write of a chunk, and the org's answer to it. The answer is a value, not an error: see `Answer`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sfdc_escalator.escalation.decisions.order import Post
from sfdc_escalator.escalation.world.case import FieldValues


@dataclass(frozen=True, slots=True)
class Write:
    """One case in a chunk: its note, then the fields that change, with their new values."""

    key: str
    case_id: str
    note: str
    published: bool
    values: FieldValues
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Up to 200 writes that commit or roll back as one. `polled_at` is the time of the poll that they rest on."""

    writes: tuple[Write, ...]
    polled_at: datetime
    together: bool = False


@dataclass(frozen=True, slots=True)
class Committed:
    """Everything was written; `call` names the API call for the audit trail."""

    call: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The guard stopped it: a case changed since the poll. Nothing was written."""


class ErrorKind(StrEnum):
    """The kind of error, which decides what is done next. DUPLICATE: the org has this key already."""

    ROW = "row"
    DUPLICATE = "duplicate"
    LOCK = "lock"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class RowError:
    """The error of one case."""

    fault: ErrorKind
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Nothing was written. `rows` are the errors of single cases; empty when the error is about the whole chunk."""

    rows: Mapping[str, RowError]
    error: RowError


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """The request never ran; it is safe to send it again. `reason` is for people.

    `crowded` says that too many calls ran at the same time; `retry_after` are the seconds that the org asks to wait.
    """

    reason: str
    fatal: bool = False
    crowded: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been written; only reading shows it."""

    reason: str


Answer = Committed | Moved | RolledBack | NotExecuted | Unknown
