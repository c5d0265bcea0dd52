"""The secrets that a command has read, and texts without them."""

import threading
from collections.abc import Iterable

SHORTEST = 8  # the removal of a shorter one would remove harmless words with it


class Secrets:
    """The secrets in use. Safe to use from several threads; no secret shows in its `repr`."""

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def add(self, values: Iterable[str]) -> None:
        with self._lock:
            self._values |= {value for value in values if value}

    @property
    def values(self) -> frozenset[str]:
        return self._values

    def redact(self, text: str) -> str:
        """The text without the secrets in use, access tokens, and passwords in URLs."""
        import re

        from sfdc_escalator.salesforce.line.failures import HIDDEN, TOKEN

        for value in sorted(self._values, key=len, reverse=True):  # a secret that contains another one goes first
            for form in forms(value) if len(value) >= SHORTEST else ():
                text = text.replace(form, HIDDEN)
        return re.sub(r"(?<=://)([^/\s:@]+):[^/\s@]+@", rf"\1:{HIDDEN}@", TOKEN.sub(HIDDEN, text))


def forms(secret: str) -> set[str]:
    """The secret as it is, and as it stands in JSON, in an address and in a form."""
    import json
    from urllib.parse import quote, quote_plus

    return {
        secret,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
    }
