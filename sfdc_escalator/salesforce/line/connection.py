"""Failed connections as errors: whether the request was sent, whether to try again, and what to check."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import SSLError
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError, ProxyError, ReadTimeoutError

from sfdc_escalator.salesforce.line.bounds import TooLarge
from sfdc_escalator.salesforce.line.failures import Unanswered, in_one_line, not_an_org
from sfdc_escalator.salesforce.line.shapes import ODD

NO_LINE = (NewConnectionError, ConnectTimeoutError)
NO_PROXY = (InvalidProxyURL, InvalidSchema, InvalidURL, LocationParseError)
NO_BUNDLE = "suitable TLS CA certificate bundle"
TUNNEL = "Tunnel connection failed: "
LOGINS = ("login.salesforce.com", "test.salesforce.com")
PLAIN_NAMES = {"RemoteDisconnected": "closed without an answer", "IncompleteRead": "the answer was cut short"}


def unanswered(error: Exception) -> Unanswered:
    """The error of a failed connection; `sent` is false only if none was made: no name or route, refused, untrusted."""
    chain = list(_chain(error))
    return _untrusted(chain) or _never_connected(chain) or _broken(chain)


def _untrusted(chain: Sequence[BaseException]) -> Unanswered | None:
    """The error for a certificate that is not trusted, or for a file of trusted certificates that cannot be read."""
    for link in chain:
        if NO_BUNDLE in str(link) or "NO_CERTIFICATE_OR_CRL" in str(getattr(link, "reason", "")):
            message = "the file of trusted certificates cannot be read: see REQUESTS_CA_BUNDLE, or `ca_file` of the org"
            return Unanswered(message, sent=False, passing=False)
        if type(link).__name__ == "SSLCertVerificationError":
            reason = getattr(link, "verify_message", "") or "it is not trusted"
            message = (
                f"the org's certificate is refused ({reason}): check the address; behind a proxy that reads TLS, name "
                "its certificate with `ca_file` of the org, or in REQUESTS_CA_BUNDLE"
            )
            return Unanswered(message, sent=False, passing=False)
    return None


def _never_connected(chain: Sequence[BaseException]) -> Unanswered | None:
    if any(isinstance(link, NO_PROXY) for link in chain):
        message = (
            "the address of the proxy is not valid: check HTTPS_PROXY, or `proxy` of the org; expected http://HOST:PORT"
        )
        return Unanswered(message, sent=False, passing=False)
    if any(isinstance(link, ProxyError) for link in chain):
        message = f"the proxy does not let us through ({_reason(chain)}): check HTTPS_PROXY, or `proxy` of the org"
        return Unanswered(message, sent=False, passing="(4" not in message)
    if any(isinstance(link, NO_LINE) for link in chain):
        message = f"the org cannot be reached ({_reason(chain)}): check the address and the network"
        return Unanswered(message, sent=False)
    if any(isinstance(link, SSLError) and link.reason == "WRONG_VERSION_NUMBER" for link in chain):
        return Unanswered("the org's address does not answer with TLS: check its port", sent=False, passing=False)
    return None


def _broken(chain: Sequence[BaseException]) -> Unanswered:
    if large := next((link for link in chain if isinstance(link, TooLarge)), None):
        return Unanswered(f"{large}: this is not an answer of Salesforce", passing=False)
    if any(isinstance(link, (requests.Timeout, TimeoutError, ReadTimeoutError)) for link in chain):
        return Unanswered("the org did not answer in time: try again later")
    return Unanswered(f"the connection to the org broke ({_reason(chain)}): try again later")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and the errors behind it: causes, urllib3's `reason`, wrapped arguments."""
    seen: list[BaseException] = []
    todo = [error]
    while todo:
        link = todo.pop(0)
        if link is None or any(link is old for old in seen):
            continue
        seen.append(link)
        yield link
        inner = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        todo += [one for one in inner if isinstance(one, BaseException)]


def _reason(chain: Sequence[BaseException]) -> str:
    """The message of the proxy or the operating system, which contains no address."""
    systems = [link for link in chain if isinstance(link, OSError)]
    from_proxy = next((str(link) for link in systems if str(link).startswith(TUNNEL)), "").removeprefix(TUNNEL)
    from_system = next((link.strerror for link in systems if isinstance(link.strerror, str)), "")
    name = type(chain[-1]).__name__
    return in_one_line(from_proxy or from_system or PLAIN_NAMES.get(name, name))


def moved_to(answer: requests.Response) -> str | None:
    """The host to which an answer redirects; None without a redirect, or when it is a login page."""
    if not answer.is_redirect:
        return None
    try:
        host = urlsplit(answer.headers["Location"]).hostname
    except ValueError:  # not an address
        return None
    return None if host in (None, *LOGINS, urlsplit(answer.url or "").hostname) else host


def time_of(answer: requests.Response) -> datetime:
    """The org's time of the answer. Raises OrgUnavailable where it has none."""
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)  # HTTP knows UTC only (RFC 9110)
    except ODD:
        raise not_an_org("an answer without a Date") from None
    if not 2000 <= at.year < 2200:
        raise not_an_org(f"an answer with a Date in the year {at.year}")
    return at


def kind_of(answer: requests.Response) -> str:
    if answer.is_redirect:
        return "a redirect to a login page"
    is_html = "html" in answer.headers.get("Content-Type", "").lower()
    return "a web page" if is_html else "a body that is not from the API"
