"""The delivery of chunks: side by side, but never two that lock the same record."""

from dataclasses import dataclass, field
from math import inf
from threading import Barrier, Lock

import pytest

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.planning.chunks import lanes
from sfdc_escalator.pipeline.applying import apply
from sfdc_escalator.pipeline.applying.deliver import Delivery
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import NOW, planned
from tests.pipeline.fakes import FakeLedger, FakeOrg


@dataclass
class BusyOrg(FakeOrg):
    """An org that counts the writes at the same time; `meeting` makes them wait for each other."""

    meeting: Barrier | None = None
    under_way: int = 0
    most_under_way: int = 0
    counting: Lock = field(default_factory=Lock)

    def write(self, chunk: Chunk) -> Answer:
        with self.counting:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        if self.meeting is not None:
            self.meeting.wait(timeout=120)
        answer = super().write(chunk)
        with self.counting:
            self.under_way -= 1
        return answer


def send(org: FakeOrg, orders: list[Order]) -> list[Outcome]:
    ended: list[Outcome] = []
    apply.send_all(Delivery(org, FakeLedger(), NOW, RunClock(NOW), Stop(), inf, ended.append), lanes(orders))
    return ended


def test_chunks_of_different_cases_go_side_by_side() -> None:
    org = BusyOrg(meeting=Barrier(2))
    assert len(send(org, [planned(number) for number in range(1, 301)])) == 300
    assert org.most_under_way == 2


def test_chunks_of_one_account_follow_each_other_in_order() -> None:
    org = BusyOrg()
    ended = send(org, [planned(number, account="001000000000001AAA") for number in range(1, 451)])
    assert org.sent == [list(range(1, 201)), list(range(201, 401)), list(range(401, 451))]
    assert org.most_under_way == 1
    assert {one.state for one in ended} == {State.APPLIED}


def test_after_a_slow_call_chunks_go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "SLOW_CALL", 0.0)
    gate = apply.Gate()
    with gate.passage():
        assert not gate.slow
    assert gate.slow
    with gate.passage():
        assert gate.one_by_one.locked()
    assert not gate.one_by_one.locked()


def test_without_orders_nothing_is_sent() -> None:
    org = FakeOrg()
    assert send(org, []) == []
    assert org.writes == []
