"""The org and the ledger in memory follow the ports."""

import pytest

from sfdc_escalator.errors import EscalatorError, LeaseLost, RunBusy
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.pipeline.ports.ledger import Change, Lease, Ledger, RunStart
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.writing import Moved
from tests.builders import ME, ORG, case, escalation
from tests.pipeline.fakes import FakeLedger, FakeOrg, in_turn

START = RunStart("run", ORG, ME, {})


def test_the_fakes_implement_the_ports() -> None:
    org: Org = FakeOrg()
    ledger: Ledger = FakeLedger()
    lease: Lease = FakeLedger()
    assert (org.api_calls, ledger.head()) == (0, None)
    lease.record([])


def test_a_script_gives_its_answers_in_order() -> None:
    script = in_turn(Moved())
    chunk = object()
    assert isinstance(script(chunk), Moved)  # type: ignore[arg-type]
    assert not isinstance(script(chunk), Moved)  # type: ignore[arg-type]


def test_the_ledger_in_memory_accepts_only_allowed_changes() -> None:
    ledger = FakeLedger()
    ledger.record([Change("intended", escalation(case(), EscalationState.SENDING), "1", "")])
    ledger.record([Change("applied", escalation(case(), EscalationState.APPLIED), "1", "")])
    with pytest.raises(EscalatorError, match="cannot become"):
        ledger.record([Change("intended", escalation(case(), EscalationState.SENDING), "1", "")])
    assert ledger.events(case().id) == ["intended", "applied"]


def test_the_ledger_in_memory_can_lose_its_lease_and_be_busy() -> None:
    with pytest.raises(LeaseLost):
        FakeLedger(fails_from=1).record([])
    with pytest.raises(RunBusy), FakeLedger(busy=True).lease(START):
        pass
