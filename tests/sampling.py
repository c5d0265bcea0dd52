"""Long lists of tests that are much alike: by default a part of each, the same every time; all of them with
`scripts/test --whole`."""

import os
import random
from collections.abc import Iterable
from typing import TypeVar

Row = TypeVar("Row")
WHOLE = os.environ.get("TESTS_WHOLE") == "1"
SEED = 20260302


def some(rows: Iterable[Row], most: int) -> list[Row]:
    """At most so many of the rows, in their order, spread by chance."""
    every = list(rows)
    if WHOLE or len(every) <= most:
        return every
    return [every[place] for place in sorted(random.Random(SEED).sample(range(len(every)), most))]
