"""Notices that nobody gets: teams and persons whom no channel reaches; and words of a notice that no note has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sfdc_escalator.escalation.notices.channel_kinds import Reaches
from sfdc_escalator.files.checks.cross_checks import Cross, RawRoute, mapping, raw_routes, texts
from sfdc_escalator.files.checks.note_crosses import DEFAULT_NOTE, raw_notes, unsaid
from sfdc_escalator.files.checks.raw_recipients import (
    RawChannels,
    RawRecipient,
    channels_of,
    recipients_in,
    recipients_of,
)
from sfdc_escalator.files.language.shape import TeamShape
from sfdc_escalator.files.templates.template_names import Reads
from sfdc_escalator.files.text.document import Document, mappings
from sfdc_escalator.files.text.fault import Fault, nearest, one_of, shown
from sfdc_escalator.files.values.sources import part_name_of
from sfdc_escalator.files.values.texts import SNAKE

PERSONS = "a channel of kind salesforce or email"
REASON = "reason"
"""A notice has the reason of the route, whatever parts the note has."""


def notice_crosses(document: Document, read: Reads) -> Iterator[Cross]:
    """`read` is what the template of notices reads. Without channels every notice goes to the log."""
    yield from said_crosses(document)
    yield from template_crosses(document, read)
    channels, told = channels_of(document), list(recipients_in(document))
    unknown = channels.people and channels.reaches(channels.people) is None
    if channels.kinds and not unknown:
        yield from people_crosses(channels)
        yield from team_crosses(document, channels, told)
        yield from channel_crosses(channels, told)
        if not channels.people:
            yield from person_crosses(document, told)


# -- who is reached ----------------------------------------------------------------------------------------------------


def people_crosses(channels: RawChannels) -> Iterator[Cross]:
    """The fault of a channel for persons that has one address for everybody."""
    if channels.reaches(channels.people) == "address":
        able = [name for name in channels.kinds if channels.reaches(name) in ("users", "mail")]
        message = f"the channel `{shown(channels.people)}` cannot be sent to a person"
        near, expected = next(iter(able), None), one_of(able) if able else PERSONS
        fault = Fault(message, found=f"the kind {channels.kinds[channels.people]}", expected=expected, nearest=near)
        yield Cross(("notices", "people"), fault)


def team_crosses(document: Document, channels: RawChannels, told: Sequence[RawRecipient]) -> Iterator[Cross]:
    """The teams that are notified and that nothing reaches, and the channels of teams that do not reach them."""
    first = {one.name: one.path for one in reversed(told) if one.kind == "team"}
    for name, team in mapping(document.value, "teams").items():
        if name not in first or not isinstance(team, dict) or team.keys() - set(TeamShape.allowed()):
            continue
        path, tell = ("teams", name), texts(team.get("tell"))
        if not tell and not is_reached(team, channels.reaches(channels.people)):
            line = document.place(first[name])[0]
            message = f"the team `{name}` is notified (line {line}), and no channel reaches it"
            yield Cross(path, Fault(message, expected=ways_to(team, channels), on_key=True))
        for number, channel in enumerate(tell):
            reaches = channels.reaches(channel)
            if reaches and not is_reached(team, reaches):
                at = (*path, "tell", *((number,) if isinstance(team["tell"], list) else ()))
                message = f"the channel `{shown(channel)}` has no address of the team `{name}`"
                yield Cross(at, Fault(message, found=shown(channel), expected=ADDRESSES[reaches]))


ADDRESSES: Mapping[Reaches, str] = {
    "users": "`queue: ...` in the team, or a `person` by a path such as Owner.Manager",
    "mail": "`list`, `person` or `queue` in the team",
}


def is_reached(team: Mapping[str, Any], reaches: Reaches | None) -> bool:
    """True where a channel that reaches these has an address of the team."""
    person = team.get("person")
    if reaches == "users":
        return "queue" in team or (isinstance(person, str) and "@" not in person)
    return reaches == "address" or (reaches == "mail" and bool({"list", "person", "queue"} & team.keys()))


def ways_to(team: Mapping[str, Any], channels: RawChannels) -> str:
    able = [name for name in channels.kinds if is_reached(team, channels.reaches(name))]
    return f"`tell: ...` with {one_of(able)}" if able else f"`tell: ...` in the team, or {PERSONS}"


def channel_crosses(channels: RawChannels, told: Sequence[RawRecipient]) -> Iterator[Cross]:
    """Channels that are named in place of a recipient, and need one."""
    for one in told:
        if one.kind == "channel" and channels.reaches(one.name) == "users":
            message = f"the channel `{one.name}` notifies users and queues, and none is named"
            yield Cross(one.path, Fault(message, found=one.name, expected="a team, or a person"))


def person_crosses(document: Document, told: Sequence[RawRecipient]) -> Iterator[Cross]:
    """The persons whom no channel reaches; the owner of a case, who is notified of a missing part, among them."""
    accountable = mapping(document.value, "owner").get("accountable")
    owners = ((*path, "if_missing") for path, one in mappings(document.value, ()) if asks_owner(one))
    persons = [(one.path, shown(one.name)) for one in told if one.kind == "person"]
    for path, name in (*persons, *((path, "the owner") for path in owners)):
        if isinstance(accountable, str):
            message = f"no channel reaches persons: the team `{shown(accountable)}` is notified in place of {name}"
            yield Cross(path, Fault(message, found=name, expected=PERSONS, severity="warning"))
        else:
            message = f"no channel reaches {name}, and no team is accountable in place of a person"
            expected = f"{PERSONS}, or `owner: {{accountable: TEAM}}`"
            yield Cross(path, Fault(message, found=name, expected=expected))


def asks_owner(given: Mapping[str, Any]) -> bool:
    return given.get("if_missing") == "tell_owner"


# -- what is said ------------------------------------------------------------------------------------------------------


def said_crosses(document: Document) -> Iterator[Cross]:
    """The names in `must_say` that are a part of no note, or not of the notes of some routes."""
    given = mapping(document.value, "notices").get("must_say")
    routes = notifying(document) or list(raw_routes(document))
    parts = [(shown(route.given.get("name")), parts_of(route, document)) for route in routes]
    every = frozenset[str]().union(*(names for _, names in parts))
    for number, name in enumerate(texts(given)):
        lacking = [route for route, names in parts if name not in names]
        if not SNAKE.fullmatch(name) or name == REASON or not lacking:
            continue
        path = ("notices", "must_say", *((number,) if isinstance(given, list) else ()))
        if name in every:
            which = f"route {lacking[0]}" if len(lacking) == 1 else f"routes {', '.join(lacking)}"
            message = f"the note of {which} has no part `{name}`: notices say that it is not recorded"
            yield Cross(path, Fault(message, found=name, severity="warning"))
        else:
            allowed = sorted(every | {REASON})
            near, expected = nearest(name, allowed), f"{one_of(allowed)}, or a field path"
            message = "`must_say` names no part of the note"
            yield Cross(path, Fault(message, found=name, expected=expected, nearest=near))


def notifying(document: Document) -> list[RawRoute]:
    tables = mapping(document.value, "tables")
    return [route for route in raw_routes(document) if next(recipients_of(route, tables), None)]


def parts_of(route: RawRoute, document: Document) -> frozenset[str]:
    """The names of the parts that the notes of the route and its rungs have. A route without steps has no note."""
    notes = list(raw_notes(route, mapping(document.value, *DEFAULT_NOTE), {}))
    found: set[str] = set()
    for note in notes[1:] if route.given.get("escalate") == "none" else notes:
        found |= note.parts.keys() or {REASON, "findings", *note.texts}
        found |= {part_name_of(one) for one in texts(note.key("requires")) if not SNAKE.fullmatch(one)}
    return frozenset(found)


def template_crosses(document: Document, read: Reads) -> Iterator[Cross]:
    """The texts that the template of notices needs and a route that notifies does not say."""
    for route in notifying(document):
        note = next(raw_notes(route, mapping(document.value, *DEFAULT_NOTE), {}))
        for missing in sorted(read.needed - note.texts.keys()):
            yield Cross(note.path if note.given else note.instead, unsaid(missing, note.texts))
