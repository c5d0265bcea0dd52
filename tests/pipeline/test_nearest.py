"""The cases that lack the fewest conditions: a bounded number of them."""

from sfdc_escalator.pipeline.polling import nearest
from sfdc_escalator.pipeline.polling.nearest import Nearest
from tests.builders import case


def test_a_case_that_lacks_as_much_takes_no_place_of_another() -> None:
    kept = Nearest()
    for number in range(nearest.MOST_READ):
        kept.offer(1 if number else 2, case(number + 1), frozenset())
    for number, lacking in enumerate((3, 2, 1, 1), nearest.MOST_READ + 1):
        kept.offer(lacking, case(number), frozenset())
    numbers = [int(one.number) for one in kept.look.cases]
    assert numbers == [*range(2, nearest.MOST_READ + 1), nearest.MOST_READ + 3]
