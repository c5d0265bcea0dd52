"""The tables of the fleet, against a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from sfdc_escalator.escalation.fleet.due import is_behind
from sfdc_escalator.escalation.fleet.member import Ending, Member, MemberState
from sfdc_escalator.escalation.fleet.rollout import offer
from sfdc_escalator.fleet import tables
from sfdc_escalator.fleet.book import Book
from sfdc_escalator.wiring.fleet.work import begun as begin_run

ONE, TWO = Member("one", 60, 48, canary=True), Member("two", 60, 48)


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options=f"-csearch_path={tables.SCHEMA}") as line:
        cursor = line.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def jobs(url: str) -> list[tuple[object, ...]]:
    return execute(url, "SELECT queueing_lock, status::text, priority FROM procrastinate_jobs ORDER BY id")


def state(url: str, org: str = "two") -> MemberState:
    with Book.opened(url, writing=False) as book:
        found = book.state(org)
    assert found
    return found


@pytest.fixture
def fleet(url: str) -> str:
    """Two orgs and their first policies."""
    with Book.opened(url) as book:
        book.keep_members([ONE, TWO])
        book.keep_rollout(offer(book.rollout, "old", ["one"], 1, book.now))
        book.keep_policies("old", ["0/policies/p.yaml"], {"0/policies/p.yaml": "eA=="})
    return url


def begun(url: str, org: str = "two") -> int:
    """The job of an org that a worker has begun."""
    with Book.opened(url) as book:
        book.enqueue_due()
    ((job,),) = execute(url, f"UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = '{org}' RETURNING id")
    assert isinstance(job, int)
    with Book.opened(url) as book:
        assert book.begin(org, job, "worker-1") == "old"
    return job


def test_several_schedules_at_a_time_queue_each_org_once(fleet: str) -> None:
    def look(_: int) -> list[str]:
        with Book.opened(fleet) as book:
            return book.enqueue_due()

    with ThreadPoolExecutor(4) as pool:
        queued = [org for orgs in pool.map(look, range(8)) for org in orgs]
    assert sorted(queued) == ["one", "two"]
    assert jobs(fleet) == [("one", "todo", 0), ("two", "todo", 0)]


def test_a_run_that_a_person_asks_for_waits_once(fleet: str) -> None:
    with Book.opened(fleet) as book:
        assert [book.enqueue(state(fleet), asked=True) for _ in range(3)] == [True, False, False]
        assert book.enqueue_due() == ["one"]


def test_a_run_that_ended_leaves_its_org_due_one_interval_after_its_planned_start(fleet: str) -> None:
    job, planned = begun(fleet), state(fleet).due
    assert (state(fleet).started is not None, state(fleet).is_live) == (True, True)
    with Book.opened(fleet) as book:
        book.end("two", job, Ending(0, "run-1"))
    after = state(fleet)
    assert after.last
    assert (after.last.code, after.last.run, after.started, after.job) == (0, "run-1", None, None)
    assert after.due == planned + timedelta(seconds=60)


def test_an_org_that_fails_waits_longer_and_comes_after_the_others(fleet: str) -> None:
    job = begun(fleet)
    with Book.opened(fleet) as book:
        book.end("two", job, Ending(5, None, "the org does not accept the login"))
    execute(fleet, "DELETE FROM procrastinate_jobs; UPDATE fleet_orgs SET due = now(), failures = 3, job = NULL")
    with Book.opened(fleet) as book:
        assert book.enqueue_due() == ["one", "two"]
    assert {priority for _, _, priority in jobs(fleet)} == {-3}


def test_a_run_that_was_cut_off_is_due_at_once_and_is_not_a_failure(fleet: str) -> None:
    job = begun(fleet)
    with Book.opened(fleet) as book:
        book.end("two", job, Ending(3, None, None, speaks=False, again=True))
        execute_in_time = book.now
    assert (state(fleet).failures, state(fleet).due) == (0, execute_in_time)


def test_a_run_whose_job_is_gone_has_died_with_its_worker_and_is_made_again_at_once(fleet: str) -> None:
    begun(fleet)
    execute(fleet, "DELETE FROM procrastinate_jobs")
    with Book.opened(fleet) as book:
        assert "two" in book.enqueue_due()
    last = state(fleet).last
    assert last
    assert (last.code, last.reason, state(fleet).failures) == (None, "its worker worker-1 died", 0)


def test_the_end_of_a_run_whose_place_another_one_took_is_not_kept(fleet: str) -> None:
    job = begun(fleet)
    execute(fleet, "DELETE FROM procrastinate_jobs")
    begun(fleet)
    with Book.opened(fleet) as book:
        book.end("two", job, Ending(2, None, "late"))
    assert state(fleet).started is not None
    assert state(fleet).failures == 0


def test_a_job_that_was_taken_from_a_stopped_worker_begins_no_run(fleet: str) -> None:
    """The worker was stopped after it had taken the job; another one serves the org meanwhile."""
    old = begun(fleet)
    execute(fleet, "DELETE FROM procrastinate_jobs")
    new = begun(fleet)
    with Book.opened(fleet) as book:
        assert begin_run(book, "two", old, "worker-2") == "taken over by another worker"
    assert (state(fleet).job, state(fleet).worker) == (new, "worker-1")


def test_a_run_without_its_policies_is_not_begun(fleet: str) -> None:
    job = begun(fleet)
    execute(fleet, "DELETE FROM fleet_policies")
    with Book.opened(fleet) as book:
        assert begin_run(book, "two", job, "worker-1") == "the policies old are not stored"
    assert (state(fleet).job, state(fleet).started) == (None, None)


def test_a_run_that_a_person_asks_for_is_made_also_where_one_of_the_schedule_waits(fleet: str) -> None:
    """The schedule's run of a paused org is not made."""
    with Book.opened(fleet) as book:
        book.enqueue_due()
        book.pause("two", paused=True)
        assert not book.enqueue(state(fleet), asked=True)
    assert execute(fleet, "SELECT args ->> 'org', args ->> 'asked' FROM procrastinate_jobs ORDER BY 1") == [
        ("one", "false"),
        ("two", "true"),
    ]


