"""An org of the fleet: its settings, and what the fleet remembers of it. All times are those of the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

FAILURES = frozenset({1, 2, 5, 6, None})
"""The exit codes of runs that did not do their work; None is a run that was killed. After 3 and 4 the run was made, and
has reported what waits for a person."""


class Member(NamedTuple):
    """The settings of an org in `orgs.yaml`; seconds."""

    org: str
    every: int
    deadline: int
    canary: bool = False


class Ending(NamedTuple):
    """The end of a run: its exit code (None: killed), its id in the ledger, and a sentence about a bad end.

    `speaks`: it counts for or against the policies that it used. `again`: it was cut off, so the org is due at once.
    """

    code: int | None
    run: str | None = None
    reason: str | None = None
    speaks: bool = True
    again: bool = False


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended. `code` is None where it was killed, or where its worker died. `run` is its id in the
    ledger, where it printed one."""

    started: datetime
    ended: datetime
    code: int | None
    run: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MemberState:
    """The memory of one org. `due` is the planned start of the next run, or of the one that waits or is at work.

    `job` waits in the queue or is at work; `is_live` says that the queue still has it. `started` is the start of the
    run at work, `failures` the number of runs in a row that failed, `policies` the digest that the last run used.
    """

    member: Member
    due: datetime
    paused: bool = False
    failures: int = 0
    job: int | None = None
    is_live: bool = False
    started: datetime | None = None
    worker: str | None = None
    policies: str | None = None
    last: EndedRun | None = None
