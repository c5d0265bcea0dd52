"""A rollout as JSON, as the database keeps it."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.fleet.rollout import Rollout

SETS = ("refused", "canaries")


def rollout_json(rollout: Rollout) -> dict[str, Any]:
    found = {one.name: getattr(rollout, one.name) for one in fields(rollout)}
    since = rollout.since.isoformat() if rollout.since else None
    return {**found, "since": since, "runs": dict(rollout.runs), **{name: sorted(found[name]) for name in SETS}}


def rollout_of(given: Mapping[str, Any]) -> Rollout:
    """The value of this JSON; an empty object is the beginning."""
    known = {one.name: given[one.name] for one in fields(Rollout) if one.name in given}
    if known.get("since"):
        known["since"] = datetime.fromisoformat(known["since"])
    return Rollout(**{**known, **{name: frozenset(known[name]) for name in SETS if name in known}})
