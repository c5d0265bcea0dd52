"""The median and other ranks of a set of numbers, by nearest rank: always one of the numbers themselves."""

from collections.abc import Sequence

MEDIAN, P90 = 50, 90


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """The smallest of these ascending numbers such that at least `percent` of 100 are not larger. There is at least
    one number."""
    return ordered[-(-percent * len(ordered) // 100) - 1]
