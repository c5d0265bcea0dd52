"""Filters for the server as plain data. A filter may let through more cases than a condition matches, never fewer.

`salesforce/soql` turns them into SOQL, and into no filter where the server cannot filter by the field.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sfdc_escalator.escalation.conditions.comparison import Operand, Operator
from sfdc_escalator.escalation.time.calendars import Calendar, Limit


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison of the field comes out as `want`."""

    path: str
    operator: Operator
    operand: Operand
    want: bool = True


@dataclass(frozen=True, slots=True)
class Since:
    """The time since the datetime field, against a limit: the comparison comes out as `want`."""

    path: str
    operator: Operator
    limit: Limit
    calendar: Calendar | None
    want: bool = True


@dataclass(frozen=True, slots=True)
class Until:
    """The time left until the datetime field, against a limit: the comparison comes out as `want`."""

    path: str
    operator: Operator
    limit: Limit
    want: bool = True


@dataclass(frozen=True, slots=True)
class IdAmong:
    """The reference is one of these records, or with `want` false none of them."""

    path: str
    ids: frozenset[str]
    want: bool = True


@dataclass(frozen=True, slots=True)
class Raw:
    """A filter in the server's own language."""

    fragment: str


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts; without parts: everything."""

    parts: tuple["Narrowing", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of the parts or more; without parts: nothing."""

    parts: tuple["Narrowing", ...]


OfField = Compared | Since | Until | IdAmong
Narrowing = OfField | Raw | Every | Some
EVERYTHING, NOTHING = Every(()), Some(())


def every(parts: Iterable[Narrowing]) -> Narrowing:
    return Every(tuple(parts))


def some(parts: Iterable[Narrowing]) -> Narrowing:
    return Some(tuple(parts))
