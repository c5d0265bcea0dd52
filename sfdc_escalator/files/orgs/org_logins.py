"""The login of an org in `config/orgs.yaml`: the flows, the keys that each needs, and the values that they take."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sfdc_escalator.files.orgs import settings
from sfdc_escalator.files.orgs.settings import SECRETS
from sfdc_escalator.files.text.fault import Fault, described, one_of, unknown
from sfdc_escalator.files.values.paths import located
from sfdc_escalator.files.values.secret import KINDS, SecretReference, reference

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
PRODUCTION, SANDBOX = "https://login.salesforce.com", "https://test.salesforce.com"
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
NEEDS_ORG = ("token", "client_credentials")
SANDBOX_HOSTS = (".sandbox.", ".scratch.")
RETIRED = (
    "username-password logins are blocked in newer orgs, unknown to External Client Apps and being retired: "
    "plan for `flow: jwt` or `flow: client_credentials`"
)
LoginFault = tuple[tuple[str, ...], Fault]


class Flow(NamedTuple):
    """The keys that a flow needs, and the optional ones."""

    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return self.needs + self.takes


FLOWS: Mapping[str, Flow] = {
    "token": Flow(("instance_url", "access_token")),
    "jwt": Flow(("client_id", "username", "private_key"), ("instance_url", "token_url", "audience")),
    "client_credentials": Flow(("instance_url", "client_id", "client_secret"), ("token_url",)),
    "refresh_token": Flow(("client_id", "refresh_token"), ("client_secret", "instance_url", "token_url")),
    "password": Flow(
        ("client_id", "client_secret", "username", "password"), ("security_token", "instance_url", "token_url")
    ),
    "cli": Flow(("alias",)),
}
LINE = ("proxy", "ca_file")
PROXY = re.compile(r"(https?://)?([^/@\s]*@)?[\w.-]+(:\d{1,5})?/?", re.ASCII)
PROXY_EXPECTED = "http://HOST:PORT"
ADDRESSES = ("instance_url", "token_url", "audience")
KEYS = tuple(dict.fromkeys(["flow", *(key for flow in FLOWS.values() for key in flow.keys), *LINE]))
Given = Mapping[str, str | SecretReference]


def login_faults(entry: Mapping[str, Any]) -> Iterator[LoginFault]:
    """The faults of an entry's login: the flow, missing or unused keys, and each value."""
    name = entry.get("flow", "token")
    flow = FLOWS.get(name) if isinstance(name, str) else None
    if flow is None:
        fault = unknown("flow", str(name), FLOWS) if isinstance(name, str) else Fault("this must be a flow")
        yield ("flow",), fault.but(expected=one_of(FLOWS))
    else:
        yield from key_faults(entry, str(name), flow)
    for key in KEYS[1:]:
        if key in entry:
            yield from (((key,), fault) for fault in value_faults(key, entry[key]))


def key_faults(entry: Mapping[str, Any], name: str, flow: Flow) -> Iterator[LoginFault]:
    for key in flow.needs:
        if key not in entry:
            by = f" (`flow: {name}`)" if "flow" in entry else ""
            yield (), Fault(f"`{key}` is missing", on_key=True, expected=f"`{key}:` in this mapping{by}")
    if name in NEEDS_ORG and urlsplit(str(entry.get("instance_url"))).hostname in LOGIN_HOSTS:
        expected = "the org's own My Domain, such as https://YOURCOMPANY.my.salesforce.com"
        yield ("instance_url",), Fault("`instance_url` is where people log in, not an org", expected=expected)
    for key in entry:
        if key in KEYS and key not in ("flow", *flow.keys, *LINE):
            fits = [other for other, one in FLOWS.items() if key in one.keys]
            expected = f"`flow: {' | '.join(fits)}`, or no `{key}`"
            yield (key,), Fault(f"`{key}` is not part of `flow: {name}`", on_key=True, expected=expected)
    if name == "password":
        yield ("flow",), Fault(RETIRED, found="password", severity="warning")


