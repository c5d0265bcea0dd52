"""The channels of orgs as policies use them: settings of their kinds, secrets, and addresses that two orgs share.

No message shows an address or a secret.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sfdc_escalator.errors import Problem
from sfdc_escalator.escalation.notices.channel_kinds import KINDS, ChannelKind
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.files.orgs.channel_settings import FORMS, address_faults, resolved
from sfdc_escalator.files.orgs.org_logins import is_sandbox
from sfdc_escalator.files.orgs.orgs import OrgEntry
from sfdc_escalator.files.text.fault import Fault, nearest, unknown
from sfdc_escalator.files.values.paths import HERE
from sfdc_escalator.files.values.people import ADDRESS

PLACES = (("to",), ("routing_key",), ("site", "list"), ("list",), ("url",))
"""The settings that lead to one place of a service; the first that are given count. The address of an API, or of a mail
server, is the same for every org."""
MAIL_SERVER = "smtp://HOST:PORT or smtps://HOST:PORT; the login in `user` and `password`"


class Used(NamedTuple):
    """A channel that a policy uses, and its kind."""

    name: str
    kind: str


def channel_problems(
    entry: OrgEntry, used: Iterable[Used], environ: Mapping[str, str], folder: Path = HERE, *, sandbox: bool
) -> Iterator[Problem]:
    """The faults of the channels of an org for these policies. In a sandbox a channel without settings goes to the
    log. Reads every secret of these channels."""
    channels = sorted(set(used))
    for name, kind in channels:
        if name in entry.channels:
            yield from given_problems(entry, name, KINDS[kind], environ, folder)
        elif KINDS[kind].needed[0] and not (sandbox and is_for_log(entry, name, kind)):
            near = nearest(name, entry.channels.keys() - {one.name for one in channels})
            expected = f"`{name}: {{...}}` with {needed(KINDS[kind])}, below `channels:` of this org"
            message = f"the channel `{name}` of kind {kind} has no settings in the org {entry.name}"
            yield entry.problem("channels", Fault(message, expected=expected, nearest=near))
    if sandbox:
        yield from instead_problems(entry, channels)


def is_for_log(entry: OrgEntry, name: str, kind: str) -> bool:
    """True where a sandbox sends the messages of a channel without settings to the log."""
    return KINDS[kind].reaches == "address" or name not in entry.sandbox_to


def given_problems(
    entry: OrgEntry, name: str, kind: ChannelKind, environ: Mapping[str, str], folder: Path
) -> Iterator[Problem]:
    """The settings that the kind does not have, those that it lacks, and those that cannot be read."""
    given, known = entry.channels[name], [one.name for one in kind.settings]
    if not any(all(one in given for one in some) for some in kind.needed):
        message = f"the channel `{name}` of kind {kind.name} is not complete"
        yield entry.problem(f"channels.{name}", Fault(message, found=", ".join(given), expected=needed(kind)))
    for key, value in given.items():
        place = f"channels.{name}.{key}" if f"channels.{name}.{key}" in entry.places else f"channels.{name}"
        if key in known:
            faults = value_faults(kind.name, key, value, environ, folder)
        else:
            otherwise = f"no settings: the kind {kind.name} has none"
            faults = iter([unknown(f"setting of the kind {kind.name}", key, known, otherwise)])
        yield from (entry.problem(place, fault) for fault in faults)


def value_faults(kind: str, key: str, value: Any, environ: Mapping[str, str], folder: Path) -> Iterator[Fault]:
    """The faults of a value that is read now: a secret that cannot be read, or one that is not an address."""
    try:
        text = resolved({key: value}, environ, folder)[key]
    except Fault as fault:
        yield fault
        return
    for wrong in address_faults(text) if FORMS[key] == "address" else ():
        yield wrong.but(message=wrong.message.replace("this", f"the value of `{key}`", 1), found=None)
    if kind == "email":
        yield from mail_faults(key, text)


def mail_faults(key: str, text: str) -> Iterator[Fault]:
    """The faults of a mail server, and of an e-mail address with or without a name."""
    if key == "server" and not is_mail_server(text):
        yield Fault("the value of `server` is not the address of a mail server", expected=MAIL_SERVER)
    if key in ("from", "to") and not ADDRESS.fullmatch(text.removesuffix(">").rpartition("<")[2]):
        yield Fault(f"the value of `{key}` is not an e-mail address", expected="such as Desk <desk@example.com>")


def is_mail_server(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0 and "@" not in text
    except ValueError:
        return False


def needed(kind: ChannelKind) -> str:
    return ", or ".join(" and ".join(f"`{one}`" for one in some) for some in kind.needed)


def instead_problems(entry: OrgEntry, used: Iterable[Used]) -> Iterator[Problem]:
    """The addresses in place of persons that belong to no channel for persons, or that its kind cannot use."""
    kinds = {name: KINDS[kind].reaches for name, kind in used}
    able = sorted(name for name, reaches in kinds.items() if reaches != "address")
    for name, given in entry.sandbox_to.items():
        if name not in able:
            fault = unknown("channel for persons", name, able, "no such entry", severity="warning")
            yield entry.problem(f"sandbox_to.{name}", fault)
        elif not (ADDRESS.fullmatch(given) if kinds[name] == "mail" else is_user(given)):
            expected = "an e-mail address" if kinds[name] == "mail" else "the id of a user (005...) or a queue (00G...)"
            fault = Fault(f"`sandbox_to` cannot send the channel `{name}` there", found=given, expected=expected)
            yield entry.problem(f"sandbox_to.{name}", fault)


def is_user(given: str) -> bool:
    try:
        return long_id(given).startswith(("005", "00G"))
    except ValueError:
        return False


# -- rule N13 ----------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """One place to which messages of an org go; `key` is its place in the file."""

    entry: OrgEntry
    key: str
    address: tuple[str, ...]


def shared_addresses(entries: Iterable[OrgEntry], environ: Mapping[str, str]) -> Iterator[Problem]:
    """The addresses of sandboxes that stand in an entry of production, too: people would take a rehearsal for real."""
    entries = list(entries)
    real = {one.address: one for entry in entries if not looks_like_sandbox(entry) for one in places(entry, environ)}
    for entry in entries:
        for one in places(entry, environ) if looks_like_sandbox(entry) else ():
            if (other := real.get(one.address)) is not None:
                line, _ = other.entry.places[other.key]
                message = f"`{one.key}` of the sandbox {entry.name} has an address of the org {other.entry.name}"
                expected = f"an address of its own, or none: then it goes to the log; the other one is on line {line}"
                yield entry.problem(one.key, Fault(message, expected=expected))


def looks_like_sandbox(entry: OrgEntry) -> bool:
    return is_sandbox({**entry.given, "expect": {"sandbox": entry.expect.sandbox}})


def places(entry: OrgEntry, environ: Mapping[str, str]) -> Iterator[Place]:
    for name, given in entry.channels.items():
        settings = next((some for some in PLACES if given.keys() >= set(some)), ())
        key = f"channels.{name}.{settings[0]}" if settings else ""
        if settings:
            found = tuple(value_of(str(given[one]), environ) for one in settings)
            yield Place(entry, key if key in entry.places else f"channels.{name}", found)
    for name, given_to in entry.sandbox_to.items():
        yield Place(entry, f"sandbox_to.{name}", (value_of(given_to, environ),))


def value_of(given: str, environ: Mapping[str, str]) -> str:
    """The value as it is compared: that of a variable which is set, else the text itself."""
    kind, _, name = given.partition(":")
    value = (environ.get(name.strip(), given) if kind == "env" else given).strip().rstrip("/")
    return value.casefold() if ADDRESS.fullmatch(value) else value
