"""Canaries: a changed policy is used by some orgs first. A state machine; each step gives a new value.

The unit is the digest of all policies together. A canary uses a new digest at once, the others when every canary has
finished enough runs with it. A run that ends badly halts the rollout until a person decides.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

FINISHED = frozenset({0, 3, 10})
HALTS = frozenset({1, 2, 4, 6})
"""Exit code 5, an org that cannot be reached, counts neither way, like a run that was killed."""
RUNS = 3
NO_CANARY = "no entry has `canary: true`, so the change went to all orgs at once"
CANARIES_LEFT = "no entry has `canary: true` any more; `fleet promote` lets all orgs use it"

State = Literal["canary", "everywhere", "halted"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """`digest` is the one of the last change, `stable` the one of all orgs that are not canaries, `previous` the stable
    one before. `offered` is the last one that the files had: only another one begins a rollout. `runs` are the
    finished runs of each canary."""

    digest: str | None = None
    state: State = "everywhere"
    since: datetime | None = None
    why: str | None = None
    runs: Mapping[str, int] = field(default_factory=dict)
    stable: str | None = None
    previous: str | None = None
    offered: str | None = None
    refused: frozenset[str] = frozenset()
    canaries: frozenset[str] = frozenset()
    needed: int = RUNS

    def used_by(self, *, canary: bool) -> str | None:
        """The digest for a run that starts now; None before the first policies were offered."""
        tried = self.state != "everywhere" and self.digest not in self.refused
        return self.digest if canary and tried else self.stable

    @property
    def in_use(self) -> frozenset[str]:
        """The digests whose policies are kept."""
        return frozenset(one for one in (self.digest, self.stable, self.previous, self.offered) if one) | self.refused


def offer(was: Rollout, digest: str, canaries: Collection[str], needed: int, now: datetime) -> Rollout:
    """The files hold the policies of this digest, and these orgs are canaries."""
    known = replace(was, canaries=frozenset(canaries), needed=needed)
    if digest == was.offered:
        return settled(known, now)
    known = replace(known, offered=digest)
    if was.stable is None or digest == was.stable:
        return everywhere(known, digest, now, None)
    begun = replace(known, digest=digest, since=now, why=None, runs=dict.fromkeys(sorted(canaries), 0))
    if digest in was.refused:
        return replace(begun, state="halted", why="it was rolled back before; `fleet promote` allows it again")
    if not canaries:
        return everywhere(begun, digest, now, NO_CANARY)
    return replace(begun, state="canary")


def settled(rollout: Rollout, now: datetime) -> Rollout:
    """The rollout, everywhere once its canaries have finished their runs. It waits while no canary is left: the others
    never get what nobody has tried because a file was changed."""
    if rollout.state != "canary" or rollout.digest is None:
        return rollout
    if not rollout.canaries:
        return replace(rollout, why=CANARIES_LEFT)
    if all(rollout.runs.get(one, 0) >= rollout.needed for one in rollout.canaries):
        return everywhere(rollout, rollout.digest, now, None)
    return replace(rollout, why=None)


def everywhere(rollout: Rollout, digest: str, now: datetime, why: str | None) -> Rollout:
    previous = rollout.previous if rollout.stable in (None, digest) else rollout.stable
    runs = rollout.runs if rollout.digest == digest else {}
    facts = {"digest": digest, "stable": digest, "previous": previous, "since": now, "why": why, "runs": runs}
    return replace(rollout, state="everywhere", **facts)  # type: ignore[arg-type]


def ended(was: Rollout, org: str, digest: str | None, code: int | None, reason: str, now: datetime) -> Rollout:
    """A run of this org with this digest ended. A `code` of None counts neither way."""
    if was.state != "canary" or digest != was.digest or org not in was.canaries:
        return was
    if code in HALTS:
        return replace(was, state="halted", since=now, why=f"a run of {org} ended with exit code {code}: {reason}")
    if code in FINISHED:
        return settled(replace(was, runs={**was.runs, org: was.runs.get(org, 0) + 1}), now)
    return was


def promote(was: Rollout, digest: str, by: str, now: datetime) -> Rollout:
    """A person lets all orgs use this digest now."""
    allowed = replace(was, refused=was.refused - {digest})
    return everywhere(allowed, digest, now, f"promoted by {by}")


def rollback(was: Rollout, digest: str, by: str, now: datetime) -> Rollout:
    """A person refuses this digest: whoever uses it goes back to the one before. Raises ValueError where none is
    known."""
    refusing = replace(was, refused=was.refused | {digest})
    halted = replace(refusing, state="halted", since=now, why=f"rolled back by {by}")
    if digest == was.stable:
        if was.previous is None or was.previous in refusing.refused:
            raise ValueError("no earlier policies are known that the orgs could go back to")
        return replace(halted, digest=digest, stable=was.previous, previous=None, runs={})
    return halted if digest == was.digest else refusing