def value_faults(key: str, value: Any) -> Iterator[Fault]:
    if key in SECRETS:
        yield from reference_faults(value)
    elif not isinstance(value, str) or not value.strip():
        example = settings.EXAMPLE if key in ADDRESSES else "a text, or env:NAME"
        expected = f"an address such as {example}" if key in ADDRESSES else example
        yield Fault(
            f"this must be {'an address' if key in ADDRESSES else 'a text'}", found=kind(value), expected=expected
        )
    elif is_reference(value) and key in ADDRESSES:
        yield Fault(
            "an address is not a secret: write it here itself", expected=f"an address such as {settings.EXAMPLE}"
        )
    elif is_reference(value):
        yield from reference_faults(value)
    elif key in ADDRESSES:
        bare = value if key != "token_url" else value.removesuffix("/").removesuffix(TOKEN_PATH)
        for one in settings.url_problems(bare, f"`{key}`", "`access_token`"):
            yield Fault(one.message, found=one.found, expected=one.expected, nearest=one.nearest)
    elif key == "proxy" and "@" in value:
        yield Fault("this holds a password", expected="env:NAME, with the whole address in that variable")
    elif key == "proxy" and not PROXY.fullmatch(value):
        yield Fault("this is not an address of a proxy", expected=PROXY_EXPECTED)


def reference_faults(value: Any) -> Iterator[Fault]:
    try:
        reference(value)
    except Fault as fault:
        yield fault


def is_reference(value: str) -> bool:
    return value.partition(":")[0] in KINDS and ":" in value


def kind(value: Any) -> str:
    """The type of a value, without its text, because it may be a secret."""
    return "a text" if isinstance(value, str) and value.strip() else described(value)


def login_values(entry: Mapping[str, Any]) -> Given:
    """The valid values of an entry, with references unresolved, and the values that follow from them."""
    given = {key: entry[key].strip() for key in KEYS if key in entry}
    flow = given.pop("flow", "token")
    if "token_url" in FLOWS[flow].takes:
        login = SANDBOX if is_sandbox(entry) else PRODUCTION
        given.setdefault("token_url", address(given.get("instance_url", login)))
        if not urlsplit(given["token_url"]).path.strip("/"):
            given["token_url"] = address(given["token_url"]) + TOKEN_PATH
        if flow == "jwt":
            given["audience"] = address(given.get("audience", login))
    if "instance_url" in given:
        given["instance_url"] = address(given["instance_url"])
    found = {key: reference(value) if is_reference(value) else value for key, value in given.items()}
    return {"flow": flow, **found}


def is_sandbox(entry: Mapping[str, Any]) -> bool:
    """True for a sandbox, by `expect`, else by the look of the address."""
    expect = entry.get("expect")
    given = expect.get("sandbox") if isinstance(expect, dict) else None
    return given if isinstance(given, bool) else any(mark in entry.get("instance_url", "") for mark in SANDBOX_HOSTS)


def address(url: str) -> str:
    return settings.address(urlsplit(url))


def resolved(given: Given, environ: Mapping[str, str], folder: Path) -> Iterator[tuple[str, str | Fault]]:
    """Each value with its secret read, or what is wrong with it."""
    for key, value in given.items():
        try:
            text = value.secret(environ, folder) if isinstance(value, SecretReference) else value
            if key == "ca_file":
                yield key, certificates(located(text, environ, folder))
            else:
                yield key, usable(key, text)
        except Fault as fault:
            yield key, fault


def usable(key: str, value: str) -> str:
    """The value as a login takes it. Raises Fault, without the value itself, when a login cannot take it."""
    for bad in settings.token_problems(value, f"the value that `{key}` refers to") if key == "access_token" else ():
        raise Fault(bad.message, found=bad.found, expected=bad.expected)
    if key == "proxy" and not PROXY.fullmatch(value):
        raise Fault(f"the value that `{key}` refers to is not an address of a proxy", expected=PROXY_EXPECTED)
    if key != "private_key" and not value.isprintable():
        raise Fault(f"the value that `{key}` refers to has several lines", expected="one line: the secret alone")
    return value


def certificates(path: str) -> str:
    """The path, after a check that certificates can be read from it."""
    import ssl

    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
        else:
            ssl.create_default_context(cafile=path)
    except OSError as error:  # an SSLError is one, too
        reason = (
            "it holds no certificate" if isinstance(error, ssl.SSLError) else (error.strerror or str(error)).lower()
        )
        raise Fault(f"{path} cannot be read: {reason}", expected="a PEM file with the certificates to trust") from None
    return path
