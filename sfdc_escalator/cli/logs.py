"""Logs on stderr: lines for people on a terminal, JSON lines for cron; the run's id on each, secrets taken out."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from sfdc_escalator.cli.secrets import redact


def set_up() -> None:
    """Before a command: without it, a log line would stand among its results."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redacted,
    ]
    last = structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)
    renderer = for_people if sys.stderr.isatty() else last
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redacted, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("sfdc_escalator").setLevel(logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()


def name_the_run(run: str) -> None:
    """On every line from here on."""
    structlog.contextvars.bind_contextvars(run=run)


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: clean(value) for key, value in event.items()}


def clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    return value if isinstance(value, (int, float, bool, type(None), logging.LogRecord, dict)) else redact(str(value))


def for_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, said = (str(event.pop(key, "")) for key in ("timestamp", "level", "event"))
    event.pop("run", None)
    facts = " ".join(f"{key}={value}" for key, value in event.items() if not key.startswith("_"))
    return f"{time[11:19]} {level:<7} {said} {facts}".rstrip()
