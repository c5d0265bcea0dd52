"""What the file itself declares, and the checks of what refers to it: teams, priorities, words, texts, kinds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sfdc_escalator.escalation.policy import DEFAULT_PRIORITIES
from sfdc_escalator.files import literals
from sfdc_escalator.files.wrong import Wrong, nearest_in, shown, unknown

KINDS = (
    "field", "age", "left", "idle", "in_state", "related", "milestone", "text", "owner", "spoke", "table", "soql",
    "any", "all", "not",
)  # fmt: skip
NOTE_KEYS = ("parts", "template", "visibility", "quick_text", "requires", "if_missing", "also_on")


@dataclass(frozen=True, slots=True)
class Names:
    """What the file declares, for the checks of what refers to it. None = it cannot be known: nothing is checked.

    `loud`: unread keys are reported, as faults that are warnings.
    """

    teams: Mapping[str, bool] | None
    priorities: tuple[str, ...] | None
    words: frozenset[str] | None
    texts: frozenset[str]
    tables: Mapping[str, Any] | None = None
    calendars: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    routes: frozenset[str] = frozenset()
    loud: bool = False

    @classmethod
    def of(cls, value: Any, loud: bool) -> "Names":
        """The names that a file declares, whatever else is wrong with it."""
        said = value if isinstance(value, dict) else {}
        teams, words, priorities = said.get("teams", {}), said.get("words", {}), said.get("priorities")
        listed = isinstance(priorities, list) and all(isinstance(one, str) for one in priorities)
        return cls(
            teams={name: has_queue(team) for name, team in teams.items()} if isinstance(teams, dict) else None,
            priorities=DEFAULT_PRIORITIES if priorities is None else tuple(priorities) if listed else None,
            words=frozenset(words) if isinstance(words, dict) else None,
            texts=frozenset(text for note in route_notes(said) for text in texts_in(note)),
            tables=mapping_at(said, "tables"),
            calendars=names_at(said, "calendars"),
            channels=names_at(said, "channels"),
            routes=frozenset(route_names(said)),
            loud=loud,
        )


def mapping_at(said: dict[str, Any], key: str) -> Mapping[str, Any] | None:
    found = said.get(key, {})
    return found if isinstance(found, dict) else None


def names_at(said: dict[str, Any], key: str) -> frozenset[str] | None:
    found = mapping_at(said, key)
    return None if found is None else frozenset(map(str, found))


def route_names(said: dict[str, Any]) -> Iterator[str]:
    routes = said.get("routes")
    for route in routes if isinstance(routes, list) else ():
        if isinstance(route, dict) and isinstance(route.get("name"), str):
            yield route["name"]


def texts_in(note: Mapping[str, Any]) -> dict[str, Any]:
    """The route's own texts among the keys of its note."""
    return {key: text for key, text in note.items() if key not in NOTE_KEYS}


def has_queue(team: Any) -> bool:
    return not isinstance(team, dict) or "queue" in team


def route_notes(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The note of each route, as far as it is one."""
    routes = said.get("routes")
    for route in routes if isinstance(routes, list) else ():
        steps = route.get("escalate") if isinstance(route, dict) else None
        note = steps.get("note") if isinstance(steps, dict) else None
        yield note if isinstance(note, dict) else {}


class Info(Protocol):
    """What pydantic hands to a check beside the value."""

    @property
    def context(self) -> Any: ...

    @property
    def field_name(self) -> str | None: ...

    @property
    def data(self) -> dict[str, Any]: ...


def if_missing(value: Any, info: Info) -> str:
    choice = literals.if_missing(value)
    if choice == "tell_owner" and info.context.loud:
        message = "`tell_owner` is read but not carried out by this version"
        raise Wrong(message, expected="the note says so, as with `say_so`", severity="warning")
    return choice


def any_team(value: Any, info: Info) -> str:
    """A team, with a queue or without one."""
    known, name = info.context.teams, literals.text(value)
    if known is not None and name not in known:
        raise unknown("team", name, known, "a team that `teams` declares")
    return name


def team(value: Any, info: Info) -> str:
    """A team that has a queue."""
    known, name = info.context.teams, any_team(value, info)
    if known is not None and not known[name]:
        queues = ", ".join(team for team, has_queue in known.items() if has_queue)
        expected = f"a team with a `queue`: {queues}" if queues else "a team with a `queue`"
        raise Wrong(f"team `{name}` has no queue", found=name, expected=expected)
    return name


def queue(value: Any, info: Info) -> str:
    """A team with a queue, or a queue by its DeveloperName."""
    known, name = info.context.teams, literals.text(value)
    return team(name, info) if known and name in known else literals.queue_name(name)


def priority(value: Any, info: Info) -> str:
    known, name = info.context.priorities, literals.text(value)
    if known is not None and name not in known:
        raise unknown("priority", name, known)
    return name


def channel(value: Any, info: Info) -> str:
    known, name = info.context.channels, literals.text(value)
    if known is not None and name not in known:
        raise unknown("channel", name, sorted(known), "a channel that `channels` declares")
    return name


def calendar(value: Any, info: Info) -> str:
    known, name = info.context.calendars, literals.text(value)
    if known is not None and name not in known:
        raise unknown("calendar", name, sorted(known), "a calendar that `calendars` declares")
    return name


def route(value: Any, info: Info) -> str | None:
    """The route that an example expects, or `none`."""
    name = literals.text(value)
    if name == "none":
        return None
    if name not in info.context.routes:
        raise unknown("route", name, ["none", *sorted(info.context.routes)])
    return name


def words(value: Any, info: Info) -> str:
    """A phrase, or `words.name`: a list of phrases that the policy names."""
    said = literals.phrase(value)
    known = info.context.words
    if said.startswith("words.") and known is not None and said.removeprefix("words.") not in known:
        wrong = unknown(
            "list of words", said, sorted(f"words.{name}" for name in known), "a list that `words` declares"
        )
        wrong.nearest = nearest_in("words.", said, known)
        raise wrong
    return said


def part_source(value: Any, info: Info) -> str:
    return literals.part_source(value, info.context.texts)


def as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def list_or_nothing(value: Any) -> Any:
    """A key whose entries are all commented out says nothing."""
    return [] if value is None else value


def kind_first(value: Any) -> Any:
    """A condition's first key is its kind."""
    if not isinstance(value, dict) or not value:
        raise Wrong("a condition is a mapping", found=shown(value), expected=f"a mapping that starts with {kinds()}")
    first = next(iter(value))
    if first in KINDS:
        return value
    further = next((key for key in value if key in KINDS), None)
    if further:
        message = f"a condition's first key is its kind: put `{further}` first"
        raise Wrong(message, found=shown(first), expected=f"`{further}` first", key=first)
    wrong = unknown("kind of condition", first, KINDS)
    wrong.key = first
    raise wrong


def kinds() -> str:
    return "one of " + ", ".join(KINDS)


def steps_or_none(value: Any) -> Any:
    """`none`: the route takes no step."""
    return None if value == "none" else value
