"""The schedule of a fleet: which orgs and policies there are, and a job for each org that is due."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.fleet import rollout as rollouts
from sfdc_escalator.escalation.fleet.rollout import Rollout
from sfdc_escalator.wiring.fleet.place import Fleet, fleet_of
from sfdc_escalator.wiring.fleet.steady import PAUSE, Steady
from sfdc_escalator.wiring.policies import policy_paths
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.files.snapshot import Snapshot, Stamp

Value = TypeVar("Value")
METRICS_EVERY = 10
"""Looks after which the metrics are written again."""
log = logging.getLogger(__name__)


class Tick(NamedTuple):
    """The result of one look at the clock: the orgs that a job was queued for, and the rollout after it."""

    queued: list[str]
    rollout: Rollout


@dataclass
class Schedule:
    """The files, as of two looks at which they were the same.

    Several schedules at a time are harmless: each change is one transaction. A schedule offers policies only when it
    sees others than before. Two hosts whose files differ for a while do not begin the rollout anew, again and again.
    """

    surroundings: Surroundings
    ledger: str | None
    policies: Sequence[Path]
    canary_runs: int = rollouts.RUNS
    _offered: str | None = None
    _reported: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wait = self.surroundings.wait
        self._orgs = Steady(self._read_orgs, lambda found: found[0] == self._orgs_stamp(), wait)
        self._policies = Steady(self._read_policies, lambda found: found.is_of(self._paths()), wait)

    def tick(self) -> Tick:
        """Reads the files where they changed, and queues the jobs that are due. Raises Invalid."""
        fleet, offered = self.fleet(), self.snapshot()
        with fleet.book() as book:
            book.keep_members(fleet.members)
            digest = offered.digest if offered.digest != self._offered else book.rollout.offered or offered.digest
            canaries = [one.org for one in fleet.members if one.canary]
            rollout = rollouts.offer(book.rollout, digest, canaries, self.canary_runs, book.now)
            book.keep_rollout(rollout)
            if offered.digest in rollout.in_use:
                book.keep_policies(offered.digest, offered.policies, offered.files)
            queued = book.enqueue_due()
        self._offered = offered.digest
        return Tick(queued, rollout)

    def fleet(self) -> Fleet:
        """The orgs of the file. While it is invalid, those of before."""
        return self._look(self._orgs, "fleet.orgs_invalid")[1]

    def snapshot(self) -> Snapshot:
        """The policies of the files. While there are none, those of before."""
        return self._look(self._policies, "fleet.policies_unreadable")

    def _look(self, files: Steady[Value], event: str) -> Value:
        """The value of the files. A fault of files that were valid before is logged once, until they are valid again or
        another one comes."""
        try:
            found = files.look()
            self._reported.pop(event, None)
        except Invalid as error:
            if files.found is None:
                raise
            found, problems = files.found, [str(one) for one in error.problems]
            if self._reported.get(event) != [error.message, *problems]:
                log.error(event, extra={"reason": error.message, "problems": problems})
            self._reported[event] = [error.message, *problems]
        return found

    def _read_orgs(self) -> tuple[Stamp, Fleet]:
        return self._orgs_stamp(), fleet_of(self.surroundings, self.ledger)

    def _orgs_stamp(self) -> Stamp:
        from sfdc_escalator.files.snapshot import stamp_of

        return stamp_of(self.surroundings.orgs_file)

    def _read_policies(self) -> Snapshot:
        from sfdc_escalator.files.snapshot import snapshot

        return snapshot(self._paths())

    def _paths(self) -> list[Path]:
        return policy_paths(self.surroundings, self.policies)


def run_schedule(schedule: Schedule, metrics: Path | None) -> None:
    """Looks at the clock until a signal comes. A database that is away is waited for. Raises Invalid at the start."""
    here = schedule.surroundings
    lost = ""
    with here.stopping(None) as stop:
        schedule.fleet().check()
        for look in itertools.count():
            if stop.reason:
                break
            try:
                done = schedule.tick()
                if done.queued:
                    log.info("fleet.queued", extra={"orgs": done.queued})
                if metrics and look % METRICS_EVERY == 0:
                    note_metrics(schedule.fleet(), metrics)
                lost = ""
            except Invalid as error:
                if error.message != lost:
                    log.error("fleet.schedule_waits", extra={"reason": error.message})
                lost = error.message
            here.wait(PAUSE)


def run_once(schedule: Schedule, metrics: Path | None) -> Tick:
    """One look at the clock, for cron. Raises Invalid."""
    schedule.fleet().check()
    done = schedule.tick()
    if metrics:
        note_metrics(schedule.fleet(), metrics)
    return done


def note_metrics(fleet: Fleet, path: Path) -> None:
    """Writes the state of the fleet for Prometheus. A file that cannot be written stops nothing."""
    from sfdc_escalator.reports.fleet.metrics import write_fleet_metrics
    from sfdc_escalator.wiring.fleet.looking import status_of

    try:
        write_fleet_metrics(path, status_of(fleet), time.time())
    except OSError as error:
        log.warning("metrics.not_written", extra={"file": str(path), "reason": (error.strerror or str(error)).lower()})
