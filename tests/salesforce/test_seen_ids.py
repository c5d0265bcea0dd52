"""Each id counts once, in whatever order the ids come."""

from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.salesforce.polling.seen_ids import BYTES, SeenIds
from tests.builders import case, numbered

QUERIES = st.lists(st.lists(st.integers(0, 40)), max_size=4)


@given(QUERIES)
def test_every_case_comes_once_whatever_the_order_of_the_queries(queries: list[list[int]]) -> None:
    seen, came = SeenIds(), list[str]()
    for query in queries:
        seen.new_query()
        for number in query:
            came += [one.id for one in seen.fresh([case(number)])]
    assert sorted(came) == sorted({numbered("500", number) for query in queries for number in query})


def test_ids_in_order_take_fifteen_bytes_each() -> None:
    seen = SeenIds()
    seen.fresh([case(number) for number in range(1, 1001)])
    assert [len(block) for block in seen.blocks] == [1000 * BYTES]
