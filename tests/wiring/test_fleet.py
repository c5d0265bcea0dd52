"""The schedule's view of the policy files, and the end of a run by what it printed."""

import asyncio
import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.errors import StoppedEarly
from sfdc_escalator.escalation.fleet.member import Ending, Member
from sfdc_escalator.files.orgs.orgs import OrgEntry
from sfdc_escalator.files.snapshot import Snapshot
from sfdc_escalator.fleet import child
from sfdc_escalator.fleet.child import Child, Ended
from sfdc_escalator.ledger.engines.registry import database_of
from sfdc_escalator.pipeline.stop import Stop
from sfdc_escalator.wiring.env_file import with_env_file
from sfdc_escalator.wiring.fleet import work as work_module
from sfdc_escalator.wiring.fleet.place import Fleet
from sfdc_escalator.wiring.fleet.runs import ending_of, environ_of
from sfdc_escalator.wiring.fleet.schedule import Schedule
from sfdc_escalator.wiring.fleet.work import Work
from sfdc_escalator.wiring.surroundings import Surroundings

POLICY = "policy: p\nroutes: [{name: r, reason: R., when: [{field: Type, is: A}], escalate: {status: B}}]\n"
FOLDER = "/state/fleet/abc/"


def failed(code: str, message: str, *problems: str) -> bytes:
    listed = [{"message": one, "file": f"{FOLDER}0/p.yaml", "line": 7} for one in problems]
    return json.dumps({"error": {"code": code, "message": message, "problems": listed}, "exit": 2}).encode()


@pytest.mark.parametrize(
    ("done", "ending"),
    [
        (Ended(0, b'{"run": "r1"}', False), Ending(0, "r1")),
        (Ended(4, b'{"run": "r1"}', False), Ending(4, "r1")),
        (
            Ended(2, failed("invalid", f"bad {FOLDER}p.yaml", "unknown key"), False),
            Ending(2, None, "bad p.yaml; 0/p.yaml:7: unknown key"),
        ),
        # Somebody stopped it before it was done: that is not one of the runs that a canary has finished.
        (Ended(3, failed(StoppedEarly.code, "interrupted"), False), Ending(3, None, "interrupted", speaks=False)),
        # The database that holds the queue was away: that does not count against the policies.
        (Ended(2, failed("ledger_unusable", "away"), False), Ending(2, None, "away", speaks=False)),
        (
            Ended(0, b'{"busy": {"pid": 7}, "run": null}', False),
            Ending(0, None, "another run was at work on this org", speaks=False),
        ),
        (Ended(1, b"", False), Ending(1, None, "it printed no result")),
        (Ended(0, b"{", False), Ending(0, None, "it printed no result", speaks=False)),
        (Ended(0, b"[]", False), Ending(0, None, "it printed no result", speaks=False)),
        (Ended(-9, b"", False), Ending(None, None, "ended by SIGKILL", speaks=False)),
    ],
)
def test_a_run_ends_as_it_printed(done: Ended, ending: Ending) -> None:
    assert ending_of(done, 48, FOLDER, stopped=False) == ending


def test_a_run_that_is_overdue_was_killed() -> None:
    ending = ending_of(Ended(-9, b"", True), 48, FOLDER, stopped=False)
    assert (ending.code, ending.speaks, ending.again) == (None, False, False)
    assert ending.reason
    assert ending.reason.startswith("killed at its deadline of 48 s")


@pytest.mark.parametrize(("code", "again"), [(3, True), (0, False), (-15, True)])
def test_a_run_that_its_worker_stopped_is_made_again_unless_it_was_done(code: int, again: bool) -> None:
    ending = ending_of(Ended(code, b'{"run": "r1"}', False), 48, FOLDER, stopped=True)
    assert (ending.again, ending.speaks) == (again, False)


