"""The checks of references to the names that a policy file declares, and of the first key of a condition."""

import re
from collections.abc import Iterable
from typing import Any, Protocol

from sfdc_escalator.escalation.conditions.registry import KINDS
from sfdc_escalator.files.text.fault import Fault, nearest_in, shown, unknown
from sfdc_escalator.files.values import operands, people, sources, telling, texts

NAMED = "a channel that `channels` declares"
MEANT = {"and": "all", "or": "any"}
LIST_PREFIX = re.compile(r"^words?[.:]\s*")


class Info(Protocol):
    """The context that pydantic gives a check beside the value."""

    @property
    def context(self) -> Any: ...

    @property
    def field_name(self) -> str | None: ...

    @property
    def data(self) -> dict[str, Any]: ...


def any_team(value: Any, info: Info) -> str:
    """A team, with a queue or without one."""
    known, name = info.context.teams, texts.text(value)
    if known is not None and name not in known:
        raise unknown("team", name, known, "a team that `teams` declares")
    return name


def notified_team(value: Any, info: Info) -> str:
    """A team that gets a message; a channel and a person have keys of their own."""
    name = texts.text(value)
    telling.refuse_address(name, "a team", "a team that `teams` declares; the e-mail address is its `list` or `person`")
    try:
        return any_team(name, info)
    except Fault as fault:
        if name in (info.context.channels or ()):
            raise fault.but(nearest=f"{{channel: {name}}}") from None
        if near := people.nearest_person(name):
            raise fault.but(nearest=f"{{person: {near}}}") from None
        raise


def team(value: Any, info: Info) -> str:
    """A team that cases are moved to: it has a queue, or a user."""
    known, users, name = info.context.teams, info.context.users, any_team(value, info)
    if known is not None and not known[name] and name not in users:
        targets = ", ".join(team for team, has_queue in known.items() if has_queue or team in users)
        expected = f"a team with a `queue` or a `user`{f': {targets}' if targets else ''}"
        raise Fault(f"team `{name}` has no queue and no user", found=name, expected=expected)
    return name


def team_with_queue(value: Any, info: Info) -> str:
    """A team that has a queue: a condition asks about queues."""
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
    return team_with_queue(name, info) if (known and name in known) or asks_members else texts.queue_name(name)


def priority(value: Any, info: Info) -> str:
    known, name = info.context.priorities, texts.text(value)
    if known is not None and name not in known:
        raise unknown("priority", name, known)
    return name


def channel(value: Any, info: Info) -> str:
    """A channel that the policy declares."""
    known, name = info.context.channels, texts.text(value)
    telling.refuse_address(name, "the name of a channel", f"{NAMED}; the address {telling.IN_ORGS}")
    if known is not None and name not in known:
        raise unknown("channel", name, sorted(known), NAMED)
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
    if info.context.loud and (meant := list_called(given, known or ())):
        message = f"`{shown(given)}` is looked for as a word, and `words` has a list with this name"
        expected = f"`{meant}`, or another name for the list if the word is meant"
        raise Fault(message, found=shown(given), expected=expected, nearest=meant, severity="warning")
    return given


def list_called(phrase: str, lists: Iterable[str]) -> str | None:
    """`words.name` of the list that a phrase names without `words.`, or in another case or with another sign."""
    called = {plain_name(name): f"words.{name}" for name in sorted(lists, reverse=True)}
    name = plain_name(phrase)
    return None if phrase.startswith("words.") else called.get(LIST_PREFIX.sub("", name))


def plain_name(text: str) -> str:
    return text.strip().casefold().replace("-", "_")


def part_source(value: Any, info: Info) -> str:
    return sources.part_source(value, info.context.texts)


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
