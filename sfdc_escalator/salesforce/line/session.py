"""One HTTP session with one org: no other host, no redirects, no .netrc, no cookies, and always a timeout."""

import re
import threading
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from sfdc_escalator import __version__
from sfdc_escalator.errors import Invalid, LoginRefused, UnsafeAddress
from sfdc_escalator.salesforce.line.token import Grant, Token

CONNECT, READ, WRITE = 10.0, 120.0, 600.0  # seconds; a composite may take 10 minutes (REST guide, limits)
CONNECTIONS = 16
USAGE = re.compile(r"(?:^|[\s;,])api-usage=(\d+)/(\d+)")
API_CALL = re.compile(r"/services/data/v\d")


def checked_address(instance_url: str) -> tuple[str, str]:
    """(scheme, host:port). Raises UnsafeAddress for plain http beyond loopback, Invalid for what is not an address."""
    try:
        parts = urlsplit(instance_url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(f"the instance URL is not an address ({error})") from None
    if parts.scheme not in ("https", "http") or not host:
        raise Invalid(f"the instance URL {instance_url!r} is not like https://acme.my.salesforce.com")
    if parts.username is not None or parts.password is not None:
        raise UnsafeAddress("the instance URL holds a user name or password: leave it out")
    if parts.scheme == "http" and not is_loopback(host):
        raise UnsafeAddress(
            f"plain http would send the access token to {host} in clear: use https:// (http:// is for loopback only)"
        )
    return parts.scheme, parts.netloc.lower()


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Line(NamedTuple):
    """How the org is reached, where the environment (HTTPS_PROXY, REQUESTS_CA_BUNDLE) does not say it."""

    proxy: str | None = None
    ca_file: str | None = None


STRAIGHT = Line()


class OrgSession(requests.Session):
    """Sends to the given org only, over its own scheme (simple-salesforce always asks for https).

    With a token, that one is sent, whatever the headers say; when the org refuses it (401, so nothing was done) the
    same bytes are sent once more with another one. `last` is the last complete answer of this thread. Counts API
    calls; safe to use from several threads.
    """

    def __init__(self, instance_url: str, token: Token | None = None, line: Line = STRAIGHT) -> None:
        super().__init__()
        self._token, self._line = token, line
        self.scheme, self.netloc = checked_address(instance_url)
        self.auth = _leave_as_is  # requests would take a login from ~/.netrc in place of our token
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = f"sfdc-escalator/{__version__}"
        self.mount("https://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        self.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._lock, self._thread = threading.Lock(), threading.local()
        self._api_calls = 0
        self._api_left: int | None = None

    @property
    def api_calls(self) -> int:
        return self._api_calls

    @property
    def api_left(self) -> int | None:
        """API calls left of the org's last 24 hours (Sforce-Limit-Info); None until the org says."""
        return self._api_left

    @property
    def last(self) -> requests.Response | None:
        return getattr(self._thread, "last", None)

    def forget(self) -> None:
        """From here on `last` is None until an answer is complete."""
        self._thread.last = None

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "X-PrettyPrint": None}
        kwargs["allow_redirects"] = False
        kwargs.setdefault("timeout", (CONNECT, READ))
        self.forget()
        answer = super().request(method, self._own(str(url)), *args, **kwargs)
        self._thread.last = answer
        self._count(answer)
        return answer

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if self._line.proxy:
            kwargs["proxies"] = {"https": self._line.proxy}
        elif is_loopback(urlsplit(f"//{self.netloc}").hostname or ""):
            kwargs["proxies"] = {}  # whatever the environment says
        if self._line.ca_file:  # here, because requests prefers what the environment says to its own settings
            kwargs["verify"] = self._line.ca_file
        if self._token is None:
            return super().send(request, **kwargs)
        used = self._token.value
        answer = super().send(carrying(request, used), **kwargs)
        if answer.status_code != 401 or (fresh := self._token.instead_of(used)) is None:
            return answer
        return super().send(carrying(request, self._same_org(fresh)), **kwargs)

    def _same_org(self, fresh: Grant | str) -> str:
        if isinstance(fresh, str):
            return fresh
        if checked_address(fresh.instance_url)[1] != self.netloc:
            raise LoginRefused("a new login leads to another address than before: start the run again")
        return fresh.access_token

    def _own(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.netloc.lower() != self.netloc:
            raise UnsafeAddress("a request to another host than the org's was stopped: it would carry the access token")
        return urlunsplit(parts._replace(scheme=self.scheme))

    def _count(self, answer: requests.Response) -> None:
        # The list of versions and refused tokens are not counted by the org (REST guide, Limit Info Header).
        counted = bool(API_CALL.match(urlsplit(answer.url or "").path)) and answer.status_code != 401
        usage = USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        with self._lock:
            self._api_calls += counted
            if usage:
                self._api_left = max(0, int(usage[2]) - int(usage[1]))


def carrying(request: requests.PreparedRequest, token: str) -> requests.PreparedRequest:
    """The same bytes, with this token."""
    sent = request.copy()
    sent.headers["Authorization"] = f"Bearer {token}"
    return sent


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
