"""The names that a policy file declares: teams, priorities, words, texts, tables, calendars, channels, routes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfdc_escalator.escalation.policy.policy import DEFAULT_PRIORITIES
from sfdc_escalator.files.text.fault import nearest

NOTE_KEYS = ("parts", "template", "visibility", "quick_text", "requires", "if_missing", "also_on")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the file declares. None = they cannot be known, and references to them are not checked.

    `teams` with the queue of each, empty when it has none; `users` are those of the teams that have one.
    `status` is that of `defaults`. `loud`: unread keys are reported, as faults that are warnings.
    """

    teams: Mapping[str, str] | None
    priorities: tuple[str, ...] | None
    words: frozenset[str] | None
    texts: frozenset[str] | None
    tables: Mapping[str, Any] | None = None
    calendars: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    routes: frozenset[str] | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    loud: bool = False

    @classmethod
    def of(cls, value: Any, loud: bool) -> "Names":
        """The names that a file declares, also when other parts of it are wrong."""
        given = value if isinstance(value, dict) else {}
        given = {**dict.fromkeys(misspelt(given)), **given}
        teams, priorities = mapping_at(given, "teams"), given.get("priorities", list(DEFAULT_PRIORITIES))
        listed = isinstance(priorities, list) and all(isinstance(one, str) for one in priorities)
        routes = given.get("routes", ())
        return cls(
            teams=None if teams is None else {name: queue_of(team) for name, team in teams.items()},
            priorities=tuple(priorities) if listed else None,
            words=names_at(given, "words"),
            texts=None if routes is None else frozenset(text for note in notes_in(given) for text in texts_in(note)),
            tables=mapping_at(given, "tables"),
            calendars=names_at(given, "calendars"),
            channels=names_at(given, "channels"),
            routes=None if routes is None else frozenset(route_names(given)),
            users={name: user for name, team in (teams or {}).items() if (user := user_of(team))},
            status=default_status(given),
            loud=loud,
        )


DECLARING = ("calendars", "priorities", "channels", "teams", "tables", "words", "routes")
OTHER = ("policy", "description", "scope", "defaults", "notices", "owner", "hold_while", "review", "guards", "examples")


def misspelt(given: Mapping[str, Any]) -> Iterator[str]:
    """Keys that unknown keys probably mean. The names that they declare cannot be known, so no reference to them is
    a fault."""
    for key in given:
        near = None if key in (*DECLARING, *OTHER) else nearest(str(key), DECLARING)
        if near and near not in given:
            yield near


def default_status(given: Mapping[str, Any]) -> str:
    status = (mapping_at(given, "defaults") or {}).get("status")
    return status if isinstance(status, str) else ""


def mapping_at(given: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = given.get(key, {})
    return found if isinstance(found, dict) else None


def names_at(given: Mapping[str, Any], key: str) -> frozenset[str] | None:
    found = mapping_at(given, key)
    return None if found is None else frozenset(map(str, found))


def route_names(given: dict[str, Any]) -> Iterator[str]:
    routes = given.get("routes")
    for route in routes if isinstance(routes, list) else ():
        if isinstance(route, dict) and isinstance(route.get("name"), str):
            yield route["name"]


def texts_in(note: Mapping[str, Any]) -> dict[str, Any]:
    """The route's own texts among the keys of its note."""
    return {key: text for key, text in note.items() if key not in NOTE_KEYS}


def queue_of(team: Any) -> str:
    """The team's queue; empty when it has none, `?` when something else is wrong with it."""
    if isinstance(team, dict) and not any(nearest(str(key), ["queue"]) for key in team):
        return ""
    queue = team.get("queue") if isinstance(team, dict) else None
    return queue if isinstance(queue, str) and queue else "?"


def user_of(team: Any) -> str:
    user = team.get("user") if isinstance(team, dict) else None
    return user if isinstance(user, str) else ""


def notes_in(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The notes of routes and rungs that are mappings."""
    routes = given.get("routes")
    for route in routes if isinstance(routes, list) else ():
        rungs = as_list(route.get("ladder")) if isinstance(route, dict) else []
        for one in (route, *rungs):
            steps = one.get("escalate") if isinstance(one, dict) else None
            note = steps.get("note") if isinstance(steps, dict) else None
            if isinstance(note, dict):
                yield note


def as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]
