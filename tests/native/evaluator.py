"""What Salesforce does with a case by its own rules, judged from the metadata by code of its own.

Nothing of the importer is used here. A case is a mapping of fields as rules write them (`Case.Status`), in lower case;
look-ups hold the name of their record. Answers are True, False, or None where it cannot be judged.
"""

import re
import xml.etree.ElementTree as Xml
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

Facts = Mapping[str, Any]
Answer = bool | None
TOKEN = re.compile(
    r"""\s*(?:/\*.*?\*/\s*)*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<number>\d+(?:\.\d+)?)
    |(?P<name>\$?[A-Za-z_][\w.:]*)|(?P<sign>\|\||&&|<>|!=|<=|>=|==|[=<>()!,+*/^&-]))""",
    re.X | re.S,
)


def kids(element: Xml.Element, name: str) -> list[Xml.Element]:
    return [child for child in element if child.tag.rpartition("}")[2] == name]


def said(element: Xml.Element, name: str) -> str:
    return next(((child.text or "").strip() for child in kids(element, name)), "")


def opposite(answer: Answer) -> Answer:
    return None if answer is None else not answer


def conjunction(answers: list[Answer]) -> Answer:
    return False if False in answers else None if None in answers else True


def disjunction(answers: list[Answer]) -> Answer:
    return True if True in answers else None if None in answers else False


# -- criteria ----------------------------------------------------------------------------------------------------------


def plain(value: Any) -> str:
    return str(value).strip().lower()


def empty(value: Any) -> bool:
    return value is None or value == frozenset() or (isinstance(value, str) and not value.strip())


def listed(text: str) -> list[str]:
    """One of these: commas part values, quotation marks keep a comma."""
    found = re.findall(r'\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)', text)
    return [one for quoted, bare in found if (one := (quoted.replace('""', '"') or bare).strip())]


def same(value: Any, text: str) -> bool:
    if isinstance(value, bool) or (value is None and plain(text) in ("true", "false")):
        return plain(bool(value)) == plain(text)
    if isinstance(value, frozenset):
        return {plain(one) for one in value} == {plain(text)}
    if isinstance(value, (int, float)):
        return value == float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else False
    if isinstance(value, date):
        return value.isoformat() == text
    return not empty(value) and plain(value) == plain(text)


def holds_part(value: Any, text: str, starts: bool) -> bool:
    if not isinstance(value, str):
        return False
    return plain(value).startswith(plain(text)) if starts else plain(text) in value.lower()


def includes(value: Any, text: str) -> bool:
    chosen = {plain(one) for one in value or ()}
    return all(plain(one) in chosen for one in text.split(";") if one.strip())


def by_size(value: Any, operation: str, text: str) -> bool:
    limit: Any = date.fromisoformat(text) if "-" in text[1:] else float(text)
    if value is None or isinstance(value, date) != isinstance(limit, date):
        return False
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "lessThan": lambda a, b: a < b,
        "lessOrEqual": lambda a, b: a <= b,
        "greaterThan": lambda a, b: a > b,
        "greaterOrEqual": lambda a, b: a >= b,
    }
    return tests[operation](value, limit)


def criterion(item: Xml.Element, facts: Facts) -> Answer:
    field, operation, text = said(item, "field"), said(item, "operation"), said(item, "value")
    if field.partition(".")[0] not in ("Case", "Account", "Contact") or kids(item, "valueField"):
        return None
    value, values = facts.get(field.lower()), listed(text)
    if operation in ("equals", "notEqual"):
        met = any(same(value, one) for one in values) if values else empty(value)
        return met if operation == "equals" else not met
    if operation in ("contains", "notContain", "startsWith") and values:
        met = any(holds_part(value, one, operation == "startsWith") for one in values)
        return met if operation != "notContain" else not met
    if operation in ("includes", "excludes") and values:
        met = any(includes(value, one) for one in values)
        return met if operation == "includes" else not met
    if operation in ("lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual"):
        one = re.fullmatch(r"-?\d+(\.\d+)?|\d{4}-\d\d-\d\d", text)
        return by_size(value, operation, text) if one else None
    return None


