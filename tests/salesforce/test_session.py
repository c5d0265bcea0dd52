"""A session sends to one org only, safely."""

import socket
import threading
from pathlib import Path

import pytest
import responses

from sfdc_escalator.errors import Invalid, OrgUnavailable, UnsafeAddress
from sfdc_escalator.salesforce.line.session import OrgSession, checked_address
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.salesforce.conftest import DATA, TOKEN, URL, Stage, error


@pytest.mark.parametrize("url", ["http://acme.my.salesforce.com", "http://10.0.0.1:8080", "https://me:pw@acme.com"])
def test_an_address_that_would_leak_the_token_is_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        SalesforceOrg(url, TOKEN, sleep=lambda _: None)


@pytest.mark.parametrize("url", ["", "acme", "acme.my.salesforce.com", "ftp://acme", "https://", "https://acme:port"])
def test_a_text_that_is_not_an_address_is_invalid(url: str) -> None:
    with pytest.raises(Invalid):
        checked_address(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "https://acme.com/x"])
def test_https_and_loopback_are_accepted(url: str) -> None:
    assert checked_address(url)[0] in url


def test_a_request_to_another_host_is_never_sent() -> None:
    with responses.RequestsMock() as mock, OrgSession(URL) as session:
        with pytest.raises(UnsafeAddress):
            session.get("https://evil.example/steal")
        assert len(mock.calls) == 0


def test_a_next_page_on_another_host_is_not_followed(stage: Stage) -> None:
    """An address of a page on another host is stopped before the token is sent."""
    with pytest.raises(OrgUnavailable):
        stage.org._client._next("@evil.example/services/data/v67.0/query/01g")
    assert len(stage.mock.calls) == 0


def test_a_login_in_netrc_does_not_replace_the_token(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine acme.my.salesforce.com login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    stage.identified()
    assert stage.mock.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_redirect_is_reported_and_not_followed(stage: Stage) -> None:
    stage.answers("GET", "", "", 302, {"Location": "https://new.my.salesforce.com/services/data"})
    with pytest.raises(OrgUnavailable, match=r"redirects to new\.my\.salesforce\.com"):
        stage.org.identify()
    assert len(stage.mock.calls) == 1


@pytest.mark.parametrize(
    "place", ["/login", "https://login.salesforce.com/?ec=302", "https://acme.my.salesforce.com/x"]
)
def test_a_redirect_to_a_login_page_is_not_an_org(place: str, stage: Stage) -> None:
    stage.answers("GET", "", "", 302, {"Location": place})
    with pytest.raises(
        OrgUnavailable, match="does not answer like a Salesforce org: HTTP 302 with a redirect to a login page"
    ):
        stage.org.identify()


@pytest.mark.parametrize(
    "place", ["https://[", "https://*.x/", "https://a..b/", "http://\u202e\x1b[31m", "x" * 9_999, ""]
)
def test_a_redirect_to_no_address_is_still_a_redirect(place: str, stage: Stage) -> None:
    stage.answers("GET", "", "", 302, {"Location": place})
    with pytest.raises(OrgUnavailable, match=r"does not answer like a Salesforce org: HTTP 302|redirects to"):
        stage.org.identify()
    assert len(stage.mock.calls) == 1


def test_every_request_has_a_timeout_and_a_user_agent(stage: Stage) -> None:
    stage.identified()
    request = stage.mock.calls[0].request
    assert request.req_kwargs["timeout"] == (10.0, 120.0)  # type: ignore[attr-defined]
    assert request.headers["User-Agent"].startswith("sfdc-escalator/")
    assert "X-PrettyPrint" not in request.headers


def test_api_calls_are_counted_and_the_rest_is_read(stage: Stage) -> None:
    """A refused token is not counted; the usage header of the org has the rest."""
    stage.answers("GET", "", error("INVALID_SESSION_ID"), 401)
    with pytest.raises(OrgUnavailable):
        stage.org.identify()
    assert stage.org.api_calls == 0
    usage = "api-usage=18/15000; per-app-api-usage=17/250(appName=sample)"
    stage.mock.replace("GET", f"{DATA}/", json={}, headers={"Sforce-Limit-Info": usage, "Date": "x"})
    with pytest.raises(OrgUnavailable):
        stage.org.identify()
    assert (stage.org.api_calls, stage.org._session.api_left) == (1, 14_982)


def test_the_last_answer_belongs_to_its_thread(stage: Stage) -> None:
    stage.identified()
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(stage.org._session.last))
    thread.start()
    thread.join()
    assert seen == [None]
    assert stage.org._session.last is not None


def test_a_refused_connection_is_an_unavailable_org_after_a_few_tries() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    slept: list[float] = []
    org = SalesforceOrg(f"http://127.0.0.1:{port}", TOKEN, budget=60, sleep=slept.append)
    with org, pytest.raises(OrgUnavailable, match="cannot be reached") as caught:
        org.identify()
    assert len(slept) == 3
    assert TOKEN not in str(caught.value)
    assert str(port) not in str(caught.value)
