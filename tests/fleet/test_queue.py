"""Workers on the queue, against a real PostgreSQL."""

import asyncio
from collections import Counter

import psycopg
import pytest

from sfdc_escalator.escalation.fleet.member import Member
from sfdc_escalator.escalation.fleet.rollout import offer
from sfdc_escalator.fleet import queue, tables
from sfdc_escalator.fleet.book import Book

ORGS = ("one", "two", "three")


def enqueue(url: str) -> list[str]:
    with Book.opened(url) as book:
        book.keep_members([Member(org, 60, 48) for org in ORGS])
        book.keep_rollout(offer(book.rollout, "old", [], 1, book.now))
        return book.enqueue_due()


class Crew:
    """Two workers that serve orgs by counting them."""

    def __init__(self, url: str, wanted: int) -> None:
        self.url, self.wanted = url, wanted
        self.served: Counter[str] = Counter()
        self.at_work: Counter[str] = Counter()
        self.together: set[str] = set()
        self.numbers: list[int] = []
        self.reaps = 0
        self.workers = [queue.Worker(url, tables.LINE, name, 4, self.serve) for name in ("a", "b")]

    async def serve(self, org: str, job: int, asked: bool) -> None:
        self.at_work[org] += 1
        if self.at_work[org] > 1:
            self.together.add(org)
        if not asked and self.served[org] == 0:  # the next one waits, and is not begun meanwhile
            with Book.opened(self.url) as book:
                state = book.state(org)
                assert state
                assert book.enqueue(state, asked=True)
        await asyncio.sleep(0.02)
        self.at_work[org] -= 1
        self.served[org] += 1
        if self.served.total() == self.wanted:
            for worker in self.workers:
                worker.stop()

    async def registered(self, number: int) -> None:
        self.numbers.append(number)

    async def reaped(self) -> None:
        self.reaps += 1

    async def work(self) -> None:
        await asyncio.gather(*(worker.run(self.registered, self.reaped) for worker in self.workers))


def test_two_jobs_of_one_org_are_never_at_work_at_a_time(url: str) -> None:
    assert enqueue(url) == sorted(ORGS)

    async def work() -> Crew:
        crew = Crew(url, 6)
        await crew.work()
        return crew

    crew = asyncio.run(work())
    assert (crew.served, crew.together) == (Counter(dict.fromkeys(ORGS, 2)), set())
    assert len(set(crew.numbers)) == 2


def test_the_job_of_a_dead_worker_is_taken_again_also_beside_one_that_waits(url: str) -> None:
    """A job with both locks cannot go back to a queue where another one waits: it ends, and the org is served."""
    enqueue(url)
    with psycopg.connect(url, options=f"-csearch_path={tables.SCHEMA}") as line:
        row = line.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '16 s') RETURNING id"
        )
        dead = (row.fetchone() or (0,))[0]
        line.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE lock = 'one'", (dead,))
    with Book.opened(url) as book:
        state = book.state("one")
        assert state
        assert book.enqueue(state, asked=True)

    async def work() -> Crew:
        crew = Crew(url, 5)
        await crew.work()
        return crew

    crew = asyncio.run(work())
    assert (crew.served, crew.together) == (Counter(one=1, two=2, three=2), set())
    assert crew.reaps >= 2


def test_a_stop_that_comes_while_the_queue_is_opened_ends_the_worker(url: str) -> None:
    """As SIGTERM while the database is slow to take connections."""
    enqueue(url)

    async def work() -> Crew:
        crew = Crew(url, 9)
        for worker in crew.workers:
            worker.stop()
        await asyncio.wait_for(crew.work(), 60)
        return crew

    assert asyncio.run(work()).served == Counter()


def test_a_worker_that_was_taken_for_dead_ends_and_leaves_the_job_to_others(url: str) -> None:
    """As after a pause of the machine: its row was removed, so it may not take jobs under this number any more."""
    served = []

    async def serve(org: str, job: int, asked: bool) -> None:
        served.append(org)

    async def forgotten(number: int) -> None:
        with psycopg.connect(url, options=f"-csearch_path={tables.SCHEMA}") as line:
            line.execute("DELETE FROM procrastinate_workers WHERE id = %s", (number,))

    async def reaped() -> None:
        await asyncio.to_thread(enqueue, url)

    async def work() -> None:
        worker = queue.Worker(url, tables.LINE, "a", 4, serve)
        try:
            await worker.run(forgotten, reaped)
        finally:
            assert worker.lost.is_set()

    with pytest.raises(psycopg.Error):
        asyncio.run(work())
    with psycopg.connect(url, options=f"-csearch_path={tables.SCHEMA}") as line:
        assert line.execute("SELECT DISTINCT status::text FROM procrastinate_jobs").fetchall() == [("todo",)]
    assert served == []
