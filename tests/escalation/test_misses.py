"""The missing conditions for a match: number, missing time and its end, and the nearest cases."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES, Milestone
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.leaf import Miss
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, judge
from sfdc_escalator.escalation.decisions.decide import decide
from sfdc_escalator.escalation.decisions.outcome import BACKLOG
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.explanation import Explained, explain
from sfdc_escalator.escalation.explaining.misses import NearMiss, distance, known, matches_at, misses, nearest_misses
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import Case, FieldChange
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.needs import COMMENTS, Need, Records
from tests.builders import NOW, SCENE, case, comment, escalation, in_org, policy, remembering, route
from tests.escalation.conditions import CASES, CONDITIONS, PATHS

MINUTE, HOUR, DAY, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OFFICE = Calendar("office", ZoneInfo("America/New_York"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
RETURNS = Records("ReturnOrders")
NEVER: Condition = AnyOf(())


def missing(condition: Condition, one: Case | None = None, circumstances: Circumstances = SCENE) -> list[str]:
    return [miss.text for miss in misses(judge(condition, one or case(), circumstances))]


def aged(hours: float, **fields: str) -> Case:
    return case(created=NOW - hours * HOUR, fields=fields)


def older(limit: timedelta | BusinessDays, calendar: Calendar | None = None) -> Age:
    return Age("at_least", limit, calendar, path="CreatedDate")


def more_than(limit: timedelta, calendar: Calendar | None = None) -> Age:
    return Age("more_than", limit, calendar, path="CreatedDate")


def returned(count: int) -> Case:
    return replace(case(), related={RETURNS: ({"CreatedDate": NOW - HOUR},) * count})


# -- how many ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "limit", "count", "words"),
    [
        ("at_least", 2, 1, "needs 2 or more ReturnOrders, has 1"),
        ("at_least", 2, 0, "needs 2 or more ReturnOrders, has 0"),
        ("more_than", 2, 2, "needs 3 or more ReturnOrders, has 2"),
        ("at_most", 2, 3, "ReturnOrders: 3 (at most 2: no)"),
        ("less_than", 2, 2, "ReturnOrders: 2 (less than 2: no)"),
    ],
)
def test_a_missing_count_shows_the_needed_and_the_present_number(
    operator: Operator, limit: int, count: int, words: str
) -> None:
    assert missing(Related(RETURNS, operator, limit), returned(count)) == [words]


def test_a_count_that_was_not_read_is_reported_as_not_readable() -> None:
    assert missing(Related(RETURNS, "at_least", 2)) == ["ReturnOrders: cannot be read (at least 2: no)"]


# -- how much time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "one", "expected", "short"),
    [
        (older(4 * HOUR), aged(3), "1 h short, at 2026-03-02 16:00 UTC", HOUR),
        (older(2 * DAY), aged(3), "1 d 21 h short, at 2026-03-04 12:00 UTC", 45 * HOUR),
        # NOW is Monday, 10:00 in New York; the case came on Friday at 16:00, so two hours were open.
        (older(3 * HOUR, OFFICE), aged(66), "1 h of open time short, at 2026-03-02 16:00 UTC", HOUR),
        (older(12 * HOUR, OFFICE), aged(66), "10 h of open time short, at 2026-03-03 17:00 UTC", 10 * HOUR),
        (more_than(4 * HOUR), aged(3), "1 h short, at 2026-03-02 16:00 UTC", HOUR),
        (more_than(9 * HOUR, OFFICE), aged(66), "7 h of open time short, at 2026-03-03 14:00 UTC", 7 * HOUR),
        (Idle("at_least", 5 * HOUR, who="agent"), aged(2), "3 h short, at 2026-03-02 18:00 UTC", 3 * HOUR),
        (
            InState("at_least", 5 * HOUR, paths=("Status",)),
            replace(aged(9), field_changes={"Status": (FieldChange(NOW - HOUR, None, "New"),)}),
            "4 h short, at 2026-03-02 19:00 UTC",
            4 * HOUR,
        ),
    ],
)
def test_a_missing_time_is_shown_with_its_end(condition: Condition, one: Case, expected: str, short: timedelta) -> None:
    [miss] = misses(judge(condition, one, SCENE))
    assert miss.text.endswith(f": {expected}")
    assert miss.short == short
    when = matches_at(condition, one, SCENE)
    assert when is not None
    assert f"{when:%Y-%m-%d %H:%M} UTC" in expected


@pytest.mark.parametrize(
    ("condition", "one"),
    [
        (Age("at_most", HOUR, path="CreatedDate"), aged(3)),  # too late
        (Age("less_than", HOUR, path="CreatedDate"), aged(3)),
        (Age("at_least", HOUR, path="Due__c"), aged(3)),  # no such time
        (Idle("at_least", HOUR, who="agent", after_word_of="customer"), replace(aged(3), comments=(comment("x"),))),
        (InState("at_least", HOUR, paths=("Status",)), aged(3)),  # no history
        (Field("Status", "is", "Closed"), aged(3)),
        (Not(older(HOUR)), aged(3)),
        (All((older(4 * HOUR), Field("Status", "is", "Closed"))), aged(3)),
        (All((older(4 * HOUR), Age("less_than", 4 * HOUR, path="CreatedDate"))), aged(3)),
        (NEVER, aged(3)),
        (Related(RETURNS, "at_least", 2, within=DAY), returned(1)),
    ],
)
def test_no_time_is_shown_where_time_alone_never_makes_it_match(condition: Condition, one: Case) -> None:
    assert matches_at(condition, one, SCENE) is None
    assert misses(judge(condition, one, SCENE))


def test_an_exceeded_limit_is_shown_without_a_missing_time() -> None:
    assert missing(Age("at_most", HOUR, path="CreatedDate"), aged(3)) == ["CreatedDate was 3 h ago (at most 1 h: no)"]
    assert missing(Not(older(HOUR)), aged(3)) == ["must not hold: CreatedDate was 3 h ago (at least 1 h)"]


def test_a_stopped_clock_shows_no_missing_time() -> None:
    waiting = Age("at_least", 4 * HOUR, path="CreatedDate", except_while=Field("Status", "is", "Waiting"))
    one = replace(
        case(status="Waiting", created=NOW - 3 * HOUR),
        field_changes={"Status": (FieldChange(NOW - HOUR, "New", "Waiting"),)},
    )
    [miss] = misses(judge(waiting, one, SCENE))
    assert miss == Miss("CreatedDate was 2 h ago, pauses left out (at least 4 h: no)")
    assert matches_at(waiting, one, SCENE) is None


@pytest.mark.parametrize(
    ("condition", "one", "when"),
    [
        (older(HOUR), aged(3), NOW),
        (older(3 * HOUR), aged(3), NOW),
        (older(4 * HOUR), aged(3), NOW + HOUR),
        (more_than(4 * HOUR), aged(3), NOW + HOUR + SECOND),
        (Left("at_most", HOUR, path="Due__c"), case(fields={"Due__c": NOW + 3 * HOUR}), NOW + 2 * HOUR),
        (Left("less_than", HOUR, path="Due__c"), case(fields={"Due__c": NOW + 3 * HOUR}), NOW + 2 * HOUR + SECOND),
        (All((older(5 * HOUR), older(4 * HOUR))), aged(3), NOW + 2 * HOUR),
        (AnyOf((older(5 * HOUR), older(4 * HOUR))), aged(3), NOW + HOUR),
        (AnyOf((older(5 * HOUR), Field("Status", "is", "New"))), aged(3), NOW),
        (Not(Age("at_most", 4 * HOUR, path="CreatedDate")), aged(3), NOW + HOUR + SECOND),
        # From Friday, 16:00 in New York, to Tuesday at the same time.
        (older(BusinessDays(2), OFFICE), aged(66), datetime(2026, 3, 3, 21, tzinfo=UTC)),
        # Nine open hours have passed exactly when the office closes; more than nine only when it has opened again.
        (more_than(9 * HOUR, OFFICE), aged(66), datetime(2026, 3, 3, 14, 0, 1, tzinfo=UTC)),
        (
            Milestone("due", HOUR),
            replace(case(), related={MILESTONES: ({"CreatedDate": NOW, "TargetDate": NOW + 3 * HOUR},)}),
            NOW + 2 * HOUR,
        ),
        (Related(RETURNS, "at_most", 0, within=DAY), returned(1), NOW + 23 * HOUR + SECOND),
    ],
)
def test_the_first_instant_at_which_time_alone_makes_it_match(condition: Condition, one: Case, when: datetime) -> None:
    assert matches_at(condition, one, SCENE) == when


HOURS = st.integers(0, 40).map(lambda hours: hours * HOUR)
OPERATORS: st.SearchStrategy[Operator] = st.sampled_from(["at_least", "at_most", "more_than", "less_than"])
CLOCKS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(lambda op, limit: Age(op, limit, path="CreatedDate"), OPERATORS, HOURS),
    st.builds(lambda op, limit: Age(op, limit, OFFICE, path="CreatedDate"), OPERATORS, HOURS),
    st.builds(lambda op, limit: Left(op, limit, path="Due__c"), OPERATORS, HOURS),
    st.builds(lambda limit: Related(RETURNS, "at_most", 0, within=limit), HOURS),
)
MIXED: st.SearchStrategy[Condition] = st.recursive(
    CLOCKS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=4,
)


@given(MIXED)
@settings(max_examples=150, deadline=None)
def test_the_shown_time_is_the_first_at_which_it_matches(condition: Condition) -> None:
    one = replace(case(created=NOW - 5 * HOUR, fields={"Due__c": NOW + 30 * HOUR}), related=returned(1).related)
    when = matches_at(condition, one, SCENE)
    assert when is None or condition.holds(one, Circumstances(when))
    first = next((step for step in range(7 * 48) if condition.holds(one, Circumstances(NOW + step * HOUR / 2))), None)
    if when is None:
        assert first is None
    elif first is not None:
        assert NOW <= when <= NOW + first * HOUR / 2


# -- which of several conditions -----------------------------------------------------------------------------------

HIGH, CLOSED = Field("Priority", "is", "High"), Field("Status", "is", "Closed")


def test_all_failed_conditions_of_a_list_are_shown_and_no_others() -> None:
    words = missing(All((HIGH, Field("Status", "is", "New"), Related(RETURNS, "at_least", 2))), returned(1))
    assert words == ["Priority is Medium (asked for High: no)", "needs 2 or more ReturnOrders, has 1"]


@pytest.mark.parametrize(
    ("alternatives", "words"),
    [
        ([All((HIGH, CLOSED)), HIGH], "Priority is Medium"),  # one thing missing is nearer than two
        ([HIGH, older(100 * HOUR)], "CreatedDate was"),  # time passes by itself
        ([older(100 * HOUR), older(30 * HOUR)], "CreatedDate was 1 d ago (at least 1 d 6 h"),  # less of it
        ([HIGH, CLOSED], "Priority is Medium"),  # the first of equals
        ([], "nothing can match it"),
    ],
)
def test_only_the_nearest_of_alternatives_is_shown(alternatives: list[Condition], words: str) -> None:
    [actual] = missing(AnyOf(tuple(alternatives)))
    assert actual.startswith(words)


def test_a_finding_that_holds_has_no_misses() -> None:
    assert missing(AnyOf((HIGH, Field("Status", "is", "New")))) == []


def test_a_list_that_must_not_hold_is_shown_with_its_reasons() -> None:
    condition = Not(All((Field("Status", "is", "New"), Field("Priority", "is", "Medium"))))
    assert missing(condition) == ["must not hold: Status is New; Priority is Medium"]
    assert missing(Not(All(()))) == ["must not hold: a condition that always holds"]


# -- the nearest misses of a run -----------------------------------------------------------------------------------


def nearest(of: Policy, *cases: Case, unread: Mapping[str, frozenset[Need]] | None = None) -> tuple[NearMiss, ...]:
    return nearest_misses([in_org(of)], cases, unread or {})


OLD = policy(route("old", older(100 * HOUR)))


def test_the_five_nearest_are_ordered_by_their_missing_time() -> None:
    hours = {1: 10, 2: 99, 3: 50, 4: 98, 5: 1, 6: 97, 7: 96}
    found = nearest(OLD, *(case(number, created=NOW - age * HOUR) for number, age in hours.items()))
    assert [int(one.case.number) for one in found] == [2, 4, 6, 7, 3]


def test_fewer_missing_conditions_are_nearer_whatever_the_time() -> None:
    of = policy(route("both", All((older(100 * HOUR), HIGH))))
    found = nearest(
        of,
        case(1, created=NOW - 99 * HOUR),
        case(2, created=NOW - HOUR, priority="High"),
        case(3, created=NOW - 500 * HOUR),
    )
    assert [(int(one.case.number), len(one.missing)) for one in found] == [(2, 1), (3, 1), (1, 2)]


def test_cases_equally_near_come_by_their_number() -> None:
    found = nearest(OLD, *(case(number, created=NOW - HOUR) for number in (7, 3, 9, 1, 5, 2)))
    assert [int(one.case.number) for one in found] == [1, 2, 3, 5, 7]


def test_a_case_is_listed_once_with_its_nearest_route() -> None:
    of = policy(route("far", All((HIGH, CLOSED))), route("near", older(25 * HOUR)), route("high", HIGH))
    [found] = nearest(of, case())
    assert (found.policy, found.route, len(found.missing)) == ("support", "near", 1)


def test_a_matching_case_is_not_a_near_miss() -> None:
    assert nearest(OLD, case(created=NOW - 200 * HOUR)) == ()


def test_conditions_that_were_not_read_count_as_met() -> None:
    words = Text(("comments",), (parse_phrase("refund"),))
    of = policy(route("words", All((words, HIGH))))
    unread: Mapping[str, frozenset[Need]] = {case(1).id: frozenset({COMMENTS})}
    found = nearest(of, case(1), case(2), unread=unread)
    assert [(int(one.case.number), len(one.missing)) for one in found] == [(1, 1), (2, 2)]


def judged_in_full(
    seen: PolicyInOrg, cases: Sequence[Case], unread: frozenset[Need]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """The same, with every case judged by every route in words."""
    found = []
    for rank, of in enumerate(seen.policy.routes):
        for one in cases:
            finding = judge(seen.policy.condition(of), one, seen.circumstances_of(of, one))
            if lacking := misses(known(finding, unread)):
                texts = tuple(miss.text for miss in lacking)
                found.append((distance(lacking), one.number, rank, (one.number, of.name, texts)))
    once = {number: row for _, number, _, row in sorted(found, reverse=True)}
    ranked = sorted(found)
    return [row for _, number, _, row in ranked if once[number] is row][:5]


@given(
    st.lists(CONDITIONS, min_size=1, max_size=4),
    st.lists(CASES, min_size=1, max_size=8),
    st.frozensets(st.sampled_from((*PATHS, COMMENTS)), max_size=2),
    st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_the_nearest_are_those_that_a_judgement_of_every_case_finds(
    conditions: list[Condition], drawn: list[Case], unread: frozenset[Need], scoped: bool
) -> None:
    routes = [route(f"route-{place}", condition) for place, condition in enumerate(conditions)]
    of = policy(*routes, scope=[Field("Status", "is_empty", False)] if scoped else [])
    cases = [replace(one, id=f"500{number:012}AAA", number=f"{number:08}") for number, one in enumerate(drawn)]
    found = nearest(of, *cases, unread=dict.fromkeys((one.id for one in cases), unread))
    rows = [(one.case.number, one.route, one.missing) for one in found]
    assert rows == judged_in_full(in_org(of), cases, unread)


# -- what an explanation says --------------------------------------------------------------------------------------


def explained(seen: PolicyInOrg, one: Case) -> tuple[Explained, ...]:
    return explain(seen, one, decide(seen, one))


def test_every_route_is_explained_in_its_order_with_the_time_at_which_it_will_match() -> None:
    of = policy(route("high", HIGH), route("old", older(30 * HOUR)), route("new", Field("Status", "is", "New")))
    high, old, new = explained(in_org(of), case())
    assert [one.route.name for one in (high, old, new)] == ["high", "old", "new"]
    assert (high.matches, high.when) == (False, None)
    assert (old.matches, old.when) == (False, NOW + 6 * HOUR)
    assert (new.matches, new.when, new.missing) == (True, NOW, ())


def test_an_explanation_counts_time_by_the_calendars_of_the_org() -> None:
    of = policy(route("old", Age("at_least", 3 * HOUR, BusinessHours("Default"), path="CreatedDate")))
    seen = in_org(of)
    org = replace(seen.org_facts, calendars={"Default": OFFICE})
    [actual] = explained(in_org(of, org=org), aged(66))
    assert actual.when == datetime(2026, 3, 2, 16, tzinfo=UTC)
    [unknown] = explained(seen, aged(66))
    assert unknown.when is None


def test_an_earlier_escalation_is_shown_with_its_key_and_time() -> None:
    before = escalation(case(), EscalationState.APPLIED, "new", tried_at=NOW - HOUR)
    [actual] = explained(in_org(policy(route("new")), remembering(before, live=["new"])), case())
    assert actual.obstacles == (f"escalated by an earlier run: {before.key} at 2026-03-02 14:00 UTC",)


def test_a_route_that_never_ran_live_says_that_its_first_matches_wait() -> None:
    [actual] = explained(in_org(policy(route("new"))), case())
    assert actual.obstacles == (BACKLOG,)


def test_a_matching_route_below_another_says_which_one_comes_first() -> None:
    seen = in_org(policy(route("first"), route("second")), remembering(live=["first", "second"]))
    first, second = explained(seen, case())
    assert (first.obstacles, second.obstacles) == ((), ("the route first comes first",))


def test_a_rejected_escalation_says_when_it_is_tried_again() -> None:
    before = escalation(
        case(), EscalationState.REJECTED, "new", attempts=1, tried_at=NOW - SECOND, message="validation rule"
    )
    [actual] = explained(in_org(policy(route("new")), remembering(before, live=["new"])), case())
    assert "next try at 2026-03-02 15:14 UTC" in actual.obstacles[-1]
