"""A call ends in time, whatever drips: at the login, through a proxy, and a heartbeat never holds up a run."""

import gzip
import io
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from urllib3 import HTTPResponse

from sfdc_escalator.salesforce.line.bounds import SETTLING, Bounds, TooLarge, bounded, receive, until_deadline
from sfdc_escalator.salesforce.line.failures import Unanswered
from sfdc_escalator.salesforce.line.session import Line, OrgSession
from sfdc_escalator.salesforce.login.token_endpoint import TokenEndpoint
from tests.moved_clock import Clock


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    with bounded(Bounds(clock=made)):
        yield made


@pytest.fixture
def dripping(clock: Clock) -> Iterator[Callable[[bytes], str]]:
    """Starts a server that sends the start of an answer and then a byte after 1,000 seconds; gives its address."""
    over, listeners, threads = threading.Event(), list[socket.socket](), list[threading.Thread]()

    def serve(listener: socket.socket, start: bytes) -> None:
        line, _ = listener.accept()
        with line:
            line.recv(65536)
            line.sendall(start)
            clock.now += 1000
            line.sendall(b" ")
            over.wait()

    def started(start: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, start), daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield started
    over.set()
    for one in threads:
        one.join()
    for listener in listeners:
        listener.close()


STARTS = [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"]


@pytest.mark.parametrize("start", STARTS)
def test_a_login_that_drips_ends_in_time(dripping: Callable[[bytes], str], start: bytes) -> None:
    with pytest.raises(Unanswered, match="did not answer in time") as caught:
        TokenEndpoint(dripping(start), Line()).grant({"grant_type": "x"})
    assert not caught.value.sent


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 Connection established\r\nX: "])
def test_a_proxy_that_drips_ends_in_time(dripping: Callable[[bytes], str], start: bytes) -> None:
    org = "https://acme.my.salesforce.com"
    with OrgSession(org, line=Line(dripping(start))) as session, pytest.raises(requests.RequestException):
        session.get(f"{org}/services/data/")


@pytest.mark.parametrize(
    ("deadline", "began", "seconds"),
    [(None, 0, 120), (500, 0, 120), (60, 0, 60), (60, 59, 1), (60, 60, SETTLING), (60, 900, SETTLING)],
)
def test_a_call_has_two_minutes_or_less_before_the_deadline(
    clock: Clock, deadline: float | None, began: float, seconds: float
) -> None:
    """A call that begins after the deadline finds out what became of the work, so it has a little time."""
    from sfdc_escalator.salesforce.line import bounds

    with until_deadline(deadline):
        clock.now = began
        with bounds.one_call() as (_, left):
            assert left == seconds


def answer_of(body: bytes, encoding: str) -> requests.Response:
    answer = requests.Response()
    answer.raw = HTTPResponse(io.BytesIO(body), headers={"Content-Encoding": encoding}, preload_content=False)
    return answer


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
@pytest.mark.parametrize(("size", "fits"), [(1_000_000, True), (1_000_001, False)])
def test_the_bytes_after_decompression_count(layers: int, size: int, fits: bool) -> None:
    body = b" " * size
    for _ in range(layers):
        body = gzip.compress(body)
    answer = answer_of(body, ", ".join(["gzip"] * layers) or "identity")
    if fits:
        receive(answer, 1_000_000)
        assert len(answer.content) == size
    else:
        with pytest.raises(TooLarge):
            receive(answer, 1_000_000)
