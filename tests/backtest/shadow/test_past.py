"""A case of the past: without what a policy replaces, with what it would have written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.backtest.shadow.past import Known, past_case
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES
from sfdc_escalator.escalation.shadow.rules import rule_changes
from sfdc_escalator.escalation.world.case import Case, Comment
from tests.builders import case
from tests.escalation.shadow.acts import ANN, CREATED, LEADS, NIGHT, ROBOT, change

KNOWN = Known(frozenset({"closed"}), {LEADS: "Leads", NIGHT: "Night", ANN: "Ann"})


def minutes(count: float) -> Any:
    return CREATED + timedelta(minutes=count)


def made(history: dict[str, Any], fields: dict[str, Any] | None = None, **more: Any) -> Case:
    plain: dict[str, Any] = {
        "IsEscalated": True,
        "Owner.Name": "Leads",
        "Owner.Type": "Queue",
        "Owner.Email": "x",
        "ClosedDate": None,
    }
    return replace(case(fields=plain | (fields or {}), created=CREATED, owner=LEADS, **more), field_changes=history)


def at(one: Case, count: float, *writes: tuple[float, str, str]) -> Case:
    """The case as a poll sees it at that minute, had the policies made all changes of its rules."""
    past = past_case(one, rule_changes(one))
    segments = past.segments([(minutes(when), field, value) for when, field, value in writes], KNOWN)
    assert segments[0].begin == CREATED
    assert segments[-1].end is None
    return next(one.case for one in reversed(segments) if one.begin <= minutes(count))


def test_a_rule_is_taken_out_and_a_person_stays() -> None:
    owners = (change(60, LEADS, rule=True, before=NIGHT), change(90, ANN, ANN, before=LEADS))
    one = made({"OwnerId": owners}, priority="High")
    assert [at(one, count).owner_id for count in (0, 61, 89, 91)] == [NIGHT, NIGHT, NIGHT, ANN]
    assert at(one, 61).fields["Owner.Name"] == "Night"
    assert (at(one, 91).fields["Owner.Type"], at(one, 91).fields["Owner.Email"]) == ("User", None)
    assert [len(at(one, count).field_changes["OwnerId"]) for count in (89, 91)] == [0, 1]


def test_our_own_write_is_in_the_case_from_the_next_poll_on() -> None:
    one = made({"OwnerId": (change(60, LEADS, rule=True, before=NIGHT),), "Priority": ()}, priority="Low")
    found = [at(one, count, (30, "OwnerId", LEADS), (30, "Priority", "High")) for count in (30, 31)]
    assert [(each.owner_id, each.priority) for each in found] == [(NIGHT, "Low"), (LEADS, "High")]
    assert found[1].fields["Priority"] == "High"
    assert not found[1].field_changes["OwnerId"][0].by_person


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ({}, [False, False]),  # without a history: rules alone escalate
        ({"IsEscalated": (change(60, "true", rule=True, before="false"),)}, [False, False]),
        ({"IsEscalated": (change(60, "true", ANN, before="false"),)}, [False, True]),
    ],
)
def test_a_case_is_escalated_where_a_person_said_so(history: dict[str, Any], expected: list[bool]) -> None:
    assert [at(made(history), count).fields["IsEscalated"] for count in (30, 90)] == expected


@pytest.mark.parametrize(
    ("history", "fields", "expected"),
    [
        ({"Status": (change(60, "Closed", ANN, before="New"), change(90, "New", ANN, before="Closed"))}, {},
         [False, True, False]),
        ({}, {"IsClosed": True, "ClosedDate": minutes(60)}, [False, True, True]),
        ({}, {"IsClosed": True}, [True, True, True]),
        ({}, {}, [False, False, False]),
    ],
)  # fmt: skip
def test_a_case_is_closed_by_its_status_or_its_time(
    history: dict[str, Any], fields: dict[str, Any], expected: list[bool]
) -> None:
    assert [at(made(history, fields), count).fields["IsClosed"] for count in (30, 61, 91)] == expected


def test_messages_and_records_are_there_once_they_were_written() -> None:
    said = tuple(Comment(ANN, minutes(count), "Hello", "agent") for count in (10, 50))
    row = {"IsCompleted": True, "CompletionDate": minutes(40), "TargetDate": minutes(30), "CreatedDate": minutes(5)}
    one = replace(made({}, comments=said), related={MILESTONES: (row,)})
    assert [len(at(one, count).comments) for count in (0, 10, 60)] == [0, 1, 2]
    rows = [at(one, count).related[MILESTONES] for count in (0, 6, 41)]
    assert [[each["IsCompleted"] for each in some] for some in rows] == [[], [False], [True]]


def test_without_a_change_of_people_the_case_stays_as_it_was() -> None:
    edit = change(30, "High", ANN, before="Low")
    past = past_case(made({"Priority": (edit, change(60, "Medium", ROBOT, before="High"))}, priority="Medium"), ())
    found = past.without([("Priority", edit)]).segments([], KNOWN)
    assert [each.case.priority for each in found] == ["Low", "Medium"]
