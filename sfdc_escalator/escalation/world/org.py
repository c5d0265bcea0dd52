"""The org that a run works on: our user there, its queues, its objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.time.calendars import Calendar

COUNTABLE = frozenset({"picklist", "multipicklist", "combobox", "boolean", "reference", "int", "double", "percent"})
"""Types of fields with few values, none of which is a text that somebody wrote."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The org's first answer: its organization, our user in it, and its time. Ids have 18 characters.

    `skew` is the time by which the org's clock is ahead of this machine's, beyond what the call itself took.
    """

    instance_url: str
    organization_id: str
    user_id: str
    now: datetime
    skew: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that serves Case. `members` holds user ids, those of nested public groups included."""

    id: str
    name: str
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OrgUser:
    """A user to whom cases go. `user_type` in the words of the object User; empty where the org did not say."""

    id: str
    name: str
    is_active: bool = True
    user_type: str = "Standard"

    @property
    def members(self) -> frozenset[str]:
        """Nobody but the user."""
        return frozenset({self.id})


Target = Queue | OrgUser
"""An owner to whom a step moves a case."""


def username_key(username: str) -> str:
    """The form in which Usernames are compared: the org knows them in any case."""
    return username.strip().lower()


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as describe returns it (REST guide, sObject Describe); `type` in describe's words. `values` are those
    that its picklist offers, `inactive` those that it once did."""

    name: str
    type: str
    filterable: bool = True
    nillable: bool = True
    case_sensitive: bool = False
    updateable: bool = True
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    values: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    restricted: bool = False

    @property
    def is_countable(self) -> bool:
        """True for a field with few values, by which cases can be counted, and which is not prose. A text counts where
        it is a custom field: the standard ones are names, subjects and addresses."""
        return self.type in COUNTABLE or (self.type == "string" and self.name.lower().endswith("__c"))


class Child(NamedTuple):
    """The target of a child relationship: the object, and its field that refers back."""

    sobject: str
    field: str


@dataclass(frozen=True, slots=True)
class Describe:
    """Objects by name, their fields by name; child relationships by object and name.

    An object that is missing here is not known.
    """

    objects: Mapping[str, Mapping[str, FieldInfo]] = field(default_factory=dict)
    children: Mapping[str, Mapping[str, Child]] = field(default_factory=dict)

    def readable(self, paths: Iterable[str]) -> frozenset[str]:
        """The paths from Case that lead to a field."""
        return frozenset(path for path in paths if self.field_at(path))

    def over(self, other: "Describe") -> "Describe":
        """This one, completed by the other where this one has no such object, field or relationship."""
        objects = {
            **other.objects,
            **{name: {**other.objects.get(name, {}), **fields} for name, fields in self.objects.items()},
        }
        children = {
            **other.children,
            **{name: {**other.children.get(name, {}), **some} for name, some in self.children.items()},
        }
        return Describe(objects, children)

    def child(self, relation: str, start: str = "Case") -> Child | None:
        """The target of the object's child relationship of this name."""
        known = self.children.get(start, {})
        return next((child for name, child in known.items() if name.lower() == relation.lower()), None)

    def reference(self, relationship: str, start: str = "Case") -> FieldInfo | None:
        """The reference field of the object for the relationship of this name."""
        fields = self.objects.get(start, {}).values()
        return next((info for info in fields if (info.relationship or "").lower() == relationship.lower()), None)

    def field_at(self, path: str, start: str = "Case") -> FieldInfo | None:
        """The field at the end of a path such as `Account.Type`; None when it is not known."""
        first, _, rest = path.partition(".")
        fields = self.objects.get(start, {})
        if not rest:
            return next((info for name, info in fields.items() if name.lower() == first.lower()), None)
        step = self.reference(first, start)
        if step is None or not step.reference_to:
            return None
        target = "User" if first.lower() == "owner" and "." in rest else step.reference_to[0]
        return self.field_at(rest, "Name" if len(step.reference_to) > 1 and "." not in rest else target)


@dataclass(frozen=True, slots=True)
class OrgFacts:
    """The facts that a run asks the org for, once. `queues` by DeveloperName; `api_left` None when it is unknown.

    `calendars` are the business hours that the policies name, `quick_texts` the messages of those that they name.
    `users` are those to whom the policies give cases, by `username_key`.
    `tracked` are the case fields whose history the org keeps; None where it does not say.
    `level` is proved where the org itself refuses a key that it has seen: the custom object for keys is there.
    """

    caller: Caller
    name: str
    is_sandbox: bool
    queues: Mapping[str, Queue]
    open_cases: int
    describe: Describe
    api_left: int | None = None
    level: Literal["guarded", "proved"] = "guarded"
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    quick_texts: Mapping[str, str] = field(default_factory=dict)
    tracked: frozenset[str] | None = None
    users: Mapping[str, OrgUser] = field(default_factory=dict)

    @property
    def targets(self) -> Mapping[str, Target]:
        """The queues by DeveloperName, the users by `username_key`; a DeveloperName holds no `@`."""
        return {**self.queues, **self.users}
