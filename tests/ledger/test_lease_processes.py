"""Two processes, one lease; and processes that die."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sfdc_escalator.errors import RunBusy
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.writing.holder import Holder
from tests.ledger.kinds import Kind
from tests.ledger.sample import all_of, change, escalation, start

ROOT = Path(__file__).parents[2]

HOLD = """
import socket, sys
from sfdc_escalator.errors import LeaseLost
from sfdc_escalator.ledger.store import open_ledger
from tests.ledger.sample import change, escalation, start
if len(sys.argv) > 2:
    socket.gethostname = lambda: sys.argv[2]
with open_ledger(sys.argv[1], create=True) as ledger, ledger.lease(start("of-the-child")) as lease:
    lease.record([change(escalation(1))])
    print("holding", flush=True)
    sys.stdin.read()
    for write in (lease.check, lambda: lease.record([change(escalation(2))]), lambda: lease.finish({})):
        try:
            write()
        except LeaseLost:
            print("lost", flush=True)
"""

COMPETE = """
import json, sys
from sfdc_escalator.errors import RunBusy
from sfdc_escalator.ledger.store import open_ledger
from sfdc_escalator.escalation.world.escalation import EscalationState
from tests.ledger.sample import change, escalation, start
won = []
with open_ledger(sys.argv[1], create=True) as ledger:
    for turn in range(40):
        try:
            with ledger.lease(start(f"{sys.argv[2]}-{turn}")) as lease:
                lease.record([change(escalation(int(sys.argv[3]) + turn))])
                lease.record([change(escalation(int(sys.argv[3]) + turn), EscalationState.APPLIED)])
            won.append(turn)
        except RunBusy:
            pass
print(json.dumps(won))
"""


def child(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_killed_holder_loses_the_lease_at_once_and_what_it_was_sending_is_unknown(kind: Kind) -> None:
    with child(HOLD, kind.where) as holder, kind.open() as ledger:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(RunBusy) as busy, ledger.lease(start()):
            pass
        assert busy.value.pid == holder.pid
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)
        assert all_of(ledger)[0].state is EscalationState.SENDING
        with ledger.lease(start()) as lease:
            assert all_of(ledger)[0].state is EscalationState.UNKNOWN
            lease.record([change(escalation(1), EscalationState.APPLIED)])
    assert kind.verify().problems == ()


def test_a_zombie_process_does_not_hold_the_lease(kind: Kind) -> None:
    """A parent that does not collect its ended child leaves it in the process list."""
    with child(HOLD, kind.where) as holder, kind.open() as ledger:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
        assert holder.stdout.read() == ""  # it has ended, though nobody has waited for it
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        with ledger.lease(start()):
            pass


def test_two_processes_never_hold_the_lease_together(kind: Kind) -> None:
    kind.open().close()
    with (
        child(COMPETE, kind.where, "a", "1000") as one,
        child(COMPETE, kind.where, "b", "2000") as two,
    ):
        won = [json.loads(each.communicate(timeout=120)[0]) for each in (one, two)]
    assert any(won)
    actual = kind.execute("SELECT run, event FROM events ORDER BY seq")
    assert [actual[place : place + 3] for place in range(0, len(actual), 3)] == [
        [(run, "run_started"), (run, "intended"), (run, "applied")] for run in dict(actual)
    ]
    assert len(actual) == 3 * sum(map(len, won))
    assert kind.verify().problems == ()


def test_a_holder_on_another_host_keeps_the_lease_until_it_is_silent_and_then_writes_no_more(kind: Kind) -> None:
    """One host cannot see whether a process on another host has ended."""
    with child(HOLD, kind.where, "elsewhere") as holder, kind.open() as ledger:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "holding\n"
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(RunBusy) as busy, ledger.lease(start()):
            pass
        assert busy.value.host == "elsewhere"
        kind.execute("UPDATE leases SET heartbeat_at = '2020-01-01T00:00:00Z'")
        with ledger.lease(start()) as lease:
            holder.send_signal(signal.SIGCONT)
            holder.stdin.close()
            assert holder.stdout.read() == "lost\n" * 3
            lease.record([change(escalation(1), EscalationState.APPLIED)])
        assert [one.state for one in all_of(ledger)] == [EscalationState.APPLIED]
    assert kind.verify().problems == ()


def test_a_reused_process_number_is_not_the_holder(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(start()):
        kind.execute("UPDATE leases SET pid_start = '1'")
        with ledger.lease(start("run-2")):
            pass


def test_after_a_restart_of_the_machine_the_lease_ends_by_time(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(start()):
        kind.execute("UPDATE leases SET boot = 'another', pid = 999999999")
        with pytest.raises(RunBusy), ledger.lease(start("run-2")):
            pass


def test_the_own_process_is_not_gone() -> None:
    me = Holder.of_this_process()
    assert not me.is_gone(me)
    assert me.boot
    assert me.pid_start
