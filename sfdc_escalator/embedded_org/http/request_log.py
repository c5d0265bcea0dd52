"""The request log: one entry per request with its writes, in the order of commits, without the token.

`written` holds every write because of the request, in order: the rows of the request itself, the writes of
assignment rules in its transaction, and last the owners that bounced after its commit.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.embedded_org.basics.plain_files import refuse_others
from sfdc_escalator.embedded_org.basics.problems import InvalidData, Problem

_HIDDEN = "[hidden]"


def opened(path: Path) -> BinaryIO:
    refuse_others(path)
    return path.open("ab")


class RequestLog:
    """The entries as text in memory, and as JSON lines in a file when one is given, each flushed."""

    def __init__(self, path: Path | None, secret: str) -> None:
        self._secret, self._lock = secret, threading.Lock()
        self._lines: list[bytes] = []
        try:
            self._file = None if path is None else opened(path)
        except OSError as error:
            raise InvalidData([Problem(str(path), f"cannot be written: {error.strerror}")]) from None

    def add(
        self, at: datetime, method: str, path: str, headers: Mapping[str, str], body: Any, status: int,
        written: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        shown = {
            name: _HIDDEN if name.lower() in ("authorization", "cookie") else value for name, value in headers.items()
        }
        entry = {"n": 0, "at": clock.iso(at), "method": method, "path": path, "headers": shown, "body": body,
                 "status": status, "written": written}  # fmt: skip
        with self._lock:
            entry["n"] = len(self._lines) + 1
            text = json.dumps(entry, ensure_ascii=False).replace(self._secret, _HIDDEN)
            line = text.encode("utf-8", "surrogatepass")
            self._lines.append(line)
            if self._file:
                self._file.write(line + b"\n")
                self._file.flush()

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """The entries, without the first `after` of them."""
        with self._lock:
            lines = self._lines[after:]
        return [json.loads(each) for each in lines]

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
