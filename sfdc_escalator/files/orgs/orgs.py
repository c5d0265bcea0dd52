"""`config/orgs.yaml`: the orgs by name, each with its login, the org that is expected, and the place of its ledger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sfdc_escalator.errors import Invalid, Problem, UnsafeAddress, WrongOrg, counted
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.expect import Expect
from sfdc_escalator.files.orgs import channel_settings, org_logins, settings
from sfdc_escalator.files.orgs.entry_faults import (
    ENV,
    ENV_LOGIN,
    EXPECTED,
    entry_faults,
    heartbeat_address,
    heartbeat_of,
)
from sfdc_escalator.files.orgs.fleet_settings import FleetSettings, fleet_settings
from sfdc_escalator.files.orgs.org_logins import ADDRESSES, Given, LoginFault, kind
from sfdc_escalator.files.orgs.settings import SECRETS, OrgLogin, login_from_env
from sfdc_escalator.files.text.document import Document, Place, problem_of
from sfdc_escalator.files.text.document import Path as Loc
from sfdc_escalator.files.text.fault import Fault, nearest, unknown
from sfdc_escalator.files.text.source_text import Unreadable, names_in, read_text
from sfdc_escalator.files.values.paths import HERE
from sfdc_escalator.files.values.secret import SecretReference

MAX_BYTES = 1_000_000
CLI = "sf:"
NEXT_STEP = {
    "organization_id": "Log in to the org that is meant, or correct `organization_id` (Setup, Company Information)",
    "sandbox": "Log in to the org that is meant, or correct `sandbox`; the addresses of sandboxes end in "
    ".sandbox.my.salesforce.com",
}


@dataclass(frozen=True, slots=True)
class OrgEntry:
    """An org of the file. `env` needs no entry. `channels` are the settings of its channels as the file gives them,
    `sandbox_to` the addresses for persons in a sandbox. `places` are the places of its values in the file, those of
    channels by their path, such as `channels.alarm.url`."""

    name: str
    given: Given = field(default_factory=dict)
    expect: Expect = field(default_factory=Expect)
    ledger: str | None = None
    heartbeat: str | SecretReference | None = None
    channels: Mapping[str, channel_settings.Given] = field(default_factory=dict, repr=False)
    sandbox_to: Mapping[str, str] = field(default_factory=dict)
    fleet: FleetSettings | None = None
    file: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict)

    def problem(self, key: str, fault: Fault | Problem) -> Problem:
        """The problem with one of its values, at its place in the file."""
        line, column = self.places.get(key) or self.places.get(self.name) or (None, None)
        return Problem(
            fault.message, self.file, line, column, fault.found, fault.expected, fault.nearest, fault.severity
        )

    def refusal(self, key: str, reason: str) -> WrongOrg:
        """The error of the wrong-org guard: the login leads to another org than `expect` names."""
        message = f"org {self.name}: {reason}; nothing was done. {NEXT_STEP[key]}"
        return WrongOrg(message, [self.problem(key, Fault(reason))])

    def login(self, environ: Mapping[str, str], folder: Path = HERE) -> OrgLogin:
        """The login with its secrets read; relative paths start from `folder`.

        Raises Invalid with every secret that cannot be read, UnsafeAddress for plain http over a network.
        """
        if not self.given:
            return login_from_env(environ)
        for key in ADDRESSES:
            for unsafe in settings.unsafe_address(str(self.given.get(key, "")), f"`{key}`"):
                problem = self.problem(key, unsafe)
                raise UnsafeAddress(problem.message, [problem])
        found = dict(org_logins.resolved(self.given, environ, folder))
        fault = [self.problem(key, value) for key, value in found.items() if not isinstance(value, str)]
        if fault:
            raise Invalid(f"the login of org {self.name} cannot be read", fault)
        values = {key: value for key, value in found.items() if isinstance(value, str)}
        return OrgLogin(values.pop("flow"), values)

    def heartbeat_url(self, environ: Mapping[str, str], folder: Path = HERE) -> str | None:
        """The address to ping; None when the entry has none. Raises Invalid when the reference does not lead to an
        address."""
        if not isinstance(self.heartbeat, SecretReference):
            return self.heartbeat
        try:
            return heartbeat_address(self.heartbeat.secret(environ, folder))
        except Fault as fault:
            problem = self.problem("heartbeat", fault)
            raise Invalid(f"the heartbeat of org {self.name} cannot be read", [problem]) from None


def org_entry(name: str, path: Path) -> tuple[OrgEntry, tuple[Problem, ...]]:
    """The org of this name and the warnings of the file. Raises Invalid with every problem of the file at once."""
    if name.startswith(CLI):
        return of_cli(name), ()
    if misnamed := list(read_as_nothing(path)):
        raise Invalid(f"the name of the file of orgs is {path.name}", misnamed)
    if name == ENV and is_missing(path):
        return OrgEntry(ENV), ()
    entries, problems = read_orgs(path)
    errors = [problem for problem in problems if problem.severity == "error"]
    if is_missing(path):
        near = [Problem(f"unknown org `{name}`", expected=f"{ENV} ({ENV_LOGIN})", nearest=nearest(name, [ENV]))]
        raise Invalid(f"unknown org {name}: {path.absolute()} does not exist", [*near, *errors])
    if errors:
        count = "one problem" if len(errors) == 1 else f"{len(errors)} problems"
        raise Invalid(f"{path} is invalid: {count}", errors)
    if name not in entries:
        fault = unknown("org", name, sorted(entries))
        problem = Problem(fault.message, str(path), None, None, fault.found, fault.expected, fault.nearest)
        raise Invalid(f"unknown org {name}: it is not in {path.absolute()}", [problem])
    return entries[name], tuple(problems)


def all_entries(path: Path) -> dict[str, OrgEntry]:
    """Every org of the file by name. Raises Invalid with every problem of the file at once."""
    if misnamed := list(read_as_nothing(path)):
        raise Invalid(f"the name of the file of orgs is {path.name}", misnamed)
    entries, problems = read_orgs(path)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise Invalid(f"{path} is invalid: {counted(len(errors), 'problem')}", errors)
    return entries


def of_cli(name: str) -> OrgEntry:
    """A login of Salesforce's own CLI, by its alias or user name."""
    alias = name.removeprefix(CLI)
    if not alias or alias.startswith("-") or any(char.isspace() for char in alias):
        raise Invalid(f"{name!r} does not name a login; expected sf:ALIAS, as `sf org list` shows it")
    return OrgEntry(name, {"flow": "cli", "alias": alias})


