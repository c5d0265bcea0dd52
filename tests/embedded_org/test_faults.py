"""Faults on demand: each kind, the requests that it applies to, and faults in the file itself."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg, InvalidData
from tests.embedded_org.client import NOW, Client, rows, sub, write_folder

Faulty = Callable[..., Any]
WRITE = {"method": "POST", "path": "/sobjects/Account"}


@pytest.fixture
def faulty(tmp_path: Path) -> Faulty:
    @contextmanager
    def start(*entries: dict[str, Any]) -> Iterator[Client]:
        file = tmp_path / "faults.json"
        file.write_text(json.dumps(list(entries)))
        with EmbeddedOrg(data=write_folder(tmp_path / "data"), now=NOW, faults=file) as org, Client(org) as client:
            yield client

    return start


def post(client: Client) -> requests.Response:
    return client.call("POST", "/sobjects/Account", json={"Name": "Faulty"})


def written(client: Client) -> int:
    count: int = client.query("SELECT COUNT() FROM Account WHERE Name = 'Faulty'")["totalSize"]
    return count


@pytest.mark.parametrize(("kind", "kept"), [("refuse", 0), ("lose", 1), ("cut", 1)])
def test_a_fault_of_the_connection_keeps_or_loses_the_work(faulty: Faulty, kind: str, kept: int) -> None:
    """refuse: nothing was read; lose and cut: all was committed."""
    with faulty({"kind": kind, "match": WRITE}) as client:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            post(client)
        assert written(client) == kept
        assert post(client).status_code == 201


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("500", 500, "UNKNOWN_EXCEPTION"), ("503", 503, "SERVER_UNAVAILABLE"), ("limit", 403, "REQUEST_LIMIT_EXCEEDED"),
     ("session", 401, "INVALID_SESSION_ID"), ("lock", 400, "UNABLE_TO_LOCK_ROW")],
)  # fmt: skip
def test_an_error_fault_replaces_the_work(faulty: Faulty, kind: str, status: int, code: str) -> None:
    with faulty({"kind": kind, "match": WRITE}) as client:
        answer = post(client)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
        assert written(client) == 0
        assert [each["status"] for each in client.org.requests() if each["method"] == "POST"] == [status]


@pytest.mark.parametrize(("kind", "kept"), [("html", 0), ("garbage", 1)])
def test_html_and_garbage_are_not_json(faulty: Faulty, kind: str, kept: int) -> None:
    with faulty({"kind": kind, "match": WRITE}) as client:
        with pytest.raises(requests.JSONDecodeError):
            post(client).json()
        assert written(client) == kept


def test_a_lock_inside_a_composite_is_an_error_of_a_row_and_rolls_back(faulty: Faulty) -> None:
    with faulty({"kind": "lock", "match": {"path": "composite$"}}) as client:
        case = client.case("00001001")
        answer = client.composite(
            sub("PATCH", f"/sobjects/Case/{case}", "a", {"Status": "Escalated"}),
            sub("PATCH", "/composite/sobjects", "b", rows("Case", {"id": case, "Priority": "High"}, all_or_none=True)),
            allOrNone=True, collateSubrequests=False,
        )  # fmt: skip
        assert [each["httpStatusCode"] for each in answer] == [400, 400]
        assert answer[0]["body"][0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
        assert client.query(f"SELECT Status FROM Case WHERE Id = '{case}'")["records"][0]["Status"] == "New"


def test_a_slow_answer_waits_and_a_late_one_is_a_timeout(faulty: Faulty) -> None:
    """slow: the answer is delayed; late: 504 at once, and the work is done afterwards."""
    with faulty(
        {"kind": "slow", "match": WRITE, "seconds": 0.2}, {"kind": "late", "match": {**WRITE, "nth": 2}, "seconds": 0.2}
    ) as client:
        assert post(client).elapsed.total_seconds() >= 0.2
        assert post(client).status_code == 504
        assert written(client) == 1
        deadline = time.monotonic() + 60
        while written(client) < 2 and time.monotonic() < deadline:
            pass
        assert written(client) == 2
        assert client.org.requests()[-2]["status"] in (504, 200)


def test_a_late_request_is_carried_out_when_the_clock_passes_it(faulty: Faulty) -> None:
    """A read before that sees nothing; after the clock was moved, everything is there with the due time."""
    with faulty({"kind": "late", "match": WRITE, "times": 2, "seconds": 600}) as client:
        assert [post(client).status_code for _ in range(2)] == [504, 504]
        assert written(client) == 0
        client.call("POST", "/__embedded__/clock", json={"advance": "9m"})
        assert written(client) == 0
        client.call("POST", "/__embedded__/clock", json={"advance": "16m"})
        assert written(client) == 2
        (made, _) = client.query("SELECT CreatedDate FROM Account WHERE Name = 'Faulty'")["records"]
        assert made["CreatedDate"].startswith("2026-03-01T10:10:0")
        posts = [each for each in client.org.requests() if each["method"] == "POST"]
        assert [(each["status"], len(each["written"])) for each in posts] == [(504, 1), (504, 1)]


def test_late_requests_end_with_the_org(tmp_path: Path, faulty: Faulty) -> None:
    with faulty({"kind": "late", "match": WRITE, "seconds": 600}) as client:
        post(client)
        began = time.monotonic()
        client.org.close()
        assert time.monotonic() - began < 300


@pytest.mark.parametrize(("kind", "error"), [("cut", requests.ConnectionError), ("garbage", requests.JSONDecodeError)])
def test_an_answer_without_a_body_suffers_faults_too(faulty: Faulty, kind: str, error: type[Exception]) -> None:
    with faulty({"kind": kind, "match": {"method": "PATCH"}}) as client:
        path = f"/sobjects/Case/{client.case('00001001')}"
        with pytest.raises(error):
            client.call("PATCH", path, json={"Status": "Escalated"}).json()
        assert client.call("GET", path).json()["Status"] == "Escalated"


def test_faults_due_for_the_same_request_apply_one_after_the_other(faulty: Faulty) -> None:
    with faulty({"kind": "503", "match": WRITE}, {"kind": "500", "match": WRITE}) as client:
        assert [post(client).status_code for _ in range(3)] == [503, 500, 201]


def test_the_path_of_a_fault_matches_the_request_not_a_subrequest(faulty: Faulty) -> None:
    with faulty({"kind": "503", "match": {"path": "/sobjects/Account"}}) as client:
        (answer,) = client.composite(sub("POST", "/sobjects/Account", "a", {"Name": "Faulty"}))
        assert answer["httpStatusCode"] == 201
        assert post(client).status_code == 503


def test_a_slow_answer_does_not_delay_the_end_of_the_org(faulty: Faulty) -> None:
    with faulty({"kind": "slow", "match": {}, "times": 0, "seconds": 600}) as client:
        threads = [threading.Thread(target=_ignoring, args=(post, client)) for _ in range(8)]
        for each in threads:
            each.start()
        while len(client.org._server._open) < len(threads):
            pass
        began = time.monotonic()
        client.org.close()
        assert time.monotonic() - began < 300
        for each in threads:
            each.join()


def _ignoring(action: Callable[..., Any], *given: Any) -> None:
    with contextlib.suppress(requests.RequestException):
        action(*given)


def test_faults_count_the_requests_that_match_them(faulty: Faulty) -> None:
    """From the second request on, two times; with `times` 0 for ever."""
    with faulty(
        {"kind": "503", "match": {**WRITE, "nth": 2}, "times": 2},
        {"kind": "500", "match": {"method": "DELETE"}, "times": 0},
    ) as client:
        assert [post(client).status_code for _ in range(4)] == [201, 503, 503, 201]
        assert [client.call("DELETE", "/sobjects/Account/x").status_code for _ in range(3)] == [500] * 3


@pytest.mark.parametrize(
    ("text", "line", "message", "near"),
    [
        ('[\n {"kind": "loose"}]', 2, "unknown kind loose", "lose"),
        ('[{"match": {}}]', 1, "kind is missing", None),
        ('[\n\n{"kind": "500",\n "time": 3}]', 3, "unknown key time", "times"),
        ('[{"kind": "500", "match": {"paht": "x"}}]', 1, "unknown key paht", "path"),
        ('[{"kind": "500", "match": {"path": "("}}]', 1, "not a regular expression", None),
        ('[{"kind": "500", "match": {"method": "post"}}]', 1, "unknown method post", "POST"),
        ('[{"kind": "500", "times": -1}]', 1, "times is not valid", None),
        ('[{"kind": "slow", "seconds": 1e999}]', 1, "seconds is not valid", None),
        ('[{"kind": "500", "match": {"nth": 0}}]', 1, "nth is not valid", None),
        ('{"kind": "500"}', 1, "is not a list", None),
        ('[{"kind": "500"},\n]', 2, "is not JSON", None),
        ("[5]", 1, "is not an object", None),
    ],
)
def test_a_problem_in_a_fault_file_is_reported_with_its_place(
    tmp_path: Path, text: str, line: int, message: str, near: str | None
) -> None:
    file = tmp_path / "faults.json"
    file.write_text(text)
    with pytest.raises(InvalidData) as caught:
        EmbeddedOrg(faults=file)
    (found,) = caught.value.problems
    assert (found.file, found.line, found.nearest) == (str(file), line, near)
    assert message in found.message


def test_problems_of_faults_and_data_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('[{"kind": "x"}]')
    with pytest.raises(InvalidData) as caught:
        EmbeddedOrg(faults=file, data=write_folder(tmp_path / "data", {"Case": "Nonsense\nx\n"}))
    assert [Path(each.file).name for each in caught.value.problems] == ["faults.json", "Case.csv"]
