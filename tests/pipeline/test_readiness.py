"""A check against an org: facts, inspection, gaps; steps are tried out only on request."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from sfdc_escalator.errors import StoppedEarly
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.inspector import Rehearsal, Rollback
from sfdc_escalator.pipeline.readiness import check_readiness
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import caller, policy, route
from tests.escalation.readiness.orgs import complete_org, inspection

HONOURED = Rollback("honoured", "a note was rolled back")
FAILED = Gap(GapKind.CASES_LEFT, values={"cases": ("00000009",)})


class FakeInspector:
    """Implements `Inspector`; `calls` are the calls in their order."""

    def __init__(self, rehearsal: Rehearsal | None = None) -> None:
        self.rehearsal = rehearsal or Rehearsal(HONOURED)
        self.calls: list[str] = []

    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        self.calls.append("facts")
        return complete_org()

    def inspect(self, org_facts: OrgFacts, policies: Sequence[Policy]) -> OrgInspection:
        self.calls.append("inspect")
        return inspection(may_comment=False)

    def rehearse(
        self,
        org_facts: OrgFacts,
        policies: Sequence[Policy],
        inspection: OrgInspection,
        stopped: Callable[[], str | None],
    ) -> Rehearsal:
        self.calls.append("rehearse")
        if cause := stopped():
            raise StoppedEarly(f"stopped by {cause}")
        return self.rehearsal


@contextmanager
def trial() -> Iterator[Stop]:
    yield Stop()


@contextmanager
def stopped_trial() -> Iterator[Stop]:
    stop = Stop()
    stop.pull("SIGTERM")
    yield stop


def test_without_a_trial_nothing_is_tried_out() -> None:
    inspector = FakeInspector()
    found = check_readiness(inspector, caller(), [policy(route("a", queue="Suport"))])
    assert inspector.calls == ["facts", "inspect"]
    assert [gap.kind for gap in found.gaps] == [GapKind.QUEUE, GapKind.NOTES]
    assert found.rehearsal is None


def test_with_a_trial_its_gaps_follow_those_of_the_inspection() -> None:
    rehearsal = Rehearsal(HONOURED, gaps=(FAILED,))
    found = check_readiness(FakeInspector(rehearsal), caller(), [policy()], trial)
    assert [gap.kind for gap in found.gaps] == [GapKind.NOTES, GapKind.CASES_LEFT]
    assert found.rehearsal is rehearsal


def test_a_trial_that_is_stopped_is_reported_as_such() -> None:
    with pytest.raises(StoppedEarly, match="SIGTERM"):
        check_readiness(FakeInspector(), caller(), [policy()], stopped_trial)
