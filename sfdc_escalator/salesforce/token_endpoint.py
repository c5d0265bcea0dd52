"""`/services/oauth2/token`: one form, one answer, and what a refusal means in words that help.

simple-salesforce has no refresh flow, mixes up audience and address, and lets redirects carry the form away
(see its login.py, 1.12); so the request is our own.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.salesforce.connection import kind_of, redirected, unanswered
from sfdc_escalator.salesforce.failures import NOT_NOW, Unanswered, in_one_line
from sfdc_escalator.salesforce.session import CONNECT, Line, OrgSession
from sfdc_escalator.salesforce.token import Grant

READ = 30.0  # seconds
SKEW = 60.0  # seconds that two clocks may differ without a word
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path

# By the beginning of `error` or a part of `error_description`; the first that fits (OAuth 2.0 error codes, Salesforce
# Help "OAuth Authorization Flows", and the answers people report).
ADVICE = (
    ("user hasn't approved this consumer", "pre-authorize the user: in the app's policies, Permitted Users = Admin "
     "approved users are pre-authorized, and assign the app to the user's profile or permission set"),
    ("audience", "`audience` is https://login.salesforce.com, or https://test.salesforce.com for a sandbox"),
    ("expired authorization code", "the signed request was too old: set this machine's clock (NTP)"),
    ("invalid assertion", "the certificate uploaded to the app must belong to `private_key`, `username` must exist in "
     "this org (a sandbox user ends in .SANDBOXNAME), and this machine's clock must be right"),
    ("no client credentials user", "in the app's policies, choose a Run As user for the Client Credentials Flow"),
    ("not supported on this domain", "client credentials are given by the org's own My Domain alone: set "
     "`instance_url` to https://YOURCOMPANY.my.salesforce.com"),
    ("expired access/refresh token", "the refresh token has expired or was revoked: log in once more by hand and "
     "store the new one, or use JWT, which needs none"),
    ("inactive user", "the user is deactivated: activate it, or name another"),
    ("inactive org", "the org is locked or deleted"),
    ("ip restricted", "the user's profile or the app does not allow this machine's address or this hour"),
    ("locked", "the user is locked: unlock it in Setup, Users"),
    ("unsupported_grant_type", "this flow is not enabled for the app, or blocked in Setup, OAuth and OpenID Connect "
     "Settings"),
    ("invalid_client_id", "`client_id` is the app's Consumer Key, in this org; a new app works after 10 minutes"),
    ("invalid_client", "`client_id` and `client_secret` are the app's Consumer Key and Consumer Secret"),
    ("invalid client", "`client_id` and `client_secret` are the app's Consumer Key and Consumer Secret"),
    ("rate", "too many logins: wait a while, and let one run at a time log in"),
    ("authentication failure", "user name, password or security token are wrong, or the org blocks this flow: "
     "username-password logins are off by default and are being retired; use JWT or client credentials"),
)  # fmt: skip


class TokenEndpoint:
    """`url` is the whole address. Nothing of the form is ever shown."""

    def __init__(self, url: str, line: Line) -> None:
        self._path = urlsplit(url).path.rstrip("/") or TOKEN_PATH
        self._session = OrgSession(url, line=line)

    def grant(self, form: Mapping[str, str]) -> Grant:
        """Raises LoginRefused with the next step, and Unanswered (never `sent`: a login changes nothing)."""
        try:
            answer = self._session.post(self._url(), data=form, timeout=(CONNECT, READ))
        except (OSError, HTTPError, ValueError) as error:
            broken = unanswered(error)
            raise Unanswered(f"login: {broken.message}", sent=False, passing=broken.passing) from None
        finally:
            self._session.close()
        return granted(answer)

    def _url(self) -> str:
        return f"{self._session.scheme}://{self._session.netloc}{self._path}"


def granted(answer: requests.Response) -> Grant:
    body = json_of(answer)
    if answer.status_code in NOT_NOW:
        raise Unanswered(f"the login answered HTTP {answer.status_code}", sent=False)
    if answer.status_code == 200 and isinstance(body.get("access_token"), str) and body.get("instance_url"):
        return Grant(str(body["instance_url"]).rstrip("/"), body["access_token"])
    if body.get("error"):
        raise refusal(str(body["error"]), in_one_line(body.get("error_description")), answer)
    host = urlsplit(answer.url or "").hostname
    raise redirected(answer) or OrgUnavailable(
        f"{host} is no login of Salesforce: HTTP {answer.status_code} with {kind_of(answer)}; expected "
        "https://login.salesforce.com, https://test.salesforce.com, or the org's My Domain"
    )


def json_of(answer: requests.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def refusal(code: str, description: str, answer: requests.Response) -> LoginRefused:
    said = f"{code}: {description}" if description else code
    lower = said.lower()
    steps = [step for mark, step in ADVICE if mark in lower][:1]
    skew = seconds_ahead(answer)
    if abs(skew) > SKEW:
        direction = "ahead of" if skew > 0 else "behind"
        steps.insert(0, f"this machine's clock is {abs(skew) / 60:.0f} min {direction} Salesforce's: set it (NTP)")
    return LoginRefused("; ".join([f"the login was refused ({said})", *steps]))


def seconds_ahead(answer: requests.Response) -> float:
    """How far our clock is ahead of the one that answered; 0 where that does not say."""
    try:
        return time.time() - parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError):
        return 0.0
