"""The notices of a run: from the outcome of each order to a message, and to the exit code (rules N1, N2, N11)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Guards, Policy, PolicyOwner
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.policy.telling import NoticeRules, Notify, Recipient
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.pipeline.ports.channel import Delayed, Delivered, Delivery, Refused
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.ports.writing import Committed, ErrorKind, NotExecuted, RolledBack, RowError, Unknown
from sfdc_escalator.pipeline.run import Result, carry_out, rehearse
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import ME, NOW, caller, case, identity, policy, remembering, render, route
from tests.pipeline.fakes import FakeLedger, FakeOrg, Script, in_turn

LEADS = Recipient("team", "leads")
ROW = RowError(ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not on Sundays")
LIVE = remembering(live=["urgent"])


def notifying(*, guards: Guards | None = None, tell: tuple[str, ...] = ("desk",)) -> Policy:
    return replace(
        policy(replace(route(priority="Urgent"), notify=Notify((LEADS,))), guards=guards),
        teams={"leads": TeamPeople("Support", tell=tell)},
        owner=PolicyOwner("leads"),
        notices=NoticeRules(opens_with="ESCALATION", channels={"desk": "webhook"}),
    )


class Runs:
    """Runs of one org, one after the other, with a ledger that remembers."""

    def __init__(self, script: Script | None = None, of: Policy | None = None, cases: int = 1) -> None:
        self.org = FakeOrg([case(number) for number in range(1, cases + 1)], script=script)
        self.ledger, self.policy = FakeLedger(LIVE), of or notifying()

    def run(self, answer: Callable[[str, Message], Delivery] | None = None, minutes: int = 0) -> Result:
        now = NOW + timedelta(minutes=minutes)
        self.org.now = now
        self.ledger.channels.answer = answer or (lambda *_: Delivered())
        given = [self.policy], RunOptions(), render, lambda *_: None, Stop(), self.ledger.post
        result = carry_out(f"run at {now}", self.org, caller(now), self.ledger, *given)
        self.ledger.remembered = replace(
            self.ledger.tomorrow(), waitlist=self.ledger.waitlists[-1], org_time=now, live=LIVE.live
        )
        return result

    @property
    def titles(self) -> list[str]:
        return [message.title for _, message in self.ledger.channels.got]


START = "ESCALATION 00000001: urgent"


def test_an_escalation_that_was_applied_is_told_once() -> None:
    """N1, N2"""
    runs = Runs()
    assert (runs.run().post.sent, runs.run(minutes=5).post.sent, runs.titles) == (1, 0, [START])


@pytest.mark.parametrize("answer", [RolledBack({}, ROW), NotExecuted("connection refused")])
def test_an_escalation_that_was_not_carried_out_is_not_told(answer: RolledBack | NotExecuted) -> None:
    """N1"""
    runs = Runs(in_turn(answer))
    assert runs.run().post.sent == 0
    assert runs.ledger.outbox.rows == {}
    runs.run(minutes=20)
    assert runs.titles == [START]


@pytest.mark.parametrize("was_written", [True, False])
def test_an_unknown_outcome_is_told_once_it_is_known(was_written: bool) -> None:
    """N1"""
    runs = Runs(in_turn(Unknown("no answer came")))
    assert (runs.run().post.sent, runs.titles) == (0, [])
    assert [one.state for one in runs.ledger.outbox.rows.values()] == [NoticeState.INTENDED]
    if was_written:
        one = identity(case(1))
        runs.org.notes = [KeyedNote(one.key, one.line, case(1).id, ME, NOW)]
    runs.run(minutes=20)
    runs.run(minutes=40)
    assert runs.titles == [START]


def test_of_a_chunk_those_that_were_applied_are_told() -> None:
    def rejects_the_second(chunk: object) -> Committed | RolledBack:
        ids = [write.case_id for write in chunk.writes]  # type: ignore[attr-defined]
        return RolledBack({case(2).id: ROW}, ROW) if case(2).id in ids else Committed("call")

    runs = Runs(rejects_the_second, cases=3)
    assert runs.run().post.sent == 2
    assert runs.titles == [START, "ESCALATION 00000003: urgent"]


def test_a_run_whose_notices_merely_wait_exits_0() -> None:
    """N11"""
    runs = Runs()
    result = runs.run(lambda *_: Delayed("HTTP 503"))
    assert (result.exit_code, result.post.counts.waiting) == (0, 1)
    assert runs.run(minutes=1).post.sent == 1


def test_every_run_exits_3_while_a_notice_is_undelivered() -> None:
    """N11"""
    runs = Runs()
    result = runs.run(lambda *_: Refused("HTTP 404"))
    assert (result.exit_code, result.post.counts.undelivered) == (3, 1)
    assert (runs.run(minutes=5).exit_code, len(runs.titles)) == (3, 1)


def test_nobody_to_notify_is_undelivered_and_exits_3_and_the_escalation_stands() -> None:
    """N3"""
    runs = Runs(of=notifying(tell=()))
    result = runs.run()
    assert (result.exit_code, result.post.counts.undelivered, runs.titles) == (3, 1, [])
    assert runs.ledger.escalation(case(1).id).state is EscalationState.APPLIED
    (row,) = runs.ledger.outbox.rows.values()
    assert row.reason == "the team leads has no channel"


@pytest.mark.parametrize("answer", [Delayed("HTTP 503"), Refused("HTTP 404")])
def test_no_channel_undoes_or_hides_an_escalation(answer: Delivery) -> None:
    """N10"""
    runs = Runs(cases=3)
    result = runs.run(lambda *_: answer)
    assert [outcome.state.value for outcome in result.outcomes] == ["applied"] * 3
    assert len(runs.org.sent) == 1
    assert runs.ledger.finished[-1]["applied"] == 3


def test_an_error_inside_a_channel_does_not_end_the_run() -> None:
    """N10"""

    def breaks(channel: str, message: Message) -> Delivery:
        raise RuntimeError

    result = Runs().run(breaks)
    assert (result.exit_code, result.post.counts.waiting) == (0, 1)


def test_a_route_that_is_withheld_is_told_once_until_it_was_not() -> None:
    """N1"""
    runs = Runs(of=notifying(guards=Guards(max_cases=1)), cases=2)
    assert (runs.run().exit_code, runs.run(minutes=5).exit_code) == (4, 4)
    withheld = ["ESCALATION: support/urgent is withheld"]
    assert runs.titles == withheld
    runs.org.close(case(2).id)
    assert runs.run(minutes=10).exit_code == 0
    runs.org.cases += [case(3), case(4)]
    assert runs.run(minutes=15).exit_code == 4
    assert runs.titles == [*withheld, START, *withheld]


def test_a_run_that_was_killed_after_it_queued_a_notice_of_a_guard_is_not_told_twice() -> None:
    """N2"""
    runs = Runs(of=notifying(guards=Guards(max_cases=1)), cases=2)
    before = runs.ledger.remembered
    runs.run()
    runs.ledger.remembered = before
    runs.run(minutes=5)
    assert len(runs.titles) == 1


def test_a_rehearsal_plans_the_same_notices_and_queues_none() -> None:
    runs = Runs()
    given = [runs.policy], RunOptions(), render
    planned = rehearse("rehearsal", runs.org, caller(), runs.ledger, *given)
    assert runs.ledger.outbox.rows == {}
    assert [one.id for one in planned.notices_planned] == [one.id for one in runs.run().notices_planned]


def test_an_adopted_backlog_is_not_told() -> None:
    """L6"""
    runs = Runs()
    runs.ledger = FakeLedger(History(waitlist=Waitlist()))
    given = [runs.policy], RunOptions(backlog="adopt"), render, lambda *_: None, Stop(), runs.ledger.post
    result = carry_out("run", runs.org, caller(), runs.ledger, *given)
    assert (result.post.sent, result.notices_planned) == (0, ())
