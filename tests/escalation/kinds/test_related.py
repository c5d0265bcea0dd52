"""`related`: the number of records next to the case, within a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.findings import in_plain_words
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES, Milestone
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.speech.messages import Since
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, judge
from sfdc_escalator.escalation.world.case import Case, Comment, Value
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, Records
from tests.builders import NOW, SCENE, case, comment, email

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
RETURNS = Records("ReturnOrders", ("Amount__c", "Status"))
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")


def made(ago: timedelta = HOUR, **fields: Value) -> Mapping[str, Value]:
    """A record of this age."""
    return {"CreatedDate": NOW - ago, **fields}


def with_records(
    *records: Mapping[str, Value], kind: Records = RETURNS, created: timedelta = DAY, said: Sequence[Comment] = ()
) -> Case:
    return replace(case(created=NOW - created, comments=said), related={kind: records})


@pytest.mark.parametrize(
    ("operator", "holding"),
    [("at_least", [2, 3]), ("more_than", [3]), ("at_most", [0, 1, 2]), ("less_than", [0, 1])],
)
def test_the_limit_of_a_count_is_inclusive(operator: Operator, holding: list[int]) -> None:
    condition = Related(RETURNS, operator, 2)
    actual = {number: condition.holds(with_records(*[made()] * number), SCENE) for number in range(4)}
    assert [number for number, holds in actual.items() if holds] == holding


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("limit", [0, 1])
def test_records_that_were_not_read_match_no_count(operator: Operator, limit: int) -> None:
    condition = Related(RETURNS, operator, limit)
    assert not condition.holds(case(), SCENE)
    assert Not(condition).holds(case(), SCENE)
    assert condition.look(case(), SCENE) is None
    assert condition.look(with_records(), SCENE) == 0
    assert "cannot be read" in in_plain_words(judge(condition, case(), SCENE))


BY_CONTACT, BY_ACCOUNT = replace(RETURNS, through="Contact"), replace(RETURNS, through="Account")


@pytest.mark.parametrize(
    ("kind", "count", "words"),
    [
        (RETURNS, 1, "ReturnOrders: 1 (at least 2: no)"),
        (BY_CONTACT, 2, "ReturnOrders through Contact: 2 (at least 2)"),
        (BY_ACCOUNT, 3, "ReturnOrders through Account: 3 (at least 2)"),
        (replace(RETURNS, same=("Reason",)), 4, "ReturnOrders with the same Reason: 4 (at least 2)"),
        (replace(RETURNS, same=("A", "B")), 5, "ReturnOrders with the same A and B: 5 (at least 2)"),
    ],
)
def test_records_of_the_case_its_contact_and_its_account_are_counted_separately(
    kind: Records, count: int, words: str
) -> None:
    kinds = (RETURNS, BY_CONTACT, BY_ACCOUNT, replace(RETURNS, same=("Reason",)), replace(RETURNS, same=("A", "B")))
    one = replace(case(), related={kind: (made(),) * number for number, kind in enumerate(kinds, 1)})
    condition = Related(kind, "at_least", 2)
    assert condition.look(one, SCENE) == count
    assert in_plain_words(judge(condition, one, SCENE)) == words


@pytest.mark.parametrize(("ago", "counted"), [(DAY - SECOND, 1), (DAY, 1), (DAY + SECOND, 0)])
def test_a_record_counts_within_the_time_including_its_end(ago: timedelta, counted: int) -> None:
    condition = Related(RETURNS, "at_least", 1, within=DAY)
    assert condition.look(with_records(made(ago)), SCENE) == counted


@pytest.mark.parametrize(("ago", "counted"), [(HOUR - SECOND, 1), (HOUR, 0), (HOUR + SECOND, 0)])
def test_a_record_counts_since_the_escalation_only_when_it_is_newer(ago: timedelta, counted: int) -> None:
    condition = Related(RETURNS, "at_least", 1, since="escalation")
    assert condition.look(with_records(made(ago)), Circumstances(NOW, escalated_at=NOW - HOUR)) == counted


SAID = [
    comment("a", speaker="customer", minutes_ago=300),
    comment("b", speaker="agent", minutes_ago=240),
    email("c", speaker="customer", minutes_ago=180),
    comment("d", speaker="nobody", minutes_ago=30),
]


@pytest.mark.parametrize(
    ("since", "said", "counted"),
    [
        (None, SAID, 4),
        ("escalation", SAID, 0),  # there was none
        ("word_of.customer", SAID, 2),
        ("word_of.agent", SAID, 3),
        ("word_of.customer", SAID[3:], 3),  # the case itself, five hours old, is the customer's first word
        ("word_of.agent", SAID[:1], 0),  # no agent ever spoke
    ],
)
def test_records_count_since_the_last_message_of_the_named_side(
    since: Since | None, said: list[Comment], counted: int
) -> None:
    records = [made(timedelta(minutes=minutes)) for minutes in (60, 150, 210, 360)]
    one = with_records(*records, created=5 * HOUR, said=said)
    assert Related(RETURNS, "at_least", 1, since=since).look(one, SCENE) == counted


def test_within_and_since_and_where_must_all_be_met() -> None:
    condition = Related(RETURNS, "at_least", 1, Field("Status", "is", "Open"), 2 * HOUR, "escalation")
    circumstances = Circumstances(NOW, escalated_at=NOW - 3 * HOUR)
    assert condition.look(with_records(made(HOUR, Status="Open")), circumstances) == 1
    assert (
        condition.look(with_records(made(HOUR, Status="Closed"), made(2.5 * HOUR, Status="Open")), circumstances) == 0
    )
    later = Circumstances(NOW, escalated_at=NOW - HOUR / 2)
    assert condition.look(with_records(made(HOUR, Status="Open")), later) == 0


AMOUNTS = [made(Amount__c=amount, Status=status) for amount, status in [(100, "Open"), (99, "open "), (None, None)]]


@pytest.mark.parametrize(
    ("where", "counted"),
    [
        (None, 3),
        (Field("Amount__c", "at_least", 100), 1),
        (Field("Amount__c", "less_than", 100), 1),
        (Not(Field("Amount__c", "at_least", 100)), 2),
        (Field("Status", "is", "OPEN"), 2),
        (Field("Status", "in", ("Open", "")), 2),
        (Field("Status", "is_not", "Closed"), 3),
        (Field("Status", "not_in", ("Closed", "Open")), 1),
        (Field("Status", "is_empty", True), 1),
        (Field("Nowhere__c", "is_not", "x"), 3),
        (Field("Nowhere__c", "at_most", 5), 0),
        (All((Field("Status", "is", "Open"), Field("Amount__c", "more_than", 99))), 1),
        (AnyOf((Field("Status", "is_empty", True), Field("Amount__c", "at_least", 100))), 2),
        (Age("at_least", HOUR, path="CreatedDate"), 3),
        (Age("more_than", HOUR, path="CreatedDate"), 0),
        (Age("at_least", HOUR, path="Received__c"), 0),
    ],
)
def test_where_is_judged_for_each_record_by_the_rules_of_the_case(where: Condition | None, counted: int) -> None:
    assert Related(RETURNS, "at_least", 1, where).look(with_records(*AMOUNTS), SCENE) == counted


def test_where_looks_at_the_record_and_not_at_the_case() -> None:
    one = with_records(made(Status="Sent"))
    assert Related(RETURNS, "at_least", 1, Field("Status", "is", "Sent")).holds(one, SCENE)
    assert not Related(RETURNS, "at_least", 1, Field("Subject", "is_empty", False)).holds(one, SCENE)


@pytest.mark.parametrize(
    ("since", "lookups"),
    [
        (None, frozenset()),
        ("escalation", frozenset()),
        ("word_of.agent", frozenset({COMMENTS, EMAILS})),
        ("word_of.customer", frozenset({COMMENTS, EMAILS})),
    ],
)
def test_messages_are_read_only_where_since_names_a_side(since: Since | None, lookups: frozenset[object]) -> None:
    kind = replace(RETURNS, same=("Reason",))
    assert Related(kind, "at_least", 1, since=since).needs == {kind, "Reason"} | lookups


MINUTES = st.integers(-300, 300).map(lambda minutes: timedelta(minutes=minutes))
BACK = st.integers(1, 300).map(lambda minutes: timedelta(minutes=minutes))
CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Related, st.just(RETURNS), st.sampled_from(OPERATORS), st.integers(0, 3), st.none(), BACK),
    st.builds(
        Related,
        st.just(RETURNS),
        st.sampled_from(OPERATORS),
        st.integers(0, 3),
        st.builds(Age, st.sampled_from(OPERATORS), BACK, path=st.just("CreatedDate")),
    ),
    st.builds(Milestone, st.just("due"), BACK),
    st.just(Milestone("violated")),
)


@given(CONDITIONS, st.lists(BACK, max_size=4), st.lists(MINUTES, max_size=3))
@settings(max_examples=150, deadline=None)
def test_between_two_crossings_time_alone_changes_no_count_and_no_milestone(
    condition: Condition, ages: list[timedelta], targets: list[timedelta]
) -> None:
    records = tuple(made(ago) for ago in ages)
    milestones = tuple(made(TargetDate=NOW + away, IsCompleted=False) for away in targets)
    one = replace(case(), related={RETURNS: records, MILESTONES: milestones})
    crossings = set(condition.crossings(one, SCENE))
    for minute in range(-10, 700, 7):
        earlier = NOW + timedelta(minutes=minute)
        later = earlier + timedelta(minutes=7)
        if not any(earlier <= when <= later for when in crossings):
            assert answer(condition, one, earlier) == answer(condition, one, later)


def answer(condition: Condition, one: Case, now: datetime) -> bool:
    return condition.holds(one, Circumstances(now))
