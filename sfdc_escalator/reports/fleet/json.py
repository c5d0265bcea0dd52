"""The state of a fleet as JSON."""

from typing import Any

from sfdc_escalator.escalation.fleet.member import EndedRun
from sfdc_escalator.escalation.fleet.rollout import Rollout
from sfdc_escalator.escalation.fleet.status import FleetStatus
from sfdc_escalator.reports.values import instant

UNITS = ((3600, "h"), (60, "m"), (1, "s"))


def fleet_json(status: FleetStatus) -> dict[str, Any]:
    orgs = [
        {
            "org": one.org,
            "every": interval(one.every),
            "state": one.condition,
            "last": last_json(one.last) if one.last else None,
            "next_at": instant(one.next_at) if one.next_at else None,
            "failures": one.failures,
            "policies": one.policies,
            "canary": one.canary,
        }
        for one in status.orgs
    ]
    workers = [
        {"name": one.name, "host": one.host, "pid": one.pid, "seen": instant(one.seen), "jobs": list(one.jobs)}
        for one in status.workers
    ]
    return {"orgs": orgs, "workers": workers, "rollout": rollout_json(status.rollout) if status.rollout else None}


def last_json(last: EndedRun) -> dict[str, Any]:
    """The exit code is null for a run that was killed."""
    return {"run": last.run, "started": instant(last.started), "ended": instant(last.ended), "exit": last.code}


def rollout_json(rollout: Rollout) -> dict[str, Any]:
    since = instant(rollout.since) if rollout.since else None
    facts = {"digest": rollout.digest, "state": rollout.state, "since": since, "why": rollout.why}
    return {**facts, "runs": dict(rollout.runs)}


def interval(seconds: int) -> str:
    """As `orgs.yaml` writes it: `5m`."""
    return next(f"{seconds // unit}{letter}" for unit, letter in UNITS if seconds % unit == 0)
