"""Cases that are written together, and cases that are never written at the same time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.planning.chunks import Batch, families, lanes
from tests.builders import numbered, planned, policy, route

TEMPLATE = planned(1)
TOGETHER = planned(1, policy(route(), name="other", together=True))


def order(number: int, account: int | None = None, parent: int | None = None, like: Order = TEMPLATE) -> Order:
    held = [numbered("001", account)] if account is not None else []
    held += [numbered("500", parent)] if parent is not None else []
    identity = replace(like.identity, case_id=numbered("500", number))
    return replace(like, identity=identity, locks=tuple(held))


def singles(count: int) -> list[Order]:
    return [order(number) for number in range(count)]


def sizes(found: Sequence[Sequence[Batch]]) -> list[list[int]]:
    return [[len(batch) for batch in lane] for lane in found]


def numbers(batch: Sequence[Order]) -> list[int]:
    return [int(one.case_id[3:15]) for one in batch]


def locks(batch: Batch) -> set[str]:
    return {lock for one in batch for lock in (one.case_id, *one.locks)}


def test_399_cases_without_a_shared_record_go_as_two_chunks_in_plan_order() -> None:
    found = lanes(singles(399))
    assert sizes(found) == [[200], [199]]
    assert [number for [batch] in found for number in numbers(batch)] == list(range(399))


def test_cases_without_an_account_share_none() -> None:
    assert sizes(lanes(singles(400))) == [[200], [200]]


def test_an_empty_plan_has_no_chunks() -> None:
    assert lanes([]) == []


def test_cases_of_one_account_go_into_one_chunk() -> None:
    found = lanes([*singles(199), order(500, account=1), order(501, account=1)])
    assert sizes(found) == [[199], [2]]


def test_cases_that_share_a_parent_or_are_parent_and_child_go_into_one_chunk() -> None:
    found = lanes([*singles(198), order(500, parent=900), order(501, parent=900), order(900)])
    assert sizes(found) == [[198], [3]]


def test_an_account_with_more_than_200_cases_goes_as_chunks_that_follow_each_other() -> None:
    found = lanes([order(number, account=1) for number in range(450)])
    assert sizes(found) == [[200, 200, 50]]
    assert [number for batch in found[0] for number in numbers(batch)] == list(range(450))


def test_a_family_keeps_the_order_of_the_plan() -> None:
    """Two families that a later case joins are one family, still in plan order."""
    plan = [order(1, account=1), order(2, account=2), order(3, account=1), order(4, account=2, parent=3)]
    [family] = families(plan)
    assert numbers(family) == [1, 2, 3, 4]


def test_cases_of_one_account_never_go_at_the_same_time_whatever_their_policies_save_together() -> None:
    separate, together = order(1, account=1), order(2, account=1, like=TOGETHER)
    found = lanes([separate, together])
    assert sizes(found) == [[1, 1]]


@st.composite
def plans(draw: st.DrawFn) -> list[Order]:
    some = st.one_of(st.none(), st.integers(0, 6))
    kin = draw(st.lists(st.tuples(some, some, st.sampled_from([TEMPLATE, TOGETHER])), max_size=40))
    return [order(number, account, parent, like) for number, (account, parent, like) in enumerate(kin)]


@given(plans(), st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_every_case_goes_exactly_once_and_no_chunk_is_over_the_limit(plan: list[Order], most: int) -> None:
    batches = [batch for lane in lanes(plan, most) for batch in lane]
    assert Counter(one.key for batch in batches for one in batch) == Counter(one.key for one in plan)
    assert all(0 < len(batch) <= most for batch in batches)
    assert all(len({one.together for one in batch}) == 1 for batch in batches)


@given(plans(), st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_no_two_lanes_lock_the_same_record(plan: list[Order], most: int) -> None:
    seen: set[str] = set()
    for lane in lanes(plan, most):
        mine = set[str]().union(*map(locks, lane))
        assert seen.isdisjoint(mine)
        seen |= mine


@given(plans())
@settings(max_examples=80, deadline=None)
def test_families_and_their_cases_keep_the_order_of_the_plan(plan: list[Order]) -> None:
    found = [numbers(family) for family in families(plan)]
    assert found == sorted(found)
    assert all(family == sorted(family) for family in found)
