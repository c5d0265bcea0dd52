"""A worker of a fleet: takes jobs from the queue, and carries out each as a run in a process of its own.

A process for each run: its memory and its secrets end with it, a run that hangs is killed, and it is the same program
as `run --org NAME`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sfdc_escalator.errors import EscalatorError, Invalid, LedgerUnusable
from sfdc_escalator.escalation.fleet.member import Ending, Member
from sfdc_escalator.wiring.fleet.place import Fleet, fleet_entries, fleet_of, member_of
from sfdc_escalator.wiring.fleet.runs import ending_of, environ_of, words_of
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.files.snapshot import Snapshot
    from sfdc_escalator.fleet.book import Book
    from sfdc_escalator.fleet.child import Child
    from sfdc_escalator.fleet.queue import Worker
    from sfdc_escalator.pipeline.stop import Stop

Value = TypeVar("Value")
LOOK = 0.2
"""Seconds between two looks at whether a signal came."""
PATIENCE = 120
"""Seconds for which the end of a run waits for a database that is away; later it is one whose worker died."""
log = logging.getLogger(__name__)


def work(surroundings: Surroundings, ledger: str | None, concurrency: int) -> None:
    """Serves orgs until a signal comes, and then ends the runs at work. Raises Invalid at the start."""
    with surroundings.stopping(None) as stop:
        fleet = fleet_of(surroundings, ledger)
        fleet.check()
        asyncio.run(Work(fleet, concurrency, stop).until_stopped())


@dataclass
class Work:
    """The runs of one worker."""

    fleet: Fleet
    concurrency: int
    stop: Stop
    name: str = ""
    worker: Worker | None = None
    children: set[Child] = field(default_factory=set)
    stopped: set[Child] = field(default_factory=set)
    leftover: set[asyncio.Task[None]] = field(default_factory=set)

    async def until_stopped(self) -> None:
        """A database that is away is waited for: the worker begins anew, under another name."""
        asyncio.get_running_loop().set_exception_handler(self._late)
        watching = asyncio.create_task(self._watch())
        while not self.stop.reason:
            try:
                await self._until_lost()
            except Exception as error:  # noqa: BLE001 - the error of any layer, when the database goes away
                log.error("fleet.worker_waits", extra={"worker": self.name, "reason": self._reason(error)})
                await self._sleep(2)
        await watching
        if self.leftover:
            await asyncio.wait(self.leftover)

    async def _until_lost(self) -> None:
        from sfdc_escalator.fleet.queue import Worker
        from sfdc_escalator.fleet.tables import LINE

        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.worker = Worker(self.fleet.url, LINE, self.name, self.concurrency, self.serve)
        life = asyncio.create_task(self.worker.run(self._registered, self._enqueue))
        await self.worker.lost.wait()
        if not life.done() and not self.stop.reason:
            self._give_up(self.worker, life)
            raise LedgerUnusable(f"the database {self.fleet.database.where} was lost")
        await life
        log.info("fleet.worker_ended", extra={"worker": self.name})

    def _give_up(self, worker: Worker, life: asyncio.Task[None]) -> None:
        """Nobody hears from this worker any more, so others will take its jobs: its runs are to end soon. Their ledger
        is in the same database."""
        worker.stop()
        self._stop_children()
        self.leftover.add(life)
        life.add_done_callback(self._gone)

    def _gone(self, life: asyncio.Task[None]) -> None:
        self.leftover.discard(life)
        if not life.cancelled():
            life.exception()  # it was logged when it was given up

    def _late(self, loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
        """Logs the error of a job that nobody waits for: its end could not be noted, as when another worker took it
        while this one was stopped."""
        if error := about.get("exception"):
            reason = self._reason(error.__cause__ or error)
            log.warning("fleet.job_lost", extra={"worker": self.name, "reason": reason})
        else:
            loop.default_exception_handler(about)

    async def _watch(self) -> None:
        """Passes a signal on: no further job, and each run ends what it has begun."""
        while not self.stop.reason:
            await asyncio.sleep(LOOK)
        if self.worker:
            self.worker.stop()
        self._stop_children()

    def _stop_children(self) -> None:
        for child in self.children:
            child.stop()
        self.stopped |= self.children

    async def _sleep(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK)):
            if not self.stop.reason:
                await asyncio.sleep(LOOK)

    async def _registered(self, number: int) -> None:
        host, pid = socket.gethostname(), os.getpid()
        await self._change(lambda book: book.keep_worker(self.name, host, pid, number))
        log.info("fleet.worker_began", extra={"worker": self.name, "concurrency": self.concurrency})

    async def _enqueue(self) -> None:
        """Queues what is due: the run of a dead worker is made again at once, whenever the schedule looks next."""
        if queued := await self._change(lambda book: book.enqueue_due()):
            log.info("fleet.queued", extra={"orgs": queued})

    async def _change(self, act: Callable[[Book], Value]) -> Value:
        def change() -> Value:
            with self.fleet.book() as book:
                return act(book)

        return await asyncio.to_thread(change)

    # -- one job ------------------------------------------------------------------------------------------------------

    async def serve(self, org: str, job: int, asked: bool) -> None:
        """Serves an org once. Raises only where the database is lost: then the job is taken again by another worker."""
        worker, member = self.name, await self._member(org)
        refused = "paused" if member and not asked and await self._is_paused(org) else None if member else "removed"

        def begin(book: Book) -> Snapshot | str:
            return refused or begun(book, org, job, worker)

        found = await self._change(begin)
        if member is None or isinstance(found, str):
            await self._change(lambda book: book.drop(org, job))
            log.warning("fleet.not_run", extra={"org": org, "reason": found})
            return
        log.info("fleet.run_began", extra={"org": org, "worker": worker, "policies": found.digest})
        try:
            ending = await self._run(member, found)
        except (EscalatorError, OSError) as error:
            ending = Ending(EscalatorError.exit_code, None, self._reason(error), speaks=False)
        about = {"org": org, "run": ending.run, "code": ending.code, "reason": ending.reason}
        log.log(logging.INFO if ending.code == 0 else logging.WARNING, "fleet.run_ended", extra=about)
        await self._until_kept(lambda book: book.end(org, job, ending))

    async def _member(self, org: str) -> Member | None:
        """The settings of an org now; None for one that left the file while its job waited. An invalid file is left to
        the run, which says what is wrong."""
        try:
            entries: Mapping[str, OrgEntry] = await asyncio.to_thread(fleet_entries, self.fleet.surroundings)
        except Invalid:
            entries = self.fleet.entries
        return member_of(entries[org]) if org in entries else None

    async def _is_paused(self, org: str) -> bool:
        state = await self._change(lambda book: book.state(org))
        return state is not None and state.paused

    async def _until_kept(self, act: Callable[[Book], None]) -> None:
        for _ in range(PATIENCE):
            try:
                return await self._change(act)
            except LedgerUnusable as error:
                log.warning("fleet.end_waits", extra={"reason": error.message})
                await asyncio.sleep(1)
        raise LedgerUnusable(f"the database {self.fleet.database.where} was away for too long")

    async def _run(self, member: Member, found: Snapshot) -> Ending:
        from sfdc_escalator.files.snapshot import unpack
        from sfdc_escalator.fleet.child import Child

        here, deadline = self.fleet.surroundings, member.deadline
        folder = (here.state_folder / "fleet" / found.digest[:32]).absolute()
        policies = await asyncio.to_thread(unpack, found, folder)
        child = await Child.start(words_of(member, policies), environ_of(self.fleet), here.folder, deadline)
        self.children.add(child)
        try:
            if self.stop.reason:
                self._stop_children()
            done = await child.ended(deadline)
            stopped = child in self.stopped or bool(self.stop.reason)  # systemd may signal the run itself, too
            return ending_of(done, deadline, f"{folder}/", stopped=stopped)
        finally:
            self.children.discard(child)
            self.stopped.discard(child)

    def _reason(self, error: BaseException) -> str:
        text = error.message if isinstance(error, EscalatorError) else str(error) or type(error).__name__
        return self.fleet.surroundings.secrets.redact(text.strip().splitlines()[0])


def begun(book: Book, org: str, job: int, worker: str) -> Snapshot | str:
    """The run is noted; the policies that it uses. Else the reason why it is not made."""
    from sfdc_escalator.files.snapshot import Snapshot

    if not book.is_at_work(job):  # this process was stopped after it had taken the job
        return "taken over by another worker"
    digest = book.begin(org, job, worker)
    stored = book.policies(digest) if digest else None
    if digest and not stored:
        book.drop(org, job)
        return f"the policies {digest[:12]} are not stored"
    return Snapshot(digest, *stored) if digest and stored else "removed"
