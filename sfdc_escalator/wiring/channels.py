"""The channels that news of a run goes to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.outbox.posting import Sender
from sfdc_escalator.files.orgs.channel_settings import FORMS, resolved
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Way
from sfdc_escalator.wiring.orgs import entry_of
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.channels.heartbeat import Heartbeat
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.salesforce.org import SalesforceOrg

IN_THE_ORG = ("salesforce", "chatter")
LOG = "log"
SHORTEST = 8
"""Characters of a part of an address that may hold a secret; a shorter one is a word of other texts as well."""
LONG_WORD = 10
"""Characters of one value that is asked for: a date of ten may stand in other texts."""


def heartbeat(surroundings: Surroundings, org: str) -> Heartbeat | None:
    """The heartbeat of this org; None without one, and with a warning when its address cannot be read."""
    try:
        entry, _ = entry_of(surroundings, org)
    except Invalid:
        return None  # the run itself reports it
    try:
        url = entry.heartbeat_url(surroundings.environ, surroundings.folder)
    except Invalid as error:
        for problem in error.problems:
            logging.getLogger(__name__).warning("no heartbeat: %s", problem)
        return None
    if url is None:
        return None
    from sfdc_escalator.channels.heartbeat import Heartbeat

    surroundings.secrets.add((url, urlsplit(url).path))
    return Heartbeat(url)


class OrgChannels:
    """The channels of an org: see `pipeline.ports.Channels`. Each is made once for a run, with its secrets read anew.

    In an org that is not production only the addresses of its own entry count; persons, lists and bells are replaced by
    those of `sandbox_to`, and what has no address goes to the log.
    """

    def __init__(
        self, surroundings: Surroundings, entry: OrgEntry, door: SalesforceOrg, organization_id: str, *, sandbox: bool
    ) -> None:
        self._surroundings, self._entry, self._door = surroundings, entry, door
        self._is_sandbox = sandbox
        self._made: dict[tuple[str, str], Channel | Broken] = {}
        self._lock = Lock()
        self.sender = Sender(entry.name, organization_id, entry.name if sandbox else "")

    def way(self, kind: str, name: str, to: str) -> Way | Broken:
        if not self._entry.file or kind == LOG:  # an org without an entry: nobody said where its messages may go
            return self._way(LOG, name, to)
        if self._is_sandbox and KINDS[kind].reaches != "address":
            instead = self._entry.sandbox_to.get(name)
            return self._way(kind, name, instead) if instead else self._way(LOG, name, to)
        if self._is_sandbox and kind not in IN_THE_ORG and name not in self._entry.channels:
            return self._way(LOG, name, to)
        return self._way(kind, name, to)

    def _way(self, kind: str, name: str, to: str) -> Way | Broken:
        with self._lock:
            found = self._made.get((kind, name)) or self._make(kind, name)
            self._made[kind, name] = found
        return found if isinstance(found, Broken) else Way(found, to, kind)

    def _make(self, kind: str, name: str) -> Channel | Broken:
        given = self._entry.channels.get(name, {})
        needed = KINDS[kind].needed
        if not any(all(one in given for one in some) for some in needed):
            lacking = " and ".join(f"`{one}`" for one in needed[0])
            return Broken(f"the org {self._entry.name} gives no {lacking} for it ({self._entry.file}, `channels:`)")
        try:
            settings = resolved(given, self._surroundings.environ, self._surroundings.folder)
        except Fault as fault:
            return Broken(f"its settings cannot be read: {fault.message}")
        self._surroundings.secrets.add(tuple(secret_texts(settings)))
        if kind in IN_THE_ORG:
            return self._door.channel(kind, settings)
        try:
            made: Channel = import_module(f"sfdc_escalator.channels.{kind}").channel(settings)
        except ModuleNotFoundError:
            return Broken(f"it needs the extra {KINDS[kind].extra}: pip install 'sfdc-escalator[{KINDS[kind].extra}]'")
        return made


def secret_texts(settings: Mapping[str, Any]) -> Iterator[str]:
    """The texts of the settings that no log may show: secrets, values of headers, addresses and their paths."""
    for name, value in settings.items():
        match FORMS[name]:
            case "secret":
                yield value
            case "headers":
                yield from value.values()
            case "address":
                yield from address_texts(value)


def address_texts(url: str) -> Iterator[str]:
    """The address and its parts that may hold a secret: the login, the path, and what is asked for."""
    parts = urlsplit(url)
    values = (value for _, value in parse_qsl(parts.query) if len(value) > LONG_WORD)
    each = [one for one in (parts.username, parts.password, parts.path, parts.query) if one and len(one) > SHORTEST]
    yield from (url, *each, *values) if each else ()
