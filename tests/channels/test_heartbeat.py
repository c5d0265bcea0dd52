"""The heartbeat tells of a run's start and end, and never stands in its way."""

import logging

import pytest
import requests
import responses

from sfdc_escalator.channels.heartbeat import Heartbeat

SECRET = "5f1c9b7e-hidden-uuid"
URL = f"https://hc.example.com/ping/{SECRET}"


@pytest.mark.parametrize(("code", "path"), [(0, ""), (3, "/3"), (5, "/5")])
def test_it_tells_the_start_and_how_the_run_ended(code: int, path: str) -> None:
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
def test_one_that_is_not_heard_is_a_warning_without_its_address(
    answer: Exception | int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
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
    out = capsys.readouterr()
    told = caplog.text + out.out + out.err
    assert "heartbeat.unheard" in told
    assert "hc.example.com" in told
    assert SECRET not in told


def test_it_leads_nowhere_else() -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", URL, status=302, headers={"Location": "https://elsewhere.example.com"})
        Heartbeat(URL).end(0)
        assert len(mock.calls) == 1
