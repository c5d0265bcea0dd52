"""Reports of defects: a file each in the state folder, for its user alone; only the newest ones stay."""

import os
import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.wiring.surroundings import Surroundings

KEPT = 10
PATTERN = "crash-*.txt"


def unexpected(error: Exception, surroundings: Surroundings) -> EscalatorError:
    """A defect of the program as an error for its user, which names the file with the details."""
    said = next(iter(f"{type(error).__name__}: {error}".splitlines()), "")[:300]
    report = surroundings.secrets.redact("".join(traceback.format_exception(error)))
    try:
        details = f"details in {kept(report, surroundings)}"
    except OSError as reason:
        why = (reason.strerror or str(reason)).lower()
        details = f"at {place(error)}; more cannot be written down: {why}"
    return EscalatorError(f"unexpected error, a defect of sfdc-escalator: {said} ({details})")


def kept(report: str, surroundings: Surroundings) -> Path:
    """The new file; the oldest ones are removed. Raises OSError."""
    folder = surroundings.state_folder / "crashes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(3)}.txt"
    with open(path, "x", encoding="utf-8", errors="backslashreplace", opener=for_its_user) as file:
        file.write(report)
    for old in sorted(folder.glob(PATTERN))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def for_its_user(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
