"""Serves `/services/oauth2/token`: JWT bearer, client credentials, refresh token. Every token is for the same user.

With a connected app its key, secret and public key are checked; without one, any well-formed value is accepted.
The clock is the machine's, not the org's, because login.salesforce.com has its own clock.
"""

from __future__ import annotations

import base64
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import jwt

from sfdc_escalator.embedded_org.rest.calls import Answer
from sfdc_escalator.embedded_org.rest.request import Request

PATH = "/services/oauth2/token"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST = 300  # seconds that the end of an assertion may be ahead, with some allowance for clocks
_MILLISECONDS = 1e12  # the CLI counts `exp` in them, and Salesforce takes it
_LETTERS = string.ascii_letters + string.digits
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """The settings of a connected app; None is not checked. `public_key` is PEM. `rotates`: each refresh token is good
    for one login, and one that is used again ends its successor (Refresh Token Rotation)."""

    client_id: str | None = None
    client_secret: str | None = None
    public_key: str | None = None
    refresh_token: str | None = None
    rotates: bool = False


class Refusal(Exception):
    """A refused login, answered with `error` and `error_description`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.body = {"error": error, "error_description": description}


class Tokens:
    """The valid access tokens, with the first one."""

    def __init__(self, instance_url: str, organization_id: str, user_id: str, first: str, app: ConnectedApp) -> None:
        self._url, self._organization_id, self._user_id = instance_url, organization_id, user_id
        self._app, self._good, self._lock = app, {first}, threading.Lock()
        self._refresh_token = app.refresh_token
        self._grants: Mapping[str, Callable[[Form], None]] = {
            BEARER: self._check_assertion,
            "client_credentials": self._check_secret,
            "refresh_token": self._check_refresh,
            "password": _no_passwords,
        }

    def good(self, token: str) -> bool:
        with self._lock:
            return token in self._good

    def answer(self, request: Request) -> Answer:
        fields = parse_qs(request.content.decode("utf-8", "replace"), keep_blank_values=True)
        try:
            return Answer(200, self._granted(_client(request) | {name: values[-1] for name, values in fields.items()}))
        except Refusal as error:
            return Answer(400, error.body)

    def _granted(self, form: Form) -> dict[str, Any]:
        check = self._grants.get(form.get("grant_type", ""))
        if check is None:
            raise Refusal("unsupported_grant_type", "grant type not supported")
        check(form)
        fresh = self._rotated(form) if self._app.rotates and form.get("grant_type") == "refresh_token" else {}
        token = f"{self._organization_id[:15]}!" + "".join(secrets.choice(_LETTERS) for _ in range(96))
        with self._lock:
            self._good.add(token)
        return {
            "access_token": token,
            "signature": secrets.token_urlsafe(32),
            "scope": "api",
            "instance_url": self._url,
            "id": f"{self._url}/id/{self._organization_id}/{self._user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(time.time() * 1000)),
            **fresh,
        }

    def _check_client(self, client_id: str | None) -> None:
        if not client_id or self._app.client_id not in (None, client_id):
            raise Refusal("invalid_client_id", "client identifier invalid")

    def _check_secret(self, form: Form) -> None:
        self._check_client(form.get("client_id"))
        secret = form.get("client_secret")
        if not secret or self._app.client_secret not in (None, secret):
            raise Refusal("invalid_client", "invalid client credentials")

    def _check_refresh(self, form: Form) -> None:
        self._check_client(form.get("client_id"))
        token = form.get("refresh_token")
        if not token or (not self._app.rotates and self._app.refresh_token not in (None, token)):
            raise Refusal("invalid_grant", "expired access/refresh token")

    def _rotated(self, form: Form) -> dict[str, str]:
        with self._lock:
            good, self._refresh_token = form["refresh_token"] == self._refresh_token, secrets.token_urlsafe(32)
            if not good:  # whoever used it first has lost its successor
                raise Refusal("invalid_grant", "expired access/refresh token")
            return {"refresh_token": self._refresh_token}

    def _check_assertion(self, form: Form) -> None:
        claims = self._claims(form.get("assertion", ""))
        self._check_client(claims.get("iss"))
        if str(claims.get("aud", "")).removesuffix(PATH).rstrip("/") not in self._audiences():
            raise Refusal("invalid_grant", "audience is invalid")
        ahead = float(claims["exp"]) - time.time()
        if not (0 < ahead <= LONGEST or ahead > _MILLISECONDS):
            raise Refusal("invalid_grant", "expired authorization code")
        if not claims.get("sub"):
            raise Refusal("invalid_grant", "user hasn't approved this consumer")

    def _claims(self, assertion: str) -> dict[str, Any]:
        key = self._app.public_key
        checks = {"verify_signature": key is not None, "verify_exp": False, "verify_aud": False, "require": ["exp"]}
        try:
            if jwt.get_unverified_header(assertion).get("alg") != "RS256":
                raise jwt.InvalidAlgorithmError
            found: dict[str, Any] = jwt.decode(assertion, key or "", algorithms=["RS256"], options=checks)  # type: ignore[arg-type]
            float(found["exp"])
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise Refusal("invalid_grant", "invalid assertion") from None
        return found

    def _audiences(self) -> tuple[str, ...]:
        return ("https://login.salesforce.com", "https://test.salesforce.com", self._url)


def _client(request: Request) -> dict[str, str]:
    """The app's key and secret from the Authorization header, where some clients send them."""
    scheme, _, encoded = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise Refusal("invalid_client", "invalid client credentials") from None
    return {"client_id": unquote(key), "client_secret": unquote(secret)}


def _no_passwords(_: Form) -> None:
    """Refuses the password flow, as orgs created since Summer '23 do."""
    raise Refusal("invalid_grant", "authentication failure")
