"""`/services/oauth2/token`: sends the form, reads the answer, and adds the next step to a refusal.

simple-salesforce has no refresh flow, confuses audience and address, and sends the form on to redirects
(see its login.py, 1.12), so this module makes the request itself.
"""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.salesforce.line.connection import kind_of, moved_to, time_of, unanswered
from sfdc_escalator.salesforce.line.failures import LATER, NOT_NOW, Unanswered, code_of, in_one_line
from sfdc_escalator.salesforce.line.session import CONNECT, Line, OrgSession
from sfdc_escalator.salesforce.line.shapes import ODD, parsed, taken_apart
from sfdc_escalator.salesforce.line.token import Grant, Identity
from sfdc_escalator.salesforce.login.granted import grant_of

READ = 30.0  # seconds
SKEW = 60.0  # seconds that two clocks may differ without a remark
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path

# By words in `error` or `error_description`; the first match counts (OAuth 2.0 error codes, Salesforce Help "OAuth
# Authorization Flows", and the answers people report).
APP = "`client_id` and `client_secret` are the app's Consumer Key and Consumer Secret"
TOO_MANY = "too many logins: wait a while, and let one run at a time log in"
ADVICE = (
    ("user hasn't approved this consumer", "pre-authorize the user: in the app's policies, Permitted Users = Admin "
     "approved users are pre-authorized, and assign the app to the user's profile or permission set"),
    ("audience", "`audience` is https://login.salesforce.com, or https://test.salesforce.com for a sandbox"),
    ("expired authorization code", "the signed request was too old: set this machine's clock (NTP)"),
    ("invalid assertion", "the certificate uploaded to the app must belong to `private_key`, `username` must exist in "
     "this org (a sandbox user ends in .SANDBOXNAME), and this machine's clock must be right"),
    ("no client credentials user", "in the app's policies, choose a Run As user for the Client Credentials Flow"),
    ("not supported on this domain", "client credentials work only at the org's own My Domain: set "
     "`instance_url` to https://YOURCOMPANY.my.salesforce.com"),
    ("expired access/refresh token", "the refresh token has expired, was revoked, or another program used it (with "
     "Refresh Token Rotation each token is good for one login): log in once more yourself and store the new token in "
     "a file that nobody else uses (`refresh_token: file:PATH`), or use JWT, which needs none"),
    ("user is inactive|inactive user", "the user is deactivated: activate it in Setup, Users, or name another"),
    ("inactive org|(org|organization) is inactive", "the org is locked or deleted: ask its admin, or Salesforce"),
    ("ip restricted|login hours", "the user's profile or the app does not allow this machine's address or this hour: "
     "Setup, the profile's Login IP Ranges and Login Hours, and the app's IP Relaxation"),
    ("locked", "the user is locked: unlock it in Setup, Users"),
    ("blocked|app not found", "an admin blocked the app, or it is not installed in this org: Setup, Connected Apps "
     "OAuth Usage"),
    ("unsupported grant type", "this flow is not enabled for the app, or blocked in Setup, OAuth and OpenID Connect "
     "Settings"),
    ("invalid client id", "`client_id` is the app's Consumer Key, in this org; a new app works after 10 minutes"),
    ("invalid client", APP),
    ("rate|too many|limit", TOO_MANY),
    ("authentication failure", "user name, password or security token are wrong, or the org blocks this flow: "
     "username-password logins are off by default and are being retired; use JWT or client credentials"),
    ("access denied", "the app does not let this user in: in the app's policies, select its permission set or profile"),
)  # fmt: skip
OTHERWISE = "the user's Login History in Setup says why"


class TokenEndpoint:
    """The endpoint at `url`, the whole address. The content of the form is never shown."""

    def __init__(self, url: str, line: Line) -> None:
        self._path = urlsplit(url).path.rstrip("/") or TOKEN_PATH
        self._session = OrgSession(url, line=line)

    def grant(self, form: Mapping[str, str]) -> Grant:
        """Logs in. Raises LoginRefused with the next step, and Unanswered (never `sent`: a login changes nothing)."""
        try:
            answer = self._session.post(self._url(), data=form, timeout=(CONNECT, READ))
        except (OSError, HTTPError, ValueError) as error:
            cause = unanswered(error)
            raise Unanswered(f"login at {self._host()}: {cause.message}", sent=False, passing=cause.passing) from None
        finally:
            self._session.close()
        with taken_apart(f"{self._host()}: an answer"):
            return granted(answer)

    def _host(self) -> str:
        return f"{self._session.scheme}://{self._session.netloc}"

    def _url(self) -> str:
        return self._host() + self._path


def granted(answer: requests.Response) -> Grant:
    body, url = json_of(answer), urlsplit(answer.url or "")
    if answer.status_code in NOT_NOW:
        raise Unanswered(f"the login at {url.hostname} answered HTTP {answer.status_code}: {LATER}", sent=False)
    if body.get("error"):
        raise refusal(code_of(body["error"]), in_one_line(body.get("error_description")), answer)
    if answer.status_code == 429:
        raise LoginRefused(f"the login was refused (HTTP 429); {TOO_MANY}")
    token, instance = body.get("access_token"), body.get("instance_url")
    if answer.status_code == 200 and is_header(token) and is_header(instance):
        fresh = body.get("refresh_token")
        otherwise = f"{url.hostname} is not a login of Salesforce: its `instance_url` is not an address"
        return grant_of(instance, token, otherwise, fresh if is_header(fresh) else None, identity_in(body, answer))
    if host := moved_to(answer):
        raise OrgUnavailable(f"{url.hostname} redirects to {host}: give that as the login address")
    raise OrgUnavailable(
        f"{url.hostname} is not a login of Salesforce: HTTP {answer.status_code} with {kind_of(answer)}; expected "
        "https://login.salesforce.com, https://test.salesforce.com, or the org's My Domain"
    )


def identity_in(body: Mapping[str, Any], answer: requests.Response) -> Identity | None:
    """The organization and user that the login names, if it also says when."""
    try:
        return Identity(body["id"], time_of(answer)) if is_header(body.get("id")) else None
    except OrgUnavailable:
        return None


def is_header(value: Any) -> TypeGuard[str]:
    """True if the value is a text that is allowed in a header."""
    return isinstance(value, str) and re.fullmatch(r"[!-~]+", value) is not None


def json_of(answer: requests.Response) -> Mapping[str, Any]:
    try:
        body = parsed(answer.content)
    except ODD:
        return {}
    return body if isinstance(body, dict) else {}


def refusal(code: str, description: str, answer: requests.Response) -> LoginRefused:
    reason = f"{code}: {description}" if description else code
    text = reason.lower().replace("_", " ")
    step = next((step for mark, step in ADVICE if re.search(rf"\b({mark})\b", text)), OTHERWISE)
    skew = seconds_ahead(answer)
    if abs(skew) <= SKEW:
        return LoginRefused(f"the login was refused ({reason}); {step}")
    direction = "ahead of" if skew > 0 else "behind"
    clock = f"this machine's clock is {abs(skew) / 60:.0f} min {direction} Salesforce's: set it (NTP)"
    return LoginRefused(f"the login was refused ({reason}); {clock}; {step}")


def seconds_ahead(answer: requests.Response) -> float:
    """The seconds by which this machine's clock is ahead of the answer's Date header; 0 without the header."""
    try:
        return time.time() - parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError):
        return 0.0
