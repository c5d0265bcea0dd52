"""The login from environment variables: `--org env`."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from sfdc_escalator.errors import Invalid, Problem, UnsafeAddress
from sfdc_escalator.files.text.fault import nearest, shortened

URL, TOKEN = "SFDC_INSTANCE_URL", "SFDC_ACCESS_TOKEN"
EXAMPLE = "https://example.my.salesforce.com"
NOT_THE_API = (".lightning.force.com", ".my.salesforce-setup.com")  # where people click; what they copy
SECRETS = ("access_token", "client_secret", "private_key", "refresh_token", "password", "security_token")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class OrgLogin:
    """A login: the flow and its values, secrets included. Addresses end without a slash."""

    flow: str
    values: Mapping[str, str] = field(repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        """The texts that no output may show: each secret, each line of a key with several lines, the login in a
        proxy's address."""
        login = self.values.get("proxy", "").rpartition("@")[0].rpartition("/")[2]
        found = [login, *login.split(":"), *(self.values[key] for key in SECRETS if key in self.values)]
        return frozenset(line for text in found for line in (text, *text.split("\n")) if not line.startswith("-----"))


def login_from_env(environ: Mapping[str, str]) -> OrgLogin:
    """The org's address and token. Raises Invalid with all their problems, UnsafeAddress for plain http over a
    network."""
    url, token = environ.get(URL, ""), environ.get(TOKEN, "")
    problems = [*unset(environ), *(token_problems(token) if token else ())]
    wrong_address = list(url_problems(url)) if url else []
    unsafe = list(unsafe_address(url)) if url and not wrong_address else []
    if problems or wrong_address:
        raise Invalid("the login in the environment is invalid", [*problems, *wrong_address, *unsafe])
    if unsafe:
        raise UnsafeAddress(unsafe[0].message, unsafe)
    return OrgLogin("token", {"instance_url": address(urlsplit(url)), "access_token": token})


def unsafe_address(url: str, name: str = URL) -> Iterator[Problem]:
    parts = urlsplit(url)
    if parts.scheme == "http" and not loopback(parts.hostname or ""):
        message = f"{name} is plain http to a host that is not this machine: the token would travel in clear text"
        yield Problem(message, found=address(parts), expected="https://, or http:// to 127.0.0.1, ::1 or localhost")


def unset(environ: Mapping[str, str]) -> Iterator[Problem]:
    """The variables that are not set, or empty, with the name that was probably meant."""
    ours = ("SFDC_ESCALATOR_", URL, TOKEN)
    others = [name for name in environ if name.upper().startswith(("SFDC", "SF_")) and not name.startswith(ours)]
    for name, expected in ((URL, f"the address of the org, such as {EXAMPLE}"), (TOKEN, "an access token of that org")):
        if not environ.get(name):
            misspelt = nearest(name, others)
            found = "an empty value" if name in environ else f"the variable {misspelt}" if misspelt else None
            yield Problem(f"{name} is not set", found=found, expected=expected, nearest=misspelt and name)


def url_problems(url: str, name: str = URL, token: str = TOKEN) -> Iterator[Problem]:
    """The problems of the address in this variable. A password in it is never shown."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not HOST.fullmatch(host)
        or re.search(r"[\s\x00-\x1f]", url)
    ):
        bare = HOST.fullmatch(url.lower()) and "." in url
        found = shortened(url) if not re.search(r"[@?]", url) else None
        near = f"https://{url}" if bare else None
        yield Problem(
            f"{name} is not an address of an org", found=found, expected=f"an address such as {EXAMPLE}", nearest=near
        )
        return
    if parts.username is not None or parts.password is not None:
        expected = f"the address alone; the token is in {token}"
        yield Problem(f"{name} holds a user name or password", expected=expected, nearest=api_of(parts))
    if parts.path.strip("/") or parts.query or parts.fragment:
        message = f"{name} holds more than the address of the org"
        found = shortened(parts.path) if parts.path.strip("/") else "a query or fragment"
        yield Problem(message, found=found, expected="scheme and host only", nearest=api_of(parts))
    elif api_of(parts) != address(parts):
        message = f"{name} is the address of the org's pages, not of its API"
        yield Problem(message, found=address(parts), expected=f"an address such as {EXAMPLE}", nearest=api_of(parts))


def token_problems(token: str, name: str = TOKEN) -> Iterator[Problem]:
    """The problems of a token: a blank or line end in it would break, or forge, a header."""
    bad = next((char for char in token if not "!" <= char <= "~"), None)
    if bad is not None:
        found = "a line end" if bad in "\r\n" else "a blank" if bad.isspace() else f"the character U+{ord(bad):04X}"
        expected = "visible ASCII characters only, with nothing before or after the token"
        yield Problem(f"{name} is not an access token", found=found, expected=expected)


def api_of(parts: SplitResult) -> str:
    """The address of the API, when the address of the org's pages was given."""
    url = address(parts)
    page = next((page for page in NOT_THE_API if url.endswith(page)), None)
    return url.removesuffix(page) + ".my.salesforce.com" if page else url


def address(parts: SplitResult) -> str:
    """Scheme, host and port."""
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
