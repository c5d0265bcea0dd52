"""A refused token is renewed once for all threads, and the same bytes are sent once more."""

import threading
from collections.abc import Iterator

import pytest
import requests
import responses

from sfdc_escalator.errors import LoginRefused
from sfdc_escalator.salesforce.line.session import Line, OrgSession
from sfdc_escalator.salesforce.line.token import Grant, Token
from tests.salesforce.conftest import DATA, URL, error

OLD, NEW = "00D!the.old.one", "00D!the.new.one"
EXPIRED = error("INVALID_SESSION_ID", "Session expired or invalid")
BODY = {"records": [{"Id": "500000000000001AAA", "Subject": "Käse"}]}


class Logins:
    """A login that counts its calls and gives these tokens, one after the other."""

    def __init__(self, *tokens: str, url: str = URL) -> None:
        self.tokens, self.url, self.count = list(tokens), url, 0

    def __call__(self) -> Grant:
        self.count += 1
        return Grant(self.url, self.tokens.pop(0))


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as made:
        yield made


def test_a_refused_write_is_sent_once_more_with_the_same_bytes(mock: responses.RequestsMock) -> None:
    mock.add("POST", f"{DATA}/composite", json=EXPIRED, status=401)
    mock.add("POST", f"{DATA}/composite", json={"compositeResponse": []})
    logins = Logins(NEW)
    with OrgSession(URL, Token(OLD, logins)) as session:
        answer = session.post(f"{DATA}/composite", json=BODY, headers={"Sforce-Auto-Assign": "FALSE"})
    first, second = (call.request for call in mock.calls)
    assert (answer.status_code, logins.count) == (200, 1)
    assert first.body == second.body
    assert [one.headers["Authorization"] for one in (first, second)] == [f"Bearer {OLD}", f"Bearer {NEW}"]
    assert {k: v for k, v in first.headers.items() if k != "Authorization"} == {
        k: v for k, v in second.headers.items() if k != "Authorization"
    }


def test_a_token_that_is_refused_again_is_not_sent_a_third_time(mock: responses.RequestsMock) -> None:
    mock.add("GET", f"{DATA}/limits", json=EXPIRED, status=401)
    mock.add("GET", f"{DATA}/limits", json=EXPIRED, status=401)
    with OrgSession(URL, Token(OLD, Logins(NEW))) as session:
        assert session.get(f"{DATA}/limits").status_code == 401
    assert len(mock.calls) == 2


@pytest.mark.parametrize("token", [Token(OLD), Token(OLD, Logins(OLD))], ids=["no login", "the same token"])
def test_without_a_new_token_the_refusal_is_final(mock: responses.RequestsMock, token: Token) -> None:
    mock.add("GET", f"{DATA}/limits", json=EXPIRED, status=401)
    with OrgSession(URL, token) as session:
        assert session.get(f"{DATA}/limits").status_code == 401


def test_nothing_is_sent_to_another_org_after_a_new_login(mock: responses.RequestsMock) -> None:
    mock.add("GET", f"{DATA}/limits", json=EXPIRED, status=401)
    elsewhere = Logins(NEW, url="https://other.my.salesforce.com")
    with OrgSession(URL, Token(OLD, elsewhere)) as session, pytest.raises(LoginRefused, match="another address"):
        session.get(f"{DATA}/limits")
    assert len(mock.calls) == 1


def test_eight_threads_that_are_refused_together_log_in_once() -> None:
    barrier, seen, lock = threading.Barrier(8), list[str](), threading.Lock()
    logins = Logins(NEW)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        with lock:
            seen.append(token)
        if token == OLD:
            barrier.wait(120)
            return 401, {}, '[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]'
        return 200, {}, "{}"

    statuses: list[int] = []
    with responses.RequestsMock() as mock, OrgSession(URL, Token(OLD, logins)) as session:
        mock.add_callback("GET", f"{DATA}/limits", answer)
        threads = [
            threading.Thread(target=lambda: statuses.append(session.get(f"{DATA}/limits").status_code))
            for _ in range(8)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join(120)
    assert (logins.count, statuses) == (1, [200] * 8)
    assert sorted(seen) == sorted([OLD] * 8 + [NEW] * 8)


def test_the_proxy_and_certificate_of_the_org_override_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/environment.pem")
    used: dict[str, object] = {}

    def send(_: requests.Session, request: requests.PreparedRequest, **kwargs: object) -> requests.Response:
        used.update(kwargs)
        answer = requests.Response()
        answer.status_code, answer.url, answer.raw = 200, str(request.url), None
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    with OrgSession(URL, Token(OLD), Line("http://proxy:3128", "own.pem")) as session:
        session.get(f"{DATA}/limits")
    assert used["proxies"] == {"https": "http://proxy:3128"}
    assert used["verify"] == "own.pem"
