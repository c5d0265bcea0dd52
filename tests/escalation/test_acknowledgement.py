"""What proves that a person acted on an escalation (rules L13 and L14 of the ladder)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.ladder.acknowledgement import (
    Escalated,
    acknowledgement,
    may_hold_by_value,
    proved_at,
)
from sfdc_escalator.escalation.policy.ladder import SOMEBODY_ACTED
from sfdc_escalator.escalation.policy.proof_needs import lookups_of_proof, shown
from sfdc_escalator.escalation.world.case import Case, Comment, FieldChange, Value
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, FieldChanges, Records
from tests.builders import AGENT, NOW, SUPPORT, case, comment, numbered

START = NOW - timedelta(hours=1)
OTHER = numbered("005", 9)
IN_QUEUE = case(owner=SUPPORT.id)
TASKS = Records("Tasks")
BY_WHOM = Records("Tasks", ("CreatedById", "CreatedBy.UserType", "CreatedBy.IsActive"))
US = numbered("005", 8)
CALLS = Related(TASKS, "at_least", 1, since="escalation")
BLOCKED = Field("Blocked_By__c", "is_empty", True)


def change(before: Value, after: Value, minutes: float, by: str = AGENT, *, person: bool = True) -> FieldChange:
    return FieldChange(START + timedelta(minutes=minutes), before, after, by, person)


def owned(*changes: FieldChange, owner: str = SUPPORT.id) -> Case:
    return replace(case(owner=owner), field_changes={"OwnerId": changes})


def found(
    condition: Condition, subject: Case, proved: Sequence[str] = (), owner: str | None = SUPPORT.id
) -> Acknowledged | None:
    return acknowledgement(
        condition, subject, Escalated(START, owner, frozenset(proved), frozenset({US})), Circumstances(NOW)
    )


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


OWNED = Owner("user")


def test_who_takes_the_case_acknowledges_it() -> None:
    """L13"""
    taken = owned(change(SUPPORT.id, AGENT, 5), owner=AGENT)
    assert found(OWNED, taken) == Acknowledged(minutes(5), AGENT, "owner")


def test_an_act_counts_even_if_it_was_undone_before_anybody_looked() -> None:
    """L14"""
    back = owned(change(SUPPORT.id, AGENT, 5), change(AGENT, SUPPORT.id, 6))
    assert found(OWNED, back) == Acknowledged(minutes(5), AGENT, "owner")


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [change(SUPPORT.id, AGENT, -5)],
        [change(SUPPORT.id, AGENT, 0)],  # the second of the start itself
        [change(SUPPORT.id, AGENT, 5, person=False)],  # automation, an integration, an inactive user, or we
        [change(AGENT, SUPPORT.id, 5)],  # to a queue
    ],
)
def test_only_a_change_by_a_person_after_the_start_counts(changes: list[FieldChange]) -> None:
    """L14"""
    assert found(OWNED, owned(*changes, owner=AGENT)) is None


def test_an_owner_from_before_is_no_act() -> None:
    """L14"""
    assert found(OWNED, case(owner=AGENT), owner=AGENT) is None


def test_without_history_another_owner_is_an_act_of_nobody_known() -> None:
    """L14"""
    assert found(OWNED, case(owner=AGENT)) == Acknowledged(NOW, None, "owner")


def test_the_words_of_the_other_side_acknowledge() -> None:
    """L14"""
    before = comment("On it", minutes_ago=61)
    after = comment("Calling them now", minutes_ago=30)
    agent = Spoke("agent", "escalation")
    assert found(agent, replace(IN_QUEUE, comments=(before,))) is None
    assert found(agent, replace(IN_QUEUE, comments=(before, after))) == Acknowledged(minutes(30), AGENT, "spoke")
    machine = Comment(OTHER, minutes(30), "Sync", "agent", by_person=False)
    assert found(agent, replace(IN_QUEUE, comments=(machine,))) is None


def test_the_customer_s_own_words_count_where_the_policy_says_so() -> None:
    """L14"""
    said = Comment("", minutes(9), "We are back", "customer", by_person=False)
    assert found(Spoke("customer", "escalation"), replace(IN_QUEUE, comments=(said,))) == Acknowledged(
        minutes(9), None, "spoke"
    )


def test_a_logged_call_after_the_start_acknowledges() -> None:
    """L14"""

    assert found(CALLS, called(-3)) is None
    assert found(CALLS, called(-3, 7, 9)) == Acknowledged(minutes(7), AGENT, "related")


def called(*at: float, by: str = AGENT, kind: str = "Standard", active: bool = True) -> Case:
    """A case with tasks that this user made."""
    author: dict[str, Value] = {"CreatedById": by, "CreatedBy.UserType": kind, "CreatedBy.IsActive": active}
    return replace(IN_QUEUE, related={BY_WHOM: tuple({"CreatedDate": minutes(one), **author} for one in at)})


@pytest.mark.parametrize(
    "record", [called(7, by=US), called(7, kind="AutomatedProcess"), called(7, active=False)], ids=["we", "", "gone"]
)
def test_a_record_that_no_person_made_proves_nothing(record: Case) -> None:
    """L14"""
    assert found(CALLS, record) is None


def test_a_value_acknowledges_when_a_person_made_it_hold() -> None:
    """L14"""
    empty = case(fields={"Blocked_By__c": None})
    with_history = replace(empty, field_changes={"Blocked_By__c": (change("Sales", None, 12),)})
    assert found(BLOCKED, with_history) == Acknowledged(minutes(12), AGENT, "field")
    assert found(BLOCKED, empty) == Acknowledged(NOW, None, "field")
    by_machine = replace(empty, field_changes={"Blocked_By__c": (change("Sales", None, 12, person=False),)})
    assert found(BLOCKED, by_machine) is None


def test_a_value_that_held_at_the_start_proves_nothing() -> None:
    """L14"""
    empty = case(fields={"Blocked_By__c": None})
    proved = proved_at(AnyOf((BLOCKED, OWNED)), empty, Circumstances(START))
    assert proved == (BLOCKED.brief,)
    assert found(BLOCKED, empty, proved) is None
    assert not may_hold_by_value(BLOCKED, empty, Escalated(START, None, frozenset(proved)), Circumstances(NOW))
    assert may_hold_by_value(BLOCKED, empty, Escalated(START, None, frozenset()), Circumstances(NOW))


def test_a_negation_counts_by_its_value() -> None:
    """L14"""
    is_sales = Not(Field("Blocked_By__c", "is", "Sales"))
    assert found(is_sales, case(fields={"Blocked_By__c": "CS"})) == Acknowledged(NOW, None, "not")
    assert found(is_sales, case(fields={"Blocked_By__c": "Sales"})) is None


def test_of_several_proofs_the_earliest_counts_and_a_list_needs_all() -> None:
    """L13"""
    taken = replace(owned(change(SUPPORT.id, AGENT, 5)), comments=(comment("Hello", minutes_ago=40),))
    assert found(SOMEBODY_ACTED, taken) == Acknowledged(minutes(5), AGENT, "owner")
    both = All((OWNED, Spoke("agent", "escalation")))
    assert found(both, taken) == Acknowledged(minutes(20), AGENT, "spoke")
    assert found(both, owned(change(SUPPORT.id, AGENT, 5))) is None


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (OWNED, OWNED),
        (CALLS, None),
        (Not(CALLS), None),
        (AnyOf((OWNED, CALLS)), AnyOf((OWNED,))),
        (AnyOf((Not(CALLS), CALLS)), None),
        (All((OWNED, CALLS)), None),
        (AnyOf((All((OWNED, CALLS)), BLOCKED)), AnyOf((BLOCKED,))),
    ],
)
def test_what_the_org_refuses_to_show_proves_nothing(condition: Condition, left: Condition | None) -> None:
    """L14: least of all that there is no such record."""
    assert shown(condition, frozenset({TASKS})) == left


def test_the_lookups_of_a_proof_are_messages_records_and_histories() -> None:
    """L15"""
    assert lookups_of_proof(SOMEBODY_ACTED) == {COMMENTS, EMAILS, FieldChanges("OwnerId")}
    assert lookups_of_proof(AnyOf((CALLS, BLOCKED))) == {TASKS, BY_WHOM, FieldChanges("Blocked_By__c")}