# -- boolean filters ---------------------------------------------------------------------------------------------------


class Words:
    def __init__(self, words: list[str]) -> None:
        self.words, self.place = words, 0

    @property
    def next(self) -> str:
        return self.words[self.place] if self.place < len(self.words) else ""

    def take(self, *asked: str) -> str:
        found = self.next
        if asked and found.upper() not in asked:
            raise ValueError(found)
        self.place += 1
        return found


def filtered(text: str, answers: list[Answer]) -> Answer:
    words = Words(re.findall(r"\d+|\(|\)|\w+|\S", text))
    try:
        found = any_of(words, answers)
        if words.next:
            raise ValueError(words.next)
        return found
    except (ValueError, IndexError):
        return None


def any_of(words: Words, answers: list[Answer]) -> Answer:
    found = [all_of(words, answers)]
    while words.next.upper() == "OR":
        words.take()
        found.append(all_of(words, answers))
    return disjunction(found)


def all_of(words: Words, answers: list[Answer]) -> Answer:
    found = [one_of(words, answers)]
    while words.next.upper() == "AND":
        words.take()
        found.append(one_of(words, answers))
    return conjunction(found)


def one_of(words: Words, answers: list[Answer]) -> Answer:
    word = words.take().upper()
    if word == "NOT":
        return opposite(one_of(words, answers))
    if word == "(":
        found = any_of(words, answers)
        words.take(")")
        return found
    if int(word) < 1:
        raise IndexError(word)
    return answers[int(word) - 1]


# -- formulas ----------------------------------------------------------------------------------------------------------


class NotKnown:
    """A value that cannot be judged."""


NOT_KNOWN = NotKnown()
BLANK = ""


class Formula:
    """Reads and judges a formula in one go, by recursive descent."""

    def __init__(self, text: str, facts: Facts) -> None:
        self.facts = facts
        self.tokens = list(tokens(text))
        self.place = 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def whole(self) -> Answer:
        found = truth(self.disjunction())
        if self.next:
            raise ValueError(self.next)
        return found

    def disjunction(self) -> Any:
        found = [self.conjunction()]
        while self.next == "||":
            self.take()
            found.append(self.conjunction())
        return found[0] if len(found) == 1 else unknown(disjunction([truth(one) for one in found]))

    def conjunction(self) -> Any:
        found = [self.comparison()]
        while self.next == "&&":
            self.take()
            found.append(self.comparison())
        return found[0] if len(found) == 1 else unknown(conjunction([truth(one) for one in found]))

    def comparison(self) -> Any:
        left = self.sum()
        if self.next not in ("=", "==", "<>", "!=", "<", ">", "<=", ">="):
            return left
        sign = self.take()
        return compared(left, sign, self.sum())

    def sum(self) -> Any:
        left = self.unit()
        while self.next and self.next in "+-*/^&" and self.next != "&&":
            self.take()
            self.unit()
            left = NOT_KNOWN
        return left

    def unit(self) -> Any:
        token = self.take()
        if token == "!":
            return unknown(opposite(truth(self.unit())))
        if token == "(":
            found = self.disjunction()
            assert self.take() == ")"
            return found
        if token[0] in "\"'":
            return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.S)
        if token[0].isdigit():
            return float(token)
        if self.next == "(":
            return self.call(token.upper())
        if token.upper() in ("TRUE", "FALSE"):
            return token.upper() == "TRUE"
        return self.field(token)

    def field(self, path: str) -> Any:
        low = path.lower()
        if path.startswith("$"):
            return NOT_KNOWN
        if low == "owner:queue.queuename":
            return self.facts.get("case.ownerid") if not self.facts.get("owner is a user") else None
        start = low if low.partition(".")[0] in ("account", "contact", "recordtype") else f"case.{low}"
        return self.facts.get(start) if start.count(".") == 1 else NOT_KNOWN

    def call(self, name: str) -> Any:
        self.take()
        path = self.next
        given = []
        while self.next != ")":
            given.append(self.disjunction())
            if self.next == ",":
                self.take()
        self.take()
        if name in ("AND", "OR", "NOT", "IF"):
            return combined(name, given)
        if name == "BEGINS" and path.lower() == "ownerid":
            return bool(self.facts.get("owner is a user")) == (given[1] == "005")
        if any(one is NOT_KNOWN for one in given):
            return NOT_KNOWN
        if name in ("ISBLANK", "ISNULL"):
            return empty(given[0])
        if name == "TEXT":
            return given[0]
        if name == "ISPICKVAL":
            return compared(given[0], "=", given[1])
        if name == "CONTAINS":
            return holds_part(given[0], given[1], starts=False)
        if name == "BEGINS":
            return holds_part(given[0], given[1], starts=True)
        if name == "INCLUDES":
            return includes(given[0], given[1])
        return NOT_KNOWN


