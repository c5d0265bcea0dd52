"""The login in the environment is checked whole before anything is sent, and its token never shows."""

import pytest

from sfdc_escalator.errors import Invalid, Problem, UnsafeAddress
from sfdc_escalator.files.orgs.settings import OrgLogin, login_from_env

ORG = "https://example.my.salesforce.com"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (ORG, ORG),
        (ORG + "/", ORG),
        ("HTTPS://Example.My.Salesforce.com:8443", "https://example.my.salesforce.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_an_address_is_https_or_plain_http_to_this_machine(url: str, address: str) -> None:
    assert login(url) == OrgLogin("token", {"instance_url": address, "access_token": "00D!token"})


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://localhost.example.com", "http://127.1", "http://10.0.0.1", "http://[::2]"]
)
def test_plain_http_over_a_network_is_unsafe(url: str) -> None:
    with pytest.raises(UnsafeAddress) as error:
        login(url)
    assert (error.value.exit_code, error.value.problems[0].found) == (5, url)


ADDRESS = f"an address such as {ORG}"


@pytest.mark.parametrize(
    ("url", "message", "found", "expected", "nearest"),
    [
        ("example.my.salesforce.com", "is not an address of an org", "example.my.salesforce.com", ADDRESS, ORG),
        ("ftp://example.com", "is not an address of an org", "ftp://example.com", ADDRESS, None),
        ("https://", "is not an address of an org", "https://", ADDRESS, None),
        ("https://a b.com", "is not an address of an org", "https://a b.com", ADDRESS, None),
        ("https://a.com\n", "is not an address of an org", "https://a.com", ADDRESS, None),
        ("https://a.com:99999", "is not an address of an org", "https://a.com:99999", ADDRESS, None),
        ("http://[::", "is not an address of an org", "http://[::", ADDRESS, None),
        (
            "https://example.lightning.force.com",
            "is the address of the org's pages, not of its API",
            "https://example.lightning.force.com",
            ADDRESS,
            ORG,
        ),
        (
            "https://example.lightning.force.com/lightning/page/home",
            "holds more than the address of the org",
            "/lightning/page/home",
            "scheme and host only",
            ORG,
        ),
        (
            ORG + "/services/data",
            "holds more than the address of the org",
            "/services/data",
            "scheme and host only",
            ORG,
        ),
        (
            ORG + "?sid=abc",
            "holds more than the address of the org",
            "a query or fragment",
            "scheme and host only",
            ORG,
        ),
        (
            "https://user:secret@example.com",
            "holds a user name or password",
            None,
            "the address alone; the token is in SFDC_ACCESS_TOKEN",
            "https://example.com",
        ),
    ],
)
def test_an_address_that_is_none_says_what_it_should_be(
    url: str, message: str, found: str | None, expected: str, nearest: str | None
) -> None:
    with pytest.raises(Invalid) as error:
        login(url)
    reported = Problem(f"SFDC_INSTANCE_URL {message}", found=found, expected=expected, nearest=nearest)
    assert error.value.problems == (reported,)
    assert "secret" not in str(error.value.problems[0])


@pytest.mark.parametrize(
    ("token", "found"),
    [("a b", "a blank"), ("ab\n", "a line end"), ("a\x00b", "the character U+0000"), ("é", "the character U+00E9")],
)
def test_a_token_with_anything_invisible_in_it_is_refused_without_showing_it(token: str, found: str) -> None:
    with pytest.raises(Invalid) as error:
        login_from_env({"SFDC_INSTANCE_URL": ORG, "SFDC_ACCESS_TOKEN": token})
    expected = "visible ASCII characters only, with nothing before or after the token"
    assert error.value.problems == (
        Problem("SFDC_ACCESS_TOKEN is not an access token", found=found, expected=expected),
    )


def test_misspelt_variables_are_named_and_all_problems_come_at_once() -> None:
    with pytest.raises(Invalid) as error:
        login_from_env({"SFDC_INSTANCE_URI": ORG, "SFDC_ACCESS_TOKEN": "a b", "SFDC_ESCALATOR_ORG": "env"})
    assert [(one.message, one.found, one.nearest) for one in error.value.problems] == [
        ("SFDC_INSTANCE_URL is not set", "the variable SFDC_INSTANCE_URI", "SFDC_INSTANCE_URL"),
        ("SFDC_ACCESS_TOKEN is not an access token", "a blank", None),
    ]


def test_an_empty_environment_lacks_both_and_an_unsafe_address_is_reported_beside_a_missing_token() -> None:
    for environ, count in (
        ({}, 2),
        ({"SFDC_INSTANCE_URL": "", "SFDC_ACCESS_TOKEN": ""}, 2),
        ({"SFDC_INSTANCE_URL": "http://a.com"}, 2),
    ):
        with pytest.raises(Invalid) as error:
            login_from_env(environ)
        assert (len(error.value.problems), error.value.exit_code) == (count, 2)


def test_the_token_never_shows() -> None:
    assert repr(login(ORG)) == "OrgLogin(flow='token')"


def login(url: str) -> OrgLogin:
    return login_from_env({"SFDC_INSTANCE_URL": url, "SFDC_ACCESS_TOKEN": "00D!token"})
