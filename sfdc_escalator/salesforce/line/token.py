"""The access token in use, and how another one is had when the org refuses it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login gives: the org's address and a token for it. The token never shows."""

    instance_url: str
    access_token: str = field(repr=False)


Login = Callable[[], Grant]


class Token:
    """Renewed once for each time that the org refuses it, however many threads were refused together."""

    def __init__(self, value: str, login: Login | None = None) -> None:
        self._value, self._login, self._lock = value, login, threading.Lock()

    @property
    def value(self) -> str:
        return self._value

    def instead_of(self, refused: str) -> Grant | str | None:
        """The token to use after this one was refused; None where a login gives no other. Raises what a login raises.

        A Grant is fresh, a text was renewed by another thread meanwhile.
        """
        with self._lock:
            if self._value != refused:
                return self._value
            grant = self._login() if self._login else None
            if grant is None or grant.access_token == refused:
                return None
            self._value = grant.access_token
            return grant
