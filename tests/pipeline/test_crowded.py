"""Too many calls at the same time pass: a write that never ran is sent again, beside no other."""

from math import inf

import pytest

from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.planning.chunks import lanes
from sfdc_escalator.pipeline.applying.apply import send_all
from sfdc_escalator.pipeline.applying.deliver import CROWDED_TRIES, Delivery
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk, NotExecuted
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import NOW, planned
from tests.pipeline.fakes import FakeLedger, FakeOrg


class CrowdedOrg(FakeOrg):
    """An org that refuses the first `times` writes; `asked` are the waits that it asked for, as they reach `pause`."""

    times: int
    patient: bool = True

    def __init__(self, times: int, retry_after: float | None) -> None:
        super().__init__()
        self.times, self.retry_after = times, retry_after
        self.asked: list[float | None] = []

    def write(self, chunk: Chunk) -> Answer:
        if self.times:
            self.times -= 1
            return NotExecuted("too many calls at the same time", crowded=True, retry_after=self.retry_after)
        return super().write(chunk)

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        self.asked.append(asked)
        return self.patient


def deliver(org: CrowdedOrg, cases: int = 2) -> tuple[Delivery, list[Outcome]]:
    ended: list[Outcome] = []
    delivery = Delivery(org, FakeLedger(), NOW, RunClock(NOW), Stop(), inf, ended.append)
    send_all(delivery, lanes([planned(number) for number in range(1, cases + 1)]))
    return delivery, ended


@pytest.mark.parametrize("retry_after", [None, 7.0])
def test_a_write_that_never_ran_is_sent_again_as_a_whole(retry_after: float | None) -> None:
    org = CrowdedOrg(2, retry_after)
    delivery, ended = deliver(org)
    assert [one.state for one in ended] == [State.APPLIED] * 2
    assert (len(org.writes), org.asked, delivery.gate.slow) == (1, [retry_after] * 2, True)
    assert (delivery.stop.reason, delivery.trouble) == (None, None)


def test_many_chunks_that_are_refused_once_do_not_stop_the_run() -> None:
    org = CrowdedOrg(3, None)
    _, ended = deliver(org, cases=700)
    assert {one.state for one in ended} == {State.APPLIED}


@pytest.mark.parametrize("patient", [True, False], ids=["tries used up", "time used up"])
def test_a_limit_that_does_not_pass_ends_the_run_with_its_reason(patient: bool) -> None:
    org = CrowdedOrg(99, None)
    org.patient = patient
    delivery, ended = deliver(org)
    assert [one.state for one in ended] == [State.DEFERRED] * 2
    assert len(org.asked) == (CROWDED_TRIES if patient else 1)
    assert "at the same time" in str(delivery.trouble)
    assert "at the same time" in str(delivery.stop.reason)
