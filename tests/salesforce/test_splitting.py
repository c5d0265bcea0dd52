"""A filter cut into queries: every branch stays in one of them, and no query is too long."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.salesforce.readiness.poll_cost import poll_cost_gaps
from sfdc_escalator.salesforce.soql.soql import EVERYTHING, And, Filter, Leaf, Or, render
from sfdc_escalator.salesforce.soql.splitting import MOST_PIECES, Split, split

OPEN = Leaf("IsClosed = false")
WORDS = Or(tuple(Leaf(f"Subject = '{number}'") for number in range(50)))
VALUES = "[" + ", ".join(f"a place with number {number}" for number in range(650)) + "]"


def short(part: Filter) -> bool:
    return len(render(part)) <= 200


@pytest.mark.parametrize("where", [WORDS, And((OPEN, WORDS)), And((OPEN, WORDS, Leaf("Origin != 'a long one'")))])
def test_every_branch_is_asked_for_in_some_query(where: Filter) -> None:
    found = split(where, short)
    texts = [render(piece) for piece in found.pieces]
    assert all(len(text) <= 200 for text in texts)
    assert all(sum(leaf.text in text for text in texts) == 1 for leaf in WORDS.parts if isinstance(leaf, Leaf))
    assert all(text.startswith("IsClosed = false AND") for text in texts) == (where is not WORDS)
    assert found.left_out == ()


def test_a_comparison_that_can_not_be_cut_widens_the_query_and_is_named() -> None:
    long = Leaf("Subject IN (" + "x" * 500 + ")")
    assert split(long, short) == Split((EVERYTHING,), (long,))
    assert split(And((OPEN, long)), short) == Split((OPEN,), (long,))


@settings(max_examples=25)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_several_long_lists_do_not_multiply_without_bound(lengths: list[int]) -> None:
    lists = [Or(tuple(Leaf(f"F{n} = '{i}'") for i in range(length))) for n, length in enumerate(lengths)]
    found = split(And((OPEN, *lists)), short)
    assert len(found.pieces) <= MOST_PIECES
    assert all(short(piece) for piece in found.pieces)
    for part in set(lists) - set(found.left_out):
        if isinstance(part, Or) and not any(set(part.parts) & set(getattr(one, "parts", ())) for one in found.left_out):
            texts = [render(piece) for piece in found.pieces]
            assert all(any(render(leaf) in text for text in texts) for leaf in part.parts)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (f"[{{field: Site__c, in: {VALUES}}}]", None),
        (f"[{{field: Type, in: {VALUES}}}]", None),
        (f"[{{field: Subject, contains_any: {VALUES}}}]", None),
        (f"[{{not: {{field: Site__c, not_in: {VALUES}}}}}]", None),
        (f"[{{any: [{{field: Site__c, in: {VALUES}}}, {{field: Priority, is: High}}]}}]", None),
        (f"[{{field: Site__c, in: {VALUES}}}, {{field: Priority, is: High}}]", None),
        (f"[{{field: Site__c, in: {VALUES}}}, {{field: Origin, in: {VALUES}}}]", None),
        (f"[{{field: Type, not_in: {VALUES}}}, {{field: Priority, is: High}}]", "Type NOT IN"),
        (f"[{{not: {{field: Type, in: {VALUES}}}}}, {{field: Priority, is: High}}]", "Type NOT IN"),
        (f"[{{field: Reason, is: '{'it is ' * 600}'}}, {{field: Origin, is: '{'it is ' * 600}'}}]", "Reason ="),
    ],
)
def test_what_a_query_has_no_room_for_is_named_by_validate(tmp_path: Path, when: str, expected: str | None) -> None:
    path = tmp_path / "policy.yaml"
    route = f"routes: [{{name: far, reason: R., when: {when}, escalate: {{status: Escalated}}}}]"
    path.write_text(f"policy: sites\n{route}\n")
    gaps = list(poll_cost_gaps(load_policies([path]).policies))
    assert len(gaps) == (expected is not None)
    assert all(expected in gap.values["condition"] for gap in gaps if expected)