def is_missing(path: Path) -> bool:
    """True if the file does not exist. A file that cannot be looked at may exist, and may hold an `expect`."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def read_as_nothing(path: Path) -> Iterator[Problem]:
    """Files such as `orgs.yml` beside the file of orgs: whoever wrote one takes it for the file, with its `expect`."""
    for name in names_in(path.parent):
        other = path.with_name(name)
        alike = other.stem.lower() == path.stem and other.suffix.lower() in (".yaml", ".yml")
        if alike and name != path.name and not is_same(other, path):
            expected = f"its entries in {path.name}, and no other such name beside it"
            yield Problem("this file would not be read", str(other), found=name, expected=expected)


def is_same(one: Path, other: Path) -> bool:
    """True for two names of one file: a link, or a system that ignores letter case."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def read_orgs(path: Path) -> tuple[dict[str, OrgEntry], list[Problem]]:
    """The valid orgs of the file, `env` included, and every problem of the file, in order."""
    try:
        entries, problems = orgs_in(str(path), read_text(path, EXPECTED, MAX_BYTES))
    except Unreadable as error:
        return {}, [error.problem]
    return dict(entries), list(problems)


@lru_cache(maxsize=1)
def orgs_in(file: str, text: str) -> tuple[Mapping[str, OrgEntry], Sequence[Problem]]:
    """The same of the text of a file, kept, because every part of a run asks for its org. Raises Unreadable."""
    from sfdc_escalator.files.text.yaml_document import parse

    document = parse(file, text, what="mapping of orgs", holds="a name with an org")
    if not isinstance(document.value, dict):
        return {}, [problem_of(document, (), Fault("the file must be a mapping", found=kind(document.value)))]
    faults = {name: list(entry_faults(name, given)) for name, given in document.value.items()}
    in_entries = [problem_of(document, loc, named(loc, fault)) for some in faults.values() for loc, fault in some]
    problems = dict.fromkeys([*plain(document), *in_entries])
    sound = {name: given for name, given in document.value.items() if not any(serious(one) for one in faults[name])}
    entries = {ENV: OrgEntry(ENV)} | {name: entry_of(document, name, given) for name, given in sound.items()}
    return entries, sorted(problems, key=lambda one: (one.line or 0, one.column or 0))


def serious(fault: LoginFault) -> bool:
    return fault[1].severity == "error"


def named(loc: Loc, fault: Fault) -> Fault:
    """The fault with the name of the key in place of `this`."""
    if not fault.message.startswith("this "):
        return fault
    return fault.but(message=f"`{loc[-1]}`" + fault.message.removeprefix("this"))


def plain(document: Document) -> Iterator[Problem]:
    """The problems of the YAML itself, without any text that may be a secret."""
    hidden = {
        place
        for loc, place in document.values.items()
        if {*SECRETS, "heartbeat", "proxy", "channels"}.intersection(map(str, loc))
    }
    for problem in document.problems:
        secret = (problem.line, problem.column) in hidden
        yield replace(problem, message="this value is not plain YAML", found=None) if secret else problem


def entry_of(document: Document, name: str, given: Mapping[str, Any]) -> OrgEntry:
    expect = given.get("expect", {})
    organization = expect.get("organization_id")
    leaves = {key_of(loc): place for loc, place in document.values.items() if loc[:1] == (name,)}
    return OrgEntry(
        name=name,
        given=org_logins.login_values(given) if name != ENV else {},
        expect=Expect(long_id(organization) if organization else None, expect.get("sandbox")),
        ledger=given.get("ledger"),
        heartbeat=heartbeat_of(given.get("heartbeat")),
        channels=channel_settings.given_settings(given.get("channels")),
        sandbox_to=given.get("sandbox_to") or {},
        fleet=fleet_settings(given),
        file=document.file,
        places=leaves,
    )


def key_of(loc: Loc) -> str:
    """The key of a value, which is of one meaning in an entry; of channels, which are named freely, the whole path."""
    return ".".join(map(str, loc[1:])) if loc[1:2] in (("channels",), ("sandbox_to",)) else str(loc[-1])
