"""A run of a fleet as a process: its words, its environment, and its end."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import LedgerUnusable, StoppedEarly
from sfdc_escalator.escalation.fleet.member import Ending, Member
from sfdc_escalator.wiring.fleet.place import LEDGER, Fleet
from sfdc_escalator.wiring.surroundings import RUN_LOG

if TYPE_CHECKING:
    from sfdc_escalator.fleet.child import Ended

MARGIN = 15
"""Seconds before its deadline, and at most a fifth of it, at which a run ends by itself: killed is its second end."""
OVERDUE = "killed at its deadline of {} s; where the org answers, the interval is shorter than a run"
NOT_OF_POLICIES = (LedgerUnusable.code, StoppedEarly.code)
"""The errors that the policies of a run did not cause."""
NOT_FOR_RUNS = ("SFDC_ESCALATOR_METRICS", "SFDC_ESCALATOR_LEFT_ALONE")
"""Files that runs of many orgs would take from each other; an empty value also hides that of `.env`."""


def words_of(member: Member, policies: Sequence[Path]) -> list[str]:
    """The command of a run, which ends by itself a little before its deadline."""
    own = member.deadline - min(MARGIN, member.deadline / 5)
    words = ["run", "--org", member.org, "--json", "--yes", "--deadline", f"{own:g}s"]
    return words + [word for path in policies for word in ("--policy", str(path))]


def environ_of(fleet: Fleet) -> dict[str, str]:
    """The environment of a run: that of the worker as it was started. A run reads `.env` by itself, as it is then."""
    here = fleet.surroundings
    kept = {name: value for name, value in here.environ.items() if name not in {RUN_LOG, *here.from_env_file}}
    return kept | dict.fromkeys(NOT_FOR_RUNS, "") | ({LEDGER: fleet.ledger} if fleet.ledger else {})


def ending_of(done: Ended, deadline: int, folder: str, *, stopped: bool) -> Ending:
    """The end of the run, by its exit code and what it printed."""
    if done.overdue:
        return Ending(None, None, OVERDUE.format(deadline), speaks=False)
    if done.code < 0:
        name = signal.Signals(-done.code).name
        return Ending(None, None, f"ended by {name}", speaks=False, again=stopped)
    try:
        told = json.loads(done.out)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return Ending(done.code, None, "it printed no result", speaks=done.code != 0)
    error = told.get("error") or {}
    problems = [shown(one) for one in error.get("problems", ())][:3]
    reason = "; ".join([str(error.get("message", "")), *problems]).replace(folder, "") if error else None
    if told.get("busy"):
        return Ending(done.code, None, "another run was at work on this org", speaks=False)
    speaks = not stopped and error.get("code") not in NOT_OF_POLICIES
    return Ending(done.code, told.get("run"), reason, speaks, again=stopped and done.code != 0)


def shown(problem: Mapping[str, Any]) -> str:
    """The message of a problem, after its place where it has one."""
    place = ":".join(str(problem[key]) for key in ("file", "line") if problem.get(key))
    return ": ".join(text for text in (place, str(problem.get("message", ""))) if text)
