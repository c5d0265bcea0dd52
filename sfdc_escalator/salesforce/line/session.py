"""One HTTP session with one org: no other host, no redirects, no .netrc, no cookies, and always a timeout."""

import re
import threading
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import requests

from sfdc_escalator import __version__
from sfdc_escalator.errors import Invalid, LoginRefused, UnsafeAddress
from sfdc_escalator.salesforce.line.bounds import BoundedAdapter, one_call, receive
from sfdc_escalator.salesforce.line.token import Grant, Token

CONNECT, READ = 10.0, 120.0  # seconds
CONNECTIONS = 16
USAGE = re.compile(r"(?:^|[\s;,])api-usage=(\d+)/(\d+)")
API_CALL = re.compile(r"/services/data/v\d")


def checked_address(instance_url: str) -> tuple[str, str]:
    """(scheme, host:port). Raises UnsafeAddress for plain http beyond loopback, Invalid for a text that is not one."""
    try:
        parts = urlsplit(instance_url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(f"the instance URL is not an address ({error})") from None
    if parts.scheme not in ("https", "http") or not host:
        raise Invalid(
            f"the instance URL {instance_url!r} is not valid; expected one such as https://acme.my.salesforce.com"
        )
    if parts.username is not None or parts.password is not None:
        raise UnsafeAddress("the instance URL contains a user name or password: leave it out")
    if parts.scheme == "http" and not is_loopback(host):
        raise UnsafeAddress(
            f"plain http would send the access token to {host} without encryption: use https:// "
            "(http:// is for loopback only)"
        )
    return parts.scheme, parts.netloc.lower()


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Line(NamedTuple):
    """The proxy and certificates for an org, in place of those in HTTPS_PROXY and REQUESTS_CA_BUNDLE."""

    proxy: str | None = None
    ca_file: str | None = None


DEFAULT_LINE = Line()


class OrgSession(requests.Session):
    """A session that sends to the given org only, over its own scheme (simple-salesforce always uses https).

    A given token replaces that of the headers. When the org refuses it (401: nothing was done), the same bytes
    are sent once more with a new one. `last` is the last complete answer of this thread. Counts API
    calls; safe to use from several threads.
    """

    def __init__(self, instance_url: str, token: Token | None = None, line: Line = DEFAULT_LINE) -> None:
        super().__init__()
        self._token, self._line = token, line
        self.scheme, self.netloc = checked_address(instance_url)
        self.auth = _leave_as_is  # otherwise requests takes a login from ~/.netrc in place of the token
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = "gzip, deflate"
        self.headers["User-Agent"] = f"sfdc-escalator/{__version__}"
        self.mount("https://", BoundedAdapter(pool_maxsize=CONNECTIONS))
        self.mount("http://", BoundedAdapter(pool_maxsize=CONNECTIONS))
        self._lock, self._thread = threading.Lock(), threading.local()
        self._api_calls = 0
        self._api_left: int | None = None

    @property
    def api_calls(self) -> int:
        return self._api_calls

    @property
    def api_left(self) -> int | None:
        """The API calls left of the last 24 hours (Sforce-Limit-Info); None until the org reports them."""
        return self._api_left

    @property
    def last(self) -> requests.Response | None:
        return getattr(self._thread, "last", None)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No address: a redirect is an answer like any other, whatever its Location is."""

    def forget(self) -> None:
        """Sets `last` to None until the next complete answer."""
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
            kwargs["proxies"] = {}  # also when the environment names a proxy
        if self._line.ca_file:  # here, because requests prefers the environment to its own settings
            kwargs["verify"] = self._line.ca_file
        if self._token is None:
            return self._exchange(request, **kwargs)
        used = self._token.value
        answer = self._exchange(carrying(request, used), **kwargs)
        if answer.status_code != 401 or (fresh := self._token.renewed(used)) is None:
            return answer
        return self._exchange(carrying(request, self._same_org(fresh)), **kwargs)

    def _exchange(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Sends the request and receives the whole answer, within the bounds of a call."""
        with one_call() as (bounds, seconds):
            connect, read = kwargs["timeout"]
            kwargs |= {"timeout": (min(connect, seconds), read), "stream": True}
            answer = super().send(request, **kwargs)
            receive(answer, bounds.size)
        return answer

    def _same_org(self, fresh: Grant | str) -> str:
        if isinstance(fresh, str):
            return fresh
        if checked_address(fresh.instance_url)[1] != self.netloc:
            raise LoginRefused("a new login gives another address than before: start the run again")
        return fresh.access_token

    def _own(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.netloc.lower() != self.netloc:
            raise UnsafeAddress(
                "a request to another host than the org's was stopped, because it would send the access token there"
            )
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
    """The same request with this token."""
    sent = request.copy()
    sent.headers["Authorization"] = f"Bearer {token}"
    return sent


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
