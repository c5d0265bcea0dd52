"""The access token, and its renewal when the org refuses it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Identity(NamedTuple):
    """The address that names organization and user, and the org's time at which it was answered."""

    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """The result of a login: the org's address and a token, which is never shown."""

    instance_url: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    """A new one, where the login gave it: it may have ended the old one (refresh token rotation)."""
    identity: Identity | None = field(default=None, compare=False)
    """Where the login says for whom the token is: the org need not be asked for it."""


Login = Callable[[], Grant]


class Token:
    """The token in use, renewed once per refusal, even when several threads were refused at the same time."""

    def __init__(self, value: str, login: Login | None = None) -> None:
        self._value, self._login, self._lock = value, login, threading.Lock()

    @property
    def value(self) -> str:
        return self._value

    def renewed(self, refused: str) -> Grant | str | None:
        """The token to use after this one was refused; None if a login gives no other. Raises the errors of a login.

        A Grant is from a new login; a text is a token that another thread renewed.
        """
        with self._lock:
            if self._value != refused:
                return self._value
            grant = self._login() if self._login else None
            if grant is None or grant.access_token == refused:
                return None
            self._value = grant.access_token
            return grant
