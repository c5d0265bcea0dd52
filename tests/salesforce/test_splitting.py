"""A filter cut into queries: every branch stays in one of them, and no query is too long."""

import pytest

from sfdc_escalator.salesforce.soql.soql import EVERYTHING, And, Filter, Leaf, Or, render
from sfdc_escalator.salesforce.soql.splitting import pieces

OPEN = Leaf("IsClosed = false")
WORDS = Or(tuple(Leaf(f"Subject = '{number}'") for number in range(50)))


@pytest.mark.parametrize("where", [WORDS, And((OPEN, WORDS)), And((OPEN, WORDS, Leaf("Origin != 'a long one'")))])
def test_every_branch_is_asked_for_in_some_query(where: Filter) -> None:
    found = [render(piece) for piece in pieces(where, lambda piece: len(render(piece)) <= 200)]
    assert all(len(text) <= 200 for text in found)
    assert all(sum(leaf.text in text for text in found) == 1 for leaf in WORDS.parts if isinstance(leaf, Leaf))
    assert all(text.startswith("IsClosed = false AND") for text in found) == (where is not WORDS)


def test_a_comparison_that_can_not_be_cut_widens_the_query() -> None:
    long = Leaf("Subject IN (" + "x" * 500 + ")")
    assert pieces(long, lambda piece: len(render(piece)) <= 200) == [EVERYTHING]
    assert pieces(And((OPEN, long)), lambda piece: len(render(piece)) <= 200) == [OPEN]
