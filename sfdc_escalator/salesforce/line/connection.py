"""What a failed or odd connection means: was the request sent, may it pass, what to tell people."""

from collections.abc import Iterator, Sequence
from ssl import SSLError
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError, ProxyError

from sfdc_escalator.salesforce.line.failures import Unanswered, in_one_line

NO_LINE = (NewConnectionError, ConnectTimeoutError)
NO_PROXY = (InvalidProxyURL, InvalidSchema, InvalidURL, LocationParseError)
NO_BUNDLE = "suitable TLS CA certificate bundle"
TUNNEL = "Tunnel connection failed: "
LOGINS = ("login.salesforce.com", "test.salesforce.com")
PLAINLY = {"RemoteDisconnected": "closed without an answer", "IncompleteRead": "the answer was cut short"}


def unanswered(error: Exception) -> Unanswered:
    """The line failed. `sent` is false only where no connection came about: no name, no route, refused, distrusted."""
    chain = list(_chain(error))
    return _distrusted(chain) or _never_connected(chain) or _broken(chain, error)


def _distrusted(chain: Sequence[BaseException]) -> Unanswered | None:
    """The certificate, or the file of those that are trusted."""
    for link in chain:
        if NO_BUNDLE in str(link) or "NO_CERTIFICATE_OR_CRL" in str(getattr(link, "reason", "")):
            words = "the file of trusted certificates cannot be read: see REQUESTS_CA_BUNDLE, or `ca_file` of the org"
            return Unanswered(words, sent=False, passing=False)
        if type(link).__name__ == "SSLCertVerificationError":
            why = getattr(link, "verify_message", "") or "it is not trusted"
            words = (
                f"the org's certificate is refused ({why}): check the address; behind a proxy that reads TLS, name its "
                "certificate with `ca_file` of the org, or in REQUESTS_CA_BUNDLE"
            )
            return Unanswered(words, sent=False, passing=False)
    return None


def _never_connected(chain: Sequence[BaseException]) -> Unanswered | None:
    if any(isinstance(link, NO_PROXY) for link in chain):
        words = "the proxy's address is none: check HTTPS_PROXY, or `proxy` of the org; expected http://HOST:PORT"
        return Unanswered(words, sent=False, passing=False)
    if any(isinstance(link, ProxyError) for link in chain):
        words = f"the proxy does not let us through ({_reason(chain)}): check HTTPS_PROXY, or `proxy` of the org"
        return Unanswered(words, sent=False, passing="(4" not in words)
    if any(isinstance(link, NO_LINE) for link in chain):
        words = f"the org cannot be reached ({_reason(chain)}): check the address and the network"
        return Unanswered(words, sent=False)
    if any(isinstance(link, SSLError) and link.reason == "WRONG_VERSION_NUMBER" for link in chain):
        return Unanswered("no TLS is spoken at the org's address: check its port", sent=False, passing=False)
    return None


def _broken(chain: Sequence[BaseException], error: Exception) -> Unanswered:
    if isinstance(error, requests.Timeout):
        return Unanswered("the org did not answer in time: try again later")
    return Unanswered(f"the connection to the org broke ({_reason(chain)}): try again later")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was made from: causes, urllib3's `reason`, wrapped arguments."""
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
    """The words of the proxy or the operating system, which name no address."""
    systems = [link for link in chain if isinstance(link, OSError)]
    told = next((str(link) for link in systems if str(link).startswith(TUNNEL)), "").removeprefix(TUNNEL)
    said = next((link.strerror for link in systems if isinstance(link.strerror, str)), "")
    name = type(chain[-1]).__name__
    return in_one_line(told or said or PLAINLY.get(name, name))


def moved_to(answer: requests.Response) -> str | None:
    """The host on which an answer leads on; None where it does not, or only to a login page."""
    if not answer.is_redirect:
        return None
    host = urlsplit(answer.headers["Location"]).hostname
    return None if host in (None, *LOGINS, urlsplit(answer.url or "").hostname) else host


def kind_of(answer: requests.Response) -> str:
    if answer.is_redirect:
        return "a way to a login page"
    return "a web page" if "html" in answer.headers.get("Content-Type", "").lower() else "a body that is not the API's"
