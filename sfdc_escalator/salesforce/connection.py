"""What a failed or odd connection means: was the request sent, may it pass, what to tell people."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.salesforce.failures import Unanswered, in_one_line


def unanswered(error: Exception) -> Unanswered:
    """The line failed. `sent` is false only where no connection came about: no name, no route, refused, distrusted."""
    chain = list(_chain(error))
    certificate = next((link for link in chain if type(link).__name__ == "SSLCertVerificationError"), None)
    if certificate is not None:
        words = getattr(certificate, "verify_message", "") or "it is not trusted"
        return Unanswered(f"the org's certificate is refused ({words})", sent=False, passing=False)
    if any(isinstance(link, (NewConnectionError, ConnectTimeoutError)) for link in chain):
        words = f"the org cannot be reached ({_reason(chain)}): check the address and the network"
        return Unanswered(words, sent=False)
    if isinstance(error, requests.Timeout):
        return Unanswered("the org did not answer in time")
    return Unanswered(f"the connection to the org broke ({_reason(chain)})")


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
    """The operating system's words, which name no address."""
    found = (link.strerror for link in chain if isinstance(link, OSError) and isinstance(link.strerror, str))
    return in_one_line(next(found, None) or type(chain[-1]).__name__)


def redirected(answer: requests.Response) -> OrgUnavailable | None:
    if not answer.is_redirect:
        return None
    host = urlsplit(answer.headers["Location"]).hostname
    return OrgUnavailable(f"the org's address leads on to {host or 'another page'}: give that as the instance URL")


def kind_of(answer: requests.Response) -> str:
    return "a web page" if "html" in answer.headers.get("Content-Type", "").lower() else "a body that is not the API's"
