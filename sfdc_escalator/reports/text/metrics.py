"""The figures of a run in the text format of Prometheus, for the textfile collector of node_exporter."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sfdc_escalator.files.text.plain_file import open_to_read
from sfdc_escalator.reports.whole_file import write_whole

PREFIX = "sfdc_escalator_"
MOST_BYTES = 1_000_000  # of an earlier file
KEPT = "last_success_timestamp_seconds"
HELP = {
    "last_run_timestamp_seconds": "When the last live run ended.",
    KEPT: "When a live run last ended with exit code 0.",
    "last_run_exit_code": "The exit code of the last live run.",
    "run_duration_seconds": "How long the last live run took.",
    "matches": "The matches of the last live run, by outcome.",
    "api_calls": "The API calls of the last live run.",
    "open_escalations": "The escalations in the ledger whose case still counts as escalated.",
    "notices": "The notices that the last live run sent or dropped, and those that wait or are undelivered after it.",
    "ladders": "The open escalations after the last live run, by where they stand on their ladder.",
}
"""All are gauges: a file holds the figures of one run."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A run that failed has no counts. Times are seconds since 1970, durations seconds."""

    org: str
    ended: float
    code: int
    duration: float
    matches: Mapping[str, int] = field(default_factory=dict)
    api_calls: int | None = None
    open_escalations: int | None = None
    ladders: Mapping[str, int] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)


def metrics_text(figures: Figures, last_success: float | None) -> str:
    return "".join(line + "\n" for line in lines(figures, last_success))


def lines(figures: Figures, last_success: float | None) -> Iterator[str]:
    label = f'org="{escaped(figures.org)}"'
    values: dict[str, list[tuple[str, float | None]]] = {
        "last_run_timestamp_seconds": [(label, figures.ended)],
        KEPT: [(label, figures.ended if figures.code == 0 else last_success)],
        "last_run_exit_code": [(label, figures.code)],
        "run_duration_seconds": [(label, figures.duration)],
        "matches": [(f'{label},outcome="{name}"', count) for name, count in figures.matches.items()],
        "api_calls": [(label, figures.api_calls)],
        "open_escalations": [(label, figures.open_escalations)],
        "notices": [(f'{label},state="{name}"', count) for name, count in figures.notices.items()],
        "ladders": [(f'{label},state="{name}"', count) for name, count in figures.ladders.items()],
    }
    for name, samples in values.items():
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            yield f"# HELP {PREFIX}{name} {HELP[name]}"
            yield f"# TYPE {PREFIX}{name} gauge"
            yield from (f"{PREFIX}{name}{{{labels}}} {value:.15g}" for labels, value in known)


def escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def success_in(text: str, org: str) -> float | None:
    """The time of the last success in an earlier file of this org."""
    wanted = re.escape(f'{PREFIX}{KEPT}{{org="{escaped(org)}"}} ')
    found = re.search(rf"^{wanted}([0-9.e+]+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def write_metrics(path: Path, figures: Figures) -> None:
    """Replaces the file in one step, and keeps the time of the last success. Raises OSError."""
    try:
        with open_to_read(path) as stream:
            before = success_in(stream.read(MOST_BYTES).decode(), figures.org)
    except (OSError, ValueError):
        before = None
    write_whole(path, metrics_text(figures, before))
