"""What the org was asked and what that wrote, one entry per request, in the order of commits; never the token."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org import clock
from sfdc_escalator.embedded_org.problems import InvalidData, Problem

_HIDDEN = "[hidden]"


class RequestLog:
    """Kept in memory, and written to a file as JSON lines when there is one, each line flushed."""

    def __init__(self, path: Path | None, secret: str) -> None:
        self._secret, self._lock = secret, threading.Lock()
        self._entries: list[dict[str, Any]] = []
        try:
            self._file = path.open("a", encoding="utf-8") if path else None
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
                 "status": status, "written": list(written)}  # fmt: skip
        with self._lock:
            entry["n"] = len(self._entries) + 1
            line = json.dumps(entry, ensure_ascii=False)
            if self._secret in line:
                line = line.replace(self._secret, _HIDDEN)
                entry = json.loads(line)
            self._entries.append(entry)
            if self._file:
                self._file.write(line + "\n")
                self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._entries)

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
