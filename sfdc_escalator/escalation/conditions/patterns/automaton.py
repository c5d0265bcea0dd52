"""A pattern as an automaton: its states read one character each, and edges lead to the states that may read the next.

Where some text leads from a state back to it in two ways, as in `(x+)+y`, a search that fails there tries exponentially
many: Weideman and others, "Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers".
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from re import _constants as op
from typing import Any

MANY = 10
"""A repeat whose numbers are this far apart counts as one without an end."""
COPIED = 100
"""States up to which a part that is needed twice gets two copies."""
WORK = 30_000
"""The steps for one automaton."""
OTHERS = "\u0414\u0663\u4e2d\u20ac\u2003"
"""A letter, a digit, an ideograph, a sign and a space, for all beyond Latin-1."""
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
Characters = frozenset[str]


def inside(code: Any, given: Any) -> list[Any]:
    """The patterns inside a group, a repeat or alternatives."""
    if code in (*REPEATS, op.POSSESSIVE_REPEAT):
        return [given[2]]
    if code is op.SUBPATTERN:
        return [given[3]]
    if code is op.BRANCH:
        return list(given[1])
    if code is op.GROUPREF_EXISTS:
        return [one for one in given[1:] if one is not None]
    return [given] if code is op.ATOMIC_GROUP else []


def is_endless(least: int, most: Any) -> bool:
    return most is op.MAXREPEAT or bool(most - least >= MANY)


class TooLarge(Exception):
    """More work than WORK."""


@dataclass
class Part:
    """A part of the pattern: the states that it may begin and end with, each with the number of ways, and the number of
    ways in which it matches the empty text. Of several ways two are counted."""

    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    empty: int = 0


def ways(*counted: tuple[Counter[int], int]) -> Counter[int]:
    """The sum of the counts, each multiplied."""
    total = Counter[int]()
    for counts, times in counted:
        total.update({state: count * times for state, count in counts.items() if times})
    return Counter({state: min(count, 2) for state, count in total.items()})


class Automaton:
    """`reads` are the characters of each state, `edges` the numbers of ways from one state to the next."""

    def __init__(self, parsed: Any, alphabet: Characters) -> None:
        self.alphabet = alphabet
        self.work = WORK
        self.reads: list[Characters] = []
        self.edges: list[Counter[int]] = []
        self.ends = set(self.sequence(parsed).last)

    def state(self, reads: Characters) -> Part:
        self.reads.append(reads)
        self.edges.append(Counter())
        return Part(Counter([len(self.reads) - 1]), Counter([len(self.reads) - 1]))

    def sequence(self, parsed: Any) -> Part:
        whole = Part(empty=1)
        self.spend(1)
        for code, given in parsed:
            whole = self.joined(whole, self.part(code, given))
        return whole

    def joined(self, one: Part, other: Part) -> Part:
        self.connect(one, other)
        first, last = ways((one.first, 1), (other.first, one.empty)), ways((other.last, 1), (one.last, other.empty))
        return Part(first, last, min(one.empty * other.empty, 2))

    def connect(self, one: Part, other: Part) -> None:
        self.spend(len(one.last) * len(other.first))
        for source, times in one.last.items():
            self.edges[source] = ways((self.edges[source], 1), (other.first, times))

    def part(self, code: Any, given: Any) -> Part:
        if code in REPEATS:
            return self.repeat(*given)
        if code in (op.BRANCH, op.GROUPREF_EXISTS):
            parts = [self.sequence(one) for one in inside(code, given)]
            first, last = ways(*((one.first, 1) for one in parts)), ways(*((one.last, 1) for one in parts))
            return Part(first, last, min(sum(one.empty for one in parts) + (code is op.GROUPREF_EXISTS), 2))
        if code is op.SUBPATTERN:
            return self.sequence(given[3])
        if code in (op.GROUPREF, op.ASSERT, op.ASSERT_NOT):
            return Part(empty=1)
        if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self.state(self.characters(code, given))
        return self.state(frozenset())  # a word's or line's end; or what is atomic, where no other way is tried

    def repeat(self, least: int, most: Any, body: Any) -> Part:
        """One copy or two of what is needed; then a loop, or one copy more that may be left out."""
        whole, endless = Part(empty=1), is_endless(least, most)
        for _ in range(min(least - endless, 1 if endless or len(self.reads) >= COPIED else 2)):
            whole = self.joined(whole, self.sequence(body))
        if most == least:
            return whole
        more = self.sequence(body)
        if endless:
            self.connect(more, more)
        return self.joined(whole, Part(more.first, more.last, more.empty if endless and least else 1))

    def characters(self, code: Any, given: Any) -> Characters:
        """The characters of the alphabet that an element reads, in any case."""
        if code is op.ANY:
            return self.alphabet - {"\n"}
        if code is op.LITERAL:
            return self.alphabet & {chr(given), chr(given).lower(), chr(given).upper()}
        if code is op.NOT_LITERAL:
            return self.alphabet - self.characters(op.LITERAL, given)
        if code is op.RANGE:
            low, high = map(chr, given)
            return frozenset(one for one in self.alphabet if any(low <= c <= high for c in (one.lower(), one.upper())))
        if code is op.CATEGORY:
            return frozenset(filter(re.compile(CATEGORIES[given]).match, self.alphabet))
        named = [self.characters(*one) for one in given if one[0] is not op.NEGATE]
        found = frozenset[str]().union(*named)
        return self.alphabet - found if len(named) < len(given) else found

    def spend(self, steps: int) -> None:
        self.work -= steps
        if self.work < 0:
            raise TooLarge

    def is_ambiguous(self) -> bool:
        """True where some text leads from a state back to it in two ways, and the pattern can fail all the way."""
        return any(self.two_ways(state) for state in range(len(self.reads)) if state not in self.ends)

    def two_ways(self, start: int) -> bool:
        todo = [(start, start, False)]
        seen = set(todo)
        while todo:
            one, other, differ = todo.pop()
            self.spend(1 + len(self.edges[one]) * len(self.edges[other]))
            for left, right in product(self.edges[one].keys() - self.ends, self.edges[other].keys() - self.ends):
                if self.reads[left].isdisjoint(self.reads[right]):
                    continue
                then = (left, right, differ or left != right or (one == other and self.edges[one][left] > 1))
                if then == (start, start, True):
                    return True
                if then not in seen:
                    seen.add(then)
                    todo.append(then)
        return False
