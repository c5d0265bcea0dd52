"""The work and the size that the rendering of a template may take: loops, calls, texts and numbers have limits."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

MOST_STEPS = 20_000
"""The turns of all loops and the calls, together."""
MOST_IN_A_STEP = 50
"""The letters and entries of a list that are one step."""
MOST_LETTERS = 100_000
MOST_WEIGHT = 200_000
"""The letters and entries of a list, together."""
MOST_TOGETHER = 10_000_000
"""The product of the lengths of two texts that a filter takes."""
MULTIPLYING = ("join", "replace", "wordwrap")
LARGEST = 10_000
"""The largest number that a filter takes, such as a width or a count."""


@dataclass(slots=True)
class Steps:
    left: int = MOST_STEPS


STEPS: ContextVar[Steps] = ContextVar("STEPS")


@contextmanager
def bounded() -> Iterator[None]:
    """Counts the steps of one rendering."""
    token = STEPS.set(Steps())
    try:
        yield
    finally:
        STEPS.reset(token)


def step(count: int = 1) -> None:
    """Raises ValueError after too many steps."""
    steps = STEPS.get(None)
    if steps is None:
        return
    steps.left -= count
    if steps.left < 0:
        raise ValueError(f"it takes more than {MOST_STEPS} turns of loops and calls")


def counted(values: Iterable[Any]) -> Iterator[Any]:
    """The values of a loop, each a step."""
    for value in values:
        step()
        yield value


def of_size(value: Any) -> Any:
    """The value, when it is not too large as a text. Raises ValueError."""
    if isinstance(value, str):
        if len(value) > MOST_LETTERS:
            raise ValueError(f"a text grows over {MOST_LETTERS} characters")
    elif isinstance(value, (list, tuple, dict)):
        step(weight(value) // MOST_IN_A_STEP)
    return value


def weight(value: Any, room: int = MOST_WEIGHT) -> int:
    """About the length of the value as a text. Raises ValueError when it is over `room`; it stops there."""
    if isinstance(value, str):
        found = len(value)
    elif isinstance(value, (list, tuple, dict)):
        found = 1
        for one in value.items() if isinstance(value, dict) else value:
            found += 1 + weight(one, room - found)
    else:
        found = 1
    if found > room:
        raise ValueError("a list grows too large")
    return found


def affordable(name: str, *values: Any) -> None:
    """Raises ValueError where the result could be as long as two long texts multiplied."""
    if name not in MULTIPLYING:
        return
    weights = sorted(weight(one) for one in values if isinstance(one, (str, list, tuple, dict)))
    if len(weights) > 1 and weights[-1] * weights[-2] > MOST_TOGETHER:
        raise ValueError("its texts are too long for each other")


def joined(texts: Iterable[Any]) -> str:
    """The texts behind each other, as `~` joins them."""
    return str(of_size("".join(str(of_size(text)) for text in texts)))


def limited(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or a method that takes no large number, and gives no large value."""

    @wraps(work)
    def within(*given: Any, **named: Any) -> Any:
        step()
        asked = (*given[1:], *named.values())
        if any(isinstance(one, (int, float)) and abs(one) > LARGEST for one in asked):
            raise ValueError(f"`{name}` takes numbers up to {LARGEST} only")
        affordable(name, *given, *named.values())
        return of_size(work(*map(of_size, given), **named))

    return within
