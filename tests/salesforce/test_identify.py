"""The first answer of the org: its user and time, or an error with advice."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.salesforce.line.token import Identity
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.builders import ME, NOW
from tests.salesforce.conftest import IDENTITY, ORG, TOKEN, URL, Stage, error


def test_the_first_answer_gives_the_org_the_user_and_the_time(stage: Stage) -> None:
    stage.answers("GET", "", {"identity": IDENTITY})
    caller = stage.org.identify()
    assert (caller.instance_url, caller.organization_id, caller.user_id, caller.now) == (URL, ORG, ME, NOW)


def test_a_login_that_names_the_user_saves_the_call(stage: Stage) -> None:
    with SalesforceOrg(URL, TOKEN, identity=Identity(IDENTITY, NOW), sleep=stage.slept.append) as org:
        caller = org.identify()
        assert (caller.organization_id, caller.user_id, caller.now, org.api_calls) == (ORG, ME, NOW, 0)


def test_the_time_of_a_login_counts_once(stage: Stage) -> None:
    stage.answers("GET", "", {"identity": IDENTITY})
    earlier = NOW - timedelta(minutes=5)
    with SalesforceOrg(URL, TOKEN, identity=Identity(IDENTITY, earlier), sleep=stage.slept.append) as org:
        assert [org.identify().now for _ in range(2)] == [earlier, NOW]


def test_a_login_that_names_the_user_in_another_way_is_not_taken_for_it(stage: Stage) -> None:
    stage.answers("GET", "", {"identity": IDENTITY})
    with SalesforceOrg(URL, TOKEN, identity=Identity("https://x/id/1/2", NOW), sleep=stage.slept.append) as org:
        assert (org.identify().user_id, org.api_calls) == (ME, 1)


def test_short_ids_become_long_ids(stage: Stage) -> None:
    stage.answers("GET", "", {"identity": IDENTITY.replace(ORG, ORG[:15])})
    assert stage.org.identify().organization_id == ORG


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, error("INVALID_SESSION_ID", "Session expired or invalid"), "log in again"),
        (403, error("API_DISABLED_FOR_ORG", "API is not enabled"), "API access"),
        (403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), "24 hours"),
        (404, error("NOT_FOUND", "The requested resource does not exist"), "NOT_FOUND"),
        (404, "<html><body>not here</body></html>", "does not answer like a Salesforce org"),
        (200, "<html><body>a login page</body></html>", "does not answer like a Salesforce org"),
        (200, "hello", "does not answer like a Salesforce org"),
        (200, b"\xff\xfe\x00", "does not answer like a Salesforce org"),
        (200, "[]", "does not answer like a Salesforce org"),
        (200, "7", "does not answer like a Salesforce org"),
        (200, {"version": "1"}, "name no identity"),
        (200, {"identity": "https://x/id/00D/005"}, "name no identity"),
        (200, {"identity": IDENTITY[:-1] + "B"}, "name no identity"),
        (418, "", "does not answer like a Salesforce org"),
    ],
)
def test_any_other_answer_is_an_unavailable_org_with_advice(stage: Stage, status: int, body: Any, message: str) -> None:
    stage.answers("GET", "", body, status)
    with pytest.raises(OrgUnavailable, match=message) as caught:
        stage.org.identify()
    assert isinstance(caught.value, LoginRefused) == (status == 401)
    assert caught.value.exit_code == 5
    assert not stage.slept


@pytest.mark.parametrize(
    "date",
    [
        "today",
        "",
        "2026-03-02T15:00:00Z",
        "Mon, 99 Mar 2026 15:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
def test_an_answer_without_a_date_is_not_from_an_org(stage: Stage, date: str) -> None:
    stage.answers("GET", "", {"identity": IDENTITY}, headers={"Date": date})
    with pytest.raises(OrgUnavailable, match="an answer with"):
        stage.org.identify()


@pytest.mark.parametrize("zone", [" GMT", " +0000", " -0000", ""])
def test_a_date_is_in_utc(stage: Stage, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        stage.answers("GET", "", {"identity": IDENTITY}, headers={"Date": f"Mon, 02 Mar 2026 15:00:00{zone}"})
        assert stage.org.identify().now == datetime(2026, 3, 2, 15, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_temporary_failure_is_tried_again(stage: Stage, status: int) -> None:
    stage.answers("GET", "", "oops", status, {"Retry-After": "2"})
    stage.answers("GET", "", {"identity": IDENTITY})
    assert stage.org.identify().user_id == ME
    assert stage.slept == [2]


def refused() -> requests.ConnectionError:
    reason = NewConnectionError(None, f"Failed to establish a connection with {TOKEN}")  # type: ignore[arg-type]
    reason.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(MaxRetryError(None, URL, reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "message", "tries"),
    [
        (refused(), r"cannot be reached \(Connection refused\)", 4),
        (requests.ReadTimeout("Read timed out"), "did not answer in time", 4),
        (requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer")), "reset by peer", 4),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed")), "certificate is refused", 1),
        (requests.exceptions.ChunkedEncodingError("IncompleteRead"), "connection to the org broke", 4),
    ],
)
def test_a_failing_line_is_an_unavailable_org(stage: Stage, failure: Exception, message: str, tries: int) -> None:
    stage.answers("GET", "", failure)
    with pytest.raises(OrgUnavailable, match=message) as caught:
        stage.org.identify()
    assert len(stage.mock.calls) == tries
    assert TOKEN not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_org_object_shows_no_secret(stage: Stage) -> None:
    assert TOKEN not in repr(stage.org)
    assert TOKEN not in repr(vars(stage.org))