def tokens(text: str) -> Iterator[str]:
    place, text = 0, text.strip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise ValueError(text[place : place + 20])
        place = found.end()
        yield next(one for one in found.groups() if one is not None)


def truth(value: Any) -> Answer:
    return None if isinstance(value, NotKnown) else bool(value)


def unknown(answer: Answer) -> Any:
    return NOT_KNOWN if answer is None else answer


def combined(name: str, given: list[Any]) -> Any:
    answers = [truth(one) for one in given]
    if name == "AND":
        return unknown(conjunction(answers))
    if name == "OR":
        return unknown(disjunction(answers))
    if name == "NOT":
        return unknown(opposite(answers[0]))
    if answers[0] is not None:
        return given[1] if answers[0] else given[2]
    return given[1] if given[1] == given[2] else NOT_KNOWN


def compared(left: Any, sign: str, right: Any) -> Any:
    if isinstance(left, NotKnown) or isinstance(right, NotKnown):
        return NOT_KNOWN
    if isinstance(left, str) and left == BLANK:
        left, right = right, left
    if right == BLANK and isinstance(right, str):
        return empty(left) == (sign in ("=", "=="))
    if sign in ("=", "==", "<>", "!="):
        if isinstance(right, bool) or isinstance(left, bool):
            met = bool(left) == bool(right)
        elif isinstance(left, str) and isinstance(right, str):
            met = plain(left) == plain(right)
        else:
            met = left is not None and left == right
        return met == (sign in ("=", "=="))
    if left is None or right is None:
        return False
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]


# -- entries -----------------------------------------------------------------------------------------------------------


def criteria(entry: Xml.Element, facts: Facts) -> Answer:
    """Whether the case meets the criteria of the entry; None where that cannot be judged."""
    if formula := said(entry, "formula"):
        try:
            return Formula(formula, facts).whole()
        except (ValueError, IndexError, AssertionError, TypeError):
            return None
    answers = [criterion(item, facts) for item in kids(entry, "criteriaItems")]
    if text := said(entry, "booleanFilter"):
        return filtered(text, answers)
    return conjunction(answers)


def picked(entries: list[Xml.Element], facts: Facts) -> int | None:
    """The place of the entry that Salesforce may give the case to; None where it is none of them."""
    return next((place for place, entry in enumerate(entries) if criteria(entry, facts) is not False), None)


def minutes_of(entry: Xml.Element) -> int:
    """The minutes after which the first action that does something is due; 0 for an assignment."""
    names = ("assignedTo", "notifyTo", "notifyEmail")
    acting = [
        int(said(one, "minutesToEscalation"))
        for one in kids(entry, "escalationAction")
        if any(said(one, name) for name in names) or said(one, "notifyCaseOwner") == "true"
    ]
    return min(acting, default=0)
