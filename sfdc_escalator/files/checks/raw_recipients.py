"""The recipients of a policy as they are written, and its channels: for checks that look at the raw file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sfdc_escalator.escalation.notices.channel_kinds import KINDS, Reaches
from sfdc_escalator.files.checks.cross_checks import RawRoute, mapping, raw_routes, raw_rungs, texts
from sfdc_escalator.files.language.table_values import raw_table
from sfdc_escalator.files.text.document import Document, Path
from sfdc_escalator.files.text.fault import Fault

LISTS = ("now", "digest", "acknowledged", "closed", "tell")
KEYS = ("notify", "notify_when", "warn")


class RawRecipient(NamedTuple):
    """A recipient as it is written: its place, its kind (`team`, `person`, `channel`), its name."""

    path: Path
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RawChannels:
    """The kinds of the policy's channels by name. `people` is the channel for persons, empty without one."""

    kinds: Mapping[str, str]
    people: str

    def reaches(self, channel: str) -> Reaches | None:
        """None for a channel or a kind that is not known, which is reported elsewhere."""
        kind = KINDS.get(self.kinds.get(channel, ""))
        return kind.reaches if kind else None


def channels_of(document: Document) -> RawChannels:
    given = mapping(document.value, "channels")
    kinds = {name: one if isinstance(one, str) else str(mapping(one).get("kind")) for name, one in given.items()}
    chosen = mapping(document.value, "notices").get("people")
    found = RawChannels(kinds, "")
    first = next((name for name in kinds if found.reaches(name) in ("users", "mail")), "")
    return RawChannels(kinds, chosen if isinstance(chosen, str) else first)


def recipients_in(document: Document) -> Iterator[RawRecipient]:
    """Everybody whom the policy notifies, the accountable team at the end."""
    for route in raw_routes(document):
        yield from recipients_of(route, mapping(document.value, "tables"))
    accountable = mapping(document.value, "owner").get("accountable")
    if isinstance(accountable, str):
        yield RawRecipient(("owner", "accountable"), "team", accountable)


def recipients_of(route: RawRoute, tables: Mapping[str, Any]) -> Iterator[RawRecipient]:
    """Everybody whom the route or a rung of it notifies."""
    for path, given in ((route.path, route.given), *((rung.path, rung.given) for rung in raw_rungs(route))):
        for key in KEYS:
            yield from recipients(given.get(key), (*path, key), tables)


def recipients(given: Any, path: Path, tables: Mapping[str, Any]) -> Iterator[RawRecipient]:
    if isinstance(given, str):
        yield RawRecipient(path, "team", given)
    elif isinstance(given, list):
        for place, one in enumerate(given):
            yield from recipients(one, (*path, place), tables)
    elif isinstance(given, dict) and set(LISTS) & given.keys():
        for key in LISTS:
            yield from recipients(given.get(key), (*path, key), tables)
    elif isinstance(given, dict):
        for kind in ("team", "person", "channel"):
            yield from (RawRecipient((*path, kind), kind, name) for name in texts(given.get(kind)))
        yield from (RawRecipient((*path, "table"), "team", name) for name in teams_of(given, tables))


def teams_of(given: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[str]:
    """The teams that the table of a recipient gives: a table by its name, or in place."""
    named = given.get("table")
    try:
        table = raw_table(tables.get(named) if isinstance(named, str) else named)
    except Fault:  # a table of a wrong form is reported at its own place
        return
    yield from texts([*(value for _, value in table.rows), table.otherwise])
