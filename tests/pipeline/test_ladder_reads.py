"""The reading of ladders: each is worked out once in a run where nothing new was read."""

from dataclasses import replace
from unittest.mock import patch

from sfdc_escalator.escalation.decisions.on_ladder import on_ladders
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.pipeline.preparing import ladders
from sfdc_escalator.pipeline.preparing.ladders import read_ladders
from tests.builders import ME, NOW, SUPPORT, case, escalation, in_org, remembering
from tests.pipeline.fakes import FakeOrg
from tests.year.world import read_policy

(POLICY,) = read_policy()
CASE = case(owner=SUPPORT.id)


def test_each_ladder_is_worked_out_once_in_a_run_where_nothing_new_was_read() -> None:
    start = replace(
        escalation(CASE, EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW),
        ladder=LadderFacts(started=NOW),
    )
    seen = {("year", "outage"): {rung.id: NOW for rung in POLICY.routes[0].ladder.rungs}}
    known = in_org(POLICY, replace(remembering(start), rungs=seen))
    with patch.object(ladders, "on_ladders", wraps=on_ladders) as asked:
        found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}), NOW)
    assert [one.start for one in found.open] == [start]
    assert asked.call_count == 1
