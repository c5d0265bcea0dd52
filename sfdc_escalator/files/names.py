"""What the file itself declares, and the checks of what refers to it: teams, priorities, words, texts, kinds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sfdc_escalator.escalation.policy import DEFAULT_PRIORITIES
from sfdc_escalator.files import literals
from sfdc_escalator.files.wrong import Wrong, nearest_in, not_yet, shown, unknown

KINDS = ("field", "age", "text", "any", "all", "not")
NOTE_KEYS = ("parts", "template", "visibility", "quick_text", "also_on", "requires", "if_missing")
LATER_KINDS = frozenset({"idle", "in_state", "related", "milestone", "owner", "spoke", "table", "soql", "left"})


@dataclass(frozen=True, slots=True)
class Names:
    """What the file declares, for the checks of what refers to it. None = it cannot be known: nothing is checked.

    `loud`: unread keys are reported, as faults that are warnings.
    """

    teams: Mapping[str, bool] | None
    priorities: tuple[str, ...] | None
    words: frozenset[str] | None
    texts: frozenset[str]
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
            loud=loud,
        )


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


def unread(_: Any, info: Info) -> None:
    if info.context.loud:
        message = f"`{info.field_name}` is read but not carried out by this version"
        raise Wrong(message, on_key=True, severity="warning")


def later(_: Any, info: Info) -> None:
    raise not_yet(f"`{info.field_name}`", on_key=True)


def if_missing(value: Any, info: Info) -> str:
    choice = literals.if_missing(value)
    if choice == "tell_owner" and info.context.loud:
        message = "`tell_owner` is read but not carried out by this version"
        raise Wrong(message, expected="the note says so, as with `say_so`", severity="warning")
    return choice


def team(value: Any, info: Info) -> str:
    if isinstance(value, dict):
        raise not_yet("a table in place of a queue", "the name of a team")
    known, name = info.context.teams, literals.text(value)
    if known is not None and name not in known:
        raise unknown("team", name, known, "a team that `teams` declares")
    if known is not None and not known[name]:
        queues = ", ".join(team for team, has_queue in known.items() if has_queue)
        expected = f"a team with a `queue`: {queues}" if queues else "a team with a `queue`"
        raise Wrong(f"team `{name}` has no queue", found=name, expected=expected)
    return name


def priority(value: Any, info: Info) -> str:
    if isinstance(value, dict):
        raise not_yet("a table in place of a priority", "one of the priorities")
    known, name = info.context.priorities, literals.text(value)
    if known is not None and name not in known:
        raise unknown("priority", name, known)
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


def kind_first(value: Any) -> Any:
    """A condition's first key is its kind."""
    if not isinstance(value, dict) or not value:
        raise Wrong("a condition is a mapping", found=shown(value), expected=f"a mapping that starts with {kinds()}")
    first = next(iter(value))
    if first in KINDS:
        return value
    further = next((key for key in value if key in KINDS or key in LATER_KINDS), None)
    if first in LATER_KINDS:
        raise not_yet(f"the condition `{first}`", kinds(), key=first)
    if further:
        message = f"a condition's first key is its kind: put `{further}` first"
        raise Wrong(message, found=shown(first), expected=f"`{further}` first", key=first)
    wrong = unknown("kind of condition", first, KINDS)
    wrong.key = first
    raise wrong


def kinds() -> str:
    return "one of " + ", ".join(KINDS)


def mapping_escalate(value: Any) -> Any:
    if value == "none":
        raise not_yet("a route without steps (`escalate: none`)", "a mapping of note, queue, status, priority")
    return value
