"""`idle`: the time since the last message, or since a message waits for an answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.world.case import Case, Comment, Speaker
from tests.builders import NOW, case, comment, email

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
SIDES = {
    "at_least": (False, True, True),
    "more_than": (False, False, True),
    "at_most": (True, True, False),
    "less_than": (True, False, False),
}


def at(moment: datetime) -> Circumstances:
    return Circumstances(moment)


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_idle_is_inclusive(operator: Operator) -> None:
    clock = Idle(operator, 4 * HOUR, who="agent")
    said = [replace(comment("x"), at=NOW - 4 * HOUR - by) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(clock.holds(case(comments=[one]), at(NOW)) for one in said) == SIDES[operator]


def spoken(*words: tuple[Speaker, int]) -> Case:
    """The messages by side and age in hours; the case is ten hours old."""
    said = [comment("x", speaker=who, minutes_ago=60 * hours) for who, hours in words]
    return case(created=NOW - 10 * HOUR, comments=sorted(said, key=lambda one: one.at))


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ([], 10),  # the case itself is the customer's first word
        ([("agent", 5)], None),
        ([("agent", 5), ("customer", 3)], 3),
        ([("agent", 5), ("customer", 3), ("customer", 1)], 3),  # nagging does not start it again
        ([("customer", 8), ("agent", 5)], None),
        ([("agent", 5), ("nobody", 3)], None),
        ([("customer", 8), ("nobody", 5)], 10),
    ],
)
def test_the_wait_starts_with_the_first_unanswered_message(words: list[tuple[Speaker, int]], hours: int | None) -> None:
    clock = Idle("at_least", HOUR, who="agent", after_word_of="customer")
    assert clock.look(spoken(*words), at(NOW)) == (None if hours is None else hours * HOUR)


@pytest.mark.parametrize("after_word_of", [None, "agent"])
@pytest.mark.parametrize("write", [comment, email])
def test_no_time_since_somebody_spoke_is_negative(
    write: Callable[..., Comment], after_word_of: Literal["agent"] | None
) -> None:
    side: Speaker = after_word_of or "customer"
    one = case(created=NOW - DAY, comments=[write("x", speaker=side, minutes_ago=-60)])
    clock = Idle("at_least", 2 * HOUR, who="customer", after_word_of=after_word_of)
    assert clock.look(one, at(NOW)) == timedelta()
    assert "-" not in clock.described(clock.judged(one, at(NOW)))


def test_a_message_of_the_agent_before_the_case_began_is_not_an_answer() -> None:
    one = case(created=NOW - 2 * HOUR, comments=[email("x", speaker="agent", minutes_ago=125)])
    assert Idle("at_least", HOUR, who="agent", after_word_of="customer").look(one, at(NOW)) == 2 * HOUR


def test_a_side_does_not_answer_its_own_message() -> None:
    clock = Idle("at_least", HOUR, who="anyone", after_word_of="customer")
    assert clock.look(spoken(("agent", 8), ("customer", 5), ("customer", 3)), at(NOW)) == 5 * HOUR
    assert clock.look(spoken(("customer", 5), ("agent", 3)), at(NOW)) is None


@pytest.mark.parametrize(("who", "hours"), [("customer", 7), ("agent", 4), ("anyone", 4)])
def test_idle_counts_from_the_last_message_of_the_named_side(who: str, hours: int) -> None:
    clock = Idle("at_least", HOUR, who=who)  # type: ignore[arg-type]
    assert clock.look(spoken(("customer", 7), ("agent", 4), ("nobody", 1)), at(NOW)) == hours * HOUR


def test_an_email_older_than_its_case_makes_idle_not_longer_than_the_age() -> None:
    one = case(created=NOW - HOUR, comments=[email("x", minutes_ago=65)])
    assert Idle("at_least", HOUR, who="customer").look(one, at(NOW)) == HOUR
