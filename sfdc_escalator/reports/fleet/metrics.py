"""The state of a fleet in the text format of Prometheus, for the textfile collector of node_exporter."""

from collections.abc import Iterator
from pathlib import Path

from sfdc_escalator.escalation.fleet.status import FleetStatus
from sfdc_escalator.reports.text.metrics import PREFIX, escaped
from sfdc_escalator.reports.whole_file import write_whole

CONDITIONS = ("ok", "running", "behind", "failing", "paused")
ROLLOUTS = ("canary", "everywhere", "halted")
HELP = {
    "fleet_timestamp_seconds": "When this file was written.",
    "fleet_workers": "The workers that are at work.",
    "fleet_org_state": "1 for the state in which an org is.",
    "fleet_org_failures": "The runs of an org in a row that failed.",
    "fleet_org_last_run_timestamp_seconds": "When the last run of an org ended.",
    "fleet_org_last_run_exit_code": "The exit code of the last run of an org; -1 for one that was killed.",
    "fleet_rollout_state": "1 for the state of the last change of the policies.",
}


def fleet_metrics_text(status: FleetStatus, written: float) -> str:
    return "".join(f"{line}\n" for line in lines(status, written))


def lines(status: FleetStatus, written: float) -> Iterator[str]:
    for name, samples in values(status, written).items():
        yield f"# HELP {PREFIX}{name} {HELP[name]}"
        yield f"# TYPE {PREFIX}{name} gauge"
        yield from (f"{PREFIX}{name}{label} {value:.15g}" for label, value in samples)


def values(status: FleetStatus, written: float) -> dict[str, list[tuple[str, float]]]:
    named = [(f'org="{escaped(one.org)}"', one) for one in status.orgs]
    ended = [(label, one.last) for label, one in named if one.last]
    state = status.rollout.state if status.rollout else None
    return {
        "fleet_timestamp_seconds": [("", written)],
        "fleet_workers": [("", len(status.workers))],
        "fleet_org_state": [
            (f'{{{label},state="{word}"}}', float(one.condition == word)) for label, one in named for word in CONDITIONS
        ],
        "fleet_org_failures": [(f"{{{label}}}", one.failures) for label, one in named],
        "fleet_org_last_run_timestamp_seconds": [(f"{{{label}}}", last.ended.timestamp()) for label, last in ended],
        "fleet_org_last_run_exit_code": [
            (f"{{{label}}}", -1 if last.code is None else last.code) for label, last in ended
        ],
        "fleet_rollout_state": [(f'{{state="{word}"}}', float(state == word)) for word in ROLLOUTS],
    }


def write_fleet_metrics(path: Path, status: FleetStatus, written: float) -> None:
    """Replaces the file in one step. Raises OSError."""
    write_whole(path, fleet_metrics_text(status, written))
