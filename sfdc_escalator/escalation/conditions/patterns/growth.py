"""Patterns whose search takes long on some texts: exponential time, or a high power of the text's length."""

import re
from collections.abc import Iterator
from re import _constants as op
from re import _parser as parser
from typing import Any

from sfdc_escalator.escalation.conditions.patterns.automaton import (
    OTHERS,
    REPEATS,
    Automaton,
    Characters,
    TooLarge,
    inside,
    is_endless,
)

ROW = 3
"""This many repeats in a row, each of which can read the text of the next, take the cube of the text's length."""


def grows(pattern: str) -> bool:
    """True where a search for the pattern, which `re` accepts, may take long.

    A pattern that is too large to be looked at counts as harmless: its searches are bounded anyway.
    """
    alphabet = frozenset({*map(chr, range(256)), *OTHERS, *pattern, *pattern.lower(), *pattern.upper()})
    parsed = parser.parse(pattern, re.IGNORECASE)
    searched = (parsed, *looks(parsed))
    try:
        return any(Automaton(one, alphabet).is_ambiguous() or in_a_row(one, alphabet) >= ROW for one in searched)
    except (TooLarge, RecursionError):
        return False


def copies(pattern: str) -> int:
    """The repeats that a match needs at least, those inside a repeat multiplied."""
    return needed(parser.parse(pattern, re.IGNORECASE))


def needed(parsed: Any) -> int:
    most = 1
    for code, given in parsed:
        times = max(given[0], 1) if code in (*REPEATS, op.POSSESSIVE_REPEAT) else 1
        within = [given[1]] if code in (op.ASSERT, op.ASSERT_NOT) else inside(code, given)
        most = max([most, times, *(times * needed(one) for one in within)])
    return most


def looks(parsed: Any) -> Iterator[Any]:
    """The patterns of look-aheads and look-behinds: each is searched by itself."""
    for code, given in parsed:
        if code in (op.ASSERT, op.ASSERT_NOT):
            yield given[1]
            yield from looks(given[1])
        for one in inside(code, given):
            yield from looks(one)


def in_a_row(parsed: Any, alphabet: Characters) -> int:
    """The largest number of repeats without an end that can share a text. The last element of the pattern does not
    count: nothing fails after it. Nor do repeats of spaces alone: long rows of these are rare."""
    most, count, shared = 0, 0, alphabet
    for code, given in list(flat(parsed))[:-1]:
        reads = frozenset[str]().union(*Automaton([(code, given)], alphabet).reads)
        if endless(code, given) and not all(map(str.isspace, reads)):
            count, shared = (count + 1, shared & reads) if shared & reads else (1, reads)
        elif not shared & reads and not (code in REPEATS and given[0] == 0):
            count, shared = 0, alphabet
        most = max(most, count)
    return most


def endless(code: Any, given: Any) -> bool:
    """True for a repeat without an end, or alternatives with one in them."""
    if code in REPEATS and is_endless(given[0], given[1]):
        return True
    return any(endless(*one) for body in inside(code, given) for one in body if code in (op.BRANCH, op.GROUPREF_EXISTS))


def flat(parsed: Any) -> Iterator[tuple[Any, Any]]:
    """The elements of the pattern, those of groups among them, and those of a repeat as often as they are needed."""
    for code, given in parsed:
        if code is op.SUBPATTERN:
            yield from flat(given[3])
        elif code in REPEATS and given[0] > 1 and not is_endless(given[0], given[1]):
            for _ in range(min(given[0], ROW)):
                yield from flat(given[2])
        elif code not in (op.AT, op.ASSERT, op.ASSERT_NOT, op.GROUPREF):
            yield code, given
