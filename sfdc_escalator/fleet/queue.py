"""The queue of the fleet: procrastinate on PostgreSQL, and its only user.

A job has a lock, so that two of one org are never at work, and a queueing lock, so that at most one waits. With both a
job must never go back to the queue: it would meet the one that waits there. So no job is retried here; the job of a
dead worker ends as failed, and a new one is queued.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, LiteralString

from sfdc_escalator.errors import Invalid

try:
    import psycopg
    from procrastinate import App, PsycopgConnector, exceptions, worker
    from procrastinate.connector import Notify
    from procrastinate.job_context import JobContext
    from procrastinate.jobs import Status
    from procrastinate.schema import SchemaManager
except ImportError as error:
    raise Invalid(
        "the fleet needs procrastinate, which is not installed; run: pip install 'sfdc-escalator[fleet]'"
    ) from error

TASK = "run_org"
BEAT, DEAD = 5, 15
"""Seconds between two heartbeats of a worker, and after the last one of a dead worker."""
POLL = 2.0
"""Seconds between two looks into the queue, where a notification was lost."""

ASKED = """UPDATE procrastinate_jobs SET args = args || '{"asked": true}'
    WHERE queueing_lock = %s AND status = 'todo'"""

Serve = Callable[[str, int, bool], Awaitable[None]]
"""Serves an org: its name, the number of the job, and True where a person asked for it."""


def schema() -> str:
    return SchemaManager.get_schema()


def migrations() -> list[str]:
    """The names of the queue's own migrations, in order; the newest is its version."""
    return sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def migration(name: str) -> str:
    return (Path(SchemaManager.get_migrations_path()) / name).read_text(encoding="utf-8")


def app(connector: PsycopgConnector, serve: Serve | None = None) -> App:
    made = App(connector=connector)

    @made.task(name=TASK, pass_context=True)
    async def run_org(context: JobContext, org: str, asked: bool) -> None:
        if serve:
            await serve(org, context.job.id or 0, asked)

    return made


def enqueue(connection: Any, org: str, *, asked: bool = False, priority: int = 0) -> int | None:
    """Queues a job in the transaction of this connection; its number, None where one waits already. Raises
    psycopg.Error."""
    job = app(PsycopgConnector()).configure_task(
        TASK, lock=org, queueing_lock=org, priority=priority, connection=connection
    )
    try:
        with connection.transaction():
            return job.defer(org=org, asked=asked)
    except exceptions.AlreadyEnqueued:
        if asked:
            connection.execute(ASKED, (org,))
        return None
    except exceptions.ConnectorException as error:
        raise error.__cause__ or error from None


class Watched(PsycopgConnector):
    """Sets an event when the database is lost: the queue waits for its jobs before it says so, however long that is."""

    def __init__(self, lost: asyncio.Event, **settings: Any) -> None:
        super().__init__(**settings)
        self._lost = lost

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except exceptions.ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                self._lost.set()
            raise

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        with self._watching():
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        with self._watching():
            found: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return found

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        with self._watching():
            found: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
            return found

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        with self._watching():
            await super().listen_notify(on_notification, channels)


class Worker:
    """One worker, from its registration to its end, under a name that no other one has or had.

    `lost` is set when the database goes away: the jobs at work may go on, but nobody hears from this worker.
    """

    def __init__(self, url: str, line: dict[str, Any], name: str, concurrency: int, serve: Serve) -> None:
        for logger in ("procrastinate", "psycopg.pool"):  # they log tracebacks; what matters is logged by ours
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
        self.lost = asyncio.Event()
        connector = Watched(self.lost, conninfo=url, kwargs=line, min_size=1, max_size=4, timeout=15.0)
        self._app = app(connector, serve)
        self._worker = worker.Worker(
            self._app,
            name=name,
            concurrency=concurrency,
            fetch_job_polling_interval=POLL,
            update_heartbeat_interval=BEAT,
            stalled_worker_timeout=DEAD,
            delete_jobs="always",
            install_signal_handlers=False,
        )
        self._stopped = False

    async def run(self, registered: Callable[[int], Awaitable[None]], reaped: Callable[[], Awaitable[None]]) -> None:
        """Works until `stop`, and until its jobs have ended. `registered` gets the number of the worker; `reaped` is
        called at the start and when jobs of dead workers were ended. Raises the error of the database."""
        try:
            async with self._app.open_async():
                running: Awaitable[None] = self._worker.run()  # type: ignore[no-untyped-call]
                work = asyncio.ensure_future(running)
                await asyncio.sleep(0)  # its first step clears a stop that came before
                if self._stopped:
                    self._worker.stop()  # type: ignore[no-untyped-call]
                reaper = asyncio.create_task(self._reap(work, registered, reaped))
                await asyncio.wait({work, reaper}, return_when=asyncio.FIRST_COMPLETED)
                reaper.cancel()
                self.stop()
                for one in await asyncio.gather(work, reaper, return_exceptions=True):
                    if isinstance(one, Exception):
                        raise one
        except exceptions.ConnectorException as error:
            raise error.__cause__ or error from None
        finally:
            self.lost.set()

    def stop(self) -> None:
        """Takes no further job; `run` ends when the jobs at work have ended."""
        if not self._stopped:
            self._stopped = True
            self._worker.stop()  # type: ignore[no-untyped-call]

    async def _reap(
        self,
        work: "asyncio.Future[None]",
        registered: Callable[[int], Awaitable[None]],
        reaped: Callable[[], Awaitable[None]],
    ) -> None:
        while self._worker.worker_id is None and not work.done():
            await asyncio.sleep(0.05)
        if self._worker.worker_id is not None:
            await registered(self._worker.worker_id)
        await self._end_stalled()
        await reaped()
        while True:
            await asyncio.sleep(BEAT)
            if await self._end_stalled():
                await reaped()

    async def _end_stalled(self) -> int:
        """Ends the jobs of dead workers; another worker may have done it meanwhile."""
        jobs = self._app.job_manager
        stalled = list(await jobs.get_stalled_jobs(seconds_since_heartbeat=DEAD))
        for one in stalled:
            with contextlib.suppress(exceptions.ConnectorException):
                await jobs.finish_job_by_id_async(one.id or 0, Status.FAILED, delete_job=True)
        return len(stalled)
