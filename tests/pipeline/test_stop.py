"""A run stops sending on a signal, when its time or its API calls are used up, or after equal failures of the org."""

import signal
import threading
from math import inf

import pytest

from sfdc_escalator.cli.stopping import stop_on_signals
from sfdc_escalator.errors import LeaseLost
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.planning.chunks import lanes
from sfdc_escalator.pipeline.applying import deliver
from sfdc_escalator.pipeline.applying.apply import send_all
from sfdc_escalator.pipeline.applying.deliver import Delivery
from sfdc_escalator.pipeline.applying.smaller_parts import Tries
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk, Committed, NotExecuted, Unknown
from sfdc_escalator.pipeline.run_clock import Reading, RunClock
from sfdc_escalator.pipeline.stop import ALIKE, Stop
from tests.builders import NOW, planned
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.stories.moments import signal_to_this_thread


def orders(count: int) -> list[Order]:
    return [planned(number) for number in range(1, count + 1)]


def sent_one_by_one(org: FakeOrg, count: int, stop: Stop, calls: float = inf) -> list[Outcome]:
    ended: list[Outcome] = []
    delivery = Delivery(org, FakeLedger(), NOW, RunClock(NOW), stop, calls, ended.append)
    for order in orders(count):
        delivery.send((order,), Tries.of((order,)))
    return ended


def states(ended: list[Outcome]) -> list[State]:
    return [one.state for one in ended]


def test_a_stopped_run_sends_nothing_more_and_reports_the_reason() -> None:
    stop = Stop()
    stop.pull("SIGTERM")
    org = FakeOrg()
    ended = sent_one_by_one(org, 2, stop)
    assert states(ended) == [State.DEFERRED] * 2
    assert all("SIGTERM" in one.reason for one in ended)
    assert not org.writes


def test_an_order_that_was_never_sent_is_not_in_the_ledger() -> None:
    stop, ledger = Stop(), FakeLedger()
    stop.pull("the deadline has passed")
    send_all(Delivery(FakeOrg(), ledger, NOW, RunClock(NOW), stop, inf, lambda _: None), lanes(orders(3)))
    assert not ledger.changes


@pytest.mark.parametrize("answer", [Unknown("no answer"), NotExecuted("refused")])
def test_a_run_stops_after_three_equal_failures_of_the_org(answer: Answer) -> None:
    org = FakeOrg(script=lambda _: answer)
    stop = Stop()
    ended = sent_one_by_one(org, 5, stop)
    assert len(org.writes) == ALIKE
    assert states(ended)[ALIKE:] == [State.DEFERRED] * (5 - ALIKE)
    assert stop.reason is not None
    assert "3 times in a row" in stop.reason


def test_failures_with_successes_between_them_do_not_stop_the_run() -> None:
    def every_other(chunk: Chunk) -> Answer:
        return Unknown("no answer") if int(chunk.writes[0].case_id[3:15]) % 2 else Committed("call")

    org = FakeOrg(script=every_other)
    stop = Stop()
    sent_one_by_one(org, 8, stop)
    assert len(org.writes) == 8
    assert stop.reason is None


def test_the_policys_share_of_the_api_calls_is_never_exceeded() -> None:
    org, stop = FakeOrg(), Stop()
    ended = sent_one_by_one(org, 5, stop, calls=2)
    assert len(org.writes) == 2
    assert states(ended) == [State.APPLIED] * 2 + [State.DEFERRED] * 3
    assert stop.reason is not None
    assert "api_budget" in stop.reason


def test_a_process_that_was_paused_between_intent_and_send_does_not_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was stopped for longer than a minute: the data that it read is too old."""
    monkeypatch.setattr(Reading, "age", lambda _: deliver.LONGEST_PAUSE)
    org = FakeOrg()
    ended = sent_one_by_one(org, 1, Stop())
    assert states(ended) == [State.DEFERRED]
    assert not org.writes


def test_a_lease_that_was_lost_after_the_intent_stops_the_send() -> None:
    class Taken(FakeLedger):
        def check(self) -> None:
            raise LeaseLost()

    org = FakeOrg()
    delivery = Delivery(org, Taken(), NOW, RunClock(NOW), Stop(), inf, lambda _: None)
    with pytest.raises(LeaseLost):
        delivery.send(tuple(orders(1)), Tries.of(tuple(orders(1))))
    assert not org.writes


def test_sigterm_stops_the_run_and_not_the_process() -> None:
    with stop_on_signals(None) as stop:
        signal_to_this_thread(signal.SIGTERM)
        signal_to_this_thread(signal.SIGTERM)
    assert stop.reason == "SIGTERM"


def test_the_deadline_stops_the_run() -> None:
    pulled = threading.Event()
    with stop_on_signals(0.001) as stop:
        for _ in range(6000):
            if stop.reason or pulled.wait(0.01):
                break
    assert stop.reason == "the deadline has passed"


def test_the_first_reason_stays() -> None:
    stop = Stop()
    stop.pull("SIGTERM")
    stop.pull("the deadline has passed")
    assert stop.reason == "SIGTERM"
