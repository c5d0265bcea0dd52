"""The faults of an entry of `config/orgs.yaml`, without any value that may be a secret."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.files.orgs import fleet_settings, org_logins, settings
from sfdc_escalator.files.orgs.channel_settings import channel_faults, sandbox_faults
from sfdc_escalator.files.orgs.org_logins import LoginFault, is_reference, kind
from sfdc_escalator.files.text.fault import Fault, described, unknown
from sfdc_escalator.files.values.secret import SecretReference, reference
from sfdc_escalator.files.values.texts import LIST_NAME, YAML_1_1

EXPECTED = "a mapping of org names to their login, `expect` and `ledger`"
ENV = "env"
ENV_LOGIN = f"{settings.URL} and {settings.TOKEN}"
KEYS = (*org_logins.KEYS, "expect", "ledger", "heartbeat", "channels", "sandbox_to", *fleet_settings.KEYS)


def entry_faults(name: str, given: Any) -> Iterator[LoginFault]:
    """All faults of one org; no value that may be a secret is shown."""
    if not LIST_NAME.fullmatch(name):
        yield (
            (name,),
            Fault(
                "this cannot be the name of an org", on_key=True, expected="letters, digits, `_` and `-`, 63 at most"
            ),
        )
    if not isinstance(given, dict):
        yield (name,), Fault("this must be a mapping", found=kind(given), expected=EXPECTED.partition(" to ")[2])
        return
    for key in given:
        yield from ((((name, key), fault)) for fault in key_faults(name, key))
    if name != ENV:
        yield from (((name, *loc), fault) for loc, fault in org_logins.login_faults(given))
    yield from (((name, *loc), fault) for loc, fault in fleet_settings.fleet_faults(given))
    for key, faults in VALUES.items():
        if key in given:
            yield from (((name, key, *loc), fault) for loc, fault in faults(given[key]))


def key_faults(name: str, key: str) -> Iterator[Fault]:
    if name == ENV and key in org_logins.KEYS:
        message = f"`{key}` cannot be given for `{ENV}`, which takes its login from {ENV_LOGIN}"
        yield Fault(message, on_key=True, expected="another name for this org, or `expect` and `ledger` alone")
    elif key not in KEYS:
        yield unknown("key", key, KEYS, on_key=True)


def expect_faults(value: Any) -> Iterator[LoginFault]:
    if not isinstance(value, dict) or not value:
        yield (), Fault("this must be a mapping", found=described(value), expected="`organization_id`, `sandbox`")
        return
    for key, given in value.items():
        if key == "organization_id":
            if not is_organization(given):
                expected = "the 15 or 18 characters of the org's id, 00D... (Setup, Company Information)"
                yield (key,), Fault("this is not an id of an organization", found=described(given), expected=expected)
        elif key == "sandbox":
            if not isinstance(given, bool):
                near = YAML_1_1.get(given.lower()) if isinstance(given, str) else None
                yield (key,), Fault("this must be true or false", found=described(given), nearest=near)
        else:
            yield (key,), unknown("key", key, ("organization_id", "sandbox"), on_key=True)


def is_organization(value: Any) -> bool:
    try:
        return isinstance(value, str) and long_id(value).startswith("00D")
    except ValueError:
        return False


def ledger_faults(value: Any) -> Iterator[LoginFault]:
    if not isinstance(value, str) or not value.strip():
        yield (), Fault("this must be a path or a URL", found=kind(value), expected="such as state/escalations.db")
    elif "password=" in value or ":" in value.partition("://")[2].rpartition("@")[0]:
        expected = "no password here: PostgreSQL takes it from PGPASSWORD or ~/.pgpass"
        yield (), Fault("this holds a password", expected=expected)


def heartbeat_faults(value: Any) -> Iterator[LoginFault]:
    """The faults of a heartbeat. Its address may be written as plain text, but a reference is better: whoever knows the
    address can report success."""
    try:
        heartbeat_of(value)
    except Fault as fault:
        yield (), fault


def heartbeat_of(value: Any) -> str | SecretReference | None:
    if value is None or (isinstance(value, str) and is_reference(value)):
        return value and reference(value)
    return heartbeat_address(value, "https://..., or a reference to it such as env:HEARTBEAT_URL")


def heartbeat_address(value: Any, expected: str = "https://...") -> str:
    """The address itself, plain http on this machine alone. Raises Fault for anything else, a reference among it."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and settings.loopback(host))):
        raise Fault("this is not an address that can be pinged", expected=expected)
    return str(value)


VALUES = {
    "expect": expect_faults, "ledger": ledger_faults, "heartbeat": heartbeat_faults, "channels": channel_faults,
    "sandbox_to": sandbox_faults,
}  # fmt: skip
