"""How an org of `config/orgs.yaml` is logged in to: the flows, what each needs, and what may stand there."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sfdc_escalator.errors import Problem
from sfdc_escalator.files import settings
from sfdc_escalator.files.secret import KINDS, SecretReference, reference
from sfdc_escalator.files.settings import SECRETS
from sfdc_escalator.files.wrong import Wrong, described, one_of, unknown

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
PRODUCTION, SANDBOX = "https://login.salesforce.com", "https://test.salesforce.com"
SANDBOX_HOSTS = (".sandbox.", ".scratch.")
RETIRED = (
    "username-password logins are blocked in newer orgs, unknown to External Client Apps and being retired: "
    "plan for `flow: jwt` or `flow: client_credentials`"
)
Fault = tuple[tuple[str, ...], Wrong]


class Flow(NamedTuple):
    """The keys that it needs, and those that it takes besides."""

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
ADDRESSES = ("instance_url", "token_url", "audience")
KEYS = tuple(dict.fromkeys(["flow", *(key for flow in FLOWS.values() for key in flow.keys), *LINE]))
Said = Mapping[str, str | SecretReference]


def login_faults(entry: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the login of an entry: the flow, keys that it lacks or does not take, and each value."""
    name = entry.get("flow", "token")
    flow = FLOWS.get(name) if isinstance(name, str) else None
    if flow is None:
        wrong = unknown("flow", str(name), FLOWS) if isinstance(name, str) else Wrong("this must be a flow")
        wrong.expected = one_of(FLOWS)
        yield ("flow",), wrong
    else:
        yield from key_faults(entry, str(name), flow)
    for key in KEYS[1:]:
        if key in entry:
            yield from (((key,), wrong) for wrong in value_faults(key, entry[key]))


def key_faults(entry: Mapping[str, Any], name: str, flow: Flow) -> Iterator[Fault]:
    for key in flow.needs:
        if key not in entry:
            by = f" (`flow: {name}`)" if "flow" in entry else ""
            yield (), Wrong(f"`{key}` is missing", on_key=True, expected=f"`{key}:` in this mapping{by}")
    for key in entry:
        if key in KEYS and key not in ("flow", *flow.keys, *LINE):
            fits = [other for other, one in FLOWS.items() if key in one.keys]
            expected = f"`flow: {' | '.join(fits)}`, or no `{key}`"
            yield (key,), Wrong(f"`{key}` is no part of `flow: {name}`", on_key=True, expected=expected)
    if name == "password":
        yield ("flow",), Wrong(RETIRED, found="password", severity="warning")


def value_faults(key: str, value: Any) -> Iterator[Wrong]:
    if key in SECRETS:
        yield from reference_faults(value)
    elif not isinstance(value, str) or not value.strip():
        example = settings.EXAMPLE if key in ADDRESSES else "a text, or env:NAME"
        expected = f"an address such as {example}" if key in ADDRESSES else example
        yield Wrong(
            f"this must be {'an address' if key in ADDRESSES else 'a text'}", found=kind(value), expected=expected
        )
    elif is_reference(value):
        yield from reference_faults(value) if key not in ADDRESSES else ()
    elif key in ADDRESSES:
        bare = value if key != "token_url" else value.removesuffix("/").removesuffix(TOKEN_PATH)
        for one in settings.url_problems(bare, f"`{key}`", "`access_token`"):
            yield Wrong(one.message, found=one.found, expected=one.expected, nearest=one.nearest)
    elif key == "proxy" and "@" in value:
        yield Wrong("this holds a password", expected="env:NAME, where the whole address stands in that variable")


def reference_faults(value: Any) -> Iterator[Wrong]:
    try:
        reference(value)
    except Wrong as wrong:
        yield wrong


def is_reference(value: str) -> bool:
    return value.partition(":")[0] in KINDS and ":" in value


def kind(value: Any) -> str:
    """What stands there, without its text: it may be a secret."""
    return "a text" if isinstance(value, str) and value.strip() else described(value)


def said_login(entry: Mapping[str, Any]) -> Said:
    """The sound values of an entry, references as such, with what follows from them."""
    said = {key: entry[key].strip() for key in KEYS if key in entry}
    flow = said.pop("flow", "token")
    if "token_url" in FLOWS[flow].takes:
        login = SANDBOX if is_sandbox(entry) else PRODUCTION
        said.setdefault("token_url", address(said.get("instance_url", login)))
        if not urlsplit(said["token_url"]).path.strip("/"):
            said["token_url"] = address(said["token_url"]) + TOKEN_PATH
        if flow == "jwt":
            said["audience"] = address(said.get("audience", login))
    if "instance_url" in said:
        said["instance_url"] = address(said["instance_url"])
    found = {key: reference(value) if is_reference(value) else value for key, value in said.items()}
    return {"flow": flow, **found}


def is_sandbox(entry: Mapping[str, Any]) -> bool:
    """As `expect` says, else as the address looks."""
    expect = entry.get("expect")
    said = expect.get("sandbox") if isinstance(expect, dict) else None
    return said if isinstance(said, bool) else any(mark in entry.get("instance_url", "") for mark in SANDBOX_HOSTS)


def address(url: str) -> str:
    return settings.address(urlsplit(url))


def resolved(said: Said, environ: Mapping[str, str]) -> Iterator[tuple[str, str | Wrong | Problem]]:
    """Each value, secrets fetched; or what is wrong with it."""
    for key, value in said.items():
        try:
            found = value.secret(environ) if isinstance(value, SecretReference) else value
        except Wrong as wrong:
            yield key, wrong
            continue
        if key == "access_token" and (bad := next(settings.token_problems(found, f"what `{key}` refers to"), None)):
            yield key, bad
        else:
            yield key, found
