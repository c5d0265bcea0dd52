"""Writes on a failing connection, with real sockets and failures: in doubt unknown, and never sent twice."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import responses

from sfdc_escalator.pipeline.ports.writing import Chunk, Committed, NotExecuted, RolledBack, Unknown, Write
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.builders import ME, NOW, numbered
from tests.salesforce.conftest import TOKEN, Stage, error, page

CHUNK = Chunk((Write("ESC-0000-0000-0000", numbered("500", 1), "Note", False, {}),), NOW)
Script = Callable[[socket.socket], None]


def read_request(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(part.split(b":")[1]) for part in head.split(b"\r\n") if part.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += line.recv(65_536)
    return body


def reset(line: socket.socket) -> None:
    read_request(line)


def half(line: socket.socket) -> None:
    read_request(line)
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\nDate: x\r\n\r\n{"compositeResponse": [')


def nonsense(line: socket.socket) -> None:
    read_request(line)
    line.sendall(b"220 mail.example ready\r\n\r\n")


@contextmanager
def org_that(script: Script, seen: list[bool]) -> Iterator[SalesforceOrg]:
    """An org whose connections follow the script."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    line, _ = server.accept()
                    with line:
                        seen.append(True)
                        script(line)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        with SalesforceOrg(f"http://127.0.0.1:{port}", TOKEN, sleep=lambda _: None) as org:
            org._user_id = ME
            yield org
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("script", [reset, half, nonsense])
def test_an_incomplete_answer_is_unknown_and_nothing_is_sent_again(script: Script) -> None:
    seen: list[bool] = []
    with org_that(script, seen) as org:
        assert isinstance(org.write(CHUNK), Unknown)
    assert len(seen) == 1


def test_a_refused_connection_means_that_nothing_ran() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    slept: list[float] = []
    with SalesforceOrg(f"http://127.0.0.1:{port}", TOKEN, sleep=slept.append) as org:
        org._user_id = ME
        answer = org.write(CHUNK)
    assert isinstance(answer, NotExecuted)
    assert not answer.fatal
    assert slept


def answer_of(*bodies: Any, status: int = 200) -> dict[str, Any]:
    parts = zip(("fresh", "last", "note"), bodies, strict=True)
    return {
        "compositeResponse": [
            {"body": b, "httpHeaders": {}, "httpStatusCode": status, "referenceId": r} for r, b in parts
        ]
    }


APPLIED = answer_of(page({"Id": "x"}), {"Id": "x"}, [{"id": "00a", "success": True, "errors": []}])
HALTED = error("PROCESSING_HALTED", "The transaction was rolled back since ...")
MALFORMED = error("MALFORMED_QUERY", "entity type CaseComment cannot be used inside of the inner select")
REFUSED = answer_of(MALFORMED, HALTED, HALTED, status=400)


def test_a_write_gives_the_name_of_its_call(stage: Stage) -> None:
    stage.identified().answers("POST", "composite", APPLIED)
    assert stage.org.write(CHUNK) == Committed("composite 3 parts, 1 case, Mon, 02 Mar 2026 15:00:00 GMT")
    assert stage.mock.calls[-1].request.req_kwargs["timeout"] == (10.0, 120.0)  # type: ignore[attr-defined]
    assert stage.org.guard == "full"


def test_an_org_that_rejects_the_comment_clause_is_queried_without_it(stage: Stage) -> None:
    """Nothing ran, so the write is sent again; the clause is left out for the rest of the run."""
    stage.identified().answers("POST", "composite", REFUSED)
    stage.answers("POST", "composite", APPLIED)
    assert isinstance(stage.org.write(CHUNK), Committed)
    assert stage.org.guard == "weak"
    assert ["CaseComment%20WHERE" in json.dumps(stage.sent(place)) for place in (1, 2)] == [True, False]
    assert isinstance(stage.org.write(CHUNK), Committed)
    assert "CaseComment%20WHERE" not in json.dumps(stage.sent())


def test_a_guard_refused_with_and_without_the_clause_is_an_answer(stage: Stage) -> None:
    stage.identified().answers("POST", "composite", REFUSED)
    answer = stage.org.write(CHUNK)
    assert isinstance(answer, RolledBack)
    assert answer.error.code == "MALFORMED_QUERY"
    assert len(stage.mock.calls) == 3


def test_a_refused_token_stops_the_writing(stage: Stage) -> None:
    stage.identified().answers("POST", "composite", error("INVALID_SESSION_ID", "Session expired or invalid"), 401)
    answer = stage.org.write(CHUNK)
    assert isinstance(answer, NotExecuted)
    assert answer.fatal
    assert len(stage.mock.calls) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_is_unknown_and_nothing_is_sent_again(stage: Stage, status: int) -> None:
    stage.identified().answers("POST", "composite", "oops", status)
    assert isinstance(stage.org.write(CHUNK), Unknown)
    assert len(stage.mock.calls) == 2


def test_a_redirect_of_a_write_is_not_followed(stage: Stage) -> None:
    stage.identified().answers("POST", "composite", "", 307, {"Location": "https://evil.example/"})
    stage.mock.add(responses.POST, "https://evil.example/", json=APPLIED)
    assert isinstance(stage.org.write(CHUNK), Unknown)
    assert len(stage.mock.calls) == 2


@pytest.mark.parametrize("place", ["https://[", "https://*.x/", "https://a..b/", "https://x:99999999/"])
def test_a_write_answered_by_a_redirect_to_no_address_may_have_been_carried_out(stage: Stage, place: str) -> None:
    stage.identified().answers("POST", "composite", "", 302, {"Location": place})
    answer = stage.org.write(CHUNK)
    assert isinstance(answer, Unknown)
    assert answer.reason == "the org answered HTTP 302"


def test_the_unchanged_cases_are_those_that_the_guard_returns(stage: Stage) -> None:
    stage.identified().composite((400, MALFORMED))
    stage.composite(page({"Id": numbered("500", 1)[:15]}))
    assert stage.org.unmoved(CHUNK) == {numbered("500", 1)}
    assert stage.org.guard == "weak"
