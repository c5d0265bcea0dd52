"""A policy before it is written: its routes with their comments, its teams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sfdc_escalator.native.policy.names import Names
from sfdc_escalator.native.remark import Remark

Said = Mapping[str, Any]
"""Keys of a policy file with their values."""
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """`body` are its keys from `when` on."""

    name: str
    reason: str
    comments: tuple[str, ...]
    body: Said


@dataclass(slots=True)
class Teams:
    """The teams of a policy by their target; the same target is the same team."""

    names: Names = field(default_factory=Names)
    by_target: dict[tuple[str, str], str] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)

    def of_queue(self, queue: str) -> str:
        return self.team("queue", queue, queue, {"queue": queue})

    def of_user(self, username: str) -> str:
        return self.team("user", username, username.partition("@")[0], {"user": username})

    def of_person(self, address: str) -> str:
        return self.team("person", address, f"{local(address)}-{MAIL}", {"person": address, "tell": [MAIL]})

    def of_list(self, address: str) -> str:
        return self.team("list", address, f"{local(address)}-list", {"list": address, "tell": [MAIL]})

    def team(self, kind: str, target: str, called: str, said: Said) -> str:
        key = kind, target.lower()
        if key not in self.by_target:
            name = self.names.take(called, f"team-{len(self.said) + 1}")
            self.by_target[key], self.said[name] = name, said
        return self.by_target[key]


def local(address: str) -> str:
    return address.partition("@")[0]


@dataclass(slots=True)
class PolicyDraft:
    """`comment` stands above the keys. `notifies`: some route notifies people. `priorities` are given where steps set
    one that is not among the usual ones."""

    description: str
    comments: tuple[str, ...] = ()
    teams: Teams = field(default_factory=Teams)
    route_names: Names = field(default_factory=Names)
    routes: list[RouteDraft] = field(default_factory=list)
    priorities: tuple[str, ...] = ()
    notifies: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """The result of one entry. `status` is mapped, warned, unmapped or idle."""

    number: int
    line: int
    status: str
    route: str | None = None
    minutes: int | None = None
    rungs: tuple[int, ...] = ()
    remarks: tuple[Remark, ...] = ()
