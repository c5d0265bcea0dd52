"""The names that a policy file declares (teams, priorities, words, texts), and the checks of references to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sfdc_escalator.escalation.conditions.registry import KINDS
from sfdc_escalator.escalation.policy.policy import DEFAULT_PRIORITIES
from sfdc_escalator.files.text.fault import Fault, nearest, nearest_in, shown, unknown
from sfdc_escalator.files.values import operands, people, sources, texts

MEANT = {"and": "all", "or": "any"}
NOTE_KEYS = ("parts", "template", "visibility", "quick_text", "requires", "if_missing", "also_on")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the file declares. None = they cannot be known, and references to them are not checked.

    `teams` with the queue of each, empty when it has none; `status` is that of `defaults`. `loud`: unread keys are
    reported, as faults that are warnings.
    """

    teams: Mapping[str, str] | None
    priorities: tuple[str, ...] | None
    words: frozenset[str] | None
    texts: frozenset[str] | None
    tables: Mapping[str, Any] | None = None
    calendars: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    routes: frozenset[str] | None = None
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
            status=default_status(given),
            loud=loud,
        )


DECLARING = ("calendars", "priorities", "channels", "teams", "tables", "words", "routes")
OTHER = ("policy", "description", "scope", "defaults", "notices", "owner", "guards", "examples")


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


class Info(Protocol):
    """The context that pydantic gives a check beside the value."""

    @property
    def context(self) -> Any: ...

    @property
    def field_name(self) -> str | None: ...

    @property
    def data(self) -> dict[str, Any]: ...


def if_missing(value: Any, info: Info) -> str:
    choice = sources.if_missing(value)
    if choice == "tell_owner" and info.context.loud:
        message = "`tell_owner` is read but not carried out by this version"
        raise Fault(message, expected="the note says so, as with `say_so`", severity="warning")
    return choice


def any_team(value: Any, info: Info) -> str:
    """A team, with a queue or without one."""
    known, name = info.context.teams, texts.text(value)
    if known is not None and name not in known:
        raise unknown("team", name, known, "a team that `teams` declares")
    return name


def notified_team(value: Any, info: Info) -> str:
    """A team that gets a message; a channel and a person have keys of their own."""
    name = texts.text(value)
    try:
        return any_team(name, info)
    except Fault as fault:
        if name in (info.context.channels or ()):
            raise fault.but(nearest=f"{{channel: {name}}}") from None
        if near := people.nearest_person(name):
            raise fault.but(nearest=f"{{person: {near}}}") from None
        raise


def team(value: Any, info: Info) -> str:
    """A team that has a queue."""
    known, name = info.context.teams, any_team(value, info)
    if known is not None and not known[name]:
        queues = ", ".join(team for team, has_queue in known.items() if has_queue)
        expected = f"a team with a `queue`: {queues}" if queues else "a team with a `queue`"
        raise Fault(f"team `{name}` has no queue", found=name, expected=expected)
    return name


def queue(value: Any, info: Info) -> str:
    """A team with a queue, or a queue by its DeveloperName. `member_of` takes a team, or a team's queue."""
    known, name = info.context.teams, texts.text(value)
    asks_members = info.data.get("owner") == "member_of" and known is not None and name not in known.values()
    return team(name, info) if (known and name in known) or asks_members else texts.queue_name(name)


def priority(value: Any, info: Info) -> str:
    known, name = info.context.priorities, texts.text(value)
    if known is not None and name not in known:
        raise unknown("priority", name, known)
    return name


def channel(value: Any, info: Info) -> str:
    known, name = info.context.channels, texts.text(value)
    if known is not None and name not in known:
        raise unknown("channel", name, sorted(known), "a channel that `channels` declares")
    return name


def calendar(value: Any, info: Info) -> str:
    known, name = info.context.calendars, texts.text(value)
    if known is not None and name not in known:
        raise unknown("calendar", name, sorted(known), "a calendar that `calendars` declares")
    return name


def route(value: Any, info: Info) -> str | None:
    """The route that an example expects, or `none`."""
    name = texts.text(value)
    if name == "none":
        return None
    if info.context.routes is not None and name not in info.context.routes:
        raise unknown("route", name, ["none", *sorted(info.context.routes)])
    return name


def words(value: Any, info: Info) -> str:
    """A phrase, or `words.name`: a list of phrases that the policy names."""
    given = operands.phrase(value)
    known = info.context.words
    if given.startswith("words.") and known is not None and given.removeprefix("words.") not in known:
        allowed = sorted(f"words.{name}" for name in known)
        near = nearest_in("words.", given, known)
        raise unknown("list of words", given, allowed, "a list that `words` declares", nearest=near)
    return given


def part_source(value: Any, info: Info) -> str:
    return sources.part_source(value, info.context.texts)


def as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def list_or_nothing(value: Any) -> Any:
    """An empty list for a key whose entries are all commented out."""
    return [] if value is None else value


def kind_first(value: Any) -> Any:
    """A condition's first key is its kind."""
    if not isinstance(value, dict) or not value:
        raise Fault("a condition is a mapping", found=shown(value), expected=f"a mapping that starts with {kinds()}")
    first = next(iter(value))
    if first in KINDS:
        return value
    further = next((key for key in value if key in KINDS), None)
    if further:
        message = f"a condition's first key is its kind: put `{further}` first"
        raise Fault(message, found=shown(first), expected=f"`{further}` first", key=first)
    fault = unknown("kind of condition", first, KINDS, key=first)
    if first in MEANT:
        raise fault.but(nearest=MEANT[first])
    if fault.nearest is None and sources.FIELD_PATH.fullmatch(first) and not first.islower():
        given = value[first]
        fault = fault.but(
            nearest=f"{{field: {first}, is: {'...' if isinstance(given, (dict, list)) else shown(given)}}}"
        )
    raise fault


def kinds() -> str:
    return "one of " + ", ".join(KINDS)


def steps_or_none(value: Any) -> Any:
    """`none`: the route takes no step."""
    if value is None:
        raise Fault("this has no value", found="nothing", expected="the steps, `none`, or `{}` for a note alone")
    return None if value == "none" else value
