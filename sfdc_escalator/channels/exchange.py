"""One request to a web service: bounded in time and size, to the given host alone, without a secret in any reason."""

import ipaddress
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from sfdc_escalator import __version__
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered

TIMEOUT = (4.0, 8.0)  # seconds to connect and to answer
PATIENCE = 10.0  # seconds for the whole exchange
MOST_BYTES = 100_000
"""Usually no more of an answer is read."""
T = TypeVar("T")
P = TypeVar("P")
INVALID = "the address of the service is not valid"
AGENT = f"sfdc-escalator/{__version__}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a service; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Request:
    """One request, of whose answer at most `most` bytes are read. `headers` and `url` may hold secrets, which no reason
    and no `repr` shows."""

    method: str
    url: str
    json: Any = None
    headers: Mapping[str, str] | None = None
    data: bytes | None = None
    most: int = MOST_BYTES

    def __repr__(self) -> str:
        return f"Request({self.method})"


def exchange(request: Request) -> Reply | Delivery:
    """The reply to the request, or the reason why none came: Delayed where it was not sent, Unanswered where it may
    have arrived."""
    return bounded(lambda: sent(request))


def bounded(work: Callable[[], T]) -> T | Delivery:
    """The answer of the work; Unanswered when it raises or takes too long. In the latter case it goes on by itself."""
    answers: SimpleQueue[T | Delivery] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(caught(work)), daemon=True).start()
    try:
        return answers.get(timeout=PATIENCE)  # the look-up of a name and a body that drips have no time limit of theirs
    except Empty:
        return Unanswered(f"no answer within {PATIENCE:g} seconds")


def caught(work: Callable[[], T]) -> T | Delivery:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on; its text may hold an address
        return Unanswered(f"no answer: {type(error).__name__}")


def sent(request: Request) -> Reply | Delivery:
    headers = {"User-Agent": AGENT, **(request.headers or {})}
    if fault := address_fault(request.url):
        return Broken(fault)
    try:
        with requests.Session() as session:
            session.auth = unchanged
            with session.request(
                request.method, request.url, json=request.json, data=request.data, headers=headers, timeout=TIMEOUT,
                allow_redirects=False, stream=True, proxies=proxies_for(request.url),
            ) as answer:  # fmt: skip
                body = answer.raw.read(request.most, decode_content=True) or b""
                return Reply(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)
    except requests.exceptions.SSLError:
        return Broken("the certificate of the service is not valid")
    except requests.exceptions.InvalidURL:
        return Broken(INVALID)
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
        return Broken("a header of the channel is not valid")
    except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError):
        return Delayed("the service cannot be reached: no connection")
    except requests.exceptions.ConnectionError as error:
        return not_connected(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on; its text may hold the address
        return Unanswered(f"no answer: {type(error).__name__}")


def address_fault(url: str) -> str | None:
    """The reason not to send anything there; plain http is for this machine alone."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return INVALID
    if parts.scheme == "http" and not loopback(parts.hostname or ""):
        return "plain http is for this machine alone: the address must begin with https://"
    return None if parts.scheme in ("http", "https") else INVALID


def proxies_for(url: str) -> dict[str, str] | None:
    """No proxy stands between this machine and itself: plain http would go over a network. None: as the environment
    says."""
    host = urlsplit(url).hostname or ""
    return {"no_proxy": host} if loopback(host) else None


def loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No login but the one in the headers: requests would take one from ~/.netrc."""
    return request


def not_connected(error: Exception) -> Delivery:
    """Delayed where the connection was never made, else Unanswered: the service may have it."""
    reason = type(getattr(error.args[0], "reason", None)).__name__ if error.args else ""
    if reason in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError"):
        return Delayed("the service cannot be reached")
    return Unanswered("the connection ended before an answer came")


def answered(
    reply: Reply | Delivery, now: Callable[[], datetime] = lambda: datetime.now(UTC), *, code: str = ""
) -> Delivery:
    """The outcome by the status: 2xx is delivered, 401 and 403 a channel that is broken, 408, 429 and 5xx a delay,
    everything else a refusal. `code` is the service's own word for it."""
    if not isinstance(reply, Reply):
        return reply
    reason = f"HTTP {reply.status} {code}".rstrip()
    match reply.status:
        case status if 200 <= status < 300:
            return Delivered()
        case 401 | 403:
            return Broken(reason)
        case 408 | 425 | 429:
            return Delayed(reason, retry_after(reply.headers.get("retry-after"), now))
        case status if status >= 500:
            return Delayed(reason, retry_after(reply.headers.get("retry-after"), now))
        case _:
            return Refused(reason)


def unexpected(reply: Reply) -> Delivery:
    """The outcome of a 2xx answer that is not one of the service: a web page comes from something else, such as a login
    or a proxy; anything else may be the rest of an answer."""
    if "html" in reply.headers.get("content-type", "") or reply.text.lstrip().startswith("<"):
        return Refused(
            f"HTTP {reply.status} with a web page: the address is not that of the service, or a proxy answered"
        )
    return Unanswered(f"HTTP {reply.status} with an answer that is not one of the service")


def retry_after_of(reply: Reply) -> timedelta | None:
    """The time that the service asks to wait."""
    return retry_after(reply.headers.get("retry-after"), lambda: datetime.now(UTC))


def retry_after(value: str | None, now: Callable[[], datetime]) -> timedelta | None:
    """The time to wait, given in seconds or as a date (RFC 9110, 10.2.3)."""
    try:
        return timedelta(seconds=max(float(value or ""), 0.0))
    except OverflowError:  # far more than anybody waits for
        return timedelta.max if str(value).strip().isdecimal() else None
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return max(timedelta(), (at if at.tzinfo else at.replace(tzinfo=UTC)) - now())


def all_delivered(parts: Iterable[P], deliver: Callable[[P], Delivery]) -> Delivery:
    """Delivered when every part of a message is, in the time of one exchange. After the first part a delay counts as
    unanswered: the next try begins with the first part again, and says that it may be a repeat."""
    return bounded(lambda: one_by_one(parts, deliver))


def one_by_one(parts: Iterable[P], deliver: Callable[[P], Delivery]) -> Delivery:
    answer: Delivery = Delivered()
    for number, part in enumerate(parts, 1):
        answer = deliver(part)
        if isinstance(answer, Delayed) and number > 1:
            return Unanswered(f"part {number}, after others were delivered: {answer.reason}")
        if not isinstance(answer, Delivered):
            return answer
    return answer