def test_the_end_of_a_run_whose_org_left_the_file_meanwhile_is_kept(fleet: str) -> None:
    job = begun(fleet)
    with Book.opened(fleet) as book:
        book.keep_members([ONE])
        book.end("two", job, Ending(0, "run-1"))
        book.keep_members([ONE, TWO])
    after = state(fleet)
    assert after.last
    assert (after.last.run, after.job, after.started) == ("run-1", None, None)


def test_an_org_that_leaves_the_file_and_comes_back_is_served_no_more_often_than_before(fleet: str) -> None:
    """Two hosts whose files differ list it and remove it again and again."""
    job = begun(fleet)
    with Book.opened(fleet) as book:
        book.end("two", job, Ending(0))
        book.keep_members([ONE])
        book.keep_members([ONE, TWO])
        assert "two" not in book.enqueue_due()
    last = state(fleet).last
    assert last
    assert state(fleet).due == last.started + timedelta(seconds=60)


def test_an_org_that_left_the_file_is_not_queued_and_begins_no_run(fleet: str) -> None:
    with Book.opened(fleet) as book:
        book.keep_members([ONE])
        assert book.enqueue_due() == ["one"]
        assert book.begin("two", 77, "worker-1") is None
        book.keep_members([ONE, TWO])
        assert book.enqueue_due() == ["two"]


def test_a_paused_org_is_not_queued_until_it_is_resumed(fleet: str) -> None:
    with Book.opened(fleet) as book:
        book.pause("two", paused=True)
        assert book.enqueue_due() == ["one"]
        book.pause("two", paused=False)
        assert book.enqueue_due() == ["two"]


def test_an_org_that_is_resumed_is_not_behind(fleet: str) -> None:
    execute(fleet, "UPDATE fleet_orgs SET due = due - interval '1 hour'")
    with Book.opened(fleet) as book:
        book.pause("two", paused=True)
        assert is_behind(state(fleet), book.now)
        book.pause("two", paused=False)
    assert not is_behind(state(fleet), book.now)


def test_a_shorter_interval_counts_at_once(fleet: str) -> None:
    job = begun(fleet)
    with Book.opened(fleet) as book:
        book.end("two", job, Ending(0))
        started = book.now
        book.keep_members([ONE, TWO._replace(every=20)])
    assert state(fleet).due <= started + timedelta(seconds=20)


def test_the_runs_of_a_canary_bring_changed_policies_to_all(fleet: str) -> None:
    with Book.opened(fleet) as book:
        book.keep_rollout(offer(book.rollout, "new", ["one"], 1, book.now))
        book.keep_policies("new", ["p"], {"p": ""})
        book.begin("one", 5, "worker-1")
        book.begin("two", 6, "worker-1")
    assert (state(fleet, "one").policies, state(fleet).policies) == ("new", "old")
    with Book.opened(fleet) as book:
        book.end("one", 5, Ending(0))
        assert (book.rollout.state, book.rollout.stable, sorted(book.digests())) == (
            "everywhere",
            "new",
            ["new", "old"],
        )


def test_policies_that_nobody_can_go_back_to_are_forgotten(fleet: str) -> None:
    with Book.opened(fleet) as book:
        for digest in ("a", "b", "c"):
            book.keep_rollout(offer(book.rollout, digest, [], 1, book.now))
            book.keep_policies(digest, ["p"], {"p": ""})
        assert sorted(book.digests()) == ["b", "c"]
