"""The state of the fleet as people see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sfdc_escalator.escalation.fleet.due import is_behind, next_due
from sfdc_escalator.escalation.fleet.member import EndedRun, Member, MemberState
from sfdc_escalator.escalation.fleet.rollout import Rollout

Condition = Literal["ok", "running", "behind", "failing", "paused"]


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker whose last heartbeat was at `seen`; `jobs` are the orgs that it serves now."""

    name: str
    host: str
    pid: int
    seen: datetime
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrgSeen:
    """One org. `every` is in seconds. `next_at` is None for a paused org, and for one that no schedule has seen."""

    org: str
    every: int
    condition: Condition
    last: EndedRun | None
    next_at: datetime | None
    failures: int
    policies: str | None
    canary: bool


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """`rollout` is None before the first schedule."""

    now: datetime
    where: str
    orgs: tuple[OrgSeen, ...]
    workers: tuple[WorkerSeen, ...]
    rollout: Rollout | None

    @property
    def needs_a_person(self) -> bool:
        halted = self.rollout is not None and self.rollout.state == "halted"
        return halted or any(one.condition in ("failing", "behind") for one in self.orgs)


def org_seen(state: MemberState, rollout: Rollout, alive: Sequence[WorkerSeen], now: datetime) -> OrgSeen:
    member = state.member
    due = state.due
    if state.started:
        due = next_due(due, state.started, member.every, state.failures, now)
    used = rollout.used_by(canary=member.canary)
    next_at = None if state.paused else due
    seen = condition(state, alive, now)
    return OrgSeen(member.org, member.every, seen, state.last, next_at, state.failures, used, member.canary)


def unseen(member: Member, rollout: Rollout) -> OrgSeen:
    """An org of the file that no schedule has seen yet: nobody will serve it."""
    used = rollout.used_by(canary=member.canary)
    return OrgSeen(member.org, member.every, "behind", None, None, 0, used, member.canary)


def condition(state: MemberState, alive: Sequence[WorkerSeen], now: datetime) -> Condition:
    """A run whose worker is gone is not at work. An org that fails is shown as failing while it is tried again."""
    if state.paused:
        return "paused"
    if state.failures:
        return "failing"
    if state.started and any(one.name == state.worker for one in alive):
        return "running"
    lost = state.started is not None and (now - state.started).total_seconds() > 2 * state.member.every
    return "behind" if lost or is_behind(state, now) else "ok"
