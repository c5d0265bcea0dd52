"""Logs on stderr: lines for people on a terminal, JSON lines for cron; each with the run's id, none with a secret."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

from sfdc_escalator.reports.values import printable, visible
from sfdc_escalator.wiring.secrets import Secrets


class Lines(logging.StreamHandler[TextIO]):
    """Imports the formatter for the first record: most runs log nothing."""

    def __init__(self, secrets: Secrets, run: str | None) -> None:
        super().__init__(sys.stderr)
        self._secrets, self._run = secrets, run

    def emit(self, record: logging.LogRecord) -> None:
        """Writes above a progress bar, which takes the place of stderr while it is shown."""
        self.stream = sys.stderr
        super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        if self.formatter is None:
            self.setFormatter(formatter(self._secrets, self._run))
        return super().format(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Goes on: a log that cannot be written does not stop the work."""


def set_up(secrets: Secrets, run: str | None = None, *, quiet: bool = False) -> None:
    """Sets up the log of the process: before anything is logged, and once more when the run has its id. A quiet one
    leaves out how a run or a fleet goes, and keeps the messages of the channel `log`."""
    root = logging.getLogger()
    root.handlers[:] = [Lines(secrets, run)]
    root.setLevel(logging.WARNING)
    logging.getLogger("sfdc_escalator").setLevel(logging.INFO)
    for room in ("sfdc_escalator.pipeline", "sfdc_escalator.wiring.fleet"):
        logging.getLogger(room).setLevel(logging.WARNING if quiet else logging.NOTSET)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings show whole URLs, with the query


def formatter(secrets: Secrets, run: str | None) -> logging.Formatter:
    import structlog

    def of_run(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return event if run is None else {**event, "run": run}

    def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: clean(secrets, value) for key, value in event.items()}

    def as_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
        from sfdc_escalator.reports.json.document import json_text

        return json_text({key: event[key] for key in sorted(event)})

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.ExtraAdder(),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            of_run,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redacted,
            for_people if sys.stderr.isatty() else as_json,
        ],
    )


def clean(secrets: Secrets, value: Any) -> Any:
    if isinstance(value, (int, float, bool, type(None), logging.LogRecord)):
        return value
    if isinstance(value, dict):
        return {str(key): clean(secrets, part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(secrets, part) for part in value]
    return secrets.redact(str(value))


def for_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, said = (str(event.pop(key, "")) for key in ("timestamp", "level", "event"))
    event.pop("run", None)
    facts = " ".join(f"{key}={value}" for key, value in event.items() if not key.startswith("_"))
    return printable(visible(f"{time[11:19]} {level:<7} {said} {facts}".rstrip()))
