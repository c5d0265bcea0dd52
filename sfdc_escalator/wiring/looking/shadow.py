"""A comparison of policies with the rules of an org: reads the policies, reaches the org, compares. Writes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sfdc_escalator.wiring.errand import clock_warnings
from sfdc_escalator.wiring.orgs import connect
from sfdc_escalator.wiring.policies import policies

if TYPE_CHECKING:
    from sfdc_escalator.errors import Problem
    from sfdc_escalator.pipeline.read_models.shadow import Shadow
    from sfdc_escalator.wiring.errand import Errand


class Shadowed(NamedTuple):
    """The comparison, and the warnings about the policy files."""

    result: Shadow
    warnings: tuple[Problem, ...]


def shadow(errand: Errand, since: timedelta) -> Shadowed:
    """Raises Invalid for a policy that is not valid, and OrgUnavailable where the org cannot be read."""
    from sfdc_escalator.backtest.shadow.shadow import shadow as compare

    here = errand.surroundings
    loaded = policies(here, errand.policies)
    with here.progress() as progress, connect(here, errand.org, progress=progress) as (door, caller):
        result = compare(door, caller, loaded.policies, since, progress)
    return Shadowed(result, (*loaded.warnings, *clock_warnings(caller)))
