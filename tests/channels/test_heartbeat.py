"""The heartbeat reports the start and the end of a run, and never stops or delays it."""

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests
import responses

from sfdc_escalator.channels.heartbeat import Heartbeat

SECRET = "5f1c9b7e-hidden-uuid"
URL = f"https://hc.example.com/ping/{SECRET}"


def logged_in(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, facts included."""
    return str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(("code", "path"), [(0, ""), (3, "/3"), (5, "/5")])
def test_it_reports_the_start_and_how_the_run_ended(code: int, path: str) -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", f"{URL}/start")
        mock.add("GET", URL + path)
        heartbeat = Heartbeat(URL + "/")
        heartbeat.start()
        heartbeat.end(code)
        assert [call.request.url for call in mock.calls] == [f"{URL}/start", URL + path]
        assert all(call.request.headers.get("Authorization") is None for call in mock.calls)


@pytest.mark.parametrize(
    "answer", [requests.ConnectionError(f"no route to {URL}"), requests.Timeout(URL), OSError(URL), 404, 500]
)
def test_a_heartbeat_that_does_not_arrive_is_a_warning_without_its_address(
    answer: Exception | int, caplog: pytest.LogCaptureFixture
) -> None:
    with responses.RequestsMock() as mock:
        for path in ("/start", ""):
            if isinstance(answer, int):
                mock.add("GET", URL + path, status=answer)
            else:
                mock.add("GET", URL + path, body=answer)
        with caplog.at_level(logging.WARNING):
            heartbeat = Heartbeat(URL)
            heartbeat.start()
            heartbeat.end(0)
    logged = logged_in(caplog)
    assert "heartbeat.not_sent" in logged
    assert "hc.example.com" in logged
    assert SECRET not in logged


def test_the_head_of_the_audit_trail_is_sent_in_the_user_agent() -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", URL)
        Heartbeat(URL).end(0, "ab" * 32)
        agent = mock.calls[0].request.headers["User-Agent"]
    assert agent.startswith("sfdc-escalator/")
    assert agent.endswith(f" (audit_head {'ab' * 32})")
    assert len(agent) < 200


def silent(line: socket.socket) -> None:
    line.recv(1)


def babbling(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 3)


@pytest.mark.parametrize("script", [silent, babbling])
def test_an_answer_that_never_ends_is_not_waited_for(
    script: Callable[[socket.socket], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sfdc_escalator.channels.heartbeat.PATIENCE", 0.2)
    lines: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    lines.append(server.accept()[0])
                    script(lines[-1])

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        heartbeat = Heartbeat(f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}")
        heartbeat.start()
        heartbeat.end(0)
        assert "no answer in time" in logged_in(caplog)
        server.shutdown(socket.SHUT_RDWR)  # nothing is accepted any more
        serving.join(10)
        for line in lines:
            line.close()


def test_a_slow_look_up_of_the_host_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = threading.Event()
    monkeypatch.setattr("sfdc_escalator.channels.heartbeat.PATIENCE", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found.wait(30)])
    heartbeat = Heartbeat(URL)
    heartbeat.start()
    heartbeat.end(3)
    found.set()
    logged = logged_in(caplog)
    assert "no answer in time" in logged
    assert SECRET not in logged


def test_the_run_goes_on_after_any_error_of_the_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(URL)

    monkeypatch.setattr(requests, "get", broken)
    heartbeat = Heartbeat(URL)
    heartbeat.start()
    heartbeat.end(0)


def test_a_redirect_is_not_followed() -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", URL, status=302, headers={"Location": "https://elsewhere.example.com"})
        Heartbeat(URL).end(0)
        assert len(mock.calls) == 1
