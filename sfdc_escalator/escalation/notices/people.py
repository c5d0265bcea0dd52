"""The people who are notified, as the org has them: users, and queues or groups with their members."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """A user. `timezone` is the TimeZoneSidKey, such as `Europe/Berlin`; `manager_id` empty: the user has none."""

    id: str
    name: str
    is_active: bool
    email: str = ""
    timezone: str = ""
    manager_id: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A queue or a public group. `members` are the ids of its users, those of groups inside included."""

    id: str
    name: str
    email: str = ""
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class People:
    """Users and groups by id, in 18 characters. The managers of the users are here as well."""

    persons: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)

    def manager_of(self, user_id: str) -> Person | None:
        """The manager; None where the user or the manager is not known, or where there is none."""
        person = self.persons.get(user_id)
        return self.persons.get(person.manager_id) if person else None
