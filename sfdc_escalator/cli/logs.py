"""Logs on stderr: lines for people on a terminal, JSON lines for cron; the run's id on each, secrets taken out."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO


class Lines(logging.StreamHandler[TextIO]):
    """Loads what makes lines of records when there is one: most runs have nothing to say."""

    def __init__(self, run: str | None) -> None:
        super().__init__(sys.stderr)
        self._run = run

    def format(self, record: logging.LogRecord) -> str:
        if self.formatter is None:
            self.setFormatter(formatter(self._run))
        return super().format(record)


def set_up(run: str | None = None) -> None:
    """For every command, before anything is logged; once more when the run has its id."""
    root = logging.getLogger()
    root.handlers[:] = [Lines(run)]
    root.setLevel(logging.WARNING)
    logging.getLogger("sfdc_escalator").setLevel(logging.INFO)


def formatter(run: str | None) -> logging.Formatter:
    import structlog

    def of_run(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return event if run is None else {**event, "run": run}

    last = structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)
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
            for_people if sys.stderr.isatty() else last,
        ],
    )


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: clean(value) for key, value in event.items()}


def clean(value: Any) -> Any:
    from sfdc_escalator.cli.secrets import redact

    if isinstance(value, str):
        return redact(value)
    return value if isinstance(value, (int, float, bool, type(None), logging.LogRecord, dict)) else redact(str(value))


def for_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, said = (str(event.pop(key, "")) for key in ("timestamp", "level", "event"))
    event.pop("run", None)
    facts = " ".join(f"{key}={value}" for key, value in event.items() if not key.startswith("_"))
    return f"{time[11:19]} {level:<7} {said} {facts}".rstrip()
