"""A case as one poll read it: an immutable snapshot, times aware and in UTC."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal

from sfdc_escalator.escalation.world.needs import Records

FieldValues = Mapping[str, str | None]
"""Some values of a case's fields at one time, by API name (`OwnerId`)."""
Value = str | int | float | bool | datetime | date | frozenset[str] | None

ATTRIBUTES = {"OwnerId": "owner_id", "Status": "status", "Priority": "priority"}
"""The fields that are read of every case, by API name; a policy need not ask for them."""
ALPHABET = string.ascii_uppercase + "012345"
UPPER = {ord(char): "01"[char.isupper()] for char in string.ascii_letters + string.digits}


def utc(moment: datetime) -> datetime:
    """The same moment in UTC. A naive datetime is a ValueError, because its instant is not known."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC)


@lru_cache(maxsize=4096)  # authors and cases stand in thousands of records
def long_id(record_id: str) -> str:
    """The 18-character form of a record id; ValueError when the text is not an id or its checksum is wrong.

    Each of the three last characters encodes which of five characters are upper case (Salesforce record ids).
    """
    if len(record_id) not in (15, 18) or not (record_id.isascii() and record_id.isalnum()):
        raise ValueError(f"{record_id!r} is not a record id of 15 or 18 letters and digits")
    body = record_id[:15]
    bits = body.translate(UPPER)
    suffix = "".join(ALPHABET[int(five, 2)] for five in (bits[4::-1], bits[9:4:-1], bits[14:9:-1]))
    if len(record_id) == 18 and record_id[15:].upper() != suffix:
        raise ValueError(f"{record_id!r} is not a record id: its last three characters should be {suffix}")
    return body + suffix


Speaker = Literal["customer", "agent", "nobody"]
"""The writer of a message; nobody is an automatic process, an integration user, an auto-response."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A message on a case: a case comment, or an e-mail with its subject. `author` is the user's id.

    `by_person` is true if an active user of type Standard who is not one of ours wrote it.
    """

    author: str
    at: datetime
    body: str
    speaker: Speaker
    source: Literal["comments", "emails"] = "comments"
    by_person: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc(self.at))


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that took another value. `by` is the user's id, empty where it is not known.

    `by_person` is true if an active user of type Standard who is not one of ours changed it, `by_rule` if the org's
    automation did: the user Automated Process, or whoever stands for an assignment or an escalation.
    """

    at: datetime
    before: Value
    after: Value
    by: str = ""
    by_person: bool = True
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """`fields` holds exactly the paths that the policies read, as they write them (`Account.Type`).

    Read in a second look: `comments` (oldest first, none of them ours), `field_changes` by the field's path
    (oldest first; a missing path has no history), `related` records, and the org's answers to `soql`
    fragments. `subject`, `account_name` and `owner_name` are for reports; empty where we may not read them.
    """

    id: str
    number: str
    owner_id: str
    status: str | None
    priority: str | None
    created: datetime
    account_id: str | None = None
    parent_id: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    owner_name: str = ""
    field_changes: Mapping[str, tuple[FieldChange, ...]] = field(default_factory=dict)
    related: Mapping[Records, tuple[Mapping[str, Value], ...]] = field(default_factory=dict)
    answers: Mapping[str, bool] = field(default_factory=dict)
    subject: str = ""
    account_name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "created", utc(self.created))
        for value in self.fields.values():
            if type(value) is datetime and value.tzinfo is None:
                utc(value)

    def text_of(self, field_name: str) -> str | None:
        """The value of a text field by its API name; None where it is empty or was not read."""
        if field_name in ATTRIBUTES:
            value = getattr(self, ATTRIBUTES[field_name])
        else:
            value = next((one for path, one in self.fields.items() if path.lower() == field_name.lower()), None)
        return None if value is None else str(value)

    def with_values(self, values: FieldValues) -> "Case":
        """The same case with other values in these fields, wherever a policy reads them."""
        folded = {name.lower(): value for name, value in values.items()}
        known = {path: folded[name] for path in self.fields if (name := path.lower()) in folded}
        fields = {**self.fields, **known}
        attributes = {ATTRIBUTES[name]: value for name, value in values.items() if name in ATTRIBUTES}
        return replace(self, fields=fields, **attributes)  # type: ignore[arg-type]
