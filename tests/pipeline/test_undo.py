"""Undos over an org and a ledger in memory: answers of the org, several on one case, and people in any order."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.people import Person
from sfdc_escalator.escalation.outbox.queued import Queued
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.undoing.undo import UndoState
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.pipeline.ports.undoing import RunWrites
from sfdc_escalator.pipeline.ports.writing import ErrorKind, RowError, Unknown
from sfdc_escalator.pipeline.run import carry_out
from sfdc_escalator.pipeline.stop import Stop
from sfdc_escalator.pipeline.undoing.targets import Wanted
from sfdc_escalator.pipeline.undoing.undo import UndoResult, carry_out_undo, rehearse_undo
from tests.builders import AGENT, BILLING, NOW, SUPPORT, case, note, org_facts, policy, render, route, values
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.sampling import WHOLE

TRACKED = replace(org_facts(), tracked=frozenset({"OwnerId", "Status", "Priority"}))
ANN = Person(AGENT, "Ann Lee", is_active=True)
SUPPORT_POLICY = policy(route(status="Escalated", priority="High"))


def silence(_work: str, _done: int, _whole: int) -> None:
    """No progress."""


@dataclass
class Desk:
    """An org and a ledger that remembers what runs and undos stored; time passes between commands."""

    org: FakeOrg
    policies: list[Policy] = field(default_factory=lambda: [SUPPORT_POLICY])
    ledger: FakeLedger = field(default_factory=FakeLedger)
    writes: dict[str, frozenset[str]] = field(default_factory=dict)

    def written_by(self, run: str) -> RunWrites | None:
        return RunWrites(self.writes[run]) if run in self.writes else None

    def nearest(self, key: str) -> str | None:
        known = [one.key for one in self.ledger.tomorrow().everything()]
        return next(iter(get_close_matches(key, known, n=1)), None)

    def notices_about(self, start_keys: Collection[str]) -> tuple[Queued, ...]:
        rows = self.ledger.outbox.rows.values()
        return tuple(one for one in rows if one.notice.subject.start_key in start_keys)

    def later(self, minutes: float = 10) -> None:
        self.org.now += timedelta(minutes=minutes)

    def run(self, name: str = "run") -> Any:
        options, before = RunOptions(backlog="escalate"), len(self.ledger.changes)
        about = self.org, self.org.identify(), self.ledger, self.policies
        result = carry_out(name, *about, options, render, silence, Stop(), self.ledger.post)
        self.writes[name] = frozenset(
            one.escalation.key for one in self.ledger.changes[before:] if one.event == "intended"
        )
        self.ledger.remembered = self.ledger.tomorrow()
        return result

    def undo(self, *names: str, case: str | None = None) -> UndoResult:
        wanted = Wanted(names or ("run",), "a wrong rule", "ann", case)
        about = self.org, self.org.identify(), self.ledger, self.policies, wanted, self
        result = carry_out_undo("undo", *about, render, silence, Stop(), self.ledger.post)
        self.ledger.remembered = self.ledger.tomorrow()
        return result

    def show(self, *names: str) -> UndoResult:
        wanted = Wanted(names or ("run",), "a wrong rule", "ann")
        return rehearse_undo("undo", self.org, self.org.identify(), self.ledger, self.policies, wanted, self)

    @property
    def states(self) -> list[EscalationState]:
        """The states of the starts."""
        return [one.state for one in self.ledger.tomorrow().starts()]

    def now(self, number: int = 1) -> Case:
        return next(one for one in self.org.cases if one.number == f"{number:08d}")


def desk(*cases: Case, **more: Any) -> Desk:
    """A desk whose run escalated these cases ten minutes ago."""
    made = Desk(FakeOrg(list(cases or [case(1)]), org_facts=TRACKED, persons=[ANN]), **more)
    made.run()
    made.later()
    return made


def only(result: UndoResult) -> Any:
    (one,) = result.undos
    return one


def test_an_undo_is_one_write_per_chunk_and_puts_back_what_the_run_wrote() -> None:
    here = desk(case(1), case(2))
    result = here.undo()
    assert [one.state for one in result.undos] == [UndoState.APPLIED, UndoState.APPLIED]
    assert here.org.sent[1:] == [[1, 2]]
    assert here.states == [EscalationState.UNDONE] * 2
    assert (here.now().owner_id, here.now().status, here.now().priority) == (AGENT, "New", "Medium")
    assert result.exit_code == 0


class WaitingOrg(FakeOrg):
    """An org in which a second passes with each pause."""

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        self.now += timedelta(seconds=1)
        return super().pause(attempt, asked)


def test_an_undo_right_after_its_run_waits_until_the_guard_can_let_it_pass() -> None:
    here = Desk(WaitingOrg([case(1)], org_facts=TRACKED, persons=[ANN]))
    here.run()
    assert only(here.undo()).state is UndoState.APPLIED
    assert len(here.org.pauses) == 3


def test_what_is_shown_is_what_is_done() -> None:
    here = desk()
    shown, before = only(here.show()), len(here.ledger.changes)
    assert shown.state is UndoState.PLANNED
    assert len(here.ledger.changes) == before
    done = only(here.undo())
    assert done.order == shown.order
    assert [(step.name, step.after) for step in done.steps] == [(step.name, step.after) for step in shown.steps]


def test_a_lost_answer_is_settled_by_the_next_run() -> None:
    here = desk()
    here.org.faults = ["lose"]
    result = here.undo()
    assert (only(result).state, result.exit_code) == (UndoState.UNKNOWN, 3)
    assert here.states == [EscalationState.APPLIED]
    here.later(1)
    assert here.run("later").exit_code == 0
    assert here.states == [EscalationState.UNDONE]
    assert only(here.undo()).state is UndoState.ALREADY
    assert len(here.org.notes) == 2


def test_a_lost_answer_is_settled_by_the_next_undo() -> None:
    here = desk()
    here.org.faults = ["lose"]
    here.undo()
    here.later(1)
    result = here.undo()
    assert (only(result).state, result.exit_code) == (UndoState.ALREADY, 0)
    assert here.states == [EscalationState.UNDONE]
    assert len(here.org.notes) == 2


def test_what_was_never_written_is_sent_again_only_once_that_is_sure() -> None:
    here = desk()
    here.org.script = lambda _chunk: Unknown("no answer came")
    assert only(here.undo()).state is UndoState.UNKNOWN
    here.org.script = None
    here.later(5)
    early = here.undo()
    assert (only(early).state, early.exit_code) == (UndoState.UNKNOWN, 3)
    assert not [one for one in here.run("between").outcomes if one.state == "applied"]
    here.later(11)
    assert only(here.undo()).state is UndoState.APPLIED
    assert len(here.org.notes) == 2


def test_what_turns_out_never_to_have_been_written_gets_no_correcting_note() -> None:
    here = Desk(FakeOrg([case(1)], org_facts=TRACKED, persons=[ANN]))
    here.org.script = lambda _chunk: Unknown("no answer came")
    here.run()
    here.org.script = None
    here.later(5)
    assert only(here.undo()).state is UndoState.UNKNOWN
    here.later(11)
    result = here.undo()
    assert (only(result).state, result.exit_code) == (UndoState.ALREADY, 0)
    assert "never written" in only(result).reason
    assert (here.states, here.org.notes) == ([EscalationState.PLANNED], [])


def test_a_rejected_undo_changes_nothing_and_can_be_tried_at_once() -> None:
    here = desk()
    here.org.refused = {case(1).id: RowError(ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "not now")}
    result = here.undo()
    assert (only(result).state, "not now" in only(result).reason, result.exit_code) == (UndoState.REJECTED, True, 3)
    assert here.states == [EscalationState.APPLIED]
    here.org.refused = {}
    assert only(here.undo()).state is UndoState.APPLIED


def test_a_case_that_moves_while_it_is_written_is_left_for_the_next_command() -> None:
    here = desk(case(1), case(2))
    here.org.moved = {case(1).id}
    result = here.undo()
    assert [one.state for one in result.undos] == [UndoState.DEFERRED, UndoState.APPLIED]
    assert result.exit_code == 3
    here.org.moved = set()
    assert [one.state for one in here.undo().undos] == [UndoState.APPLIED, UndoState.ALREADY]


def test_an_undo_of_another_ledger_is_taken_in() -> None:
    here = desk()
    other = replace(here, ledger=FakeLedger(remembered=here.ledger.remembered))
    other.ledger.changes = list(here.ledger.changes)
    assert only(other.undo()).state is UndoState.APPLIED
    here.later(1)
    assert only(here.undo()).state is UndoState.ALREADY
    assert here.states == [EscalationState.UNDONE]
    assert len(here.org.notes) == 2


def test_of_two_on_one_case_the_newer_goes_first() -> None:
    first = policy(route("first", priority="High", queue=None), name="first")
    second = policy(route("second", priority="Urgent", queue=None), name="second")
    here = desk(policies=[first])
    here.policies = [first, second]
    here.run("second")
    here.later()
    result = here.undo("run", "second")
    assert [(one.target.policy, one.state) for one in result.undos] == [
        ("first", UndoState.DEFERRED),
        ("second", UndoState.APPLIED),
    ]
    assert here.now().priority == "High"
    here.later()
    assert [one.state for one in here.undo("run", "second").undos] == [UndoState.APPLIED, UndoState.ALREADY]
    assert here.now().priority == "Medium"


@pytest.mark.parametrize(
    ("owner", "persons", "reason"),
    [
        (AGENT, [replace(ANN, is_active=False)], "the owner from before, Ann Lee, is not active any more"),
        (AGENT, [], f"the owner from before, {AGENT}, does not exist any more"),
        (BILLING.id, [], f"the owner from before, {BILLING.id}, does not exist any more"),
    ],
)
def test_an_owner_who_cannot_get_the_case_back_is_a_rejection(owner: str, persons: list[Person], reason: str) -> None:
    here = desk(case(1, owner=owner))
    here.org.persons, here.org.org_facts = persons, replace(TRACKED, queues={SUPPORT.name: SUPPORT})
    one = only(here.undo())
    assert (one.state, one.reason) == (UndoState.REJECTED, reason)
    assert len(here.org.notes) == 1


def test_an_owner_who_stays_needs_not_be_active() -> None:
    here = desk(case(1, owner=SUPPORT.id))
    here.org.persons = []
    assert only(here.undo()).state is UndoState.APPLIED


@pytest.mark.parametrize("visibility", ["internal", "published"])
def test_the_correcting_note_is_as_visible_as_the_note_that_it_corrects(visibility: Any) -> None:
    here = desk(policies=[policy(route(note_spec=note(visibility=visibility)))])
    here.policies = [policy(route())]  # the policy was edited since
    here.undo()
    assert here.org.writes[-1].writes[0].published is (visibility == "published")


def test_an_undo_needs_not_the_policy() -> None:
    here = desk()
    here.policies = [policy(route("another"), name="another")]
    assert only(here.undo()).state is UndoState.APPLIED


def test_a_key_in_any_letter_case_and_each_once() -> None:
    here = desk()
    key = here.ledger.tomorrow().starts()[0].key
    assert len(here.undo(key.lower(), f" {key} ", "run").undos) == 1


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_written() -> None:
    here = desk()
    before = len(here.ledger.changes)
    with pytest.raises(Invalid) as error:
        here.undo("run", "nothing", "ESC-1111-2222-3333")
    assert [one.message for one in error.value.problems] == ["no such run", "no such key"]
    assert len(here.ledger.changes) == before


# -- people, runs and undos in any order ---------------------------------------------------------------------------


class Undone(RuleBasedStateMachine):
    """A case that people edit, that runs escalate and undos put back, with answers that are lost. `theirs` holds the
    fields whose last value is not ours."""

    VALUES: ClassVar = {
        "OwnerId": (AGENT, BILLING.id, SUPPORT.id),
        "Status": ("New", "Open", "Escalated"),
        "Priority": ("Low", "Medium", "High", "Urgent"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(FakeOrg([case(1)], org_facts=TRACKED, persons=[ANN]))
        self.theirs = dict(values(AGENT, "New", "Medium"))
        self.kept: dict[str, str | None] = {}
        self.runs = 0

    def read(self) -> dict[str, str | None]:
        now = self.desk.now()
        return dict(values(now.owner_id, now.status, now.priority))

    @rule(name=st.sampled_from(list(VALUES)), pick=st.integers(0, 3))
    def edit(self, name: str, pick: int) -> None:
        value = self.VALUES[name][pick % len(self.VALUES[name])]
        if self.read()[name] != value:
            self.desk.org.edit(case(1).id, {name: value}, AGENT)
            self.theirs[name] = value
        self.desk.later(1)

    @rule(lost=st.booleans())
    def run(self, lost: bool) -> None:
        before = self.read()
        self.runs += 1
        self.desk.org.faults = ["lose"] if lost else []
        self.desk.run(f"run {self.runs}")
        self.desk.org.faults = []
        for name, value in self.read().items():
            if value != before[name]:
                self.theirs.pop(name, None)
                self.kept[name] = before[name]
        self.desk.later(1)

    @precondition(lambda self: self.runs)
    @rule(lost=st.booleans())
    def undo(self, lost: bool) -> None:
        before = self.read()
        self.desk.org.faults = ["lose"] if lost else []
        self.desk.undo(*(f"run {number}" for number in range(1, self.runs + 1)))
        self.desk.org.faults = []
        for name, value in self.read().items():
            if value != before[name]:
                assert name not in self.theirs, "somebody else's value was overwritten"
                assert value == self.kept[name], "it is not the value from before"
                self.theirs[name] = value
        self.desk.later(1)

    @rule(minutes=st.sampled_from([3, 20, 600]))
    def wait(self, minutes: int) -> None:
        self.desk.later(minutes)

    @invariant()
    def one_note_each(self) -> None:
        keys = [one.key for one in self.desk.org.notes]
        assert len(keys) == len(set(keys)) <= 2

    @invariant()
    def undone_only_with_its_note(self) -> None:
        rungs = [one.line.split("/")[2] for one in self.desk.org.notes]
        assert rungs in ([], ["start"], ["start", "undo"])
        if EscalationState.UNDONE in self.desk.states:
            assert rungs == ["start", "undo"]


TestUndone = Undone.TestCase
TestUndone.settings = settings(max_examples=60 if WHOLE else 10, stateful_step_count=15)


def test_a_lost_start_can_be_undone_once_it_is_settled() -> None:
    here = Desk(FakeOrg([case(1)], org_facts=TRACKED, persons=[ANN]))
    here.org.faults = ["lose"]
    here.run()
    here.later(1)
    assert only(here.undo()).state is UndoState.APPLIED
    assert [one.line.split("/")[2] for one in here.org.notes] == ["start", "undo"]
    assert here.now().priority == "Medium"
    assert here.org.now > NOW
