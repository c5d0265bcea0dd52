"""`channels:` and `sandbox_to:` of an org in `config/orgs.yaml`: the addresses of channels, without any secret."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sfdc_escalator.escalation.notices.channel_kinds import KINDS, Form
from sfdc_escalator.files.orgs import settings
from sfdc_escalator.files.orgs.org_logins import LoginFault, is_reference, kind
from sfdc_escalator.files.text.fault import Fault, described, unknown
from sfdc_escalator.files.values.paths import HERE
from sfdc_escalator.files.values.secret import reference
from sfdc_escalator.files.values.texts import LIST_NAME

FORMS: Mapping[str, Form] = {one.name: one.form for each in KINDS.values() for one in each.settings}
"""The form of each setting, which has one name and one form in every kind."""
ADDRESS_FORM = "https://..., or a reference to it such as env:ALARM_URL"
Given = Mapping[str, Any]


def channel_faults(value: Any) -> Iterator[LoginFault]:
    if not isinstance(value, dict):
        expected = "names of channels with their addresses, such as `{alarm: {url: env:ALARM_URL}}`"
        yield (), Fault("this must be a mapping", found=kind(value), expected=expected)
        return
    for name, given in value.items():
        if not isinstance(name, str) or not LIST_NAME.fullmatch(name):
            yield (str(name),), Fault("this cannot be the name of a channel", on_key=True, expected="the policy's name")
        elif isinstance(given, str):
            yield from (((name,), fault) for fault in setting_faults("url", given))
        elif not isinstance(given, dict) or not given:
            yield (name,), Fault("this must be an address, or a mapping", found=kind(given), expected=ADDRESS_FORM)
        else:
            yield from settings_faults(name, given)


def settings_faults(name: str, given: Mapping[Any, Any]) -> Iterator[LoginFault]:
    for key, value in given.items():
        if key not in FORMS:
            yield (name, str(key)), unknown("setting", str(key), sorted(FORMS), on_key=True)
        elif FORMS[key] == "headers" and isinstance(value, dict):
            for header, text in value.items():
                yield from (((name, key, str(header)), fault) for fault in text_faults(text))
        else:
            yield from (((name, key), fault) for fault in setting_faults(key, value))


def setting_faults(key: str, value: Any) -> Iterator[Fault]:
    match FORMS[key]:
        case "secret":
            yield from reference_faults(value)
        case "address":
            yield from address_faults(value)
        case "headers":
            yield Fault("this must be a mapping", found=kind(value), expected="names of headers with their values")
        case "text":
            yield from text_faults(value)


def reference_faults(value: Any) -> Iterator[Fault]:
    try:
        reference(value)
    except Fault as fault:
        yield fault


def text_faults(value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or not value.strip():
        yield Fault("this must be a text", found=kind(value), expected="a text, or a reference such as env:NAME")
    elif is_reference(value):
        yield from reference_faults(value)


def address_faults(value: Any) -> Iterator[Fault]:
    """The faults of a web address; plain http leads to this machine alone. One of Apprise has a scheme of its own."""
    if isinstance(value, str) and is_reference(value):
        yield from reference_faults(value)
        return
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not parts.scheme:
        yield Fault("this is not an address", found=kind(value), expected=ADDRESS_FORM)
    elif parts.scheme == "http" and not settings.loopback(host):
        yield Fault("plain http is not safe over a network", expected=ADDRESS_FORM)


def sandbox_faults(value: Any) -> Iterator[LoginFault]:
    if not isinstance(value, dict):
        expected = "names of channels with the addresses that stand for every person and list of a sandbox"
        yield (), Fault("this must be a mapping", found=kind(value), expected=expected)
        return
    for name, given in value.items():
        if not isinstance(given, str) or not given.strip():
            expected = "an e-mail address, or the id of a user"
            yield (str(name),), Fault("this is not an address", found=described(given), expected=expected)


def given_settings(value: Any) -> Mapping[str, Given]:
    """The settings of each channel as the file gives them; a plain text stands for `{url: TEXT}`."""
    return {name: {"url": given} if isinstance(given, str) else given for name, given in (value or {}).items()}


def resolved(given: Given, environ: Mapping[str, str], folder: Path = HERE) -> dict[str, Any]:
    """The settings with their references read. Raises a Fault where one cannot be read."""

    def read(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: read(inner) for name, inner in value.items()}
        return reference(value).secret(environ, folder) if is_reference(value) else value

    return {name: read(value) for name, value in given.items()}