def test_a_run_that_the_signal_for_its_worker_ended_too_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service manager may send a signal to a worker and to its runs at the same time."""
    monkeypatch.setattr(child, "PROGRAM", ["/bin/sh", "-c", "kill -TERM $$"])
    stop, ended = Stop(), Child.ended

    async def meanwhile(run: Child, deadline: float) -> Ended:
        stop.call_off("SIGTERM")
        return await ended(run, deadline)

    monkeypatch.setattr(Child, "ended", meanwhile)
    ending = asyncio.run(Work(fleet_in(tmp_path), 1, stop)._run(Member("acme", 60, 48), Snapshot("d", (), {})))
    assert ending == Ending(None, None, "ended by SIGTERM", speaks=False, again=True)


def test_the_end_of_a_job_that_another_worker_took_is_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As after SIGSTOP and SIGCONT; the error comes when nobody waits for it."""
    stop = Stop()
    stop.call_off("SIGTERM")
    work = Work(fleet_in(tmp_path), 1, stop)

    async def worked() -> None:
        await work.until_stopped()
        lost = asyncio.ensure_future(refused())
        await asyncio.wait({lost})

    async def refused() -> None:
        raise RuntimeError("Database error.") from ValueError("Job was not found")

    asyncio.run(worked())
    gc.collect()
    assert [(one.message, one.__dict__["reason"]) for one in caplog.records] == [
        ("fleet.job_lost", "Job was not found")
    ]


def surroundings(folder: Path, **environ: str) -> Surroundings:
    return Surroundings(environ, folder, lambda _: None)


def test_a_signal_while_a_worker_looks_at_its_files_ends_it_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, stop = fleet_in(tmp_path), Stop()
    listening: list[Stop] = []

    @contextmanager
    def stopping(_deadline: float | None) -> Iterator[Stop]:
        listening.append(stop)
        yield stop

    def signalled(_self: Fleet) -> None:
        for one in listening:
            one.call_off("SIGTERM")

    monkeypatch.setattr(Fleet, "check", signalled)
    monkeypatch.setattr(work_module, "fleet_of", lambda _surroundings, _ledger: fleet)
    monkeypatch.setattr(Work, "_until_lost", never)
    work_module.work(replace(fleet.surroundings, stopping=stopping), None, 1)
    assert listening


async def never(_self: Work) -> None:
    pytest.fail("the worker began, although it was stopped")


def fleet_in(folder: Path) -> Fleet:
    url = "postgresql://u@h/d"
    return Fleet(surroundings(folder, XDG_STATE_HOME=str(folder)), dict[str, OrgEntry](), database_of(url), url)


def test_a_run_gets_the_environment_of_its_worker_without_files_that_runs_would_share(tmp_path: Path) -> None:
    given = {"TOKEN": "secret", "SFDC_ESCALATOR_METRICS": "m.prom", "SFDC_ESCALATOR_BACKLOG": "adopt"}
    url = "postgresql://u@h/d"
    fleet = Fleet(surroundings(tmp_path, **given), dict[str, OrgEntry](), database_of(url), url, url)
    expected = {"TOKEN": "secret", "SFDC_ESCALATOR_BACKLOG": "adopt", "SFDC_ESCALATOR_LEDGER": url}
    assert {name: value for name, value in environ_of(fleet).items() if value} == expected
    assert environ_of(fleet)["SFDC_ESCALATOR_METRICS"] == ""


def test_a_run_reads_the_env_file_as_it_is_then(tmp_path: Path) -> None:
    """A secret that was changed there after the start of the worker counts from the next run on."""
    (tmp_path / "config").mkdir()
    (tmp_path / ".env").write_text("TOKEN=of-the-start\n")
    (tmp_path / ".env").chmod(0o600)
    here, url = with_env_file(surroundings(tmp_path, PATH="/bin")), "postgresql://u@h/d"
    assert here.environ["TOKEN"] == "of-the-start"
    fleet = Fleet(here, dict[str, OrgEntry](), database_of(url), url)
    assert {name: value for name, value in environ_of(fleet).items() if value} == {"PATH": "/bin"}


def test_changed_policies_count_when_they_were_the_same_at_two_looks(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "policies"
    folder.mkdir(parents=True)
    (folder / "p.yaml").write_text(POLICY)
    schedule = Schedule(surroundings(tmp_path), None, ())
    first = schedule.snapshot().digest
    (folder / "p.yaml").write_text(POLICY[:40])  # a copy that is under way
    assert schedule.snapshot().digest == first
    (folder / "p.yaml").write_text(POLICY.replace("is: A", "is: B"))
    assert schedule.snapshot().digest == first
    second = schedule.snapshot().digest
    assert second != first
    (folder / "p.yaml").unlink()
    assert [schedule.snapshot().digest for _ in range(3)] == [second] * 3


def test_files_that_are_as_they_were_are_not_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "policies"
    folder.mkdir(parents=True)
    (folder / "p.yaml").write_text(POLICY)
    schedule = Schedule(surroundings(tmp_path), None, ())
    assert schedule.snapshot() is schedule.snapshot()
